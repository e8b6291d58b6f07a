"""The rules of the floor, one by one."""

from dataclasses import dataclass

import pytest

from parvis_server.room.clock import NS_PER_S, RoomClock
from parvis_server.room.hands import MAX_HANDS
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
from parvis_wire.floor import About, Surface, TurnState
from parvis_wire.messages import RefusalCode, Role
from parvis_wire.stage import OutputKind
from parvis_wire.standing import (
    Standing,
    standing,
)

HOST, PHONE, OTHER_PHONE = "host", "phone", "phone-2"
TABLE, OTHER_TABLE, LECTERN = "table", "table-2", "lectern"
SPEAKER, COLUMN = "speaker", "column"

PEOPLE = (
    Member(HOST, Role.HOST),
    Member(PHONE, Role.LISTENER),
    Member(OTHER_PHONE, Role.LISTENER),
    Member(TABLE, Role.UNIT, name="Table 1", ssrc=1),
    Member(OTHER_TABLE, Role.UNIT, name="Table 2", ssrc=2),
    Member(LECTERN, Role.UNIT, name="Lectern", ssrc=3, always_open=True),
    Member(SPEAKER, Role.SPEAKER, name="Far", ssrc=4, output_ssrc=5, output=OutputKind.RETURN),
    Member(COLUMN, Role.UNIT, name="Column", output_ssrc=6, output=OutputKind.LOUDSPEAKER),
)

COMMANDS: dict[str, Command] = {
    "raise": RaiseHand(id="c", name="Ada"),
    "raise_nameless": RaiseHand(id="c"),
    "lower": LowerHand(id="c"),
    "take": TakeFloor(id="c"),
    "leave": LeaveFloor(id="c"),
    "next": Next(id="c"),
}


@dataclass
class Evening:
    """A room with the usual people, and short words for what they do."""

    room: Room
    count: int = 0

    def do(self, who: str, what: str | Command) -> Result:
        """``who`` gives a command under a fresh id."""
        self.count += 1
        command = COMMANDS[what] if isinstance(what, str) else what
        return self.room.handle(
            command.model_copy(update={"id": f"c{self.count}"}), who, self.count * NS_PER_S
        )

    def refusal(self, who: str, what: str | Command) -> RefusalCode | None:
        """The code with which the room refuses; the view stays as it was."""
        before = self.room.view
        result = self.do(who, what)
        assert result.ack is not None
        if result.ack.refused is not None:
            assert self.room.view == before
            assert result.events == ()
            assert result.ack.text
        return result.ack.refused

    @property
    def line(self) -> list[str]:
        """Who is in the line, in order."""
        return [hand.participant for hand in self.room.view.line]

    @property
    def floor(self) -> list[tuple[str, TurnState, str | None]]:
        """The turns: whose, how far, at which unit."""
        return [(turn.participant, turn.state, turn.unit) for turn in self.room.view.floor]


def opened(result: Result) -> list[str]:
    """Whose microphones are in the mix after it."""
    [effect] = [effect for effect in result.effects if isinstance(effect, OpenSources)]
    return [unit.participant for unit in effect.sources]


@pytest.fixture
def evening() -> Evening:
    room = Room("main", RoomClock(origin_ns=0), about=About(title="Town hall"))
    for member in PEOPLE:
        room.joined(member, now_ns=0)
    return Evening(room)


def test_hands_of_tables_and_phones_stand_in_one_line(evening: Evening) -> None:
    for who in (TABLE, PHONE, OTHER_TABLE):
        assert evening.refusal(who, "raise") is None
    assert evening.line == [TABLE, PHONE, OTHER_TABLE]
    first, second, _ = evening.room.view.line
    assert (first.name, first.surface) == ("Table 1", Surface.UNIT)
    assert (second.name, second.surface) == ("Ada", Surface.PHONE)


def test_a_phone_must_say_its_name(evening: Evening) -> None:
    assert evening.refusal(PHONE, "raise_nameless") is RefusalCode.NAME_NEEDED
    assert evening.refusal(TABLE, "raise_nameless") is None
    evening.do(PHONE, "raise")
    evening.do(PHONE, "lower")
    assert evening.refusal(PHONE, "raise_nameless") is None, "it said its name before"


def test_nobody_stands_in_the_line_twice(evening: Evening) -> None:
    evening.do(TABLE, "raise")
    assert evening.refusal(TABLE, "raise") is RefusalCode.ALREADY_RAISED
    evening.do(HOST, "next")
    assert evening.refusal(TABLE, "raise") is RefusalCode.ALREADY_RAISED
    evening.do(TABLE, "take")
    assert evening.refusal(TABLE, "raise") is RefusalCode.ALREADY_RAISED


def test_the_line_is_bounded(evening: Evening) -> None:
    for number in range(MAX_HANDS):
        evening.room.joined(Member(f"p{number}", Role.LISTENER), now_ns=0)
        assert evening.refusal(f"p{number}", "raise") is None
    assert evening.refusal(PHONE, "raise") is RefusalCode.LINE_FULL


def test_lowering_leaves_the_order_of_the_others(evening: Evening) -> None:
    for who in (TABLE, PHONE, OTHER_TABLE):
        evening.do(who, "raise")
    assert evening.refusal(PHONE, "lower") is None
    assert evening.line == [TABLE, OTHER_TABLE]
    assert evening.refusal(PHONE, "lower") is RefusalCode.NO_HAND


