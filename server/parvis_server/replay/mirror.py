"""Recordings that are over, kept a second time in a store.

Theory of operation. The folder on the local disk is the truth, and the queue: what the store does
not have of it is what waits, so nothing is lost when the store is away for as long as it likes.
``stored.json`` beside the recordings names those of which something may be in the store; it is
written before the first file is sent. One that is named there and whose folder is gone was
deleted, and is deleted in the store. So a disk that is lost takes nothing of the store with it: its
``stored.json`` is lost with it.

What leaves a recording leaves the store with every older version, and that is looked at afterwards.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from parvis_server.errors import BadRecording, StorageFault
from parvis_server.replay.keeping import COPIES, LOCK, write_json
from parvis_server.replay.opened import every
from parvis_server.replay.overview import CATCH_UP, PREPARED
from parvis_server.replay.storage import Storage
from parvis_server.replay.wishes import wished

STORED: Final = "stored.json"
SENT: Final = "sent.json"
"""In a recording: what of it was sent, so that only what changed is sent again."""

_OURS: Final = frozenset({LOCK, SENT, COPIES})
_MADE: Final = frozenset({PREPARED, f"{PREPARED}.new", CATCH_UP})


@dataclass(frozen=True, slots=True)
class Mirrored:
    """How far it came."""

    waiting: int
    """So many recordings are not in the store yet as they are here, or are still to go there."""
    why: str | None = None
    """What is wrong with the store; None: nothing."""


def mirror(recordings: Path, storage: Storage) -> Mirrored:
    """Make the store like the folder; what fails waits.

    Raises:
        BadRecording: what is stored cannot be read or written down on the local disk.
    """
    over = {one.name: one.folder for one in every(recordings) if not one.is_growing}
    stored = _stored(recordings)
    gone = {name for name in stored if not (recordings / name).exists()}
    waiting, why = set(gone | over.keys()), None
    if over.keys() - stored:
        stored |= over.keys()
        write_json(recordings / STORED, sorted(stored))
    for name in sorted(gone):
        try:
            _forget(storage, name)
            stored.discard(name)
            waiting.discard(name)
        except StorageFault as error:
            why = why or str(error)
    for name, folder in over.items():
        if wished(folder):
            continue  # somebody's voice leaves it first
        try:
            _send(storage, name, folder)
            waiting.discard(name)
        except (StorageFault, OSError) as error:
            why = why or str(error)
    if gone:
        write_json(recordings / STORED, sorted(stored))
    return Mirrored(len(waiting), why)


def _stored(recordings: Path) -> set[str]:
    path = recordings / STORED
    try:
        return set(map(str, json.loads(path.read_bytes())))
    except FileNotFoundError:
        return set()
    except (OSError, ValueError, TypeError) as error:
        raise BadRecording(f"{path} cannot be read: {error}") from error


def _forget(storage: Storage, name: str) -> None:
    """Nothing of it is in the store afterwards."""
    storage.delete(list(storage.sizes(f"{name}/")))
    storage.forget_versions(f"{name}/")
    left = storage.sizes(f"{name}/")
    if left:
        raise StorageFault(f"{next(iter(left))} is still in the store after it was deleted")


def _send(storage: Storage, name: str, folder: Path) -> None:
    here = {f"{name}/{inside}": path for inside, path in _files(folder)}
    state = {one: _state(path) for one, path in here.items()}
    if _sent(folder) == state:
        return
    sent, there = _sent(folder), storage.sizes(f"{name}/")
    for one, path in here.items():
        if sent.get(one) != state[one] or there.get(one) != state[one][0]:
            storage.put(one, path)
    too_many = sorted(there.keys() - here.keys())
    if too_many:
        storage.delete(too_many)
    storage.forget_versions(f"{name}/")
    now = storage.sizes(f"{name}/")
    if now != {one: size for one, (size, _) in state.items()}:
        raise StorageFault(f"{name} is not whole in the store: it is sent again")
    write_json(folder / SENT, state)


def _files(folder: Path) -> list[tuple[str, Path]]:
    found = []
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        is_ours = path.name in _OURS or inside.parts[0] in _MADE or path.suffix == ".new"
        if path.is_file() and not is_ours:
            found.append((inside.as_posix(), path))
    return found


def _state(path: Path) -> tuple[int, int]:
    known = path.stat()
    return known.st_size, known.st_mtime_ns


def _sent(folder: Path) -> dict[str, tuple[int, int]]:
    try:
        told = json.loads((folder / SENT).read_bytes())
        return {str(name): (int(size), int(at)) for name, (size, at) in told.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}  # then everything is compared with the store


def fetch(recordings: Path, storage: Storage, name: str) -> int:
    """Bring a recording back from the store; how many files it has.

    Raises:
        BadRecording: it is here already.
        StorageFault: it is not in the store, or that is away.
    """
    folder = recordings / name
    if folder.exists():
        raise BadRecording(f"{folder} is here already")
    names = storage.sizes(f"{name}/")
    if not names:
        raise StorageFault(f"{name} is not in the store")
    strange = [one for one in names if not _stays_inside(one)]
    if strange:
        raise StorageFault(f"{strange[0]!r} in the store would lie outside the recording")
    draft = folder.with_name(f".{folder.name}.new")
    for one in names:
        storage.get(one, draft / one.removeprefix(f"{name}/"))
    draft.rename(folder)
    return len(names)


def _stays_inside(name: str) -> bool:
    """A store may be somebody else's: what it calls a file is not where it goes."""
    parts = name.split("/")
    return not {"", ".", ".."} & set(parts) and "\0" not in name
