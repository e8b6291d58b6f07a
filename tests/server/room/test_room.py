"""Coming, going, repeating: what the room makes of presence and of commands that come twice."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from parvis_server.room import speaking, timing
from parvis_server.room.clock import NS_PER_S, RoomClock
from parvis_server.room.members import MAX_AWAY, MAX_REMEMBERED_ACKS, Member
from parvis_server.room.results import OpenSources
from parvis_server.room.room import Room
from parvis_wire.commands import LowerHand, Next, RaiseHand, TakeFloor
from parvis_wire.floor import About, TurnState
from parvis_wire.messages import Change, RefusalCode, Role
from parvis_wire.room_events import HandRaised
from parvis_wire.stage import OutputKind

HOST = Member("host", Role.HOST)
PHONE = Member("phone", Role.LISTENER)
TABLE = Member("table", Role.UNIT, name="Table 1", ssrc=1)
LECTERN = Member("lectern", Role.UNIT, name="Lectern", ssrc=2, always_open=True)


def at(seconds: float) -> int:
    """Monotonic time of a moment of the test."""
    return int(seconds * NS_PER_S)


@pytest.fixture
def room() -> Room:
    room = Room("main", RoomClock(origin_ns=0), about=About(title="Town hall"))
    for member in (HOST, PHONE, TABLE):
        room.joined(member, now_ns=0)
    return room


def types(events: Iterable[Change]) -> list[str]:
    """The kinds of a result's events."""
    return [change.event.type for change in events]


def make_live(room: Room) -> None:
    """The table has the floor and speaks."""
    room.handle(RaiseHand(id="1"), "table", at(1))
    room.handle(Next(id="n1"), "host", at(2))
    room.handle(TakeFloor(id="2"), "table", at(3))


def test_events_carry_the_next_number_and_the_room_clock(room: Room) -> None:
    room = Room("main", RoomClock(origin_ns=at(-10)), about=About(title="Town hall"))
    room.joined(PHONE, at(0))
    [change] = room.handle(RaiseHand(id="1", name="Ada"), "phone", at(2)).events
    assert (change.seq, change.room_clock) == (1, 12 * 48_000)
    assert isinstance(change.event, HandRaised)


def test_the_room_clock_stands_at_zero_before_its_origin() -> None:
    clock = RoomClock(origin_ns=at(5))
    assert clock.samples(at(4)) == 0
    assert clock.live_ms(at(4)) == 0
    assert clock.live_ms(at(6)) == 1000


def test_a_repeated_command_gets_the_same_answer_and_changes_nothing(room: Room) -> None:
    first = room.handle(RaiseHand(id="a", name="Ada"), "phone", at(1))
    room.handle(LowerHand(id="b"), "phone", at(2))
    again = room.handle(RaiseHand(id="a", name="Ada"), "phone", at(3))
    assert again.ack == first.ack
    assert again.events == ()
    assert room.view.line == ()


def test_a_repeated_refusal_stays_a_refusal(room: Room) -> None:
    refused = room.handle(Next(id="a"), "host", at(1))
    room.handle(RaiseHand(id="a", name="Ada"), "phone", at(2))
    again = room.handle(Next(id="a"), "host", at(3))
    assert again.ack == refused.ack
    assert again.ack is not None
    assert again.ack.refused is RefusalCode.LINE_EMPTY


def test_a_host_who_comes_back_does_not_press_next_twice(room: Room) -> None:
    room.handle(RaiseHand(id="t"), "table", at(1))
    room.handle(RaiseHand(id="r", name="Ada"), "phone", at(1))
    first = room.handle(Next(id="n"), "host", at(2))
    room.left("host", at(3))  # the answer was lost with the connection
    room.joined(Member("host-again", Role.HOST), at(4))  # by the link's secret: somebody new
    again = room.handle(Next(id="n"), "host-again", at(5))
    assert again.ack == first.ack
    assert again.events == ()
    assert [turn.participant for turn in room.view.floor] == ["table"]


