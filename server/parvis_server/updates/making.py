"""A maker's work: wheels and files become a bundle, and a key signs it."""

import datetime
import hashlib
import os
import stat
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError

from parvis_server.errors import UsageError
from parvis_server.updates.files import PIECE_BYTES, checked
from parvis_wire.bundle import (
    MAX_BUNDLE_BYTES,
    OVERLAY,
    WHEELS,
    BundleFile,
    Manifest,
    head,
    signed,
)
from parvis_wire.identity import KEY_BYTES, from_text, public_bytes, to_text

PROGRAM = "parvis-"
SPARE_PERCENT = 5
"""Unpacked files take a little more than their lengths say: a part of a block each."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a maker promises of a version."""

    floor: str
    machine: str
    python: str
    support_until: datetime.date
    built: datetime.date
    next_key: str | None = None


def make(wheels: Sequence[Path], overlay: Path | None, terms: Terms, to: Path) -> Manifest:
    """Write a bundle that nobody has signed yet.

    Args:
        wheels: the program, and every library that units' systems do not bring.
        overlay: folder with files that are laid over a unit's root; None: there are none.
        terms: what is promised.
        to: the file.

    Raises:
        UsageError: a wheel is none, one is missing, or it does not fit together.
    """
    sources = {WHEELS + wheel.name: wheel for wheel in wheels}
    if overlay is not None:
        sources |= _overlaid(overlay)
    listed = [_file(path, source) for path, source in sources.items()]
    files = [one for one, _ in listed]
    try:
        manifest = Manifest(
            version=_version(wheels),
            floor=terms.floor,
            machine=terms.machine,
            python=terms.python,
            built=terms.built,
            support_until=terms.support_until,
            unpacked_bytes=sum(size for _, size in listed) * (100 + SPARE_PERCENT) // 100,
            next_key=terms.next_key,
            files=tuple(files),
        )
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the bundle"
        raise UsageError(f"{where}: {first['msg'].removeprefix('Value error, ')}") from error
    text = manifest.model_dump_json().encode()
    _write(to, head(text), list(sources.values()))
    return manifest


def sign(path: Path, key: Ed25519PrivateKey) -> Manifest:
    """Put a signature into a bundle, whole or not at all; raises ``UsageError``."""
    opened = checked(path)
    front = head(opened.text, signed(opened.text, key))
    beside = path.with_name(f".{path.name}.new")
    try:
        with path.open("rb") as bundle, beside.open("wb") as written:
            bundle.seek(opened.first_file_at)
            written.write(front)
            while piece := bundle.read(PIECE_BYTES):
                written.write(piece)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise UsageError(f"{path}: {error.strerror}") from error
    return opened.manifest


def new_key(path: Path) -> str:
    """Make a key in a new file that its owner alone can read; its public part.

    Raises:
        UsageError: there is a file already, or none can be made.
    """
    key = Ed25519PrivateKey.generate()
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    with os.fdopen(descriptor, "w", encoding="ascii") as opened:
        opened.write(to_text(key.private_bytes_raw()) + "\n")
    return to_text(public_bytes(key))


def read_key(path: Path) -> Ed25519PrivateKey:
    """A maker's private key; raises ``UsageError``."""
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii").strip()
        key = from_text(text, KEY_BYTES)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{path} is no key: `parvis update key --new FILE` makes one") from error
    if stat.S_IMODE(mode) & 0o077:
        raise UsageError(f"{path} can be read by others: chmod 600 it, and think of a new key")
    return Ed25519PrivateKey.from_private_bytes(key)


def _version(wheels: Sequence[Path]) -> str:
    """Of the program, by the name of its wheel (PEP 427)."""
    found = [wheel.name.split("-")[1] for wheel in wheels if wheel.name.startswith(PROGRAM)]
    if len(found) != 1:
        raise UsageError("a bundle has exactly one wheel of the program: parvis-VERSION-….whl")
    return found[0]


def _overlaid(overlay: Path) -> dict[str, Path]:
    if not overlay.is_dir():
        raise UsageError(f"{overlay} is no folder")
    found = sorted(path for path in overlay.rglob("*") if path.is_file())
    return {OVERLAY + path.relative_to(overlay).as_posix(): path for path in found}


def _file(path: str, source: Path) -> tuple[BundleFile, int]:
    """One file, and how many bytes it is once it is unpacked."""
    try:
        content = source.read_bytes()
        is_wheel = path.startswith(WHEELS)
        unpacked = _unpacked_bytes(source) if is_wheel else len(content)
        executable = not is_wheel and bool(source.stat().st_mode & 0o100)
        digest = hashlib.sha256(content).hexdigest()
        one = BundleFile(
            path=path, size_bytes=len(content), sha256=digest, is_executable=executable
        )
    except OSError as error:
        raise UsageError(f"{source}: {error.strerror}") from error
    except (zipfile.BadZipFile, ValidationError) as error:
        raise UsageError(
            f"{source} cannot be in a bundle: it is no wheel, or named oddly"
        ) from error
    return one, unpacked


def _unpacked_bytes(wheel: Path) -> int:
    with zipfile.ZipFile(wheel) as zipped:
        return sum(member.file_size for member in zipped.infolist())


def _write(to: Path, front: bytes, sources: Sequence[Path]) -> None:
    total = len(front) + sum(source.stat().st_size for source in sources)
    if total > MAX_BUNDLE_BYTES:
        raise UsageError(f"the bundle would have {total >> 20} MB: at most 512")
    try:
        with to.open("wb") as written:
            written.write(front)
            for source in sources:
                written.write(source.read_bytes())
    except OSError as error:
        raise UsageError(f"{to}: {error.strerror}") from error
