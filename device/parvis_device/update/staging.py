"""A bundle becomes a program beside the one that runs: checked while it is read, then unpacked.

The bundle lies where the unit's own user writes, so nothing is looked at twice: each file is copied
to a folder that only the updater writes, and its digest is taken of what was copied.
"""

import errno
import hashlib
import os
import stat
import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from parvis_device.update import compiling
from parvis_device.update.disk import Disk
from parvis_device.update.errors import Refused
from parvis_device.update.judgement import SPARE_BYTES, Here, judge, needed_bytes
from parvis_wire.bundle import (
    HEAD_BYTES,
    WHEELS,
    BadBundle,
    BundleFile,
    Manifest,
    is_signed,
    read_head,
    read_manifest,
)
from parvis_wire.update import UpdateFault

PIECE_BYTES = 1 << 20
MAX_MEMBERS = 50_000
"""Of one wheel: the largest that a unit needs has 2,000."""

MANIFEST = "manifest.json"
SITE = "site"
PROGRAM = "bin/parvis-unit"

_BAD_WHEEL = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
"""The last two: packed in another way, or with a password."""

_LAUNCHER = """#!{python}
import sys
from pathlib import Path

# What "current" leads to may change while this runs: the folder itself does not.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "site"))

from parvis_device.cli import main

main()
"""