def test_only_a_host_lowers_somebody_elses_hand(evening: Evening) -> None:
    evening.do(TABLE, "raise")
    theirs = LowerHand(id="c", participant=TABLE)
    assert evening.refusal(PHONE, theirs) is RefusalCode.NOT_ALLOWED
    assert evening.refusal(TABLE, theirs) is None
    evening.do(TABLE, "raise")
    assert evening.refusal(HOST, theirs) is None
    assert evening.refusal(HOST, "lower") is RefusalCode.NO_HAND


def test_next_gives_the_floor_to_the_first_and_the_press_takes_it(evening: Evening) -> None:
    evening.do(TABLE, "raise")
    evening.do(OTHER_TABLE, "raise")
    assert evening.refusal(HOST, "next") is None
    assert evening.floor == [(TABLE, TurnState.GRANTED, None)]
    assert evening.room.open_ssrcs == {3}, "a granted microphone is not open"
    assert evening.refusal(OTHER_TABLE, "take") is RefusalCode.NO_TURN
    taken = evening.do(TABLE, "take")
    assert evening.floor == [(TABLE, TurnState.LIVE, TABLE)]
    assert evening.room.open_ssrcs == {1, 3}
    assert opened(taken) == [TABLE, LECTERN]
    assert evening.refusal(TABLE, "take") is RefusalCode.NO_TURN
    left = evening.do(TABLE, "leave")
    assert evening.floor == []
    assert opened(left) == [LECTERN]


def test_next_ends_the_running_turn_but_an_empty_line_leaves_it(evening: Evening) -> None:
    evening.do(TABLE, "raise")
    evening.do(HOST, "next")
    evening.do(TABLE, "take")
    assert evening.refusal(HOST, "next") is RefusalCode.LINE_EMPTY
    assert evening.floor == [(TABLE, TurnState.LIVE, TABLE)]
    evening.do(OTHER_TABLE, "raise")
    evening.do(HOST, "next")
    assert evening.floor == [(OTHER_TABLE, TurnState.GRANTED, None)]


def test_the_host_gives_the_floor_out_of_order(evening: Evening) -> None:
    for who in (TABLE, OTHER_TABLE):
        evening.do(who, "raise")
    assert evening.refusal(HOST, GiveFloor(id="c", participant=PHONE)) is RefusalCode.NO_HAND
    assert evening.refusal(HOST, GiveFloor(id="c", participant=OTHER_TABLE)) is None
    assert evening.line == [TABLE]
    assert evening.floor == [(OTHER_TABLE, TurnState.GRANTED, None)]


def test_a_granted_floor_can_be_turned_down(evening: Evening) -> None:
    evening.do(TABLE, "raise")
    evening.do(HOST, "next")
    assert evening.refusal(TABLE, "lower") is None
    assert evening.floor == []
    assert evening.refusal(TABLE, "leave") is RefusalCode.NO_TURN


def test_a_live_turn_is_left_not_lowered(evening: Evening) -> None:
    evening.do(TABLE, "raise")
    evening.do(HOST, "next")
    evening.do(TABLE, "take")
    assert evening.refusal(TABLE, "lower") is RefusalCode.NO_HAND


def test_a_phones_turn_is_completed_by_the_press_of_a_table(evening: Evening) -> None:
    evening.do(PHONE, "raise")
    evening.do(OTHER_TABLE, "raise")
    evening.do(HOST, "next")
    assert evening.refusal(PHONE, "take") is RefusalCode.NOT_ALLOWED
    assert evening.refusal(OTHER_TABLE, "take") is RefusalCode.NO_TURN, "it waits for its own turn"
    assert standing(evening.room.view, TABLE, Surface.UNIT) is Standing.INVITED
    assert evening.refusal(TABLE, "take") is None
    assert evening.floor == [(PHONE, TurnState.LIVE, TABLE)]
    assert evening.room.open_ssrcs == {1, 3}
    assert evening.refusal(TABLE, "raise") is RefusalCode.ALREADY_RAISED


@pytest.mark.parametrize("who", [PHONE, TABLE])
def test_a_phones_turn_is_left_by_its_owner_or_at_the_unit(evening: Evening, who: str) -> None:
    evening.do(PHONE, "raise")
    evening.do(HOST, "next")
    evening.do(TABLE, "take")
    assert evening.refusal(OTHER_PHONE, "leave") is RefusalCode.NO_TURN
    assert evening.refusal(who, "leave") is None
    assert evening.floor == []


def test_the_host_ends_a_turn(evening: Evening) -> None:
    evening.do(TABLE, "raise")
    evening.do(HOST, "next")
    assert evening.refusal(HOST, EndTurn(id="c", participant=PHONE)) is RefusalCode.NO_TURN
    assert evening.refusal(HOST, EndTurn(id="c", participant=TABLE)) is None
    assert evening.floor == []


def test_a_unit_without_a_button_neither_raises_nor_takes(evening: Evening) -> None:
    assert evening.refusal(LECTERN, "raise") is RefusalCode.NOT_ALLOWED
    assert evening.refusal(LECTERN, "take") is RefusalCode.NOT_ALLOWED


def test_a_unit_that_only_plays_has_no_hand_and_no_floor(evening: Evening) -> None:
    assert evening.refusal(COLUMN, "raise") is RefusalCode.NO_SOURCE
    evening.do(PHONE, "raise")
    evening.do(HOST, "next")
    assert evening.refusal(COLUMN, "take") is RefusalCode.NO_SOURCE
