"""Several rooms on one hub: made, found, sounding as many as the machine takes, kept when over."""

import asyncio
from pathlib import Path
from secrets import token_hex

import httpx
import pytest

from fakes.engine import FakeEngine
from fakes.live_hub import LiveHub, live_hub
from fakes.peer import joined, peer
from parvis_server.errors import RoomRefused
from parvis_server.net import rooms as module
from parvis_server.net.rooms import HubRoom, name_from_title
from parvis_server.room.permissions import OPERATOR
from parvis_wire.close_codes import CloseCode
from parvis_wire.commands import RaiseHand, SetPhase
from parvis_wire.floor import About, Access, Phase
from parvis_wire.messages import Ack, Join, Role


def engine_of(room: HubRoom) -> FakeEngine:
    engine = room.engine.running
    assert isinstance(engine, FakeEngine)
    return engine


def happens(room: HubRoom, phase: Phase) -> None:
    """The operator takes the room on to ``phase``."""
    acks: list[Ack] = []
    room.live.command(OPERATOR, SetPhase(id=token_hex(8), phase=phase), acks.append)
    assert acks[0].refused is None, acks[0]


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Town hall", "town-hall"),
        ("  Café : l'été ! ", "cafe-l-ete"),
        ("日本語", ""),
        ("x" * 60, "x" * 40),
        ("a" * 39 + " b", "a" * 39),
    ],
)
def test_a_name_is_made_of_the_title(title: str, name: str) -> None:
    assert name_from_title(title) == name


async def test_names_are_free_and_hidden_where_the_room_is(tmp_path: Path) -> None:
    async with live_hub(tmp_path) as hub:
        rooms = hub.hub.rooms
        names = [
            rooms.create(About(title=title), phase=Phase.SCHEDULED).name
            for title in ("Evening", "Evening", "夕方", "夕方")
        ]
        assert names == ["evening", "evening-2", "room-2", "room-3"]
        private = About(title="Evening", access=Access.PRIVATE)
        hidden = rooms.create(private, phase=Phase.SCHEDULED)
        assert len(hidden.name) == 18
        assert [room.name for room in rooms.listed] == ["main", *names]
        with pytest.raises(RoomRefused, match="another name"):
            rooms.create(About(title="Second"), name="main", phase=Phase.LIVE)


async def test_rooms_do_not_hear_or_see_each_other(tmp_path: Path) -> None:
    async with live_hub(tmp_path) as hub:
        other = hub.hub.rooms.create(About(title="Other"), phase=Phase.LIVE)
        async with joined(hub.listen) as here, joined(hub.listen, room="other") as there:
            assert (here.view.title, there.view.title) == ("Parvis", "Other")
            await here.do(RaiseHand, name="Ada")
            await there.do(RaiseHand, name="Grace")
            assert [hand.name for hand in here.view.line] == ["Ada"]
            assert [hand.name for hand in there.view.line] == ["Grace"]
            engine_of(other).say()
            while not there.packets:
                await there.hear()
            hub.engine.say(payload=b"\xf8\x01\x02")
            while not here.packets:
                await here.hear()
            assert len(here.packets) == len(there.packets) == 1
        assert other.live.counts.joins[Role.LISTENER] == 1


async def test_a_room_that_is_not_there_lets_nobody_in(tmp_path: Path) -> None:
    async with live_hub(tmp_path) as hub, peer(hub.listen) as lost:
        await lost.say(Join(version=1, role=Role.LISTENER, room="attic"))
        code, [failure] = await lost.until_closed()
        assert code == failure.code == CloseCode.ROOM_CLOSED


async def test_an_engine_runs_only_while_its_room_sounds(tmp_path: Path) -> None:
    async with live_hub(tmp_path) as hub:
        room = hub.hub.rooms.create(About(title="Later"), phase=Phase.SCHEDULED)
        assert room.engine.running is None
        assert not room.engine.ready.is_set()
        room.engine.send_packet(b"", 0)
        assert room.engine.dropped_packets == 1
        happens(room, Phase.BACKSTAGE)
        first = engine_of(room)
        await asyncio.wait_for(first.ready.wait(), 20)
        happens(room, Phase.LIVE)
        assert engine_of(room) is first
        for phase in (Phase.BACKSTAGE, Phase.SCHEDULED):
            happens(room, phase)
        assert room.engine.running is None
        happens(room, Phase.LIVE)
        assert engine_of(room) is not first
        await asyncio.wait_for(engine_of(room).ready.wait(), 20)
        happens(room, Phase.ENDED)
        assert room.engine.running is None


async def test_as_many_rooms_sound_as_the_hub_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_RUNNING_ENGINES", 2)
    async with live_hub(tmp_path) as hub:
        rooms = hub.hub.rooms
        second = rooms.create(About(title="Second"), phase=Phase.LIVE)
        with pytest.raises(RoomRefused, match="end one first"):
            rooms.create(About(title="Third"), phase=Phase.LIVE)
        third = rooms.create(About(title="Third"), phase=Phase.SCHEDULED)
        with pytest.raises(AssertionError, match="end one first"):
            happens(third, Phase.LIVE)
        assert third.engine.running is None
        happens(second, Phase.ENDED)
        happens(third, Phase.LIVE)
        assert third.engine.running is not None


async def test_there_are_not_more_rooms_than_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_ROOMS", 2)
    async with live_hub(tmp_path) as hub:
        hub.hub.rooms.create(About(title="Second"), phase=Phase.SCHEDULED)
        with pytest.raises(RoomRefused, match="limit"):
            hub.hub.rooms.create(About(title="Third"), phase=Phase.SCHEDULED)


async def test_health_and_metrics_speak_of_all_rooms_and_name_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        live_hub(tmp_path) as hub,
        httpx.AsyncClient(base_url=hub.http, trust_env=False) as client,
    ):
        room = hub.hub.rooms.create(About(title="Whispers"), phase=Phase.LIVE)
        async with joined(hub.listen), joined(hub.listen, room="whispers"):
            text = (await client.get("/metrics")).text
            assert 'parvis_listeners{rung="unknown"} 2.0' in text
            assert "parvis_rooms 2.0" in text
            assert "whispers" not in text
        await asyncio.wait_for(engine_of(room).ready.wait(), 20)
        engine_of(room).ready.clear()
        assert (await client.get("/healthz")).status_code == 200, "it may still be waking"
        monkeypatch.setattr("parvis_server.net.http.WAKING_NS", -1)
        assert (await client.get("/healthz")).status_code == 503


async def test_an_engine_of_any_room_that_fails_ends_the_hub(tmp_path: Path) -> None:
    async def watch() -> None:
        async with live_hub(tmp_path) as hub:
            await break_room(hub)

    async def break_room(hub: LiveHub) -> None:
        room = hub.hub.rooms.create(About(title="Breaks"), phase=Phase.LIVE)
        engine_of(room).breaks.set()
        await asyncio.sleep(5)

    with pytest.raises(ExceptionGroup) as ended:
        await watch()
    assert "the test broke the engine" in str(ended.getrepr())
