"""Time passes for all listeners together: who is late, silent, closing, or said too much."""

import asyncio
from dataclasses import dataclass, field

import pytest

from parvis_server.errors import PeerFault
from parvis_server.net.admission import Peer
from parvis_server.net.connection import Connection
from parvis_server.net.endpoints import Session, Waiting
from parvis_server.net.listener_hall import (
    FULL,
    MOST_UNANSWERED,
    PING_EVERY_SWEEPS,
    PINGS_AT_ONCE,
    SWEEP_S,
    ListenerHall,
)
from parvis_server.open_files import OpenFiles
from parvis_wire.close_codes import CloseCode
from parvis_wire.messages import Join, Role

NS_PER_S = 1_000_000_000


@dataclass
class Door:
    waiting: Waiting = field(default_factory=Waiting)
    join_timeout_s: float = 5.0

    def came(self, connection: Connection, join: Join) -> Session:
        raise AssertionError("nobody joins here")

    def turned_away(self, peer: Peer, code: CloseCode, text: str) -> None: ...


@dataclass(eq=False)
class FakeGuest:
    """A connection that notes what the hall does to it."""

    late: int = 0
    frames: list[bytes] = field(default_factory=list)
    heard_again: int = 0
    cuts: int = 0

    def is_late(self) -> None:
        self.late += 1

    def ping(self, frame: bytes) -> None:
        self.frames.append(frame)

    def hear_again(self) -> None:
        self.heard_again += 1

    def cut(self) -> None:
        self.cuts += 1


@dataclass
class Clock:
    now: int = 0

    def __call__(self) -> int:
        return self.now


async def test_a_join_has_a_time_limit_and_who_joined_or_left_has_none() -> None:
    clock = Clock()
    hall = ListenerHall(Door(), now_ns=clock)
    silent, joined, gone = FakeGuest(), FakeGuest(), FakeGuest()
    for guest in (silent, joined, gone):
        hall.entered(guest)
    hall.seated(joined)
    hall.left(None, gone)
    assert hall.count == 2
    clock.now = 5 * NS_PER_S - 1
    await hall.sweep()
    assert silent.late == 0
    clock.now += 1
    for _ in range(3):
        await hall.sweep()
    assert (silent.late, joined.late, gone.late) == (1, 0, 0)


async def test_a_closing_handshake_has_a_time_limit() -> None:
    clock = Clock()
    hall = ListenerHall(Door(), now_ns=clock)
    silent, polite = FakeGuest(), FakeGuest()
    for guest in (silent, polite):
        hall.entered(guest)
        hall.ends(guest, 1.5)
    hall.left(None, polite)
    clock.now = NS_PER_S * 3 // 2
    await hall.sweep()
    await hall.sweep()
    assert (silent.cuts, polite.cuts) == (1, 0)


async def test_pings_are_spread_evenly_and_new_each_time() -> None:
    hall = ListenerHall(Door())
    guests = [FakeGuest() for _ in range(3 * PING_EVERY_SWEEPS)]
    slots = {id(guest): hall.seated(guest) for guest in guests}
    assert SWEEP_S * PING_EVERY_SWEEPS == 5
    pinged = 0
    for _ in range(PING_EVERY_SWEEPS):
        await hall.sweep()
        now = sum(len(guest.frames) for guest in guests)
        assert now - pinged == 3
        pinged = now
    assert [len(guest.frames) for guest in guests] == [1] * len(guests)
    for _ in range(PING_EVERY_SWEEPS * MOST_UNANSWERED):
        await hall.sweep()
    for guest in guests:
        assert len(set(guest.frames)) == len(guest.frames) == 1 + MOST_UNANSWERED
        last = [frame[2:] for frame in guest.frames[:0:-1]]
        assert slots[id(guest)].tokens == tuple(last), "the last two are answers, the first is not"


async def test_who_left_is_pinged_no_more() -> None:
    hall = ListenerHall(Door())
    guest = FakeGuest()
    hall.entered(guest)
    hall.left(hall.seated(guest), guest)
    for _ in range(PING_EVERY_SWEEPS):
        await hall.sweep()
    assert (guest.frames, hall.count) == ([], 0)


async def test_thousands_at_one_moment_are_pinged_in_turns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    yields = 0

    async def sleep(seconds: float) -> None:
        nonlocal yields
        yields += 1

    monkeypatch.setattr(asyncio, "sleep", sleep)
    hall = ListenerHall(Door())
    guests = [FakeGuest() for _ in range(PING_EVERY_SWEEPS * PINGS_AT_ONCE * 3)]
    for guest in guests:
        hall.seated(guest)
    await hall.sweep()
    assert (yields, sum(len(guest.frames) for guest in guests)) == (3, 3 * PINGS_AT_ONCE)


async def test_who_said_too_much_is_heard_again_at_the_next_sweep() -> None:
    hall = ListenerHall(Door())
    guest = FakeGuest()
    hall.rests(guest)
    await hall.sweep()
    await hall.sweep()
    assert guest.heard_again == 1


def test_beyond_the_files_listeners_are_refused_and_hosts_are_not() -> None:
    hall = ListenerHall(Door())
    hall.allow(OpenFiles(202))
    listener, host = (Join(version=1, role=role) for role in (Role.LISTENER, Role.HOST))
    for _ in range(2):
        hall.entered(FakeGuest())
        hall.check_room(listener)
    hall.entered(FakeGuest())
    with pytest.raises(PeerFault) as refused:
        hall.check_room(listener)
    assert (refused.value.code, refused.value.text) == (CloseCode.RATE, FULL)
    hall.check_room(host)
