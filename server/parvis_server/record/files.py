"""Carries out the recorder's effects in a folder of this machine.

What is appended waits in memory while the disk refuses it, and is tried again in order: a disk that
is full for a moment costs nothing. A file that was written in part is cut back to what it was, so
that it never holds half a page. A recording that waited for too long is given up: nothing more is
written of it, so that its files end where the disk did, with no hole. Bringing things to the disk
(``fdatasync``) may take a second on a busy card, so a thread of its own does it.
"""

import contextlib
import os
import shutil
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final, Self

from parvis_server.record.disk import DiskUse
from parvis_server.record.effects import Append, Close, Effect, Replace, Sync

MAX_WAITING_BYTES: Final = 16 << 20
"""A minute and a half of 20 tracks: then the recordings that cannot be written end."""


class _File:
    """A file that is appended to."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self.descriptor = os.open(path, flags, 0o600)
        self.size = os.fstat(self.descriptor).st_size
        self.is_dirty = False
        self.sync_fault: str | None = None
        """Why what it holds could not be brought to the disk the last time."""

    def append(self, content: bytes) -> None:
        """All of it or nothing; raises ``OSError``."""
        view = memoryview(content)
        try:
            while view:
                view = view[os.write(self.descriptor, view) :]
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self.descriptor, self.size)
            raise
        self.size += len(content)
        self.is_dirty = True


class RecordFiles:
    """The folder of recordings."""

    def __init__(self, folder: Path) -> None:
        """Make the folder; raises ``OSError``."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = folder
        self.faults: dict[str, str] = {}
        """Files that cannot be written at the moment, and why."""
        self._files: dict[str, _File] = {}
        self._waiting: deque[Append | Replace | Close] = deque()
        self._waiting_bytes = 0
        self._given_up: set[str] = set()
        self._syncing: Future[list[tuple[_File, str | None]]] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sync")

    def __enter__(self) -> Self:
        """For ``with``."""
        return self

    def __exit__(self, *_: object) -> None:
        """Bring everything to the disk and close it."""
        self._sync()
        self._thread.shutdown(wait=True)
        for file in self._files.values():
            os.close(file.descriptor)
        self._files = {}

    def carry_out(self, effects: Iterable[Effect]) -> list[tuple[str, str]]:
        """Do these, after those that still wait; files that are given up, and why."""
        for effect in effects:
            if isinstance(effect, Sync):
                self._sync()
            elif isinstance(effect, Close) or _recording(effect) not in self._given_up:
                self._waiting.append(effect)
                self._waiting_bytes += _size(effect)
        return self._drain()

    def _drain(self) -> list[tuple[str, str]]:
        stuck: dict[str, str] = {}
        left: deque[Append | Replace | Close] = deque()
        for effect in self._waiting:
            recording = _recording(effect)
            if recording in stuck:
                left.append(effect)
                continue
            try:
                self._do(effect)
                self._waiting_bytes -= _size(effect)
            except OSError as error:
                stuck[recording] = f"cannot write {effect.path}: {error.strerror}"
                left.append(effect)
        self._waiting = left
        stuck_folders = {f"{recording}/": why for recording, why in stuck.items()}
        self.faults = self._sync_faults() | stuck_folders
        if self._waiting_bytes <= MAX_WAITING_BYTES:
            return []
        self._given_up |= stuck.keys()
        self._waiting = deque(effect for effect in left if isinstance(effect, Close))
        self._waiting_bytes = 0
        return list(stuck_folders.items())

    def _sync_faults(self) -> dict[str, str]:
        """Files that took what was appended, and whose disk did not."""
        return {
            path: f"cannot bring {path} to the disk: {file.sync_fault}"
            for path, file in self._files.items()
            if file.sync_fault is not None
        }

    def _do(self, effect: Append | Replace | Close) -> None:
        match effect:
            case Append(path=path, content=content):
                file = self._files.get(path)
                if file is None:
                    file = self._files[path] = _File(self.folder / path)
                file.append(content)
            case Replace(path=path, content=content):
                replace_file(self.folder / path, content)
            case Close(path=path):
                self._close(path)

    def _close(self, path: str) -> None:
        file = self._files.get(path)
        if file is None:
            return
        self._take_synced()  # it may be at this descriptor
        del self._files[path]
        try:
            if file.is_dirty:
                os.fdatasync(file.descriptor)
        finally:
            os.close(file.descriptor)

    def _sync(self) -> None:
        """Begin to bring to the disk what was appended, unless that is still going on."""
        if self._syncing is not None and not self._syncing.done():
            return
        self._take_synced()
        dirty = [file for file in self._files.values() if file.is_dirty]
        for file in dirty:
            file.is_dirty = False
        if dirty:
            self._syncing = self._thread.submit(_bring_to_disk, dirty)

    def _take_synced(self) -> None:
        """Wait for the disk; what it refused is tried again with the next ``Sync``."""
        if self._syncing is None:
            return
        for file, fault in self._syncing.result():
            file.sync_fault = fault
            file.is_dirty = file.is_dirty or fault is not None
        self._syncing = None

    def use(self) -> DiskUse:
        """How full the disk is; raises ``OSError``."""
        free = shutil.disk_usage(self.folder).free
        return DiskUse(free, _used(self.folder))


def _bring_to_disk(files: list[_File]) -> list[tuple[_File, str | None]]:
    """Each with why the disk did not take it, or None."""
    results: list[tuple[_File, str | None]] = []
    for file in files:
        try:
            os.fdatasync(file.descriptor)
        except OSError as error:
            results.append((file, error.strerror))
        else:
            results.append((file, None))
    return results


def _recording(effect: Append | Replace | Close) -> str:
    """The folder of the recording that it belongs to."""
    return effect.path.rsplit("/", 1)[0].removesuffix("/tracks")


def _size(effect: Append | Replace | Close) -> int:
    return 0 if isinstance(effect, Close) else len(effect.content)


def _used(folder: Path) -> int:
    total = 0
    for base, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(base, name)).st_size
    return total


def replace_file(path: Path, content: bytes) -> None:
    """Write a file whole, or leave the old one: beside it, to the disk, and renamed.

    Raises:
        OSError: it cannot be written; the old one is there.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk; raises ``OSError``."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
