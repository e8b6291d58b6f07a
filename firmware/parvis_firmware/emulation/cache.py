"""What is slow to make and the same the next time: kept outside the checkout."""

import contextlib
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

KEPT_OF_EACH: Final = 2
"""Older ones go: a base is half a gigabyte. Two, for who goes back and forth between branches."""


def usual_folder() -> Path:
    """``PARVIS_CACHE``, else the user's own cache folder (XDG Base Directory)."""
    given = os.environ.get("PARVIS_CACHE")
    if given:
        return Path(given)
    usual = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(usual) / "parvis" / "firmware"


def key(*parts: bytes | str) -> str:
    """A name for what was made of these. Pure."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()[:16]


def contents(paths: Iterable[Path], below: Path) -> str:
    """What these files are called below a folder and what is in them, for ``key``."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(f"{path.relative_to(below)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Cache:
    """A folder with a folder for each thing that was made whole."""

    folder: Path

    def find(self, kind: str, name: str) -> Path | None:
        """What was made whole under this name."""
        place = self.folder / f"{kind}-{name}"
        if not place.is_dir():
            return None
        os.utime(place)
        return place

    @contextlib.contextmanager
    def making(self, kind: str, name: str) -> Iterator[Path]:
        """A folder to make it in; it counts once the block ends without an exception."""
        draft = self.folder / f".{kind}-{name}.{os.getpid()}"
        draft.mkdir(parents=True)
        try:
            yield draft
            draft.rename(self.folder / f"{kind}-{name}")
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        self._forget_old(kind)

    def _forget_old(self, kind: str) -> None:
        made = sorted(self.folder.glob(f"{kind}-*"), key=lambda path: path.stat().st_mtime)
        for old in made[:-KEPT_OF_EACH]:
            shutil.rmtree(old)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Two runs at once take turns, and the second finds what the first made."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
