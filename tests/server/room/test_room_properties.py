"""Whatever people do, in whatever order: the promises of the line and the floor hold.

Hosts, co-hosts, listeners, people in the hall, units with one and with several people, blocked
people and the hub's voice act at random, in every mode; a host's and an ordinary client fold what
they are sent, and at the end the room is built again from its log.
"""

from dataclasses import dataclass

from hypothesis import assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from parvis_server.room.clock import NS_PER_S, RoomClock
from parvis_server.room.draft import right_ssrcs
from parvis_server.room.members import Member
from parvis_server.room.places import counted, has_free_place, moves_by_itself, turns_at, where
from parvis_server.room.results import OpenSources, ReadOutText, Result, StopReading
from parvis_server.room.room import Room
from parvis_wire import commands as c
from parvis_wire.commands import Command
from parvis_wire.floor import (
    About,
    FloorMode,
    FloorRules,
    InviteRole,
    LowerReason,
    Phase,
    Rank,
    TurnState,
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
    )
}  # fmt: skip
UNITS = ("table-1", "table-2", "chair")
HOSTS = ("host", "host-2", "helper")
VOICE_SSRC = 99
AN_HOUR_S = 3600

PHONES = ("ada", "ben", "cleo")
people = st.sampled_from(sorted(MEMBERS))
mostly_hosts = st.sampled_from([*HOSTS, "host", "host", "chair", "ada", "table-1"])
mostly_hands = st.sampled_from([*PHONES, *PHONES, *UNITS, *sorted(MEMBERS)])
hands_of = st.sampled_from([*sorted(MEMBERS), "table-1~2", "table-2~2"])
flags = st.booleans()
lines = st.sampled_from([None, "Why?", "When?"])
rules = st.builds(
    FloorRules,
    mode=st.sampled_from(FloorMode),
    cap=st.integers(1, 3),
    turn_s=st.sampled_from([None, 10, 60]),
    fresh_first=flags,
    replies=flags,
    takes_hands=st.sampled_from([True, True, True, False]),
)


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


