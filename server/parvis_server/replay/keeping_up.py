"""What is due in a folder of recordings: voices to be taken out, what hosts asked for, and what is
kept no longer."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from parvis_server.copies import erase_in_copies
from parvis_server.errors import BadRecording, DataFolderError, StorageFault
from parvis_server.replay.keeping import remove
from parvis_server.replay.mirror import mirror
from parvis_server.replay.opened import Opened, every, find
from parvis_server.replay.orders import Act, Orders, Task, Wish
from parvis_server.replay.overview import CATCH_UP
from parvis_server.replay.publish import Wish as Contents
from parvis_server.replay.publish import prepare, publish, take_back
from parvis_server.replay.refusals import note_unpublished
from parvis_server.replay.retention import is_due
from parvis_server.replay.rights import (
    erase_person,
    erase_recording,
    erase_room,
    is_in,
    sweep_damaged,
)
from parvis_server.replay.storage import S3Storage, Storage, StorageAddress
from parvis_server.replay.wishes import wished
from parvis_server.replay.withdraw import withdraw
from parvis_server.replay.without import Progress

Done = dict[str, Any]

ERASING: Final = frozenset({Act.ERASE_PERSON, Act.ERASE_ROOM})

MAX_WHY: Final = 500
"""Characters of what is wrong: a line for a page."""

PUBLISHED: Final = "published"
"""Beside the folder of recordings: what is published of them, a folder for each room."""


@dataclass(frozen=True, slots=True)
class Bench:
    """Where and with what the work is done."""

    recordings: Path
    utc_ms: int
    """Now."""
    page: Path
    """The built pages."""
    say: Callable[[Done], None]
    """How far a task has come."""
    open_storage: Callable[[StorageAddress], Storage] = S3Storage.open

    def progress(self, task: Task) -> Progress:
        """Tells how far this one has come, a hundred times at most."""
        told = -1

        def tell(done: int, total: int) -> None:
            nonlocal told
            part = 100 * done // total if total else 0
            if part != told:
                told = part
                self.say({"progress": task.recording, "act": task.act.value, "percent": part})

        return tell


def carry_out(bench: Bench, orders: Orders) -> Iterator[Done]:
    """Do what is due, one thing after the other; what fails hinders nothing else.

    Yields:
        What was done: ``withdrawn`` with its silences, ``expired``, ``done`` with the act, and
        ``failed`` with a line; ``settled`` for each recording of which no wish is left open;
        ``stored`` with what waits for the store; ``copy`` with a line for each copy of the hub that
        still has somebody who was erased.
    """
    open_still: set[str] = set()
    for opened in every(bench.recordings):
        yield from _looked_at(bench, orders, opened, open_still)
    yield from _damaged(bench)
    for task in orders.tasks:
        yield _carried_out(bench, task, orders)
    yield from ({"copy": line} for line in _still_in_copies(orders))
    yield from ({"settled": name} for name in sorted(_asked(orders.wishes).keys() - open_still))
    if orders.storage is not None:
        yield _mirrored(bench, orders.storage)


def _still_in_copies(orders: Orders) -> list[str]:
    """What was erased from the hub is erased in its copies; a line for each that still has it."""
    if orders.data is None:
        return []
    try:
        return erase_in_copies(Path(orders.data))
    except (DataFolderError, OSError) as error:
        return [_why(error)]


def _mirrored(bench: Bench, address: StorageAddress) -> Done:
    """What waits for the store, after everything that is to leave has left."""
    try:
        done = mirror(bench.recordings, bench.open_storage(address))
    except (BadRecording, StorageFault, OSError) as error:
        return {"stored": "", "waiting": 1, "why": _why(error)}
    return {"stored": address.url, "waiting": done.waiting, "why": done.why}


def _damaged(bench: Bench) -> Iterator[Done]:
    """Those that cannot be opened expire, too; until then they are told."""
    gone, told = sweep_damaged(bench.recordings, bench.utc_ms)
    yield from ({"expired": name} for name in gone)
    yield from ({"damaged": why} for why in told)


def _looked_at(
    bench: Bench, orders: Orders, opened: Opened, open_still: set[str]
) -> Iterator[Done]:
    """What is due of one recording without anybody's task."""
    if opened.is_growing:
        open_still.add(opened.name)
        return
    try:
        if (opened.folder / CATCH_UP).exists():  # a hub that fell left it
            remove(opened.folder / CATCH_UP)
        if is_due(opened.description, bench.utc_ms):
            erase_recording(opened, bench.utc_ms, "expire")
            yield {"expired": opened.name}
            return
        note_unpublished(opened, _asked(orders.unpublished).get(opened.name, set()))
        asked = _asked(orders.wishes).get(opened.name, set())
        wanted = {one for one in asked if is_in(opened, one)}
        if wanted or wished(opened.folder):
            task = Task(Act.WITHDRAW, opened.name)
            yield _withdrawn(opened, withdraw_from(bench, opened, wanted, task))
    except (BadRecording, OSError) as error:
        open_still.add(opened.name)
        yield {"failed": opened.name, "act": Act.WITHDRAW.value, "why": _why(error)}


def _carried_out(bench: Bench, task: Task, orders: Orders) -> Done:
    try:
        done = {**_done(bench, task), "act": task.act.value}
        left = _still_in_copies(orders) if task.act in ERASING else []
        if left:  # nobody is erased as long as a copy of the hub still has them
            raise BadRecording(f"erased here, but {'; '.join(left)}"[:MAX_WHY])
        return done
    except (BadRecording, OSError) as error:
        return {"failed": task.recording, "act": task.act.value, "why": _why(error)}


def _why(error: BadRecording | StorageFault | DataFolderError | OSError) -> str:
    """One line: a full disk is told like whatever was foreseen."""
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split())


def _done(bench: Bench, task: Task) -> Done:
    if task.act is Act.ERASE_PERSON:
        room = task.recording
        tell = bench.progress(task)
        erase_person(bench.recordings, task.participant or "", bench.utc_ms, tell, room)
        return {"done": room}
    if task.act is Act.ERASE_ROOM:
        erase_room(bench.recordings, task.recording, bench.utc_ms, bench.progress(task))
        return {"done": task.recording}
    opened = find(bench.recordings, task.recording)
    match task.act:
        case Act.PREPARE:
            prepare(opened, Contents(), bench.page, bench.progress(task), replace_published=True)
        case Act.PUBLISH:
            series = bench.recordings.parent / PUBLISHED / opened.description.room
            publish(opened, series, bench.utc_ms)
        case Act.TAKE_BACK:
            take_back(opened, bench.utc_ms)
        case Act.ERASE:
            erase_recording(opened, bench.utc_ms)
        case Act.WITHDRAW:
            who = {task.participant} if task.participant is not None else set()
            return _withdrawn(opened, withdraw_from(bench, opened, who, task))
    return {"done": opened.name}


def withdraw_from(bench: Bench, opened: Opened, who: set[str], task: Task) -> Done:
    """Take these out, and all who wished so; with the copies that are published no more."""
    done = withdraw(opened.folder, who, bench.utc_ms, bench.progress(task))
    silences = [[one.begin_ms, one.end_ms] for one in done.silences]
    return {"tracks": done.tracks, "silences": silences}


def _withdrawn(opened: Opened, done: Done) -> Done:
    return {"withdrawn": opened.name, **done}


def _asked(wishes: frozenset[Wish]) -> dict[str, set[str]]:
    """By recording, who."""
    asked: dict[str, set[str]] = {}
    for name, participant in wishes:
        asked.setdefault(name, set()).add(participant)
    return asked
