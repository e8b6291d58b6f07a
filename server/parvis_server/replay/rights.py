"""What a person or a room's host may ask for: everything of theirs, or that it is gone.

Deleting is verified: what should be gone is looked for afterwards, in every file of every
recording and of every published copy; one hit is an error.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from parvis_server.errors import BadRecording
from parvis_server.record.recording import EVENTS
from parvis_server.replay.keeping import (
    LOCK,
    changing,
    copies_of,
    note,
    remove,
    unreached_copies,
)
from parvis_server.replay.opened import Opened, damaged_folders, every, ms_of
from parvis_server.replay.retention import is_due, is_due_by_name
from parvis_server.replay.wishes import wished
from parvis_server.replay.withdraw import names, take_down, withdraw
from parvis_server.replay.without import Progress
from parvis_server.store.erasures import Erasure, people


def erase_recording(opened: Opened, utc_ms: int, act: str = "erase") -> int:
    """Delete a recording and every copy of it; how many copies there were.

    Raises:
        BadRecording: it still goes on, something of it is still there afterwards, or it is deleted
            and a copy is on a disk that is not there now.
    """
    if opened.is_growing:
        raise BadRecording(f"{opened.name} still goes on: stop it first")
    return erase_folder(opened.folder, utc_ms, act)


def erase_folder(folder: Path, utc_ms: int, act: str = "erase") -> int:
    """The same without reading its description, which may be damaged."""
    recordings, name = folder.parents[1], f"{folder.parent.name}/{folder.name}"
    with changing(folder):
        copies = take_down(folder)
        unreached = unreached_copies(folder)
        remove(folder)
    if folder.parent.exists() and not any(folder.parent.iterdir()):
        remove(folder.parent)
    note(recordings, utc_ms, act, name, copies=copies)
    if unreached:
        told = ", ".join(map(str, unreached))
        raise BadRecording(
            f"{name} is deleted, but for copies that cannot be reached now: delete {told}"
        )
    return copies


def erase_room(recordings: Path, room: str, utc_ms: int, progress: Progress) -> list[str]:
    """Delete every recording of a room with every copy, damaged ones too; their names.

    One that fails hinders no other; raises ``BadRecording`` for all that did, at the end.
    """
    whole = {one.folder: one for one in every(recordings) if one.description.room == room}
    broken = [one for one, _ in damaged_folders(recordings) if one.parent.name == room]
    erased, failed = [], []
    for done, folder in enumerate((*whole, *broken)):
        progress(done, len(whole) + len(broken))
        try:
            if folder in whole:
                erase_recording(whole[folder], utc_ms)
            else:
                erase_folder(folder, utc_ms)
            erased.append(f"{room}/{folder.name}")
        except BadRecording as error:
            failed.append(str(error))
    if failed:
        raise BadRecording("; ".join(failed))
    return erased


def sweep(recordings: Path, utc_ms: int) -> list[str]:
    """Delete every recording whose time is over; their names.

    One that fails hinders no other; raises ``BadRecording`` for all that did, at the end.
    """
    due = [one.folder for one in every(recordings) if is_due(one.description, utc_ms)]
    failed = []
    for folder in due:
        try:
            erase_folder(folder, utc_ms, "expire")
        except BadRecording as error:
            failed.append(str(error))
    broken, told = sweep_damaged(recordings, utc_ms)
    if failed or told:
        raise BadRecording("; ".join((*failed, *told)))
    return [f"{one.parent.name}/{one.name}" for one in due] + broken


def sweep_damaged(recordings: Path, utc_ms: int) -> tuple[list[str], list[str]]:
    """Recordings whose description is damaged go after the longest time of all, by their folder's
    name; who went, and what is wrong with those that stay: somebody has to mend or delete them."""
    gone, told = [], []
    for folder, why in damaged_folders(recordings):
        name = f"{folder.parent.name}/{folder.name}"
        if not is_due_by_name(folder.name, utc_ms):
            told.append(f"{why}: it does not expire; mend it, or parvis replay erase {name}")
            continue
        try:
            erase_folder(folder, utc_ms, "expire")
            gone.append(name)
        except BadRecording as error:
            told.append(str(error))
    return gone, told


def erase_person(
    recordings: Path, participant: str, utc_ms: int, progress: Progress, room: str | None = None
) -> list[str]:
    """Take a person out of every recording, or of those of one room; the names of those that they
    were in. A recording that fails hinders no other.

    Raises:
        BadRecording: one still goes on or cannot be changed, or their id is still found somewhere.
    """
    changed, failed = [], []
    for opened in every(recordings):
        if room not in (None, opened.description.room):
            continue
        try:
            if participant in wished(opened.folder) or is_in(opened, participant):
                withdraw(opened.folder, [participant], utc_ms, progress)
                changed.append(opened.name)
        except (BadRecording, OSError) as error:
            failed.append(str(error))
    if failed:
        raise BadRecording("; ".join(failed))
    left = list(mentions(recordings, participant, room))
    if left:
        raise BadRecording(f"{participant} is still named in {left[0]}, after they were erased")
    return changed


def is_in(opened: Opened, participant: str) -> bool:
    """Whether their voice or anything they did is in the recording."""
    who = frozenset({participant})
    if any(one.talker.is_of(who) for one in opened.description.tracks):
        return True
    return any(names(line, who) for line in lines_of(opened))


def mentions(recordings: Path, participant: str, room: str | None = None) -> Iterator[Path]:
    """Every file of a recording, or of a copy of one, in which this id stands; of one room, or of
    all."""
    wanted = participant.encode()
    folders = [recordings if room is None else recordings / room]
    for opened in every(recordings):
        if room in (None, opened.description.room):
            folders += copies_of(opened.folder)
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.name != LOCK and wanted in path.read_bytes():
                yield path


def participants_called(recordings: Path, called: str) -> set[str]:
    """The ids of whoever is called so, or has this id, in any recording."""
    found = set()
    for opened in every(recordings):
        for kept in opened.description.tracks:
            talker = kept.talker
            known = [(talker.participant, talker.name)]
            known += [(one.participant, one.name) for one in talker.answered_by]
            found |= {who for who, name in known if called in (who, name)}
        for line in lines_of(opened):
            found |= set(_called(line, called))
    return found


def erased_before(opened: Opened, erasures: Sequence[Erasure]) -> set[str]:
    """Who is in a recording that comes back and was erased from the hub since."""
    here: set[str] = set()
    for kept in opened.description.tracks:
        here |= {kept.talker.participant, *(one.participant for one in kept.talker.answered_by)}
    for line in lines_of(opened):
        here |= set(_called(line, None))
    return people(erasures, opened.description.room, here)


def _called(said: Any, called: str | None) -> Iterator[str]:
    if isinstance(said, dict):
        who = said.get("participant")
        if isinstance(who, str) and called in (None, who, said.get("name")):
            yield who
        for part in said.values():
            yield from _called(part, called)
    elif isinstance(said, list):
        for part in said:
            yield from _called(part, called)


def lines_of(opened: Opened) -> Iterator[Any]:
    """What stands beside the sound, line by line."""
    path = opened.folder / EVENTS
    for line in path.read_bytes().splitlines() if path.exists() else ():
        try:
            yield json.loads(line)
        except ValueError:
            continue  # a torn end


def duration_ms(opened: Opened) -> int | None:
    """How long a finished recording is."""
    ended = opened.description.ended_clock
    return None if ended is None else max(0, ms_of(ended - opened.begin))
