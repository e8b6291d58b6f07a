"""A disk as a power cut leaves it: with whatever was waited for, and nothing else.

A file's bytes are kept once the file was settled (fsync), its name once its folder was. Neither
brings the other: a file that was settled and whose folder was not is gone, and one whose name was
settled without its bytes is empty. What real file systems keep beyond that is luck.
"""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path


class PowerCut(BaseException):
    """Nothing after it is done; not even what tidies up."""


class Platter:
    """Below one folder; all that is there now is kept."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._files: dict[int, tuple[bytes, int]] = {}
        self._folders: dict[int, dict[str, int | str]] = {}
        """Names, each with a number of a file or folder, or what a link leads to."""
        self._modes: dict[int, int] = {}
        self._held: dict[int, int] = {}
        self.settle_all()

    def settle(self, descriptor: int) -> None:
        """This file or folder is waited for."""
        state = os.fstat(descriptor)
        path = Path(f"/proc/self/fd/{descriptor}")
        self._hold(path, state.st_ino)
        self._modes[state.st_ino] = stat.S_IMODE(state.st_mode)
        if stat.S_ISDIR(state.st_mode):
            self._folders[state.st_ino] = {name: self._entry(path / name) for name in _names(path)}
        else:
            self._files[state.st_ino] = (path.read_bytes(), stat.S_IMODE(state.st_mode))

    def settle_all(self) -> None:
        """Everything is waited for."""
        for folder, _, files in os.walk(self._root):
            for path in (Path(folder), *(Path(folder) / name for name in files)):
                if not path.is_symlink() and (path.is_dir() or path.is_file()):
                    descriptor = os.open(path, os.O_RDONLY)
                    self.settle(descriptor)
                    os.close(descriptor)

    def power_off(self) -> None:
        """The folder is as the disk kept it."""
        for path in self._root.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        self._build(self._root, self._root.stat().st_ino)
        for descriptor in self._held.values():
            os.close(descriptor)
        self._held.clear()

    def _build(self, folder: Path, number: int) -> None:
        for name, entry in self._folders.get(number, {}).items():
            path = folder / name
            if isinstance(entry, str):
                path.symlink_to(entry)
            elif entry in self._folders or entry not in self._files:
                path.mkdir()
                self._build(path, entry)
                path.chmod(self._modes.get(entry, 0o755))
            else:
                content, mode = self._files[entry]
                path.write_bytes(content)
                path.chmod(mode)

    def _entry(self, path: Path) -> int | str:
        if path.is_symlink():
            return str(path.readlink())
        state = path.stat()
        self._hold(path, state.st_ino)
        if stat.S_ISREG(state.st_mode):
            self._files.setdefault(state.st_ino, (b"", stat.S_IMODE(state.st_mode)))
        return state.st_ino

    def _hold(self, path: Path, number: int) -> None:
        """Its number is nobody else's, also after it was removed."""
        if number not in self._held:
            self._held[number] = os.open(path, os.O_PATH)


def _names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))
