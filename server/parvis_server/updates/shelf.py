"""The bundles that a hub keeps for its units: files in a folder, one for each kind of unit.

``parvis update offer`` puts them there, whole or not at all; the hub looks at the folder now and
then. All calls read files: they belong on a thread.
"""

import logging
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from parvis_server.errors import UsageError
from parvis_server.updates.files import SUFFIX, checked, digest_of, read_front
from parvis_wire.bundle import BadBundle, Manifest, number
from parvis_wire.update import UnitSoftware

log = logging.getLogger(__name__)

FOLDER = "updates"
"""In the hub's data folder."""
MAX_KEPT = 20
"""Kinds of units that one hub has."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A bundle on the shelf."""

    path: Path
    manifest: Manifest
    size_bytes: int
    sha256: str

    def piece(self, first: int, last: int) -> bytes:
        """The bytes from ``first`` to ``last``, both included; raises ``OSError``."""
        with self.path.open("rb") as bundle:
            bundle.seek(first)
            return bundle.read(last - first + 1)


class Shelf:
    """One for each hub."""

    def __init__(self, data: Path) -> None:
        """Of the hub with this data folder; nothing was looked at."""
        self.folder = data / FOLDER
        self._known: dict[Path, tuple[tuple[int, int], Kept | None]] = {}

    @property
    def kept(self) -> tuple[Kept, ...]:
        """What was there when it was last looked at."""
        return tuple(kept for _, kept in self._known.values() if kept is not None)

    def look(self) -> None:
        """See what is there now; a file that is no bundle is told once."""
        known: dict[Path, tuple[tuple[int, int], Kept | None]] = {}
        for path in sorted(self.folder.glob(f"*{SUFFIX}"))[:MAX_KEPT]:
            try:
                state = path.stat()
            except OSError:
                continue
            stamp = (state.st_mtime_ns, state.st_size)
            before = self._known.get(path)
            if before is not None and before[0] == stamp:
                known[path] = before
            else:
                known[path] = (stamp, _read(path, state.st_size))
        self._known = known

    def for_unit(self, software: UnitSoftware) -> Kept | None:
        """The bundle for a unit that runs this, the newest; None: there is none."""
        fitting = [one for one in self.kept if one.manifest.fits(software.machine, software.python)]
        return max(fitting, key=lambda one: number(one.manifest.version), default=None)

    def put(self, path: Path) -> Manifest:
        """Keep a bundle, in the place of one for the same kind of unit; raises ``UsageError``."""
        opened = checked(path)
        if not opened.is_signed:
            raise UsageError(f"{path}: nobody has signed it: parvis update sign {path} --key FILE")
        manifest = opened.manifest
        place = self.folder / f"{manifest.target}{SUFFIX}"
        beside = place.with_name(f".{place.name}.new")
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _give_to_the_hub(self.folder, self.folder.parent)
            with path.open("rb") as source, beside.open("wb") as copy:
                _give_to_the_hub(beside, self.folder.parent)
                shutil.copyfileobj(source, copy, 1 << 20)
                copy.flush()
                os.fsync(copy.fileno())
            beside.replace(place)
        except OSError as error:
            beside.unlink(missing_ok=True)
            raise UsageError(f"{self.folder}: {error.strerror}") from error
        return manifest

    def withdraw(self) -> int:
        """Keep none any more; how many there were."""
        found = list(self.folder.glob(f"*{SUFFIX}"))
        for path in found:
            path.unlink(missing_ok=True)
        return len(found)


def _give_to_the_hub(path: Path, data: Path) -> None:
    """Whoever offers as root lets the hub's own user read it."""
    if os.geteuid() == 0:
        owner = data.stat()
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _read(path: Path, size_bytes: int) -> Kept | None:
    try:
        with path.open("rb") as bundle:
            manifest = read_front(bundle).manifest
        kept = Kept(path, manifest, size_bytes, digest_of(path))
    except (BadBundle, OSError) as error:
        log.warning("%s is offered to nobody: %s", path.name, error)
        return None
    log.info("units may be updated to version %s", manifest)
    return kept
