"""``parvis replay``: recordings after they were made."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from parvis_server.commands.asking import AsJson, Data, moment, table, tell

if TYPE_CHECKING:
    from parvis_server.replay.opened import Opened
    from parvis_server.replay.storage import StorageAddress

app = typer.Typer(add_completion=False, no_args_is_help=True)

EXAMPLES = """Examples:

  parvis replay list

  parvis replay publish main                         make it, and say where to hear it

  parvis replay publish main --heard                 put what was heard in the public folder

  parvis replay withdraw main/20261123T190000Z-4 --person "Zoé"

  parvis replay erase --person "Zoé"

  parvis replay export --room main --out main-export
"""

Name = Annotated[
    str, typer.Argument(help="room/recording, or a room: its newest.", show_default=False)
]
Person = Annotated[
    str | None,
    typer.Option(help="A person: their id, or the name that was shown.", show_default=False),
]
Room = Annotated[str | None, typer.Option(help="A room.", show_default=False)]
HEADS = ("recording", "begun", "length", "voices", "published", "deleted")


@app.callback(epilog=EXAMPLES)
def replay() -> None:
    """Recordings: list, publish, take a voice out, erase, export."""


@app.command("list")
def list_recordings(data: Data = None, as_json: AsJson = False) -> None:
    """List the recordings, one a line, and what cannot be read."""
    from parvis_server.replay.opened import damaged, every

    recordings = _recordings(data)
    found = [_told(opened) for opened in every(recordings)]
    rows = [
        (
            one["recording"],
            moment(one["begun_utc_ms"]),
            _length(one["duration_ms"]),
            str(one["voices"]),
            "yes" if one["copies"] else "no",
            moment(one["delete_utc_ms"]),
        )
        for one in found
    ]
    broken = list(damaged(recordings))
    answer = {"recordings": found, "damaged": broken}
    tell(answer, as_json, lambda: table(HEADS, rows) if rows else "nothing is recorded")
    if broken and not as_json:
        typer.echo("\n".join(broken), err=True)


@app.command()
def publish(
    name: Name,
    heard: Annotated[
        bool, typer.Option("--heard", help="I have heard what was prepared: make it public.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Public folder of the room. Unless set: published/ROOM beside the recordings.",
            show_default=False,
        ),
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(help="Address of that folder on the web, for the feed.", show_default=False),
    ] = None,
    formats: Annotated[
        str, typer.Option(help="Downloads: opus, flac, wav, several with commas.")
    ] = "opus",
    data: Data = None,
) -> None:
    """Make the folder that plays on any web server; with --heard, put it in the public place.

    Only those who said yes to being published are in it.
    """
    from parvis_server.commands.replay_wishes import note_wishes
    from parvis_server.hub_replays import PUBLISHED
    from parvis_server.net.pages import static_folder
    from parvis_server.replay import publish as making
    from parvis_server.replay.opened import find

    recordings = _recordings(data)
    opened = find(recordings, name)
    note_wishes(opened, data)
    if heard:
        series = out or recordings.parent / PUBLISHED / opened.description.room
        public = making.publish(opened, series, _now(), _address(address))
        typer.echo(f"published: {public}")
        return
    wish = making.Wish(_formats(formats))
    ready = making.prepare(opened, wish, static_folder(), _progress("the mix is made again"))
    typer.echo(
        f"hear {ready / 'mix.mp3'}, or the page in {ready}; "
        f"then: parvis replay publish {opened.name} --heard"
    )


@app.command()
def withdraw(name: Name, person: Person = None, data: Data = None) -> None:
    """Take a voice out of a recording; without --person, whoever wished so meanwhile."""
    from parvis_server.commands.replay_wishes import note_wishes
    from parvis_server.replay.opened import find
    from parvis_server.replay.withdraw import withdraw as take_out

    recordings = _recordings(data)
    opened = find(recordings, name)
    if person is None:
        note_wishes(opened, data)
    who = [] if person is None else [_participant(opened.folder.parents[1], person)]
    done = take_out(opened.folder, who, _now(), _progress("the mix is made again"))
    typer.echo(f"{opened.name}: {done.tracks} tracks are out of it")
    if done.silences:
        spans = ", ".join(f"{_clock(s.begin_ms)} to {_clock(s.end_ms)}" for s in done.silences)
        typer.echo(f"another microphone had picked them up and is muted: {spans}")
    if done.copies:
        typer.echo(f"{done.copies} published copies are taken down: publish it again")
    for path in done.unreached:
        typer.echo(f"not reached now, delete it: {path}", err=True)
    _follow_in_store(data)


@app.command()
def erase(
    name: Annotated[str | None, typer.Argument(help="room/recording.", show_default=False)] = None,
    person: Person = None,
    room: Room = None,
    expired: Annotated[
        bool, typer.Option("--expired", help="Every recording whose time is over.")
    ] = False,
    search: Annotated[
        list[Path] | None,
        typer.Option(help="With --person: a folder of copies to look for them in afterwards."),
    ] = None,
    data: Data = None,
) -> None:
    """Delete one recording, those that are over, a room, or a person: voice, name, words.

    A person leaves every recording, every published copy, the log of every room, and the copies
    that parvis backup made; with --room, everybody leaves that room so, and its recordings are
    deleted. A hub that runs on the data folder does it itself.
    """
    from parvis_server.errors import BadRecording, UsageError
    from parvis_server.replay.opened import damaged_folders, find
    from parvis_server.replay.rights import erase_folder, erase_recording, sweep

    recordings = _recordings(data)
    if sum((name is not None, person is not None, room is not None, expired)) != 1:
        raise UsageError("give one of: a recording, --person, --room, --expired")
    if person is not None:
        from parvis_server.commands.replay_erase import erase_somebody

        try:
            gone = erase_somebody(
                person, data, recordings, search or [], _progress("the mix is made")
            )
        except BadRecording:
            _follow_in_store(data)  # whatever a copy elsewhere still holds
            raise
    elif expired:
        gone = sweep(recordings, _now())
    elif room is not None:
        from parvis_server.commands.replay_erase import erase_whole_room

        try:
            gone = erase_whole_room(room, data, recordings, _progress("they are deleted"))
        except UsageError:
            _follow_in_store(data)  # it may be gone here and not there: the store was away
            raise
    else:
        wanted = _whole(name or "")
        broken = {f"{one.parent.name}/{one.name}": one for one, _ in damaged_folders(recordings)}
        if wanted in broken:
            erase_folder(broken[wanted], _now())
        else:
            erase_recording(find(recordings, wanted), _now())
        gone = [wanted]
    typer.echo("\n".join(f"erased: {one}" for one in gone) or "there was nothing to erase")
    _follow_in_store(data)


@app.command()
def export(
    out: Annotated[Path, typer.Option(help="Folder to make.", show_default=False)],
    person: Person = None,
    room: Room = None,
    data: Data = None,
) -> None:
    """Write everything of a person, or of a room, into a folder: JSON and sound."""
    from parvis_server.errors import UsageError
    from parvis_server.replay.export import person_files, room_files, write_files

    recordings = _recordings(data)
    if (person is None) == (room is None):
        raise UsageError("give --person or --room")
    if person is not None:
        entries = person_files(recordings, _participant(recordings, person))
    else:
        entries = room_files(recordings, room or "")
    found = write_files(entries, out)
    told = "\n".join(f"exported: {out / one}" for one in found)
    typer.echo(told or "there was nothing to export")


@app.command()
def fetch(name: Name, data: Data = None) -> None:
    """Bring a recording back from the store, where the settings name one, under its name there."""
    from parvis_server.config import load_settings
    from parvis_server.erased import erased_from
    from parvis_server.errors import UsageError
    from parvis_server.replay.mirror import fetch as bring
    from parvis_server.replay.opened import find
    from parvis_server.replay.rights import erased_before
    from parvis_server.replay.storage import S3Storage
    from parvis_server.replay.withdraw import withdraw as take_out

    address = _storage(data)
    if address is None:
        raise UsageError("the settings name no store: recording.storage")
    recordings = _recordings(data)
    count = bring(recordings, S3Storage.open(address), _whole(name))
    typer.echo(f"{name}: {count} files are here again")
    settings = load_settings(None, {} if data is None else {"data": data})
    gone = erased_before(find(recordings, name), erased_from(settings.data))
    if gone:
        take_out(recordings / name, gone, _now(), _progress("the mix is made again"))
        typer.echo(f"{len(gone)} who were erased since are out of it")


def _storage(data: Path | None) -> "StorageAddress | None":
    from parvis_server.config import load_settings

    return load_settings(None, {} if data is None else {"data": data}).recording.storage_address


def _follow_in_store(data: Path | None) -> None:
    """What left here leaves there, too; what does not succeed is the hub's, once an hour."""
    from parvis_server.replay.mirror import mirror
    from parvis_server.replay.storage import S3Storage

    address = _storage(data)
    if address is not None and _recordings(data).is_dir():
        done = mirror(_recordings(data), S3Storage.open(address))
        if done.why is not None:
            typer.echo(f"not in the store yet, a hub that runs does it: {done.why}", err=True)


