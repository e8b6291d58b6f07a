"""Answers of nonsense from the hub's side: each costs itself, and the edge goes on."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from fakes.edge_hub import EdgeHub
from fakes.live_edge import edge_house, live_edge
from fakes.peer import joined, peer
from fakes.told_room import ToldRoom
from parvis_server.bus.local import LocalBroker, LocalBus
from parvis_server.edge import edge as edge_module
from parvis_server.edge import hub_watch, room
from parvis_server.edge.audience_room import AudienceRoom
from parvis_server.edge.hub_line import HubLine
from parvis_server.mishaps import MAX_CHARACTERS, Mishaps
from parvis_wire.edges import Drain, RoomAnswer, RoomNews
from parvis_wire.messages import (
    PROTOCOL_VERSION,
    Change,
    InviteCredential,
    Join,
    Role,
    Snapshot,
    serialize,
)
from parvis_wire.room_view import fold

Answer = Callable[[bytes], None]

LATE_NEWS = serialize(ToldRoom().raises("early"))
"""What is no answer at all."""

NONSENSE = [
    b"",
    b"\0\xff\xfe",
    b"null",
    b"[" * 10_000,
    b'{"type": "room_answer"}',
    b'{"type": "refused", "why": "because"}',
    b'{"type": "refused", "why": "busy", "text": "' + b"x" * 2_000_000 + b'"}',
    LATE_NEWS.encode(),
]


def with_snapshot(text: str) -> bytes:
    return serialize(ToldRoom().answer().model_copy(update={"snapshot": text})).encode()


class Babbling(EdgeHub):
    """A hub whose first answers are nonsense."""

    def __init__(self, bus: LocalBus, says: list[bytes]) -> None:
        super().__init__(bus)
        self.babble: dict[str, list[bytes]] = {"hello": list(says), "room": list(says)}

    def _hello(self, question: bytes, answer: Answer) -> None:
        left = self.babble["hello"]
        answer(left.pop(0)) if left else super()._hello(question, answer)

    def _room(self, question: bytes, answer: Answer) -> None:
        left = self.babble["room"]
        answer(left.pop(0)) if left else super()._room(question, answer)


def hello(**fields: object) -> bytes:
    right = {
        "hub": "hub1",
        "listener_key": "00" * 32,
        "grant_key": "00" * 32,
        "max_listeners": 10,
        "max_packet_ms": 120,
    }
    return json.dumps({"type": "hub_hello", **right, **fields}).encode()


SLY = [
    hello(listener_key="no hex"),
    hello(grant_key="00"),
    hello(max_packet_ms=-1),
    hello(hub="*"),
    with_snapshot("{}"),
    with_snapshot("\0"),
]


async def test_an_edge_outlives_whatever_it_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hello and rooms are asked for again until there is an answer."""
    monkeypatch.setattr(edge_module, "TICK_S", 0.02)
    monkeypatch.setattr(hub_watch, "HELLO_EVERY_NS", 1)
    monkeypatch.setattr(room, "FIRST_PAUSE_NS", 1)
    monkeypatch.setattr(room, "LONGEST_PAUSE_NS", 1)
    broker = LocalBroker()
    hub = Babbling(LocalBus(broker), [*NONSENSE, *SLY])
    hub.start()
    async with live_edge(LocalBus(broker)) as edge:
        beating = asyncio.create_task(beats(hub))
        async with asyncio.timeout(30):
            await edge.edge.reached.wait()
        assert hub.babble["hello"] == []
        while hub.babble["room"]:
            try:
                async with joined(edge.listen):
                    pass
            except (ConnectionClosed, AssertionError):  # turned away while nothing is known
                continue
        async with joined(edge.listen) as one:
            hub.news(hub.rooms["main"].raises("a"))
            await one.until(Change)
        beating.cancel()


async def beats(hub: EdgeHub) -> None:
    while True:
        hub.beat()
        await asyncio.sleep(0.2)


