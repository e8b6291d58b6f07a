"""Simulated evenings: random people with reaction times, drops and no-shows, in virtual time.

No sockets: what is measured is the floor alone. *Dead air* is time in which a person
could speak (a place is free, or is held by somebody who will not come, while another hand is ready)
and nobody has been asked yet: what the people themselves need (to walk, to press) is not the room's
slowness, except where the room waits for somebody who never comes. *Unfair* is every hand that was
overtaken without its owner being shown the rule.
"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import count

from parvis_server.room.clock import NS_PER_S, RoomClock
from parvis_server.room.members import Member
from parvis_server.room.places import where
from parvis_server.room.results import ReadOutText, Result
from parvis_server.room.room import Room
from parvis_wire import commands as c
from parvis_wire.commands import Command
from parvis_wire.floor import About, FloorMode, FloorRules, Hand, Rank, Surface, TurnState
from parvis_wire.messages import Role
from parvis_wire.room_events import (
    FloorGranted,
    FloorReturned,
    FloorTaken,
    HandMoved,
    HandRaised,
    TurnInterrupted,
)
from parvis_wire.room_view import RoomView, fold

HOUR_S = 3600.0
TICK_S = 0.25
VOICE_SSRC = 9999
PATIENCE_S = 20.0
"""Longest that the room may wait for somebody who does not take the floor while another waits."""


@dataclass(slots=True)
class Findings:
    """What one evening, or many, came to."""

    evenings: int = 0
    hours: float = 0.0
    turns: int = 0
    hands: int = 0
    passed: int = 0
    """Grants that were not taken and went on."""
    drops: int = 0
    dead_air_s: float = 0.0
    """While a hand could have been given the floor and was not."""
    worst_s_per_hour: float = 0.0
    waiting_s: float = 0.0
    """People's own slowness: between a grant and the press."""
    overlong_s: float = 0.0
    """Waiting for a grant beyond ``PATIENCE_S`` while another hand was ready."""
    unfair: int = 0

    @property
    def silent_s_per_hour(self) -> float:
        """Dead air while a hand waits, beyond the people's own slowness."""
        return (self.dead_air_s + self.overlong_s) / max(self.hours, 1e-9)

    def add(self, other: Findings) -> None:
        """And another evening."""
        self.worst_s_per_hour = max(
            self.worst_s_per_hour, other.worst_s_per_hour, other.silent_s_per_hour
        )
        for name in ("evenings", "turns", "hands", "passed", "drops", "unfair"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("hours", "dead_air_s", "waiting_s", "overlong_s"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def __str__(self) -> str:
        """The figures in a line."""
        slowness_s = self.waiting_s / max(self.hours, 1e-9)
        return (
            f"{self.evenings} evenings of {self.hours:.0f} h: {self.hands} hands, {self.turns} "
            f"turns, {self.passed} passed on, {self.drops} drops; dead air while a hand waits "
            f"{self.silent_s_per_hour:.2f} s per hour (worst evening "
            f"{self.worst_s_per_hour:.2f}), people's own slowness {slowness_s:.0f} s per hour; "
            f"unfair overtakings {self.unfair}"
        )


@dataclass(slots=True)
class Evening:
    """One room, its people, and what is due to happen."""

    seed: int
    hours: float = 1.0
    found: Findings = field(default_factory=Findings)
    room: Room = field(init=False)
    view: RoomView = field(init=False)
    """As a client folds it."""
    dice: random.Random = field(init=False)
    has_host: bool = False
    units: list[str] = field(default_factory=list)
    phones: list[str] = field(default_factory=list)
    no_shows: set[str] = field(default_factory=set)
    now_s: float = 0.0
    _agenda: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _number: count[int] = field(default_factory=count)
    _order: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """People come; each has a pace of their own."""
        self.dice = random.Random(self.seed)
        mode = self.dice.choice([FloorMode.QUEUE, FloorMode.QUEUE, FloorMode.OPEN, FloorMode.HOST])
        self.room = Room(
            "evening", RoomClock(0), about=About(title="Evening"),
            has_voice=self.dice.random() < 0.5, now_ns=0,
        )  # fmt: skip
        self.view = self.room.view
        self.has_host = mode is FloorMode.HOST or self.dice.random() < 0.6
        if self.has_host:
            self._join(Member("host", Role.HOST, rank=Rank.HOST))
            rules = FloorRules(
                mode=mode, cap=self.dice.choice([1, 1, 1, 2]),
                fresh_first=self.dice.random() < 0.3,
            )  # fmt: skip
            self._do("host", c.SetRules(id="x", rules=rules))
        self.units = [f"table-{n}" for n in range(self.dice.randint(2, 8))]
        for number, unit in enumerate(self.units):
            self._join(Member(unit, Role.UNIT, name=unit, ssrc=number + 1))
        self.phones = [f"phone-{n}" for n in range(self.dice.randint(2, 15))]
        for phone in self.phones:
            in_hall = self.dice.random() < 0.5
            self._join(Member(phone, Role.LISTENER, name=phone, in_hall=in_hall))
        self.no_shows = {who for who in self._people() if self.dice.random() < 0.1}
        for who in self._people():
            self._at(self.dice.expovariate(1 / 400), partial(self._wants_to_speak, who))
        for who in self._people():
            self._at(self.dice.expovariate(1 / 2400), partial(self._drops, who))

    def _people(self) -> list[str]:
        return [*self.units, *self.phones]

    # Time

    def run(self) -> Findings:
        """Let the evening pass."""
        end_s = self.hours * HOUR_S
        while True:
            due_ns = self.room.due()
            due_s = max(self.now_s, due_ns / NS_PER_S) if due_ns is not None else end_s
            next_s = min(due_s, self._agenda[0][0] if self._agenda else end_s, end_s)
            self._measure(next_s)
            self.now_s = next_s
            if next_s >= end_s:
                break
            if self._agenda and self._agenda[0][0] <= next_s:
                heapq.heappop(self._agenda)[2]()
            else:
                self._measure(self._next_tick_s())
                self.now_s = self._next_tick_s()
                self._take(self.room.expire(self._ns()))
        self.found.evenings, self.found.hours = 1, self.hours
        return self.found

    def _next_tick_s(self) -> float:
        """When the hub looks next at what is due."""
        return (math.floor(self.now_s / TICK_S) + 1) * TICK_S

    def _ns(self) -> int:
        return round(self.now_s * NS_PER_S)

    def _at(self, in_s: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (self.now_s + in_s, next(self._number), act))

    # People

    def _join(self, member: Member) -> None:
        self._take(self.room.joined(member, self._ns()))

    def _do(self, who: str, command: Command) -> bool:
        if self.room.member(who) is None:
            return False
        command = command.model_copy(update={"id": f"c{next(self._number)}"})
        result = self.room.handle(command, who, self._ns())
        self._take(result)
        return result.ack is not None and result.ack.refused is None

    def _wants_to_speak(self, who: str) -> None:
        """Raise a hand, or a written question; and again after a while."""
        self._at(60 + self.dice.expovariate(1 / 600), lambda: self._wants_to_speak(who))
        member = self.room.member(who)
        if member is None or not member.connected:
            return
        if who in self.phones and self.dice.random() < 0.3:
            raised = self._do(who, c.RaiseHand(id="x", text="Why?", written=True))
        else:
            reply = self.dice.random() < 0.05
            raised = self._do(who, c.RaiseHand(id="x", reply=reply))
        self.found.hands += raised
        if raised and self.dice.random() < 0.1:
            self._at(self.dice.uniform(1, 60), partial(self._thinks_again, who))

    def _thinks_again(self, who: str) -> None:
        self._do(who, c.LowerHand(id="x"))

    def _drops(self, who: str) -> None:
        """The connection breaks; most come back soon, some late, a few never."""
        self._at(60 + self.dice.expovariate(1 / 2400), lambda: self._drops(who))
        member = self.room.member(who)
        if member is None or not member.connected:
            return
        self.found.drops += 1
        self._take(self.room.left(who, self._ns()))
        away_s = self.dice.choice([1, 3, 8, 15, 30, 90, 400])
        self._at(away_s, lambda: self._join(member))

    def _reacts_to_grant(self, participant: str, place: str | None) -> None:
        """Whoever was given the floor comes and presses, or does not."""
        if participant in self.no_shows and self.dice.random() < 0.7:
            return
        walk_s = self.dice.uniform(3, 15) if participant in self.phones else 0.0
        react_s = walk_s + self.dice.lognormvariate(0.5, 0.6)
        self._at(react_s, lambda: self._presses(participant, place))

    def _presses(self, participant: str, place: str | None) -> None:
        turn = next((t for t in self.room.view.floor if t.participant == participant), None)
        if turn is None or turn.state is not TurnState.GRANTED:
            return
        unit = place or (participant if participant in self.units else self._some_unit())
        if unit is None or not self._do(unit, c.TakeFloor(id="x")):
            self._at(2.0, lambda: self._presses(participant, None))  # the next table, then

    def _some_unit(self) -> str | None:
        """A table that is here and that nobody waits at."""
        view = self.room.view
        taken = {turn.unit for turn in view.floor} | {hand.unit for hand in view.line}
        free = [unit for unit in self.units if unit not in taken and self._is_here(unit)]
        return self.dice.choice(free) if free else None

    def _is_here(self, who: str) -> bool:
        member = self.room.member(who)
        return member is not None and member.connected

    def _speaks(self, participant: str) -> None:
        speaks_s = self.dice.lognormvariate(3.6, 0.8)
        self._at(speaks_s, lambda: self._steps_down(participant))

    def _steps_down(self, participant: str) -> None:
        turn = next((t for t in self.room.view.floor if t.participant == participant), None)
        if turn is not None and turn.state is TurnState.LIVE and not turn.away:
            self._do(turn.unit or participant, c.LeaveFloor(id="x"))
            self._host_moves_on()

    def _host_moves_on(self) -> None:
        """In the mode *host* the host is a person too: what they need is theirs."""
        if self.has_host and self.room.view.rules.mode is FloorMode.HOST:
            self._at(self.dice.uniform(1, 4), self._host_presses_next)

    def _host_presses_next(self) -> None:
        if not self.room.view.floor and self.room.view.line:
            self._do("host", c.Next(id="x"))

    # What happens

    def _take(self, result: Result) -> None:
        for change in result.events:
            match change.event:
                case FloorGranted(participant=who, place=place, rule=rule):
                    at = self._order.index(who)
                    self.found.unfair += at > 0 and rule is None
                    self._granted(who, place)
                case FloorTaken(participant=who):
                    self.found.turns += 1
                    self._speaks(who)
                case FloorReturned(passed=passed):
                    self.found.passed += passed
                    self._host_moves_on()
                case TurnInterrupted(participant=who):
                    self._at(12.0, partial(self._steps_down, who))
                case HandRaised():
                    self._host_moves_on()
            self.view = fold(self.view, change.seq, change.event)
            self._judge_order(change.event)
        for effect in result.effects:
            if isinstance(effect, ReadOutText):
                self._at(0.8, partial(self._reads, effect.participant))

    def _granted(self, who: str, place: str | None) -> None:
        turn = next((t for t in self.room.view.floor if t.participant == who), None)
        if turn is not None and turn.written:
            if self.has_host:  # the host reads it, and goes on
                self._at(self.dice.uniform(5, 15), lambda: self._host_has_read(who))
            return
        self._reacts_to_grant(who, place)

    def _host_has_read(self, who: str) -> None:
        self._do("host", c.EndTurn(id="x", participant=who))
        self._host_moves_on()

    def _reads(self, who: str) -> None:
        self._take(self.room.read_started(who, VOICE_SSRC, self._ns()))
        ends_s = self.dice.uniform(3, 10)
        self._at(ends_s, lambda: self._take(self.room.read_ended(who, self._ns())))

    def _judge_order(self, event: object) -> None:
        """Whoever is behind somebody who was behind them must have been shown the rule."""
        line = self.view.line
        if isinstance(event, (HandRaised, HandMoved, FloorReturned, FloorGranted)):
            was = {who: place for place, who in enumerate(self._order)}
            ahead: set[str] = set()
            for hand in line:
                mine = was.get(hand.participant)
                overtaken = mine is not None and any(was.get(o, len(was)) > mine for o in ahead)
                self.found.unfair += overtaken and hand.overtaken_by is None
                ahead.add(hand.participant)
        self._order = [hand.participant for hand in line]

    # What is measured

    def _measure(self, until_s: float) -> None:
        """Count the time from now to then by what the room is waiting for."""
        span_s = until_s - self.now_s
        view = self.room.view
        granted = [t for t in view.floor if t.state is TurnState.GRANTED and not t.written]
        self.found.waiting_s += span_s * bool(granted and len(view.floor) == len(granted))
        ready = any(self._could_speak(hand, view) for hand in view.line)
        by_itself = view.autopilot or view.rules.mode in (FloorMode.QUEUE, FloorMode.OPEN)
        if ready and by_itself and len(view.floor) < view.rules.cap:
            self.found.dead_air_s += span_s
        if ready and granted:
            late_s = until_s - min(t.since / 48_000 for t in granted) - PATIENCE_S
            self.found.overlong_s += min(max(0.0, late_s), span_s)

    def _could_speak(self, hand: Hand, view: RoomView) -> bool:
        if not self._is_here(where(hand)):
            return False
        used = {turn.unit for turn in view.floor} | {turn.place for turn in view.floor}
        return hand.surface is Surface.PHONE or hand.unit not in used


def evenings(first_seed: int, how_many: int, hours: float = 1.0) -> Findings:
    """Many evenings, one after the other."""
    total = Findings()
    for seed in range(first_seed, first_seed + how_many):
        total.add(Evening(seed, hours).run())
    return total