def _recordings(data: Path | None) -> Path:
    """Where the hub of this data folder keeps its recordings."""
    from parvis_server.config import load_settings
    from parvis_server.replay.opened import RECORDINGS

    settings = load_settings(None, {} if data is None else {"data": data})
    return settings.recording.folder or settings.data / RECORDINGS


def _told(opened: "Opened") -> dict[str, Any]:
    from parvis_server.replay.keeping import copies_of
    from parvis_server.replay.retention import deleted_at_utc_ms
    from parvis_server.replay.rights import duration_ms

    kept = opened.description
    return {
        "recording": opened.name,
        "title": kept.title,
        "begun_utc_ms": kept.begun_utc_ms,
        "duration_ms": duration_ms(opened),
        "voices": len({track.talker.participant for track in kept.tracks}),
        "copies": [str(copy) for copy in copies_of(opened.folder)],
        "delete_utc_ms": deleted_at_utc_ms(kept),
    }


def _participant(recordings: Path, person: str) -> str:
    """The id of who is meant; raises ``UsageError``."""
    from parvis_server.errors import UsageError
    from parvis_server.replay.rights import participants_called

    found = sorted(participants_called(recordings, person))
    if not found:
        raise UsageError(f"nobody in any recording is called {person!r}")
    if len(found) > 1:
        raise UsageError(f"{person!r} are several: give one of the ids {', '.join(found)}")
    return found[0]


