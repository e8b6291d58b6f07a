"""``parvis replay erase --person`` and ``--room``: out of the log, of every recording, copy and
path, and of the copies that ``parvis backup`` made of the hub."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import typer

from parvis_server.config import HubSettings, load_settings
from parvis_server.copies import erase_in_copies
from parvis_server.data_folder import DataFolder
from parvis_server.erased import note_erased
from parvis_server.errors import BadRecording, UsageError
from parvis_server.net.path_grants import FILE, Grant, PathGrants
from parvis_server.replay.rights import erase_person, erase_room, participants_called
from parvis_server.replay.without import Progress
from parvis_server.room_client import RoomClient
from parvis_server.store.address import Address
from parvis_server.store.database import Store
from parvis_server.store.erasures import ASIDE, Erasure

LOOK_EVERY_S = 0.5
PIECE_BYTES = 1 << 20


def erase_somebody(
    person: str,
    data: Path | None,
    recordings: Path,
    search: Sequence[Path],
    progress: Progress,
) -> list[str]:
    """Erase them; what they were in.

    Raises:
        UserError: nobody or several are called so, something fails, or they are still found.
    """
    settings = load_settings(None, {} if data is None else {"data": data})
    if DataFolder(settings.data).listening_at() is None:
        who, gone = _on_the_disk(settings, person, recordings, progress)
    else:
        who, gone = _by_the_hub(settings, person)
    wanted = {who, person}
    hits = [path for folder in search for path in found_in(folder, wanted)]
    if hits:
        raise BadRecording(
            f"erased here, but still in {len(hits)} files of your copies, the first: {hits[0]}"
        )
    return gone


def erase_whole_room(
    room: str, data: Path | None, recordings: Path, progress: Progress
) -> list[str]:
    """Erase a room: every recording, everybody's names and words; what that was.

    Raises:
        UserError: there is no such room, or something fails.
    """
    settings = load_settings(None, {} if data is None else {"data": data})
    if DataFolder(settings.data).listening_at() is not None:
        hub = RoomClient.find(None, None, settings.data)
        told = hub.ask("POST", f"/rooms/{room}/recordings/acts", {"act": "erase_all"})
        _wait_for(hub, room)
        gone = [f"{room}/{one['recording']}" for one in told["recordings"]]
        return [*gone, f"{room}, names and words"]
    folder = DataFolder(settings.data)
    with closing(_store(settings)) as store:
        words = store.room(room) is not None
        if words:
            erasure = Erasure.of_room(room, store.last_seq(room), _utc_ms())
            note_erased(folder.path, [erasure])
            store.erase(room, None)
    gone = erase_room(recordings, room, _utc_ms(), progress)
    if not words and not gone:
        raise UsageError(f"there is no room {room!r}, and no recording of it")
    _forget_paths(folder.path / FILE, lambda grant: grant.room == room)
    _check_copies(folder.path)
    return [*gone, *([f"{room}, names and words"] if words else [])]


def _on_the_disk(
    settings: HubSettings, person: str, recordings: Path, progress: Progress
) -> tuple[str, list[str]]:
    folder = DataFolder(settings.data)
    with closing(_store(settings)) as store:
        known = store.called(person)
        heard = participants_called(recordings, person)
        who = _one({participant for _, participant in known} | heard, person)
        note_erased(folder.path, [Erasure.of_person(who, None, _utc_ms())])
        rooms = sorted({room.partition(ASIDE)[0] for room, _ in known})
        words = [room for room in rooms if store.erase(room, who)]
    gone = erase_person(recordings, who, _utc_ms(), progress)
    _forget_paths(folder.path / FILE, lambda grant: grant.holder == who)
    _check_copies(folder.path)
    return who, [*gone, *(f"{room}, names and words" for room in words)]


def _store(settings: HubSettings) -> Store:
    return Store.open(Address.of(settings.store.url, settings.data))


def _utc_ms() -> int:
    return time.time_ns() // 1_000_000


def _check_copies(data: Path) -> None:
    """Nobody is erased as long as a copy of the hub still has them."""
    told = erase_in_copies(data)
    if told:
        raise BadRecording(f"erased here, but {'; '.join(told)}: run it again, or delete them")


def _forget_paths(file: Path, which: Callable[[Grant], bool]) -> None:
    def is_good(grant: Grant) -> bool:
        return True

    if file.exists():
        grants = PathGrants(file, is_good, lambda: 0)
        for room in {grant.room for grant in grants.every}:
            grants.revoke(room, which)
        grants.keep()


def _by_the_hub(settings: HubSettings, person: str) -> tuple[str, list[str]]:
    hub = RoomClient.find(None, None, settings.data)
    told = hub.ask("POST", "/erasures", {"person": person})
    for room in told["rooms"]:
        _wait_for(hub, room)
    return told["participant"], [f"{room}, voice, names and words" for room in told["rooms"]]


def _wait_for(hub: RoomClient, room: str) -> None:
    while True:
        work = hub.ask("GET", f"/rooms/{room}/recordings")["work"]
        if work is None or work["state"] == "done":
            return
        if work["state"] == "failed":
            raise BadRecording(f"{room}: {work['why']}")
        typer.echo(f"{room}: the recordings are made again", err=True)
        time.sleep(LOOK_EVERY_S)


def _one(found: set[str], person: str) -> str:
    if not found:
        raise UsageError(f"nobody in any recording or log is called {person!r}")
    if len(found) > 1:
        ids = ", ".join(sorted(found))
        raise UsageError(f"{person!r} are several: give one of the ids {ids}")
    return next(iter(found))


def found_in(folder: Path, words: set[str]) -> Iterator[Path]:
    """Every file below a folder in which one of these stands, as plain UTF-8.

    What is packed or encrypted does not show what is in it.
    """
    wanted = [word.encode() for word in words]
    longest = max(map(len, wanted))
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        with path.open("rb") as file:
            before = b""
            while piece := file.read(PIECE_BYTES):
                if any(word in before + piece for word in wanted):
                    yield path
                    break
                before = piece[-longest:]
