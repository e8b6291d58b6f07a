"""Makes the image that Imager lists: Raspberry Pi OS Lite with our files on its boot partition.

mtools writes into the partition where it lies, so nothing is mounted and nobody need be root.
"""

import gzip
import lzma
import os
import shutil
import subprocess
from pathlib import Path
from typing import IO, Final, cast

from parvis_firmware.errors import CheckFailed, UsageError
from parvis_firmware.partitions import SECTOR_BYTES, Partition, boot_partition

TIMEOUT_S: Final = 300


def opened(image: Path) -> IO[bytes]:
    """An image, raw or .xz or .gz, as it is on the card."""
    if image.suffix == ".xz":
        return cast(IO[bytes], lzma.open(image))
    return cast(IO[bytes], gzip.open(image)) if image.suffix == ".gz" else image.open("rb")


def make(stock: Path, card: Path, out: Path) -> None:
    """Copy ``stock`` to ``out`` and put everything of the folder ``card`` onto its boot partition.

    Raises:
        UsageError: that is no image of Raspberry Pi OS, or mtools is not installed.
        CheckFailed: the partition has no room, or a file did not arrive whole.
    """
    if shutil.which("mcopy") is None:
        raise UsageError("mcopy is not installed: apt-get install mtools")
    draft = out.with_suffix(".part")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with opened(stock) as source, draft.open("wb") as target:
            first = source.read(SECTOR_BYTES)
            partition = boot_partition(first)
            target.write(first)
            shutil.copyfileobj(source, target, 1 << 20)
        _put(card, draft, partition)
        draft.replace(out)
    except FileNotFoundError as error:
        raise UsageError(f"there is no image {stock}") from error
    except (lzma.LZMAError, gzip.BadGzipFile, EOFError) as error:
        raise UsageError(f"{stock} is cut off: {error}") from error
    finally:
        draft.unlink(missing_ok=True)


def _put(card: Path, image: Path, partition: Partition) -> None:
    place = f"{image}@@{partition.offset_bytes}"
    for path in sorted(card.iterdir()):
        _mtools("mcopy", "-i", place, "-o", "-s", str(path), "::/")
    for path in sorted(path for path in card.rglob("*") if path.is_file()):
        there = _mtools("mtype", "-i", place, f"::/{path.relative_to(card)}")
        if there != path.read_bytes():
            raise CheckFailed(f"{path.name} did not arrive whole on the boot partition")


def _mtools(*arguments: str) -> bytes:
    said = subprocess.run(
        arguments,
        capture_output=True,
        # A partition without the heads and cylinders that mtools expects is none the worse.
        env={**os.environ, "MTOOLS_SKIP_CHECK": "1"},
        timeout=TIMEOUT_S,
        check=False,
    )
    if said.returncode != 0:
        words = " ".join(said.stderr.decode(errors="replace").split())
        raise CheckFailed(f"{arguments[0]}: {words}")
    return said.stdout