def _whole(name: str) -> str:
    """Erasing the newest of a room by its bare name would be a surprise."""
    from parvis_server.errors import UsageError

    if "/" not in name:
        raise UsageError(f"give room/recording, as parvis replay list says it, not {name!r}")
    return name


def _formats(told: str) -> tuple[str, ...]:
    from parvis_server.errors import UsageError

    names = [one.strip() for one in told.split(",") if one.strip()]
    wrong = [one for one in names if one not in ("opus", "flac", "wav")]
    if wrong:
        raise UsageError(f"--formats is opus, flac, wav, or some of them, not {wrong[0]!r}")
    return tuple(f".{one}" for one in dict.fromkeys(names))


def _address(told: str | None) -> str | None:
    from urllib.parse import urlsplit

    from parvis_server.errors import UsageError

    if told is None:
        return None
    if urlsplit(told).scheme not in {"http", "https"} or not urlsplit(told).hostname:
        raise UsageError(f"--address is one such as https://room.example/replays/, not {told!r}")
    return told.rstrip("/") + "/"


def _progress(doing: str) -> Any:
    """Tells how far it has come, on standard error, when there is more than a moment's work."""

    def told(done: int, total: int) -> None:
        if total:
            typer.echo(f"{doing}: {100 * done // total} %", err=True)

    return told


def _now() -> int:
    return time.time_ns() // 1_000_000


def _length(ms: int | None) -> str:
    return "goes on" if ms is None else _clock(ms)


def _clock(ms: int) -> str:
    minutes, seconds = divmod(ms // 1000, 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