def test_only_so_many_refusals_are_remembered(room: Room) -> None:
    assert types(room.handle(Next(id="first"), "host", at(1)).events) == []
    for number in range(MAX_REMEMBERED_ACKS):
        room.handle(Next(id=f"x{number}"), "host", at(2))
    room.handle(RaiseHand(id="r", name="Ada"), "phone", at(3))
    again = room.handle(Next(id="first"), "host", at(4))
    assert types(again.events)[0] == "floor_granted", "its id is forgotten, so it counts as new"


def test_a_stranger_cannot_give_commands(room: Room) -> None:
    with pytest.raises(KeyError):
        room.handle(RaiseHand(id="1", name="Ada"), "nobody", at(1))


def test_a_unit_has_a_name_and_a_source() -> None:
    with pytest.raises(ValueError, match="a source or an output"):
        Member("table", Role.UNIT, name="Table 1")
    with pytest.raises(ValueError, match="name"):
        Member("table", Role.UNIT, ssrc=1)
    Member("column", Role.UNIT, name="Column", output=OutputKind.LOUDSPEAKER, output_ssrc=2)


def test_nothing_is_due_while_nobody_is_away(room: Room) -> None:
    assert room.due() is None
    assert room.expire(at(10_000)).events == ()


def test_the_hand_of_somebody_away_is_lowered_after_a_minute(room: Room) -> None:
    room.handle(RaiseHand(id="1", name="Ada"), "phone", at(1))
    room.left("phone", at(10))
    assert room.due() == at(70)
    assert room.expire(at(69.9)).events == ()
    assert types(room.expire(at(70)).events) == ["hand_lowered"]
    assert room.member("phone") is None, "without a hand, the phone itself is forgotten"
    assert room.due() is None


def test_coming_back_in_time_keeps_the_place(room: Room) -> None:
    room.handle(RaiseHand(id="1", name="Ada"), "phone", at(1))
    room.left("phone", at(10))
    room.joined(PHONE, at(65))
    assert room.expire(at(200)).events == ()
    assert [hand.participant for hand in room.view.line] == ["phone"]


def test_a_live_unit_that_is_away_keeps_the_floor_for_ten_seconds(room: Room) -> None:
    make_live(room)
    assert types(room.left("table", at(10)).events) == ["turn_interrupted"]
    assert room.view.floor[0].away
    assert types(room.joined(TABLE, at(19)).events) == ["turn_resumed"]
    assert not room.view.floor[0].away
    assert types(room.left("table", at(20)).events) == ["turn_interrupted"]
    assert types(room.expire(at(29.9)).events) == ["undo_offered"], "Next is undone no more"
    result = room.expire(at(30))
    assert types(result.events) == ["floor_returned"]
    assert OpenSources(()) in result.effects
    assert [hand.participant for hand in room.view.line] == ["table"], "first in the line"
    assert types(room.expire(at(80)).events) == ["hand_lowered"]


def test_a_live_unit_that_restarts_goes_on_with_its_new_source(room: Room) -> None:
    make_live(room)
    result = room.joined(replace(TABLE, ssrc=9), at(10))
    assert types(result.events) == ["floor_taken"]
    assert room.open_ssrcs == {9}
    assert room.view.floor[0].since == 3 * 48_000, "the turn's time goes on"


def test_a_unit_away_with_a_granted_turn_loses_it_after_a_minute(room: Room) -> None:
    room.handle(RaiseHand(id="1"), "table", at(1))
    room.handle(Next(id="n1"), "host", at(2))
    room.left("table", at(10))
    assert types(room.expire(at(69)).events) == ["floor_reminded", "undo_offered"]
    assert types(room.expire(at(70)).events) == ["floor_released"]


def test_the_turn_of_a_phone_waits_while_its_owner_walks_to_a_table(room: Room) -> None:
    room.handle(RaiseHand(id="1", name="Ada"), "phone", at(1))
    room.handle(Next(id="n1"), "host", at(2))
    room.left("phone", at(3))
    assert types(room.expire(at(1000)).events) == ["floor_reminded", "undo_offered"]
    room.handle(TakeFloor(id="t1"), "table", at(1001))
    [turn] = room.view.floor
    assert (turn.participant, turn.state, turn.unit) == ("phone", TurnState.LIVE, "table")
    assert room.member("phone") is not None


