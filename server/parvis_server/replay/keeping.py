"""How this package changes what is on disk: whole files, one writer at a time, an audit log.

The audit log says what was done to which recording and when; no name, no sound, no words.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from parvis_server.errors import BadRecording

LOCK: Final = ".changing"
AUDIT: Final = "audit.jsonl"
COPIES: Final = "copies.json"
"""Where this recording was published to: what is taken out of it is taken out there, too."""


@contextmanager
def changing(folder: Path) -> Iterator[None]:
    """Nobody else changes this recording meanwhile: a second withdrawal waits for the first."""
    try:
        with (folder / LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except FileNotFoundError as error:
        if error.filename and Path(error.filename).name == LOCK:
            raise BadRecording(f"{folder} is gone: it was deleted meanwhile") from None
        raise


def write_whole(path: Path, content: bytes) -> None:
    """The file as it was, or all of the new one; raises ``BadRecording``."""
    draft = path.with_name(path.name + ".new")
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise BadRecording(f"cannot write {path}: {error.strerror}") from error


def write_json(path: Path, content: Any) -> None:
    """``write_whole`` of JSON."""
    write_whole(path, json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode())


def note(recordings: Path, utc_ms: int, act: str, recording: str, **counts: int) -> None:
    """Add a line to the audit log; raises ``BadRecording``."""
    line = json.dumps({"utc_ms": utc_ms, "act": act, "recording": recording, **counts})
    try:
        with (recordings / AUDIT).open("a") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise BadRecording(f"cannot write {recordings / AUDIT}: {error.strerror}") from error


def known_copies(folder: Path) -> tuple[Path, ...]:
    """Folders into which the recording was published, also on a disk that is not there now."""
    try:
        told = json.loads((folder / COPIES).read_bytes())
    except FileNotFoundError:
        return ()
    except (OSError, ValueError) as error:
        raise BadRecording(f"{folder / COPIES} cannot be read: {error}") from error
    return tuple(map(Path, told))


def copies_of(folder: Path) -> tuple[Path, ...]:
    """Folders into which the recording was published and that are still there."""
    return tuple(path for path in known_copies(folder) if path.exists())


def unreached_copies(folder: Path) -> tuple[Path, ...]:
    """Copies of which not even the folder around them is there: a disk that was taken out."""
    return tuple(path for path in known_copies(folder) if not path.parent.exists())


def remember_copy(folder: Path, copy: Path) -> None:
    """From now on ``copy`` is one of them."""
    known = sorted({str(path) for path in (*known_copies(folder), copy.resolve())})
    write_json(folder / COPIES, known)


def delete_copies(folder: Path) -> tuple[Path, ...]:
    """Delete every copy that is there, and know of it no longer; which those were."""
    copies = copies_of(folder)
    for copy in copies:
        remove(copy)
    if copies:
        left = sorted(str(path) for path in known_copies(folder) if path not in copies)
        write_json(folder / COPIES, left)
    return copies


def remove(path: Path) -> None:
    """Delete a file or a folder with all that is in it, and make sure that it is gone.

    Raises:
        BadRecording: something of it is still there.
    """
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        _sync(path.parent)
    except OSError as error:
        raise BadRecording(f"cannot delete {error.filename}: {error.strerror}") from error
    if path.exists() or path.is_symlink():
        raise BadRecording(f"{path} is still there after it was deleted")


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
