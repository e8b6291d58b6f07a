"""The seat: the hub's messages and the presses become commands and arming; nothing is lost."""

from __future__ import annotations

import pytest

from fakes.table import ME, SECOND, SSRC, Table
from parvis_device.seat import (
    ANSWER_NS,
    MAX_UNANSWERED,
    PATIENCE_NS,
    Arm,
    Disarm,
    FlashRefused,
    Send,
)
from parvis_device.talk import TalkState
from parvis_wire.commands import LeaveFloor, LowerHand, RaiseHand, TakeFloor
from parvis_wire.floor import Hand, Microphone, Surface
from parvis_wire.messages import Change, RefusalCode, Time
from parvis_wire.room_events import (
    FloorGranted,
    FloorReleased,
    FloorTaken,
    HandLowered,
    HandRaised,
    MicrophoneClosed,
    MicrophoneOpened,
)
from parvis_wire.room_view import RoomView


def test_a_turn() -> None:
    table = Table()
    table.raised()
    table.happen(FloorGranted(participant=ME))
    assert table.seat.pressed(0) == (Send(TakeFloor(id="c2")),)
    assert table.happen(FloorTaken(participant=ME, unit=ME, ssrc=SSRC)) == []
    assert table.ack("c2") == [Arm()]
    assert table.seat.pressed(0) == (Disarm(), Send(LeaveFloor(id="c3")))
    table.happen(FloorReleased(participant=ME))
    assert table.seat.state is TalkState.IDLE


def test_the_host_ends_a_turn() -> None:
    table = Table()
    table.live()
    assert table.happen(FloorReleased(participant=ME)) == [Disarm()]


def test_a_phones_turn_is_carried_by_a_press() -> None:
    table = Table()
    table.join()
    table.happen(HandRaised(hand=Hand(participant="p", name="Ada", surface=Surface.PHONE)))
    table.happen(FloorGranted(participant="p"))
    assert table.seat.state is TalkState.INVITED
    assert table.seat.pressed(0) == (Send(TakeFloor(id="c1")),)
    table.happen(FloorTaken(participant="p", unit=ME, ssrc=SSRC))
    assert table.ack("c1") == [Arm()]


def test_a_phones_turn_that_another_unit_took_first_is_refused() -> None:
    table = Table()
    table.join()
    table.happen(HandRaised(hand=Hand(participant="p", name="Ada", surface=Surface.PHONE)))
    table.happen(FloorGranted(participant="p"))
    table.seat.pressed(0)
    table.happen(FloorTaken(participant="p", unit="unit-2", ssrc=1))
    effects = table.ack("c1", RefusalCode.NO_TURN)
    assert effects == [FlashRefused("no_turn")]
    assert table.seat.state is TalkState.IDLE


def test_a_refused_hand_flashes() -> None:
    table = Table()
    table.join()
    table.seat.pressed(0)
    assert table.ack("c1", RefusalCode.LINE_FULL) == [FlashRefused("line_full")]
    assert table.seat.state is TalkState.IDLE


def test_a_command_without_an_answer_is_sent_again_with_its_id() -> None:
    table = Table()
    table.join()
    assert table.seat.pressed(0) == (Send(RaiseHand(id="c1")),)
    table.seat.link_lost(0)
    assert table.join() == [Send(RaiseHand(id="c1"))]
    table.ack("c1")
    table.seat.link_lost(0)
    assert table.join() == []


def test_a_command_that_the_hub_dropped_is_sent_again() -> None:
    table = Table()
    table.join()
    assert table.seat.pressed(0) == (Send(RaiseHand(id="c1")),)
    assert table.seat.overdue(0) == ()
    assert table.seat.overdue(ANSWER_NS - 1) == ()
    assert table.seat.overdue(ANSWER_NS) == (Send(RaiseHand(id="c1")),)
    assert table.seat.overdue(ANSWER_NS + 1) == ()
    table.seat.link_lost(2 * ANSWER_NS)
    assert table.seat.overdue(4 * ANSWER_NS) == (), "the next connection brings it"
    assert table.join() == [Send(RaiseHand(id="c1"))]
    table.ack("c1")
    assert table.seat.overdue(9 * ANSWER_NS) == ()


