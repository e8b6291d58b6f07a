"""A unit's seat and a room beside it, without a hub: what is said follows the room's events."""

from __future__ import annotations

from itertools import count

from parvis_device.button import LONG_PRESS_NS
from parvis_device.seat import Arm, Effect, Seat
from parvis_wire.floor import FloorMode, FloorRules, Hand, Surface
from parvis_wire.messages import Ack, Change, RefusalCode, Snapshot, Welcome
from parvis_wire.room_events import FloorGranted, FloorTaken, HandRaised, RoomEvent, RulesSet
from parvis_wire.room_view import RoomView, fold

SECOND = 1_000_000_000
ME, SSRC = "unit-1", 9


class Table:
    """A seat and a room beside it; what is said to the seat follows the room's events."""

    def __init__(self, *, always_open: bool = False) -> None:
        numbers = count(1)
        self.seat = Seat(always_open=always_open, make_id=lambda: f"c{next(numbers)}")
        self.view = RoomView(room="main", title="A test", seq=0)
        self.now_ns = 0

    def tap(self, now_ns: int) -> list[Effect]:
        down = self.seat.pressed(now_ns)
        return [*down, *self.seat.held(now_ns), *self.seat.released(now_ns + SECOND // 10)]

    def long_press(self, now_ns: int) -> list[Effect]:
        down = self.seat.pressed(now_ns)
        held = self.seat.held(now_ns + LONG_PRESS_NS - 1)
        assert held == ()
        long = self.seat.held(now_ns + LONG_PRESS_NS)
        assert self.seat.held(now_ns + 2 * LONG_PRESS_NS) == (), "once"
        return [*down, *long, *self.seat.released(now_ns + 3 * LONG_PRESS_NS)]

    def rules(self, mode: FloorMode) -> None:
        self.happen(RulesSet(rules=FloorRules(mode=mode)))

    def join(self) -> list[Effect]:
        welcome = Welcome(participant=ME, resume="t", ssrc=SSRC)
        assert self.seat.message(welcome, self.now_ns) == ()
        return [*self.seat.message(Snapshot(view=self.view), self.now_ns)]

    def happen(self, event: RoomEvent, *, heard: bool = True) -> list[Effect]:
        seq = self.view.seq + 1
        self.view = fold(self.view, seq, event)
        if not heard:
            return []
        return [*self.seat.message(Change(seq=seq, room_clock=0, event=event), self.now_ns)]

    def ack(self, command_id: str, refused: RefusalCode | None = None) -> list[Effect]:
        return [*self.seat.message(Ack(id=command_id, refused=refused), self.now_ns)]

    def raised(self) -> None:
        """Up to a granted turn; commands c1."""
        self.join()
        self.seat.pressed(0)
        self.happen(HandRaised(hand=Hand(participant=ME, name="T", surface=Surface.UNIT)))
        self.ack("c1")

    def live(self) -> None:
        """Up to an open microphone; commands c1 and c2."""
        self.raised()
        self.happen(FloorGranted(participant=ME))
        self.seat.pressed(0)
        self.ack("c2")
        assert self.happen(FloorTaken(participant=ME, unit=ME, ssrc=SSRC)) == [Arm()]