def test_a_unit_without_a_button_is_open_while_it_is_there(room: Room) -> None:
    joined = room.joined(LECTERN, at(1))
    assert types(joined.events) == ["microphone_opened"]
    assert joined.effects == (OpenSources((LECTERN,)),)
    room.left("lectern", at(10))
    assert room.joined(LECTERN, at(11)).events == (), "back within two seconds: nothing happened"
    room.left("lectern", at(20))
    assert room.expire(at(21.9)).events == ()
    gone = room.expire(at(22))
    assert types(gone.events) == ["microphone_closed"]
    assert gone.effects == (OpenSources(()),)
    assert types(room.joined(LECTERN, at(30)).events) == ["microphone_opened"]


def test_a_unit_may_come_back_with_or_without_a_button(room: Room) -> None:
    room.joined(LECTERN, at(1))
    assert types(room.joined(replace(LECTERN, always_open=False), at(2)).events) == [
        "microphone_closed"
    ]
    room.handle(RaiseHand(id="l1"), "lectern", at(3))
    assert types(room.joined(LECTERN, at(4)).events) == ["hand_lowered", "microphone_opened"]
    make_live(room)
    open_table = room.joined(replace(TABLE, always_open=True), at(5))
    assert types(open_table.events) == ["floor_released", "microphone_opened"]
    assert open_table.effects == (), "its microphone was open before and is open now"


def test_a_unit_that_comes_back_without_a_microphone_has_no_hand_and_no_turn(room: Room) -> None:
    column = replace(TABLE, ssrc=None, output=OutputKind.LOUDSPEAKER, output_ssrc=9)
    room.handle(RaiseHand(id="1"), "table", at(1))
    assert types(room.joined(column, at(2)).events) == ["hand_lowered"]
    room.joined(TABLE, at(3))
    room.handle(RaiseHand(id="2"), "table", at(4))
    room.handle(Next(id="n1"), "host", at(5))
    room.handle(TakeFloor(id="3"), "table", at(6))
    result = room.joined(column, at(7))
    assert types(result.events) == ["floor_released"]
    assert result.effects == (OpenSources(()),)


def test_a_lost_unit_stays_visible_for_a_while(room: Room) -> None:
    room.left("table", at(0))
    room.expire(at(299))
    assert [unit.connected for unit in room.sounding] == [False]
    room.expire(at(300))
    assert room.sounding == ()


def test_a_table_that_comes_back_as_a_newcomer_is_shown_once(room: Room) -> None:
    room.left("table", at(0))
    room.joined(replace(TABLE, participant="restarted", ssrc=9), at(10))
    assert [unit.participant for unit in room.sounding] == ["restarted"]


def test_the_hand_of_a_lost_table_is_kept_beside_its_namesake(room: Room) -> None:
    room.handle(RaiseHand(id="1"), "table", at(0))
    room.left("table", at(0))
    room.joined(replace(TABLE, participant="restarted", ssrc=9), at(10))
    assert [hand.participant for hand in room.view.line] == ["table"]
    assert len(room.sounding) == 2


def test_leaving_twice_or_as_a_stranger_changes_nothing(room: Room) -> None:
    room.left("phone", at(10))
    room.left("phone", at(50))
    room.left("nobody", at(50))
    assert room.due() == at(70)


def test_a_crowd_that_comes_and_goes_costs_no_memory(room: Room) -> None:
    room.handle(RaiseHand(id="1", name="Ada"), "phone", at(1))
    room.left("phone", at(1))
    for number in range(MAX_AWAY + 10):
        room.joined(Member(f"p{number}", Role.LISTENER), at(2))
        room.left(f"p{number}", at(2))
    assert room.member("p0") is None, "the longest absent is forgotten"
    assert room.member(f"p{MAX_AWAY + 9}") is not None
    assert [hand.participant for hand in room.view.line] == ["phone"], "a raised hand is not"
    assert room.member("phone") is not None


def test_the_limits_are_those_of_the_contract() -> None:
    assert at(2) == timing.MICROPHONE_AWAY_NS
    assert at(10) == speaking.TURN_AWAY_NS
    assert at(60) == timing.HAND_AWAY_NS
    assert (at(10), at(20)) == (timing.REMIND_NS, timing.PASS_NS)
