"""What a press means in each mode, phase and seat: shared units, the hosts', shows of hands."""

from __future__ import annotations

import pytest

from fakes.consent_hall import recording_of
from fakes.table import ME, SECOND, SSRC, Table
from parvis_device.button import HOST_HOLD_NS, STUCK_NS
from parvis_device.seat import (
    ANOTHER_NS,
    NEXT_NS,
    PATIENCE_NS,
    Arm,
    Disarm,
    FlashAnswered,
    FlashRefused,
    Send,
    Stuck,
)
from parvis_device.talk import TalkState
from parvis_wire.commands import (
    AnswerAsk,
    LeaveFloor,
    LowerHand,
    Next,
    RaiseHand,
    SilenceAll,
    TakeFloor,
)
from parvis_wire.floor import Ask, FloorMode, Hand, Microphone, Phase, Seated, Surface, Tally
from parvis_wire.messages import RefusalCode
from parvis_wire.recording import RecordingStarted, RecordingStopped
from parvis_wire.room_events import (
    AskClosed,
    Asked,
    FloorGranted,
    FloorTaken,
    HandLowered,
    HandRaised,
    HostUnitSet,
    MicrophoneOpened,
    PhaseSet,
    SeatTaken,
    Silenced,
)

SECOND_HAND = Hand(participant=f"{ME}~2", name="T (2)", surface=Surface.UNIT, unit=ME)


def with_hand() -> Table:
    """A shared unit whose hand went up at 0."""
    table = Table()
    table.raised()
    return table


def test_a_press_right_after_the_own_one_is_impatience() -> None:
    table = with_hand()
    assert table.tap(ANOTHER_NS - 1) == []


def test_a_later_press_at_a_shared_unit_is_another_person() -> None:
    table = with_hand()
    assert table.tap(ANOTHER_NS) == [Send(RaiseHand(id="c2", another=True))]
    table.happen(HandRaised(hand=SECOND_HAND))
    table.ack("c2")
    assert table.tap(ANOTHER_NS + SECOND) == [], "the last hand counts"
    assert table.tap(3 * ANOTHER_NS) == [Send(RaiseHand(id="c3", another=True))]


def test_a_long_press_lowers_and_adds_nobody() -> None:
    table = with_hand()
    table.happen(HandRaised(hand=SECOND_HAND))
    assert table.long_press(2 * ANOTHER_NS) == [Send(LowerHand(id="c2"))]
    table.happen(HandLowered(participant=SECOND_HAND.participant))
    table.ack("c2")
    assert table.seat.state is TalkState.NEXT


def test_with_somebody_attached_a_press_in_the_line_does_nothing() -> None:
    table = with_hand()
    seated = Seated(participant="p", name="Ada", unit=ME, unit_name="T")
    table.happen(SeatTaken(seated=seated))
    assert table.tap(2 * ANOTHER_NS) == []
    assert table.long_press(3 * ANOTHER_NS) == [Send(LowerHand(id="c2"))]


def test_a_press_that_raised_a_hand_does_not_lower_it_when_it_lasts() -> None:
    table = Table()
    table.join()
    assert table.seat.pressed(0) == (Send(RaiseHand(id="c1")),)
    table.happen(HandRaised(hand=Hand(participant=ME, name="T", surface=Surface.UNIT)))
    assert table.seat.held(5 * SECOND) == ()
    assert table.seat.released(6 * SECOND) == ()


def test_a_tap_that_began_before_the_grant_opens_nothing() -> None:
    table = with_hand()
    assert table.seat.pressed(ANOTHER_NS) == ()
    table.happen(FloorGranted(participant=ME))
    assert table.seat.released(ANOTHER_NS + 1) == ()
    assert table.seat.state is TalkState.GRANTED


@pytest.mark.parametrize("phase", [Phase.SCHEDULED, Phase.ENDED])
def test_a_room_that_is_not_live_refuses_without_asking(phase: Phase) -> None:
    table = Table()
    table.join()
    table.happen(PhaseSet(phase=phase, utc_ms=0))
    (effect,) = table.tap(0)
    assert isinstance(effect, FlashRefused) and effect.reason.startswith("the room ")


def test_backstage_a_press_raises() -> None:
    table = Table()
    table.join()
    table.happen(PhaseSet(phase=Phase.BACKSTAGE, utc_ms=0))
    assert table.tap(0) == [Send(RaiseHand(id="c1"))]


@pytest.mark.parametrize("mode", FloorMode)
def test_what_a_press_asks_for_in_each_mode(mode: FloorMode) -> None:
    table = Table()
    table.join()
    table.rules(mode)
    (effect,) = table.seat.pressed(0)
    assert isinstance(effect, Send)
    with_line = mode in (FloorMode.HOST, FloorMode.QUEUE)
    assert isinstance(effect.command, RaiseHand if with_line else TakeFloor)


@pytest.mark.parametrize("mode", FloorMode)
def test_no_place_is_free(mode: FloorMode) -> None:
    table = Table()
    table.join()
    table.rules(mode)
    table.seat.pressed(0)
    effects = table.ack("c1", RefusalCode.CAP_REACHED)
    if mode in (FloorMode.OPEN, FloorMode.VOICE):
        assert effects == [Send(RaiseHand(id="c2"))]
    else:
        assert effects == [FlashRefused("cap_reached")]


def open_turn(table: Table) -> list[object]:
    """The hub obeys a ``take_floor`` without a grant, command c1."""
    hand = Hand(participant=ME, name="T", surface=Surface.UNIT, unit=ME)
    table.ack("c1")
    return [*table.happen(FloorTaken(participant=ME, unit=ME, ssrc=SSRC, hand=hand))]