def open_bundle(path: Path) -> BinaryIO:
    """A bundle that somebody else wrote.

    Raises:
        Refused: there is no such file.
    """
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        opened = os.fdopen(os.open(path, flags), "rb")
    except OSError as error:
        raise Refused(UpdateFault.CUT_OFF, f"there is no bundle: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
        opened.close()
        raise Refused(UpdateFault.UNREADABLE, "what arrived is no file")
    return opened


def read_signed(bundle: BinaryIO, key: bytes | None) -> tuple[Manifest, bytes]:
    """The manifest, vouched for by the maker, and its text; the files follow in ``bundle``.

    Raises:
        Refused: nobody vouches for it.
    """
    if key is None:
        raise Refused(UpdateFault.NO_KEY, "no maker's key is pinned: `parvis-unit update pin KEY`")
    with _told():
        signature, length = read_head(bundle.read(HEAD_BYTES))
        text = bundle.read(length)
        if len(text) < length:
            raise Refused(UpdateFault.CUT_OFF, "the bundle ends within its manifest")
        if not is_signed(text, signature, key):
            raise Refused(UpdateFault.TAMPERED, "the bundle is not signed by the pinned key")
        return read_manifest(text), text


def stage(bundle: BinaryIO, key: bytes | None, here: Here, into: Path, disk: Disk) -> Manifest:
    """Check a bundle and unpack it into a new folder, whole and on the card.

    Args:
        bundle: from its beginning.
        key: the maker's public key.
        here: what it has to fit.
        into: the folder, of which nothing is left when it is refused.
        disk: the card.

    Raises:
        Refused: it does not come onto this unit.
    """
    manifest, text = read_signed(bundle, key)
    judge(manifest, here)
    disk.remove(into)
    free, needed = disk.free_bytes(into.parent), needed_bytes(manifest)
    if free < needed:
        raise Refused(
            UpdateFault.CARD_FULL,
            f"the card has {free >> 20} MB left, and this update needs {needed >> 20} MB",
        )
    try:
        with _told():
            _unpack(bundle, manifest, into)
            _write_launcher(into / PROGRAM)
            (into / MANIFEST).write_bytes(text)
            _compile(into / SITE, here, disk)
    except Refused:
        disk.remove(into)
        raise
    disk.sync_all()
    return manifest


def _unpack(bundle: BinaryIO, manifest: Manifest, into: Path) -> None:
    into.mkdir(mode=0o755, parents=True)
    into.chmod(0o755)  # whatever the umask: the unit's own user runs it
    site = into / SITE
    site.mkdir()
    left = manifest.unpacked_bytes
    for one in manifest.files:
        if one.path.startswith(WHEELS):
            wheel = into / PurePosixPath(one.path).name
            _copy(bundle, one, wheel)
            left -= _unzip(wheel, site, left)
            wheel.unlink()
        else:
            place = into / one.path
            place.parent.mkdir(parents=True, exist_ok=True)
            _copy(bundle, one, place)
            place.chmod(0o755 if one.is_executable else 0o644)
            left -= one.size_bytes
    if bundle.read(1):
        raise Refused(UpdateFault.TAMPERED, "something follows the last file of the bundle")


def _compile(site: Path, here: Here, disk: Disk) -> None:
    """Only where this Python is the unit's (an image is made elsewhere), and there is room."""
    is_same = here.python == sys.implementation.cache_tag
    if is_same and disk.free_bytes(site) >= compiling.needed_bytes(site) + SPARE_BYTES:
        compiling.compile_ahead(site)


def _copy(bundle: BinaryIO, one: BundleFile, place: Path) -> None:
    """One file of the bundle, of which the digest is taken on the way."""
    digest, left = hashlib.sha256(), one.size_bytes
    with place.open("xb") as opened:
        while left:
            piece = bundle.read(min(left, PIECE_BYTES))
            if not piece:
                raise Refused(UpdateFault.CUT_OFF, f"the bundle ends within {one.path}")
            digest.update(piece)
            opened.write(piece)
            left -= len(piece)
    if digest.hexdigest() != one.sha256:
        raise Refused(UpdateFault.TAMPERED, f"{one.path} is not the file that was signed")


def _unzip(wheel: Path, site: Path, most_bytes: int) -> int:
    """What a wheel brings to ``site`` (PEP 427), and how many bytes that were."""
    written = 0
    with zipfile.ZipFile(wheel) as zipped:
        members = zipped.infolist()
        if len(members) > MAX_MEMBERS:
            raise Refused(UpdateFault.UNREADABLE, f"{wheel.name} has {len(members)} files")
        for member in members:
            place = member_place(member, wheel.name)
            if place is None:
                continue
            target = site / place
            target.parent.mkdir(parents=True, exist_ok=True)
            with zipped.open(member) as packed, target.open("wb") as opened:
                while piece := packed.read(PIECE_BYTES):
                    written += len(piece)
                    if written > most_bytes:
                        raise Refused(
                            UpdateFault.UNREADABLE, f"{wheel.name} unpacks to more than it says"
                        )
                    opened.write(piece)
    return written


def member_place(member: zipfile.ZipInfo, wheel: str) -> PurePosixPath | None:
    """Where a member of a wheel belongs below ``site``; None: nowhere.

    Raises:
        Refused: it would lie elsewhere.
    """
    path = PurePosixPath(member.filename)
    is_link = stat.S_ISLNK(member.external_attr >> 16)
    leaves = path.is_absolute() or ".." in path.parts or "\\" in member.filename
    if is_link or leaves or not path.parts:
        raise Refused(UpdateFault.UNREADABLE, f"{wheel} would write outside: {member.filename!r}")
    if member.is_dir():
        return None
    if path.parts[0].endswith(".data"):
        kept = len(path.parts) > 2 and path.parts[1] in ("purelib", "platlib")
        return PurePosixPath(*path.parts[2:]) if kept else None
    return path


def _write_launcher(place: Path) -> None:
    # The system's Python, which brings the pins' library; not that of an environment of ours.
    system = Path(getattr(sys, "_base_executable", sys.executable))
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(_LAUNCHER.format(python=system), encoding="utf-8")
    place.chmod(0o755)


@contextmanager
def _told() -> Iterator[None]:
    """What is wrong with a bundle or the card, as a refusal."""
    try:
        yield
    except BadBundle as bad:
        raise Refused(UpdateFault(bad.fault.value), str(bad)) from bad
    except _BAD_WHEEL as error:
        raise Refused(UpdateFault.UNREADABLE, f"a wheel cannot be read: {error}") from error
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        fault = UpdateFault.CARD_FULL if full else UpdateFault.DISK
        raise Refused(fault, f"the card cannot be written: {error.strerror or error}") from error
