"""Files that are whole or not there, whatever moment the power is cut: the few steps they take."""

import contextlib
import os
from pathlib import Path


class Disk:
    """Each method is one step, on the disk before it returns; a trial may cut the power at any."""

    def write(self, path: Path, content: bytes, owner_of: Path | None = None) -> None:
        """A new file in the place of whatever was there, for its owner alone, who is that of the
        folder ``owner_of`` or else of the file's own.

        Raises:
            OSError: it cannot be written; a full disk leaves nothing behind.
        """
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as opened:
                opened.write(content)
                opened.flush()
                if os.geteuid() == 0:
                    folder = (owner_of or path.parent).stat()
                    with contextlib.suppress(PermissionError):  # FAT has no owners
                        os.fchown(opened.fileno(), folder.st_uid, folder.st_gid)
                self.settle(opened.fileno())
        except OSError:
            path.unlink(missing_ok=True)
            raise

    def replace(self, draft: Path, path: Path) -> None:
        """Put one file into the place of another, and both names on the disk."""
        draft.replace(path)
        self._sync(path.parent)

    def overwrite(self, path: Path) -> None:
        """Blanks over every byte of a file, where they lie: TOML that says nothing."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(descriptor, b" " * os.fstat(descriptor).st_size)
            self.settle(descriptor)
        finally:
            os.close(descriptor)

    def remove(self, path: Path) -> None:
        """Take a file away; nothing, where there is none."""
        if path.exists():
            path.unlink()
            self._sync(path.parent)

    def put(self, path: Path, content: bytes, owner_of: Path | None = None) -> None:
        """Write a file beside its place, and then put it there."""
        draft = path.with_name(path.name + ".new")
        self.write(draft, content, owner_of)
        self.replace(draft, path)

    def make_folder(self, path: Path) -> None:
        """A folder, and those above it that are missing: each has its name on the disk."""
        if path.is_dir():
            return
        self.make_folder(path.parent)
        path.mkdir(mode=0o755, exist_ok=True)
        self._sync(path.parent)

    def settle(self, descriptor: int) -> None:
        """Wait until this file or folder is on the disk."""
        os.fsync(descriptor)

    def _sync(self, folder: Path) -> None:
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self.settle(opened)
        finally:
            os.close(opened)
