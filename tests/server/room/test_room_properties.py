"""Whatever people do, in whatever order: the promises of the line and the floor hold."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from parvis_server.room.clock import NS_PER_S, RoomClock
from parvis_server.room.members import Member
from parvis_server.room.results import OpenSources, Result
from parvis_server.room.room import Room
from parvis_wire.commands import (
    Command,
    EndTurn,
    GiveFloor,
    LeaveFloor,
    LowerHand,
    Next,
    RaiseHand,
    TakeFloor,
)
from parvis_wire.floor import About, TurnState
from parvis_wire.messages import Role
from parvis_wire.room_events import FloorGranted, HandLowered, HandRaised
from parvis_wire.room_view import fold

MEMBERS = {
    member.participant: member
    for member in (
        Member("host", Role.HOST),
        Member("ada", Role.LISTENER),
        Member("ben", Role.LISTENER),
        Member("table-1", Role.UNIT, name="Table 1", ssrc=1),
        Member("table-2", Role.UNIT, name="Table 2", ssrc=2),
        Member("lectern", Role.UNIT, name="Lectern", ssrc=3, always_open=True),
    )
}
people = st.sampled_from(sorted(MEMBERS))
ids = st.sampled_from([f"c{number}" for number in range(40)])
commands = st.one_of(
    st.builds(RaiseHand, id=ids, name=st.sampled_from([None, "Ada", "Ben"])),
    st.builds(LowerHand, id=ids, participant=st.one_of(st.none(), people)),
    st.builds(TakeFloor, id=ids),
    st.builds(LeaveFloor, id=ids),
    st.builds(Next, id=ids),
    st.builds(GiveFloor, id=ids, participant=people),
    st.builds(EndTurn, id=ids, participant=people),
)


class AnEvening(RuleBasedStateMachine):
    """People come, press, go; a client folds what it is sent; a plain list models the line."""

    @initialize()
    def open_the_room(self) -> None:
        self.now_ns = 0
        self.room = Room("main", RoomClock(origin_ns=0), about=About(title="Town hall"))
        self.client = self.room.view
        self.line: list[str] = []
        self.in_mix: frozenset[int | None] = frozenset()
        for participant in MEMBERS:
            self.join(participant)

    @rule(who=people)
    def join(self, who: str) -> None:
        self._take(self.room.joined(MEMBERS[who], self.now_ns))

    @rule(who=people)
    def leave(self, who: str) -> None:
        self.room.left(who, self.now_ns)

    @rule(who=people, command=commands)
    def command(self, who: str, command: Command) -> None:
        if self.room.member(who) is None:
            self.join(who)
        result = self.room.handle(command, who, self.now_ns)
        assert result.ack is not None
        assert result.ack.id == command.id
        assert not (result.ack.refused and result.events)
        self._take(result)
        again = self.room.handle(command, who, self.now_ns)
        assert (again.ack, again.events, again.effects) == (result.ack, (), ())

    @rule(seconds=st.sampled_from([0.5, 2, 15, 60, 300]))
    def time_passes(self, seconds: float) -> None:
        self.now_ns += int(seconds * NS_PER_S)
        self._take(self.room.expire(self.now_ns))
        due_ns = self.room.due()
        assert due_ns is None or due_ns > self.now_ns or not self.room.expire(self.now_ns).events

    def _take(self, result: Result) -> None:
        for change in result.events:
            self.client = fold(self.client, change.seq, change.event)
            match change.event:
                case HandRaised(hand=hand):
                    self.line.append(hand.participant)
                case HandLowered(participant=who) | FloorGranted(participant=who):
                    self.line.remove(who)
        for effect in result.effects:
            assert isinstance(effect, OpenSources)
            self.in_mix = frozenset(unit.ssrc for unit in effect.sources)

    @invariant()
    def every_client_sees_what_the_hub_holds(self) -> None:
        assert self.client == self.room.view

    @invariant()
    def the_line_is_the_order_of_raising_and_holds_nobody_twice(self) -> None:
        line = [hand.participant for hand in self.room.view.line]
        assert line == self.line
        assert len(line) == len(set(line))

    @invariant()
    def at_most_one_turn_and_its_owner_does_not_queue(self) -> None:
        assert len(self.room.view.floor) <= 1
        assert not {turn.participant for turn in self.room.view.floor} & set(self.line)

    @invariant()
    def a_microphone_is_open_only_for_a_live_turn_or_without_a_button(self) -> None:
        allowed = {
            MEMBERS[turn.unit].ssrc
            for turn in self.room.view.floor
            if turn.state is TurnState.LIVE and turn.unit is not None
        } | {MEMBERS[microphone.unit].ssrc for microphone in self.room.view.microphones}
        assert self.room.open_ssrcs == allowed
        assert self.in_mix == allowed, "the mix was told"
        assert all(MEMBERS[m.unit].always_open for m in self.room.view.microphones)


AnEvening.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestAnEvening = AnEvening.TestCase