def test_push_to_talk() -> None:
    table = Table()
    table.join()
    table.rules(FloorMode.PUSH_TO_TALK)
    table.seat.pressed(0)
    assert open_turn(table) == [Arm()]
    assert table.seat.held(5 * SECOND) == ()
    assert table.seat.released(5 * SECOND) == (Disarm(), Send(LeaveFloor(id="c2")))


def test_push_to_talk_let_go_before_the_answer() -> None:
    table = Table()
    table.join()
    table.rules(FloorMode.PUSH_TO_TALK)
    table.seat.pressed(0)
    assert table.seat.released(1) == (Send(LeaveFloor(id="c2")),)
    assert open_turn(table) == []


def test_in_the_mode_open_letting_go_ends_nothing() -> None:
    table = Table()
    table.join()
    table.rules(FloorMode.OPEN)
    table.seat.pressed(0)
    table.seat.released(1)
    assert open_turn(table) == [Arm()]


def test_override_takes_the_floor_past_the_line() -> None:
    table = with_hand()
    table.rules(FloorMode.OVERRIDE)
    assert table.seat.pressed(SECOND) == (Send(TakeFloor(id="c2")),)


def test_silence_does_not_end_a_turn() -> None:
    table = Table()
    table.live()
    assert table.happen(Silenced(on=True)) == []
    assert table.seat.state is TalkState.LIVE


def test_a_show_of_hands_is_answered_once() -> None:
    table = Table()
    table.join()
    table.happen(Asked(ask=Ask(number=1, question="Tea?", at=0)))
    assert table.tap(0) == [Send(AnswerAsk(id="c1"))]
    assert table.ack("c1") == [FlashAnswered()]
    assert table.tap(SECOND) == [FlashAnswered()], "and it says again that it is counted"
    tally = Tally(question="Tea?", yes_hall=1, yes_far=0, asked=1)
    table.happen(AskClosed(tally=tally))
    table.happen(Asked(ask=Ask(number=2, question="Coffee?", at=0)))
    assert table.tap(2 * SECOND) == [Send(AnswerAsk(id="c2"))]
    assert table.ack("c2", RefusalCode.NO_ASK) == [FlashRefused("no_ask")]


def hosts() -> Table:
    table = Table()
    table.join()
    table.happen(HostUnitSet(unit=ME, on=True))
    return table


def test_a_hosts_press_is_next() -> None:
    table = hosts()
    assert table.tap(0) == [Send(Next(id="c1"))]
    assert table.tap(NEXT_NS // 2) == [], "a double press is one"
    assert table.tap(2 * NEXT_NS) == [Send(Next(id="c2"))]
    table.ack("c2", RefusalCode.LINE_EMPTY)


def test_a_hosts_hold_silences_until_it_ends() -> None:
    table = hosts()
    assert table.seat.pressed(0) == ()
    assert table.seat.held(HOST_HOLD_NS - 1) == ()
    assert table.seat.held(HOST_HOLD_NS) == (Send(SilenceAll(id="c1", on=True)),)
    assert table.seat.held(9 * SECOND) == ()
    assert table.seat.released(9 * SECOND) == (Send(SilenceAll(id="c2", on=False)),)


def test_a_silence_ends_however_long_the_hub_was_away() -> None:
    table = hosts()
    table.seat.pressed(0)
    table.seat.held(SECOND)
    table.seat.link_lost(SECOND)
    assert table.seat.released(2 * SECOND) == (Send(SilenceAll(id="c2", on=False)),)
    table.now_ns = SECOND + PATIENCE_NS + 1
    assert table.join() == [Send(SilenceAll(id="c2", on=False))]


def test_a_unit_that_stops_ends_its_silence() -> None:
    table = hosts()
    table.seat.pressed(0)
    table.seat.held(SECOND)
    assert table.seat.stop() == (Send(SilenceAll(id="c2", on=False)),)


def test_a_hosts_unit_can_end_its_own_turn() -> None:
    table = Table()
    table.live()
    table.happen(HostUnitSet(unit=ME, on=True))
    assert table.seat.pressed(0) == (Disarm(), Send(LeaveFloor(id="c3")))


def test_a_stuck_button_is_told_once_and_raises_nothing() -> None:
    table = with_hand()
    table.seat.pressed(0)
    table.seat.held(SECOND)
    assert table.seat.held(STUCK_NS - 1) == ()
    assert table.seat.held(STUCK_NS) == (Stuck(),)
    assert table.seat.held(2 * STUCK_NS) == ()
    assert table.seat.released(3 * STUCK_NS) == ()


def test_a_unit_knows_whether_it_is_recorded() -> None:
    table = Table()
    table.live()
    place = table.seat.place
    assert place is not None
    assert (place.room_is_recorded, place.is_recorded) == (False, False)
    for sources, is_in in (((), False), ((SSRC + 1,), False), ((SSRC,), True)):
        recording = recording_of(*sources)
        table.happen(RecordingStarted(recording=recording))
        place = table.seat.place
        assert place is not None
        assert (place.room_is_recorded, place.is_recorded) == (True, is_in)
    table.happen(RecordingStopped(recording=recording.recording))
    assert table.seat.place is not None
    assert not table.seat.place.is_recorded


def test_an_always_open_unit_knows_it_too() -> None:
    table = Table(always_open=True)
    table.join()
    microphone = Microphone(unit=ME, name="T", ssrc=SSRC)
    table.happen(MicrophoneOpened(microphone=microphone))
    table.happen(RecordingStarted(recording=recording_of(SSRC)))
    assert table.seat.place is not None
    assert table.seat.place.is_recorded


def test_a_release_without_a_press_does_nothing() -> None:
    table = with_hand()
    assert table.seat.released(9 * SECOND) == ()