def test_a_command_older_than_the_hubs_patience_is_void() -> None:
    table = Table()
    table.join()
    table.seat.pressed(0)
    table.seat.link_lost(0)
    table.seat.link_lost(PATIENCE_NS)  # a failed try in between does not count anew
    table.now_ns = PATIENCE_NS + 1
    assert table.join() == []
    assert table.seat.state is TalkState.IDLE


def test_a_short_loss_keeps_the_turn() -> None:
    table = Table()
    table.live()
    assert table.seat.link_lost(0) == (Disarm(),)
    table.now_ns = PATIENCE_NS
    assert table.join() == [Arm()]


def test_after_a_long_loss_the_turn_goes_back_to_the_line() -> None:
    table = Table()
    table.live()
    table.seat.link_lost(0)
    table.now_ns = PATIENCE_NS + 1
    assert table.join() == [Send(LeaveFloor(id="c3", cut_off=True))]


def test_a_hub_that_forgot_the_turn() -> None:
    table = Table()
    table.live()
    table.seat.link_lost(0)
    table.view = RoomView(room="main", title="A test", seq=0)
    assert table.join() == []
    assert table.seat.state is TalkState.IDLE


def test_the_answer_to_a_press_was_lost_with_the_connection() -> None:
    """The hub took the floor, its answer never came: asked again, it answers the same."""
    table = Table()
    table.raised()
    table.happen(FloorGranted(participant=ME))
    table.seat.pressed(0)
    table.seat.link_lost(0)
    table.happen(FloorTaken(participant=ME, unit=ME, ssrc=SSRC), heard=False)
    assert table.join() == [Send(TakeFloor(id="c2"))]
    assert table.ack("c2") == [Arm()]


def test_a_press_while_the_hub_is_away_reaches_it_later() -> None:
    table = Table()
    table.live()
    table.seat.pressed(0)
    table.seat.link_lost(0)
    assert Send(LeaveFloor(id="c3")) in table.join()


def test_without_a_button() -> None:
    table = Table(always_open=True)
    assert table.join() == []
    opened = MicrophoneOpened(microphone=Microphone(unit=ME, name="Lectern", ssrc=SSRC))
    assert table.happen(opened) == [Arm()]
    assert table.seat.pressed(0) == ()
    assert table.happen(MicrophoneClosed(unit=ME)) == [Disarm()]


def test_a_lowered_hand() -> None:
    table = Table()
    table.raised()
    assert table.long_press(SECOND) == [Send(LowerHand(id="c2"))]
    assert table.ack("c2", RefusalCode.NO_HAND) == []
    assert table.seat.state is TalkState.NEXT  # the view counts: the hand is still up


def test_a_lost_change_is_an_error() -> None:
    table = Table()
    with pytest.raises(ValueError, match="before the snapshot"):
        table.happen(FloorReleased(participant=ME))
    table.join()
    with pytest.raises(ValueError, match="reconnect"):
        table.seat.message(Change(seq=9, room_clock=0, event=FloorReleased(participant=ME)), 0)


def test_other_messages_and_unknown_answers_change_nothing() -> None:
    table = Table()
    table.join()
    assert table.seat.message(Time(room_clock=0, hub_ns=0, utc_ms=0), 0) == ()
    assert table.ack("nobody") == []


def test_unanswered_commands_are_bounded() -> None:
    table = Table()
    table.join()
    for number in range(2 * MAX_UNANSWERED):
        table.happen(HandRaised(hand=Hand(participant=ME, name="T", surface=Surface.UNIT)))
        assert table.long_press(10 * number * SECOND)
        table.happen(HandLowered(participant=ME))
    table.seat.link_lost(0)
    assert len([effect for effect in table.join() if isinstance(effect, Send)]) == MAX_UNANSWERED
