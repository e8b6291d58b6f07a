"""The promises of the line and the floor, held against every event of a room.

A state machine that a test fills with what people do: it folds the events as a host's client and
as everybody else's, judges each, and at the end builds the room again from its log.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from hypothesis.stateful import RuleBasedStateMachine, invariant

from fakes.gathering import far_microphone
from parvis_server.room.clock import NS_PER_S, RoomClock
from parvis_server.room.draft import right_ssrcs
from parvis_server.room.folded import Folded, read, written
from parvis_server.room.members import Member
from parvis_server.room.places import counted, has_free_place, moves_by_itself, turns_at, where
from parvis_server.room.results import Evict, OpenSources, ReadOutText, Result, StopReading
from parvis_server.room.room import Room
from parvis_wire.floor import (
    About,
    FloorMode,
    Phase,
    Rank,
    TurnState,
    microphone_of,
)
from parvis_wire.messages import Change, Role
from parvis_wire.room_events import (
    FloorGranted,
    FloorReturned,
    FloorTaken,
    HandMoved,
    HandRaised,
    RoomEvent,
)
from parvis_wire.room_view import fold, for_public, public_event
from parvis_wire.stage import SourceKind

MEMBERS = {
    member.participant: member
    for member in (
        Member("host", Role.HOST, rank=Rank.HOST),
        Member("host-2", Role.HOST, rank=Rank.HOST),
        Member("helper", Role.LISTENER, name="Hal", rank=Rank.COHOST),
        Member("ada", Role.LISTENER),
        Member("ben", Role.LISTENER, name="Ben", invite=1),
        Member("cleo", Role.LISTENER, name="Cleo", in_hall=True),
        Member("table-1", Role.UNIT, name="Table 1", ssrc=1),
        Member("table-2", Role.UNIT, name="Table 2", ssrc=2),
        Member("chair", Role.UNIT, name="Chair", ssrc=3),
        Member("lectern", Role.UNIT, name="Lectern", ssrc=4, always_open=True),
        Member(
            "desk", Role.UNIT, name="Desk", ssrc=5, always_open=True,
            source_kind=SourceKind.DESK,
        ),
        Member("screen", Role.SCREEN),
        far_microphone("ada", 21),
        far_microphone("ben", 22),
    )
}  # fmt: skip
VOICE_SSRC = 99


@dataclass(frozen=True)
class StoredHere:
    """An event as a log would keep it."""

    room_clock: int
    actor: str | None
    command_id: str | None
    body: str
    kind: type[RoomEvent]

    def event(self) -> RoomEvent:
        return self.kind.model_validate_json(self.body)


class Promises(RuleBasedStateMachine):
    """Clients who fold what they are sent, and what always holds."""

    room: Room
    now_ns: int
    has_voice: bool
    cast: Mapping[str, Member] = MEMBERS
    """Everybody who may come."""

    def begin(self, room: Room) -> None:
        """Clients of every kind get a room."""
        self.room = room
        self.client = self.room.view
        self.public = for_public(self.room.view)
        self.log: list[StoredHere] = []
        self.in_mix: frozenset[int | None] = frozenset()
        self.reading: set[str] = set()
        self.shown_out: set[str] = set()
        self.order: list[str] = []

    # What they are sent

    def take(self, result: Result, *, own_press: bool = False) -> None:
        """Everybody is told what came of something."""
        for change in result.events:
            self._fold(change, result, own_press=own_press)
        for effect in result.effects:
            match effect:
                case OpenSources(sources=sources):
                    self.in_mix = frozenset(unit.ssrc for unit in sources)
                case ReadOutText(participant=who):
                    assert self.has_voice
                    self.reading.add(who)
                case StopReading(participant=who):
                    self.reading.discard(who)
                case Evict(participants=whose):
                    self.shown_out |= set(whose)

    def _fold(self, change: Change, result: Result, *, own_press: bool) -> None:
        before, event = self.client, change.event
        self._judge(event, own_press=own_press)
        self.client = fold(before, change.seq, event)
        self.public = fold(self.public, change.seq, public_event(event))
        self._follow_order(event)
        stored = StoredHere(
            change.room_clock, result.actor, result.command_id, event.model_dump_json(), type(event)
        )
        self.log.append(stored)

    def _judge(self, event: RoomEvent, *, own_press: bool) -> None:
        """Whether this event may follow in the room as the client knows it."""
        view = self.client
        match event:
            case FloorTaken(unit=None, participant=who):
                assert who in self.reading or not self.reading
            case FloorTaken(participant=who):
                turn = next((t for t in view.floor if t.participant == who), None)
                resumed = turn is not None and turn.state is TurnState.LIVE
                assert own_press or resumed, "a microphone opens by a press at it"
                granted = turn is not None and turn.state is TurnState.GRANTED
                mode = view.rules.mode not in (FloorMode.HOST, FloorMode.QUEUE)
                if event.unit in (microphone_of("ada"), microphone_of("ben")):
                    assert event.unit == microphone_of(who), "a phone opens for its own person"
                    assert granted or resumed
                assert granted or resumed or mode or event.unit in view.host_units
            case FloorGranted(participant=who):
                place = [hand.participant for hand in view.line].index(who)
                assert place == 0 or event.rule is not None

    def _follow_order(self, event: RoomEvent) -> None:
        """Whoever another came before is shown by which rule."""
        line = [hand.participant for hand in self.client.line]
        was = {who: place for place, who in enumerate(self.order)}
        overtaken = [
            hand
            for place, hand in enumerate(self.client.line)
            if hand.participant in was
            and any(was.get(other, len(was)) > was[hand.participant] for other in line[:place])
        ]
        if isinstance(event, (HandRaised, HandMoved, FloorReturned)):
            assert all(hand.overtaken_by is not None for hand in overtaken)
        else:
            assert not overtaken, "nothing else changes the order"
        if isinstance(event, FloorGranted):
            passed_by = self.order[: self.order.index(event.participant)]
            marks = {hand.participant: hand.overtaken_by for hand in self.client.line}
            assert all(marks[who] is not None for who in passed_by)
        self.order = line

    # What always holds

    @invariant()
    def every_client_sees_what_the_hub_holds(self) -> None:
        assert self.client == self.room.view
        assert self.public == for_public(self.room.view)

    @invariant()
    def nobody_is_in_the_line_twice_or_waits_while_it_is_their_turn(self) -> None:
        line = [hand.participant for hand in self.room.view.line]
        floor = [turn.participant for turn in self.room.view.floor]
        assert len(line + floor) == len(set(line + floor))
        replies = sum(hand.reply for hand in self.room.view.line)
        assert replies <= 5 + len(floor) + 1

    @invariant()
    def a_microphone_has_one_turn(self) -> None:
        live = [turn.unit for turn in self.room.view.floor if turn.unit is not None]
        assert len(live) == len(set(live))

    @invariant()
    def a_microphone_is_open_only_by_a_right(self) -> None:
        view = self.room.view
        allowed = right_ssrcs(view) - {turn.ssrc for turn in view.floor if turn.muted is not None}
        for microphone in view.microphones:
            assert self.cast[microphone.unit].always_open
        if view.silenced:
            units = {m.participant: m.ssrc for m in self.room.sounding}
            hosts = {host.participant for host in view.hosts}
            spared = {units.get(unit) for unit in (*view.host_units, "desk")}
            spared |= {turn.ssrc for turn in view.floor if turn.participant in hosts}
            allowed &= {ssrc for ssrc in spared if ssrc is not None}
        if view.phase is Phase.SCHEDULED:
            assert not view.floor and not view.line, "nobody speaks or waits before it begins"
            allowed = frozenset()
        assert self.room.open_ssrcs == allowed
        assert self.in_mix - {VOICE_SSRC} == allowed - {VOICE_SSRC}, "the mix was told"

    @invariant()
    def a_phone_is_a_microphone_for_its_own_turn_alone(self) -> None:
        turns = {turn.participant: turn for turn in self.room.view.floor}
        for member in self.room.sounding:
            if member.speaks_for is None:
                continue
            turn = turns.get(member.speaks_for)
            carries = [t.participant for t in turns.values() if t.unit == member.participant]
            assert carries in ([], [member.speaks_for])
            if member.connected:
                assert turn is not None, "whose turn is over is shown out"
                assert turn.surface == "phone"
                assert not turn.written
                assert not turn.in_hall
                assert turn.state is TurnState.GRANTED or turn.unit == member.participant
            assert member.participant not in self.shown_out or not member.connected

    @invariant()
    def a_free_place_goes_to_the_line(self) -> None:
        view = self.room.view
        if not moves_by_itself(view) or not has_free_place(view):
            return
        for hand in view.line:
            owner = self.room.member(where(hand))
            here = owner is not None and owner.connected
            at_table = hand.surface == "unit" and not hand.written
            assert not here or (at_table and turns_at(view, where(hand)))

    @invariant()
    def somebody_runs_the_room(self) -> None:
        view = self.room.view
        hosts = [host for host in view.hosts if host.rank is Rank.HOST]
        here = [h for h in hosts if (m := self.room.member(h.participant)) and m.connected]
        if here:
            assert view.acting is None
            assert not view.autopilot
        elif view.phase is Phase.LIVE and view.acting is None and not view.autopilot:
            due_ns = self.room.due()
            assert due_ns is not None
            assert due_ns <= self.now_ns + 60 * NS_PER_S

    @invariant()
    def no_more_turns_begin_than_the_cap_allows(self) -> None:
        view = self.room.view
        assert len(counted(view)) <= 25
        if self.cap_was != (view.rules.cap, view.hosts, view.host_units):
            self.cap_was = (view.rules.cap, view.hosts, view.host_units)
            self.turns_then = len(counted(view))
        assert len(counted(view)) <= max(view.rules.cap, self.turns_then)
        self.turns_then = len(counted(view))

    cap_was: object = None
    turns_then = 0

    def teardown(self) -> None:
        if not hasattr(self, "log"):
            return
        again = Room.replay(
            "main", RoomClock(origin_ns=0), about=About(title="Town hall"), stored=self.log,
            now_ns=self.now_ns,
        )  # fmt: skip
        assert again.state == self.room.state
        middle = len(self.log) // 2
        half = Folded.founded("main", About(title="Town hall"), Phase.LIVE).after(self.log[:middle])
        again = Room.replay(
            "main", RoomClock(origin_ns=0), about=About(title="main"), stored=self.log[middle:],
            now_ns=self.now_ns, folded=read(written(half)),
        )  # fmt: skip
        assert again.state == self.room.state, "from a fold of half of the log"
