"""``parvis room`` against a hub: links in one step, and one clear line for what is wrong."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from fakes.live_hub import LiveHub, live_hub
from parvis_server.commands.room import _utc_ms, app
from parvis_server.data_folder import DataFolder
from parvis_server.errors import DataFolderError, HubUnreachable, UsageError, UserError
from parvis_server.room_client import RoomClient

Says = Callable[..., "asyncio.Future[str]"]


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    async with live_hub(tmp_path) as running:
        DataFolder(tmp_path).note_listening(running.hub.own_origin())
        yield running


async def run(hub: LiveHub, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What the command prints for these words."""
    arguments = [*words, "--data", str(hub.hub.settings.data)]
    await asyncio.to_thread(app, arguments, standalone_mode=False)
    return capsys.readouterr().out


async def test_a_room_is_made_with_its_links(
    hub: LiveHub, capsys: pytest.CaptureFixture[str]
) -> None:
    said = await run(hub, capsys, "create", "Town hall", "--language", "fr", "--topic", "budget")
    for part in ("Town hall", "/r/town-hall", "/host#r=town-hall&k=", "/screen#r=town-hall", "█"):
        assert part in said
    room = hub.hub.rooms.get("town-hall")
    assert room is not None
    assert (room.about.language, room.about.topics) == ("fr", ("budget",))
    assert "town-hall" in await run(hub, capsys, "list")
    assert "scheduled" in await run(hub, capsys, "show", "town-hall")
    assert "over" in await run(hub, capsys, "end", "town-hall")
    assert room.phase == "ended"


async def test_a_private_room_for_programs(
    hub: LiveHub, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("create", "Board", "--private", "--begins", "2026-12-01T18:30+01:00", "--json")
    made = json.loads(await run(hub, capsys, *words))
    assert made["room"]["begins_utc_ms"] == 1_796_146_200_000
    assert "#k=" in made["links"]["audience"]
    listed = json.loads(await run(hub, capsys, "list", "--json"))
    assert [room["access"] for room in listed["rooms"]] == ["open", "private"]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("create", ""), "title"),
        (("create", "A", "--private", "--closed"), "one of them"),
        (("create", "A", "--begins", "soon"), "2026-12-01T18:30"),
        (("create", "A", "--name", "main"), "another name"),
        (("show", "attic"), "no such room"),
        (("end", "attic"), "no such room"),
        (("list", "--hub", "localhost"), "an address such as"),
        (("list", "--hub", "http://127.0.0.1:9"), "no hub answers"),
        (("list", "--token-file", "missing.txt"), "cannot read"),
    ],
)
async def test_what_is_wrong_is_told_in_one_line(
    hub: LiveHub, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], line: str
) -> None:
    with pytest.raises(UserError, match=line) as told:
        await run(hub, capsys, *words)
    assert "\n" not in str(told.value)


async def test_a_wrong_token_is_told(hub: LiveHub, tmp_path: Path) -> None:
    token = tmp_path / "token.txt"
    token.write_text("wrong-token\n")
    client = RoomClient.find(hub.http, token, None)
    assert "wrong-token" not in repr(client)
    with pytest.raises(UsageError, match="operator's token"):
        await asyncio.to_thread(client.ask, "POST", "/rooms", {"title": "A"})
    token.write_text("")
    with pytest.raises(UsageError, match="empty"):
        RoomClient.find(hub.http, token, None)


def test_no_hub_runs(tmp_path: Path) -> None:
    with pytest.raises(DataFolderError, match="no hub has run"):
        RoomClient.find(None, None, tmp_path)
    folder = DataFolder.open(tmp_path)
    folder.secrets()
    with pytest.raises(HubUnreachable, match="no hub runs"):
        RoomClient.find(None, None, tmp_path)
    gone = os.fork()
    if gone == 0:
        os._exit(0)
    os.waitpid(gone, 0)
    running = json.dumps({"origin": "http://127.0.0.1:1", "process": gone})
    (tmp_path / "running.json").write_text(running)
    assert folder.listening_at() is None


def test_a_time_without_a_zone_is_this_machines() -> None:
    assert _utc_ms("2026-12-01T18:30+00:00") == 1_796_149_800_000
    assert _utc_ms("2026-12-01T18:30") % 60_000 == 0
