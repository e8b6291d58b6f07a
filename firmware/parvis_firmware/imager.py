"""The list that Raspberry Pi Imager shows: "Parvis unit", "Parvis hub" (os_list JSON, version 4).

A person names the list's address in Imager's options once; Imager then asks for Wi-Fi and host name
itself and writes them as cloud-init's user-data (``init_format: cloudinit-rpi``). Ours is in
vendor-data, which Imager leaves alone.
"""

import gzip
import hashlib
import json
import lzma
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from importlib import resources
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import urlsplit

from parvis_firmware.errors import CheckFailed, UsageError
from parvis_firmware.manifest import Role, RoleName
from parvis_firmware.stock_image import opened

SCHEMA_FILE: Final = "imager_schema.json"
DEVICES: Final = ("pi5-64bit", "pi4-64bit", "pi3-64bit")
"""Imager's words; a Zero 2 W counts as the third."""
INIT_FORMAT: Final = "cloudinit-rpi"
BLOCK_BYTES: Final = 1 << 20

DESCRIPTIONS: Final[Mapping[RoleName, str]] = {
    "unit": "A microphone, a button and a light at a table, for a Parvis room",
    "hub": "Mixes the room, keeps the line of hands, serves the phones",
}


@dataclass(frozen=True, slots=True)
class Measured:
    """An image file, as it is downloaded and as it is on the card."""

    name: str
    download_bytes: int
    card_bytes: int
    card_sha256: str


def measure(image: Path) -> Measured:
    """Read an image: raw, .xz or .gz.

    Raises:
        UsageError: it is not there, or is cut off.
    """
    try:
        with opened(image) as file:
            size, sha256 = _read(file)
        return Measured(image.name, image.stat().st_size, size, sha256)
    except FileNotFoundError as error:
        raise UsageError(f"there is no image {image}") from error
    except (lzma.LZMAError, gzip.BadGzipFile, EOFError) as error:
        raise UsageError(f"{image} is cut off or no {image.suffix} file: {error}") from error


def _read(file: IO[bytes]) -> tuple[int, str]:
    size, sum_ = 0, hashlib.sha256()
    while part := file.read(BLOCK_BYTES):
        size += len(part)
        sum_.update(part)
    return size, sum_.hexdigest()


def os_list(
    roles: Mapping[RoleName, Role],
    images: Mapping[RoleName, Measured],
    address: str,
    released: date,
) -> dict[str, Any]:
    """The list.

    Args:
        roles: of the manifest.
        images: what there is to write, by role.
        address: the folder where images and icon will lie, https://HOST/FOLDER/.
        released: shown beside each.

    Raises:
        UsageError: the address is none, or there is no image.
    """
    parts = urlsplit(address)
    if parts.scheme not in ("https", "http") or not parts.hostname or not address.endswith("/"):
        raise UsageError(f"--address {address!r}: say the folder, such as https://HOST/parvis/")
    if not images:
        raise UsageError("an empty list: name an image with --unit or --hub")
    return {
        "os_list": [
            {
                "name": roles[role].title,
                "description": DESCRIPTIONS[role],
                "icon": f"{address}parvis.svg",
                "url": f"{address}{image.name}",
                "extract_size": image.card_bytes,
                "extract_sha256": image.card_sha256,
                "image_download_size": image.download_bytes,
                "release_date": released.isoformat(),
                "init_format": INIT_FORMAT,
                "devices": list(DEVICES),
            }
            for role, image in images.items()
        ]
    }


def schema() -> dict[str, Any]:
    """What Imager asks of a list, as far as is known here."""
    text = resources.files("parvis_firmware").joinpath(SCHEMA_FILE).read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def faults(listed: object) -> Iterator[str]:
    """Where a list is not what the schema asks."""
    import jsonschema_rs  # of the extra dev

    for error in jsonschema_rs.validator_for(schema()).iter_errors(listed):
        yield f"{'.'.join(map(str, error.instance_path)) or 'the list'}: {error.message}"


def write(listed: dict[str, Any], out: Path) -> None:
    """Write a list that Imager takes.

    Raises:
        CheckFailed: it would not.
    """
    if wrong := list(faults(listed)):
        raise CheckFailed(f"Imager would refuse the list: {wrong[0]}")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(listed, indent=2) + "\n", encoding="utf-8")