@pytest.mark.parametrize("what", [HubLine, AudienceRoom])
async def test_a_mistake_in_reading_an_answer_is_told_in_one_line_and_asked_again(
    what: type, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Of the line: hello and rooms alike; of the room: what follows from its answer."""
    name = "ask" if what is HubLine else "_follow"
    real, failures = getattr(what, name), [0]

    def mistaken(self: object, *args: object, **more: object) -> object:
        failures[0] += 1
        if failures[0] <= 2:
            raise KeyError("of the\ntest")
        return real(self, *args, **more)

    monkeypatch.setattr(what, name, mistaken)
    monkeypatch.setattr(edge_module, "TICK_S", 0.02)
    caplog.set_level(logging.ERROR)
    async with edge_house() as house:
        while True:
            try:
                async with joined(house.edge.listen) as one:
                    house.hub.news(house.hub.rooms["main"].raises("a"))
                    await one.until(Change)
                break
            except (ConnectionClosed, AssertionError):  # turned away while nothing is known
                continue
    told = [one.getMessage() for one in caplog.records if "tried again" in one.getMessage()]
    assert 1 <= len(told) <= 2
    assert all("KeyError" in line and "\n" not in line for line in told)


async def test_events_that_do_not_fit_let_the_edge_ask_for_the_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Numbered rightly and yet wrong: a fold that fails is a gap."""
    async with edge_house() as house, joined(house.edge.listen) as one:
        asked, real = house.hub.asked_rooms, fold
        told = house.hub.rooms["main"]

        def mistaken(view: object, seq: int, event: object) -> object:
            monkeypatch.setattr(room, "fold", real)
            raise IndexError("of the test")

        monkeypatch.setattr(room, "fold", mistaken)
        house.hub.news(told.raises("a"))
        await one.until(Snapshot)
        assert one.view == told.view
        assert house.hub.asked_rooms == asked + 1


async def test_a_room_whose_work_fails_sends_its_listeners_back_and_is_followed_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with edge_house() as house:
        rooms = house.edge.edge.rooms
        async with joined(house.edge.listen) as one:
            room_before = rooms.get("main")
            assert room_before is not None
            running = rooms._running["main"]

            async def fails() -> None:
                raise RuntimeError("of the test")

            monkeypatch.setattr(room_before, "run", fails)
            rooms._start(rooms._group, room_before)  # type: ignore[arg-type]
            assert (await one.until_closed())[0] == 1001
            running.cancel()
        async with joined(house.edge.listen):
            assert rooms.get("main") is not room_before


async def test_a_join_that_cannot_be_asked_for_ends_that_peer_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with edge_house() as house, joined(house.edge.listen) as other:

        async def mistaken(*args: object, **more: object) -> None:
            raise KeyError("of the test")

        monkeypatch.setattr(HubLine, "ask", mistaken)
        async with peer(house.edge.listen) as one:
            invite = InviteCredential(token="t" * 32)
            join = Join(
                version=PROTOCOL_VERSION, role=Role.LISTENER, room="main", credential=invite
            )
            await one.say(join)
            assert (await one.until_closed())[0] == 1011
        house.hub.news(house.hub.rooms["main"].raises("a"))
        await other.until(Change)


async def test_nonsense_on_every_subject_ends_nothing() -> None:
    """News, beats, relayed messages, sound, orders, programs."""
    async with edge_house() as house, joined(house.edge.listen) as one:
        names, edge = house.hub.subjects, house.edge.id
        subjects = (
            *(names.news("main"), names.hub_beat, names.relay_down(edge)),
            *(names.sound_down(edge), names.orders(edge), names.program("main")),
        )
        for said in (*NONSENSE, *SLY):
            for subject in subjects:
                house.hub.bus.publish(subject, said)
        house.hub.news(house.hub.rooms["main"].raises("a"))
        await one.until(Snapshot)
        assert one.view == house.hub.rooms["main"].view


async def test_an_emptying_that_fails_ends_the_edge_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with edge_house() as house:

        async def fails(order: Drain) -> None:
            raise OSError("of the test")

        monkeypatch.setattr(house.edge.edge.drainage, "empty", fails)
        house.hub.drain(house.edge.id, 1.0)
        async with asyncio.timeout(10):
            await house.edge.edge.stopping.wait()


def saying(said: bytes) -> Callable[[bytes, Answer], None]:
    """The same answer to whatever is asked."""
    return lambda question, answer: answer(said)


async def test_requests_are_answered_whatever_the_hub_says() -> None:
    async with edge_house() as house:
        for said in (*NONSENSE, b'{"type": "http_answer", "status": 200, "body": "%"}'):
            for heard in tuple(house.hub._heard):
                if getattr(heard, "subject", "") == house.hub.subjects.http:
                    heard.end()
            hearing = house.hub.bus.answer(house.hub.subjects.http, saying(said))
            async with httpx.AsyncClient(base_url=house.edge.http, trust_env=False) as browser:
                answer = await browser.get("/api/v1/rooms/main")
                assert answer.status_code in (502, 503)
            hearing.end()


def test_a_mishap_is_told_once_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    mishaps = Mishaps(logging.getLogger("test"))
    for words in ("a\nb", "a\nb", "c" * 1000):
        with mishaps.during("the test"):
            raise ValueError(words)
    lines = [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR]
    assert lines[0] == "the test failed (ValueError: a b); it is tried again"
    assert (len(lines), mishaps.count) == (2, 3)
    assert len(lines[1]) < MAX_CHARACTERS + 60


async def test_the_log_names_which_part_of_the_edges_time_failed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """And the parts after it are carried out."""
    async with edge_house() as house, asyncio.TaskGroup() as group:
        edge = house.edge.edge
        beats: list[None] = []

        def fails(now_ns: int) -> None:
            raise OSError("of the test")

        monkeypatch.setattr(edge.door, "look", fails)
        monkeypatch.setattr(edge, "_beat", lambda: beats.append(None))
        edge._ticks = 0
        edge._tick(group)
        assert "looking at who waits failed (OSError: of the test)" in caplog.text
        assert beats == [None]


def test_news_that_are_no_answer_are_none() -> None:
    assert RoomNews.model_validate_json(LATE_NEWS).seq == 1
    with pytest.raises(ValueError, match="snapshot"):
        RoomAnswer.model_validate_json(LATE_NEWS)
