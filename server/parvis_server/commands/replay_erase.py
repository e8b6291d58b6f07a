"""``parvis replay erase --person``: out of the log, of every recording, copy and path."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import typer

from parvis_server.config import HubSettings, load_settings
from parvis_server.data_folder import DataFolder
from parvis_server.errors import BadRecording, UsageError
from parvis_server.net.path_grants import FILE, Grant, PathGrants
from parvis_server.replay.rights import erase_person, participants_called
from parvis_server.replay.without import Progress
from parvis_server.room_client import RoomClient
from parvis_server.store.address import Address
from parvis_server.store.database import Store

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


def _on_the_disk(
    settings: HubSettings, person: str, recordings: Path, progress: Progress
) -> tuple[str, list[str]]:
    folder = DataFolder(settings.data)
    store = Store.open(Address.of(settings.store.url, folder.path))
    try:
        known = store.called(person)
        heard = participants_called(recordings, person)
        who = _one({participant for _, participant in known} | heard, person)
        words = [room for room, one in sorted(known) if store.erase(room, one)]
    finally:
        store.close()
    gone = erase_person(recordings, who, time.time_ns() // 1_000_000, progress)
    _forget_paths(folder.path / FILE, who)
    return who, [*gone, *(f"{room}, names and words" for room in words)]


def _forget_paths(file: Path, who: str) -> None:
    def is_good(grant: Grant) -> bool:
        return True

    if file.exists():
        grants = PathGrants(file, is_good, lambda: 0)
        for room in {grant.room for grant in grants.every}:
            grants.revoke(room, lambda grant: grant.holder == who)
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
