"""The card: what is written is whole or not there at all, whenever the power goes.

Everything is written beside its place, synced, and then put there. One class with few verbs, so
that a test can cut the power between any two of them.
"""

import contextlib
import os
import shutil
from pathlib import Path


class Disk:
    """Writes so that a power cut leaves the old or the new, and never a half."""

    def write(self, path: Path, content: bytes, mode: int = 0o644) -> None:
        """Put a file there, in the place of what is there."""
        beside = path.with_name(f".{path.name}.new")
        with contextlib.suppress(FileNotFoundError):
            beside.unlink()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        with os.fdopen(os.open(beside, flags, mode), "wb") as opened:
            os.fchmod(opened.fileno(), mode)
            opened.write(content)
            opened.flush()
            self.settle(opened.fileno())
        beside.replace(path)
        self.sync(path.parent)

    def make_folder(self, path: Path) -> None:
        """A folder, and those above it that are missing: each has its name on the card."""
        if path.is_dir():
            return
        self.make_folder(path.parent)
        path.mkdir(mode=0o755, exist_ok=True)
        self.sync(path.parent)

    def link(self, path: Path, target: str) -> None:
        """Let ``path`` lead to ``target``, from one moment to the next."""
        beside = path.with_name(f".{path.name}.new")
        with contextlib.suppress(FileNotFoundError):
            beside.unlink()
        beside.symlink_to(target)
        beside.replace(path)
        self.sync(path.parent)

    def rename(self, path: Path, to: Path) -> None:
        """Give a folder its name; whatever had it is gone."""
        self.remove(to)
        path.rename(to)
        self.sync(to.parent)

    def remove(self, path: Path) -> None:
        """Nothing is there afterwards, and nothing comes back with a power cut."""
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            try:
                path.unlink()
            except FileNotFoundError:
                return
        self.sync(path.parent)

    def sync(self, folder: Path) -> None:
        """What has a name in this folder has it after a power cut, too."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self.settle(descriptor)
        finally:
            os.close(descriptor)

    def settle(self, descriptor: int) -> None:
        """Wait until this file or folder is on the card."""
        os.fsync(descriptor)

    def sync_all(self) -> None:
        """Everything that was written is on the card: one call for thousands of files."""
        os.sync()

    def free_bytes(self, folder: Path) -> int:
        """What may still be written there."""
        state = os.statvfs(folder)
        return state.f_bavail * state.f_frsize


def read_some(path: Path, most_bytes: int) -> bytes | None:
    """A small file that somebody else may write; None: there is none, or it is too long."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as opened:
        try:
            content = opened.read(most_bytes + 1)
        except OSError:
            return None
    return content if len(content) <= most_bytes else None
