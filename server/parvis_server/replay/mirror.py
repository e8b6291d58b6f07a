"""Recordings that are over, kept a second time in a store.

Theory of operation. The folder on the local disk is the truth, and the queue: what the store does
not have of it is what waits, so nothing is lost when the store is away for as long as it likes.
``stored.json`` beside the recordings names those of which something may be in the store; it is
written before the first file is sent. One that is named there and whose folder is gone was
deleted, and is deleted in the store. So a disk that is lost takes nothing of the store with it: its
``stored.json`` is lost with it.

What is published lies there, too, under names of its own, as long as it is published here: so a
bucket can serve it. What leaves a recording leaves the store with every older version, and that is
looked at afterwards.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from parvis_server.errors import BadRecording, StorageFault
from parvis_server.replay.index import FEED
from parvis_server.replay.keeping import COPIES, LOCK, copies_of, remove, write_json
from parvis_server.replay.opened import every
from parvis_server.replay.overview import CATCH_UP, PREPARED
from parvis_server.replay.storage import Storage
from parvis_server.replay.wishes import wished

STORED: Final = "stored.json"
SENT: Final = "sent.json"
"""In a recording: what of it was sent, so that only what changed is sent again."""

SENT_PUBLISHED: Final = "sent_published.json"
"""The same of what is published of it."""

PUBLISHED: Final = "_published"
"""In the store, beside the rooms: what a web server shows of each. No room may be called so."""

_OURS: Final = frozenset({LOCK, SENT, SENT_PUBLISHED, COPIES})
_MADE: Final = frozenset({PREPARED, f"{PREPARED}.new", CATCH_UP})


@dataclass(frozen=True, slots=True)
class Mirrored:
    """How far it came."""

    waiting: int
    """So many recordings are not in the store yet as they are here, or are still to go there."""
    why: str | None = None
    """What is wrong with the store; None: nothing."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Files that the store shall have under a name, and no others."""

    files: list[tuple[str, Path]]
    sent: Path
    """Where it is noted what of them was sent."""


def mirror(recordings: Path, storage: Storage) -> Mirrored:
    """Make the store like the folder, and like what is published of it; what fails waits.

    Raises:
        BadRecording: what is stored cannot be read or written down on the local disk.
    """
    over = {one.name: one.folder for one in every(recordings) if not one.is_growing}
    leaving = {name for name, folder in over.items() if wished(folder)}
    public = {name: folder for name, folder in over.items() if name not in leaving}
    wanted = dict(_of_published(recordings, public))
    stored, there = _stored(recordings), wanted.keys() | over.keys()
    gone = {one for one in stored - wanted.keys() if not (recordings / one).exists()}
    waiting, why = set(gone | there), None
    if there - stored:
        stored |= there
        write_json(recordings / STORED, sorted(stored))
    for name in sorted(gone):
        try:
            _forget_sent(recordings, name)
            _forget(storage, name)
            stored.discard(name)
            waiting.discard(name)
        except StorageFault as error:
            why = why or str(error)
    for name, folder in public.items():  # what somebody's voice is still to leave waits
        wanted[name] = _Wanted(_files(folder), folder / SENT)
    for name, files in wanted.items():
        try:
            _send(storage, name, files)
            waiting.discard(name)
        except (StorageFault, OSError) as error:
            why = why or str(error)
    if gone:
        write_json(recordings / STORED, sorted(stored))
    about = {one.removeprefix(f"{PUBLISHED}/") for one in waiting if not one.endswith(FEED)}
    return Mirrored(len(about) or len(waiting), why)


def _of_published(recordings: Path, over: dict[str, Path]) -> Iterator[tuple[str, _Wanted]]:
    """What is published of each recording, and each room's feed."""
    for name, folder in over.items():
        for copy in copies_of(folder)[:1]:  # others are the same
            yield f"{PUBLISHED}/{name}", _Wanted(_files(copy), folder / SENT_PUBLISHED)
            feed, room = copy.parent / FEED, folder.parent.name
            if feed.exists():
                yield (
                    f"{PUBLISHED}/{room}/{FEED}",
                    _Wanted([("", feed)], _sent_feed(recordings, room)),
                )


def _sent_feed(recordings: Path, room: str) -> Path:
    return recordings / f"{room}.feed.{SENT}"


def _forget_sent(recordings: Path, name: str) -> None:
    """What is published again later, unchanged (from a disk that was out), is to be sent again."""
    inside = name.removeprefix(f"{PUBLISHED}/")
    if name.endswith(FEED):
        remove(_sent_feed(recordings, inside.split("/")[0]))
    elif inside != name and (recordings / inside).is_dir():
        remove(recordings / inside / SENT_PUBLISHED)


def _prefix(name: str) -> str:
    """Of everything that lies under a name; a feed is one file."""
    return name if name.endswith(FEED) else f"{name}/"


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
    prefix = _prefix(name)
    storage.delete(list(storage.sizes(prefix)))
    storage.forget_versions(prefix)
    left = storage.sizes(prefix)
    if left:
        raise StorageFault(f"{next(iter(left))} is still in the store after it was deleted")


def _send(storage: Storage, name: str, wanted: _Wanted) -> None:
    prefix = _prefix(name)
    here = {f"{prefix}{inside}": path for inside, path in wanted.files}
    state = {one: _state(path) for one, path in here.items()}
    sent = _sent(wanted.sent)
    if sent == state:
        return
    there = storage.sizes(prefix)
    for one, path in here.items():
        if sent.get(one) != state[one] or there.get(one) != state[one][0]:
            storage.put(one, path)
    too_many = sorted(there.keys() - here.keys())
    if too_many:
        storage.delete(too_many)
    storage.forget_versions(prefix)
    now = storage.sizes(prefix)
    if now != {one: size for one, (size, _) in state.items()}:
        raise StorageFault(f"{name} is not whole in the store: it is sent again")
    write_json(wanted.sent, state)


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


def _sent(noted: Path) -> dict[str, tuple[int, int]]:
    try:
        told = json.loads(noted.read_bytes())
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