class AnEvening(RuleBasedStateMachine):
    """People come, press, go; clients fold what they are sent."""

    @initialize(mode=st.sampled_from(FloorMode), cap=st.integers(1, 2), has_voice=flags)
    def open_the_room(self, mode: FloorMode, cap: int, has_voice: bool) -> None:
        self.now_ns = AN_HOUR_S * NS_PER_S
        self.count = 0
        self.room = self._make(has_voice)
        self.has_voice = has_voice
        self.began = self.room.view
        self.client = self.room.view
        self.public = for_public(self.room.view)
        self.log: list[StoredHere] = []
        self.in_mix: frozenset[int | None] = frozenset()
        self.reading: set[str] = set()
        self.may_be_live: set[str] = set()
        self.order: list[str] = []
        for participant in MEMBERS:
            self.join(participant)
        self._do("host", c.SetRules(id="x", rules=FloorRules(mode=mode, cap=cap)))

    def _make(self, has_voice: bool) -> Room:
        return Room(
            "main", RoomClock(origin_ns=0), about=About(title="Town hall"), has_voice=has_voice,
            seat_of={"code": "table-2"}.get, now_ns=self.now_ns,
        )  # fmt: skip

    # Who is there

    @rule(who=people)
    def join(self, who: str) -> None:
        self._take(self.room.joined(MEMBERS[who], self.now_ns))

    @rule(who=people)
    def leave(self, who: str) -> None:
        self._take(self.room.left(who, self.now_ns))

    @rule()
    def nobody_runs_the_room(self) -> None:
        for who in HOSTS:
            self.leave(who)
        self.time_passes(60)

    @rule(cohost=flags)
    def a_host_goes_home(self, cohost: bool) -> None:
        for who in HOSTS[: 1 + cohost]:
            self.leave(who)
        self.time_passes(60)

    @rule(who=st.sampled_from(HOSTS))
    def those_who_run_the_room_come_back(self, who: str) -> None:
        self.join(who)

    @rule(unit=st.sampled_from(UNITS))
    def a_unit_restarts(self, unit: str) -> None:
        ssrc = 10 + self.count
        member = MEMBERS[unit]
        renewed = Member(unit, Role.UNIT, name=member.name, ssrc=ssrc)
        self._take(self.room.joined(renewed, self.now_ns))

    # What they do

    @rule(who=mostly_hands, written=flags, anonymous=flags, text=lines, reply=flags, another=flags)
    def raise_hand(
        self, who: str, written: bool, anonymous: bool, text: str | None, reply: bool, another: bool
    ) -> None:
        command = c.RaiseHand(
            id="x", name="Ada" if who == "ada" else None, text=text, written=written and bool(text),
            anonymous=anonymous and bool(text), reply=reply, another=another,
        )  # fmt: skip
        self._do(who, command)

    @rule(unit=st.sampled_from(UNITS), another=flags)
    def press_to_raise(self, unit: str, another: bool) -> None:
        self._do(unit, c.RaiseHand(id="x", another=another))

    @rule(unit=st.sampled_from(UNITS))
    def press_to_talk(self, unit: str) -> None:
        self._do(unit, c.TakeFloor(id="x"))

    @rule(who=mostly_hands)
    def step_down(self, who: str) -> None:
        self._do(who, c.LeaveFloor(id="x"))

    @rule(who=people, whose=st.one_of(st.none(), hands_of))
    def lower_hand(self, who: str, whose: str | None) -> None:
        self._do(who, c.LowerHand(id="x", participant=whose))

    @rule(who=st.sampled_from(PHONES), seated=flags)
    def sit_down_or_leave(self, who: str, seated: bool) -> None:
        take = c.TakeSeat(id="x", code="code", name="Cleo")
        self._do(who, take if seated else c.LeaveSeat(id="x"))

    @rule()
    def everybody_raises(self) -> None:
        for who in (*PHONES, *UNITS):
            self._do(who, c.RaiseHand(id="x", name=None if who in UNITS else who))

    @rule()
    def everybody_presses(self) -> None:
        for unit in UNITS:
            self._do(unit, c.TakeFloor(id="x"))

    @rule(who=st.sampled_from([*HOSTS, "chair"]))
    def next_hand(self, who: str) -> None:
        self._do(who, c.Next(id="x"))

    @rule(who=mostly_hosts, which=st.integers(0, 9), place=st.integers(1, 4))
    def move_hand(self, who: str, which: int, place: int) -> None:
        self._do(who, c.MoveHand(id="x", participant=self._one_of(self.order, which), place=place))

    @rule(who=mostly_hosts, which=st.integers(0, 9))
    def give_floor(self, who: str, which: int) -> None:
        self._do(who, c.GiveFloor(id="x", participant=self._one_of(self.order, which)))

    @rule(who=mostly_hosts, which=st.integers(0, 9), why=st.sampled_from([None, *LowerReason]))
    def end_turn(self, who: str, which: int, why: LowerReason | None) -> None:
        floor = [turn.participant for turn in self.client.floor]
        self._do(who, c.EndTurn(id="x", participant=self._one_of(floor, which), reason=why))

    def _one_of(self, some: list[str], which: int) -> str:
        return some[which % len(some)] if some else "nobody"

    @rule(who=mostly_hosts, whose=hands_of, on=flags)
    def block(self, who: str, whose: str, on: bool) -> None:
        kind = c.Block if on else c.Unblock
        self._do(who, kind(id="x", participant=whose))

    @rule(who=st.sampled_from(HOSTS), rules=rules)
    def set_rules(self, who: str, rules: FloorRules) -> None:
        self._do(who, c.SetRules(id="x", rules=rules))

    @rule(who=mostly_hosts, on=flags)
    def silence(self, who: str, on: bool) -> None:
        self._do(who, c.SilenceAll(id="x", on=on))

    @rule(who=st.sampled_from(HOSTS))
    def undo(self, who: str) -> None:
        self._do(who, c.Undo(id="x"))

    @rule(who=mostly_hosts)
    def close_all(self, who: str) -> None:
        self._do(who, c.CloseAll(id="x"))

    @rule(who=mostly_hosts, whom=people, rank=st.sampled_from([None, *Rank]))
    def set_rank(self, who: str, whom: str, rank: Rank | None) -> None:
        self._do(who, c.SetRank(id="x", participant=whom, rank=rank))

    @rule(who=mostly_hosts, unit=people, on=flags)
    def set_host_unit(self, who: str, unit: str, on: bool) -> None:
        self._do(who, c.SetHostUnit(id="x", unit=unit, on=on))

    @rule(who=mostly_hosts, phase=st.sampled_from([Phase.BACKSTAGE, Phase.LIVE]))
    def set_phase(self, who: str, phase: Phase) -> None:
        self._do(who, c.SetPhase(id="x", phase=phase))

    @rule(who=mostly_hosts, begins=flags)
    def show_of_hands(self, who: str, begins: bool) -> None:
        self._do(who, c.OpenAsk(id="x", question="Yes?") if begins else c.CloseAsk(id="x"))
        self._do(who, c.AnswerAsk(id="x"))

    @rule(who=st.sampled_from(HOSTS), revoke=flags)
    def invite(self, who: str, revoke: bool) -> None:
        make = c.MakeInvite(id="x", role=InviteRole.AUDIENCE)
        self._do(who, c.RevokeInvite(id="x", number=1) if revoke else make)

    @rule(who=mostly_hosts, whose=hands_of)
    def read_out(self, who: str, whose: str) -> None:
        self._do(who, c.ReadOut(id="x", participant=whose))

    @rule(ends=flags)
    def the_voice_reads(self, ends: bool) -> None:
        assume(self.reading)
        who = sorted(self.reading)[0]
        if ends:
            self._take(self.room.read_ended(who, self.now_ns))
            self.reading.discard(who)
        else:
            self._take(self.room.read_started(who, VOICE_SSRC, self.now_ns))

    @rule(seconds=st.sampled_from([0.5, 2, 10, 20, 60, 300]))
    def time_passes(self, seconds: float) -> None:
        self.now_ns += int(seconds * NS_PER_S)
        self._take(self.room.expire(self.now_ns))
        again = self.room.expire(self.now_ns)
        self._take(again)
        assert again.events == (), "everything that was due was done"

    def _do(self, who: str, command: Command) -> None:
        if self.room.member(who) is None:
            self.join(who)
        self.count += 1
        command = command.model_copy(update={"id": f"c{self.count}"})
        result = self.room.handle(command, who, self.now_ns, utc_ms=self.count)
        assert result.ack is not None
        assert result.ack.id == command.id
        assert not (result.ack.refused and (result.events or result.effects))
        if command.type in ("undo", "next", "give_floor", "set_rules"):
            assert not any(isinstance(change.event, FloorTaken) for change in result.events)
        self._take(result, own_press=command.type == "take_floor")
        again = self.room.handle(command, who, self.now_ns)
        assert (again.ack, again.events, again.effects) == (result.ack, (), ())

    # What they are sent

    def _take(self, result: Result, *, own_press: bool = False) -> None:
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
        allowed = right_ssrcs(view)
        for microphone in view.microphones:
            assert MEMBERS[microphone.unit].always_open
        if view.silenced:
            units = {m.participant: m.ssrc for m in self.room.sounding}
            hosts = {host.participant for host in view.hosts}
            spared = {units.get(unit) for unit in (*view.host_units, "desk")}
            spared |= {turn.ssrc for turn in view.floor if turn.participant in hosts}
            allowed &= {ssrc for ssrc in spared if ssrc is not None}
        assert self.room.open_ssrcs == allowed
        assert self.in_mix - {VOICE_SSRC} == allowed - {VOICE_SSRC}, "the mix was told"

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


AnEvening.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestAnEvening = AnEvening.TestCase
