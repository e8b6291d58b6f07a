"""A phone far away as a microphone: whose turn it carries, when it is heard, when it has to go."""

from dataclasses import replace

import pytest

from fakes.gathering import Hall, far_microphone
from parvis_server.room.results import Evict, Why
from parvis_wire import commands as c
from parvis_wire.floor import FloorMode, LowerReason, Mute, Overtaking, Phase, microphone_of
from parvis_wire.messages import RefusalCode

MIC = "ada-mic"
WAITING_MODES = (FloorMode.QUEUE, FloorMode.OPEN, FloorMode.VOICE)


@pytest.fixture
def hall() -> Hall:
    return Hall()


def take(hall: Hall, microphone: str = MIC) -> RefusalCode | None:
    return hall.do(microphone, c.TakeFloor(id="x"))


def live(hall: Hall, who: str = "ada") -> None:
    assert take(hall, hall.grant_far(who)) is None


def shown_out(hall: Hall) -> list[tuple[str, Why]]:
    evictions = [effect for effect in hall.effects if isinstance(effect, Evict)]
    return [(who, one.why) for one in evictions for who in one.participants]


def test_it_opens_by_its_own_press_and_closes_with_the_turn(hall: Hall) -> None:
    hall.grant_far("ada")
    assert hall.heard == [], "a grant opens nothing, neither does coming"
    assert take(hall) is None
    turn = hall.room.view.floor[0]
    assert (turn.participant, turn.unit, turn.ssrc, turn.unit_name) == ("ada", MIC, 11, None)
    assert turn.is_from_phone
    assert hall.heard == [MIC]
    assert take(hall) is RefusalCode.NO_TURN, "it is open already"
    assert hall.do(MIC, c.LeaveFloor(id="x")) is None
    assert (hall.heard, hall.floor) == ([], [])
    assert shown_out(hall) == [(MIC, Why.TURN_OVER)]


def test_its_person_steps_down_on_their_page_too(hall: Hall) -> None:
    live(hall)
    assert hall.do("ada", c.LeaveFloor(id="x")) is None
    assert (hall.heard, shown_out(hall)) == ([], [(MIC, Why.TURN_OVER)])


def test_a_grant_is_turned_down_on_it(hall: Hall) -> None:
    hall.grant_far("ada")
    assert hall.do(MIC, c.LeaveFloor(id="x")) is None
    assert (hall.floor, shown_out(hall)) == ([], [(MIC, Why.TURN_OVER)])


@pytest.mark.parametrize(
    ("hand", "why"),
    [({"text": "Why?", "written": True}, "written"), ({}, "another person's"), (None, "no hand")],
)
def test_without_a_spoken_turn_it_is_shown_out_at_once(
    hall: Hall, hand: dict[str, object] | None, why: str
) -> None:
    who = "ben" if why == "another person's" else "ada"
    if hand is not None:
        assert hall.do(who, c.RaiseHand.model_validate({"id": "x", **hand})) is None
        assert hall.do("host", c.Next(id="x")) is None
    hall.come(far_microphone("ada"))
    assert shown_out(hall) == [(MIC, Why.TURN_OVER)]
    assert take(hall) is RefusalCode.NO_TURN
    assert hall.do(MIC, c.SetMuted(id="x", muted=Mute.SELF)) is RefusalCode.NO_TURN
    assert hall.heard == []


def test_who_is_in_the_hall_goes_to_a_table(hall: Hall) -> None:
    assert hall.do("cleo", c.RaiseHand(id="x", speaks=True)) is None
    assert hall.room.view.line[0].speaks is False, "in the hall nobody speaks into a phone"
    hall.do("host", c.Next(id="x"))
    hall.come(far_microphone("cleo"))
    assert shown_out(hall) == [("cleo-mic", Why.TURN_OVER)]


def test_who_walked_in_since_does_not_howl_but_a_table_takes_their_turn(hall: Hall) -> None:
    hall.grant_far("ada")
    hall.room.is_in_hall("ada", True)
    assert take(hall) is RefusalCode.NOT_ALLOWED
    assert hall.press("t2") is None
    assert hall.floor == [("ada", "live")]
    assert hall.heard == ["t2"]
    assert shown_out(hall) == [(MIC, Why.TURN_OVER)], "the turn is on another microphone"


def test_a_table_does_not_take_the_turn_of_who_speaks_into_their_phone(hall: Hall) -> None:
    hall.grant_far("ada")
    assert hall.press("t1") is RefusalCode.NO_TURN
    assert take(hall) is None


def test_a_phone_that_did_not_say_so_may_speak_where_no_table_was_faster(hall: Hall) -> None:
    hall.raise_hands("ada")
    hall.do("host", c.Next(id="x"))
    hall.come(far_microphone("ada"))
    assert take(hall) is None
    assert hall.heard == [MIC]


def test_muted_is_not_heard_and_is_told_once(hall: Hall) -> None:
    live(hall)
    for _ in range(2):
        assert hall.do(MIC, c.SetMuted(id="x", muted=Mute.HIDDEN)) is None
    assert hall.said.count("turn_muted") == 1
    assert (hall.heard, hall.room.view.floor[0].muted) == ([], Mute.HIDDEN)
    assert hall.do(MIC, c.SetMuted(id="x", muted=None)) is None
    assert hall.heard == [MIC]


def test_muting_asks_for_an_open_microphone(hall: Hall) -> None:
    hall.grant_far("ada")
    assert hall.do(MIC, c.SetMuted(id="x", muted=Mute.SELF)) is RefusalCode.NO_TURN


def test_unmuting_in_a_silenced_room_stays_silent(hall: Hall) -> None:
    live(hall)
    hall.do(MIC, c.SetMuted(id="x", muted=Mute.SELF))
    hall.do("host", c.SilenceAll(id="x", on=True))
    hall.do(MIC, c.SetMuted(id="x", muted=None))
    assert hall.heard == []
    hall.do("host", c.SilenceAll(id="x", on=False))
    assert hall.heard == [MIC]


def test_a_hub_that_restarted_does_not_unmute(hall: Hall) -> None:
    live(hall)
    hall.do(MIC, c.SetMuted(id="x", muted=Mute.DEVICE))
    hall.come(replace(far_microphone("ada"), ssrc=77))  # another SSRC
    turn = hall.room.view.floor[0]
    assert (turn.ssrc, turn.muted, hall.heard) == (77, Mute.DEVICE, [])


def test_a_lost_microphone_is_waited_for_ten_seconds(hall: Hall) -> None:
    live(hall)
    hall.go(MIC)
    assert hall.room.view.floor[0].away
    hall.wait(9)
    hall.come(far_microphone("ada"))
    assert (hall.room.view.floor[0].away, hall.heard) == (False, [MIC])


def test_then_its_hand_is_the_first_and_still_speaks(hall: Hall) -> None:
    live(hall)
    hall.raise_hands("t1")
    hall.go(MIC)
    assert hall.wait(11) == ["floor_returned"]
    first = hall.room.view.line[0]
    assert (first.participant, first.speaks) == ("ada", True)
    assert hall.room.view.line[1].overtaken_by is Overtaking.RETURNED
    assert shown_out(hall) == [], "it was gone already"


def test_who_is_gone_themselves_leaves_no_microphone_behind(hall: Hall) -> None:
    live(hall)
    hall.go("ada")
    assert hall.wait(9) == []
    assert hall.heard == [MIC]
    assert hall.wait(2) == ["floor_returned"]
    assert (hall.heard, shown_out(hall)) == ([], [(MIC, Why.TURN_OVER)])


def test_so_it_is_with_a_grant_which_stays(hall: Hall) -> None:
    hall.grant_far("ada")
    hall.go("ada")
    hall.wait(9)
    assert shown_out(hall) == []
    hall.wait(2)
    assert shown_out(hall) == [(MIC, Why.TURN_OVER)]
    assert hall.floor == [("ada", "granted")]
    assert not hall.room.may_speak("ada", hall.now_ns)
    hall.come("ada")
    assert hall.room.may_speak("ada", hall.now_ns)


def test_a_short_loss_of_the_page_alone_changes_nothing(hall: Hall) -> None:
    live(hall)
    hall.go("ada")
    hall.wait(5)
    hall.come("ada")
    hall.wait(20)
    assert (hall.heard, shown_out(hall)) == ([MIC], [])


@pytest.mark.parametrize("whom", ["ada", MIC])
def test_blocking_either_means_the_person(hall: Hall, whom: str) -> None:
    live(hall)
    assert hall.do("host", c.Block(id="x", participant=whom)) is None
    assert (hall.heard, hall.floor) == ([], [])
    assert [person.participant for person in hall.blocked] == ["ada"]
    assert shown_out(hall) == [(MIC, Why.TURN_OVER)]
    assert hall.do("ada", c.RaiseHand(id="x", speaks=True)) is RefusalCode.BLOCKED


def test_showing_out_ends_both_connections_until_unblocked(hall: Hall) -> None:
    live(hall)
    hall.do("ada", c.TakeSeat(id="x", code="code-1", name="Ada"))
    assert hall.do("host", c.Block(id="x", participant="ada", out=True)) is None
    assert set(shown_out(hall)) == {("ada", Why.BLOCKED), (MIC, Why.BLOCKED)}
    assert hall.blocked[0].out
    assert hall.room.view.seats == (), "the table is free for others"
    assert hall.do("host", c.Unblock(id="x", participant="ada")) is None
    assert hall.blocked == ()


def test_undo_lets_back_in_who_was_shown_out(hall: Hall) -> None:
    live(hall)
    hall.do("host", c.Block(id="x", participant="ada"))
    hall.do("host", c.Block(id="x", participant="ada", out=True))
    assert hall.do("host", c.Undo(id="x")) is None
    assert [person.out for person in hall.blocked] == [False], "as it was before the last act"


def test_undo_of_an_end_gives_the_floor_again_and_opens_nothing(hall: Hall) -> None:
    live(hall)
    hall.do("host", c.EndTurn(id="x", participant="ada", reason=LowerReason.NO_TIME))
    assert hall.do("host", c.Undo(id="x")) is None
    assert (hall.floor, hall.heard) == ([("ada", "granted")], [])
    assert hall.room.view.floor[0].speaks
    hall.come(far_microphone("ada"))
    assert take(hall) is None


@pytest.mark.parametrize("act", [c.CloseAll(id="x"), c.SetPhase(id="x", phase=Phase.ENDED)])
def test_what_ends_every_turn_ends_this_one(hall: Hall, act: c.Command) -> None:
    live(hall)
    assert hall.do("host", act) is None
    assert (hall.heard, shown_out(hall)) == ([], [(MIC, Why.TURN_OVER)])


def test_a_grant_that_is_not_taken_passes_on_and_shows_out(hall: Hall) -> None:
    hall.grant_far("ada")
    hall.raise_hands("t1")
    hall.wait(20)
    assert shown_out(hall) == [(MIC, Why.TURN_OVER)]
    assert hall.line == ["ada"]


@pytest.mark.parametrize("mode", FloorMode)
def test_in_every_mode_it_takes_its_grant_and_opens_nothing_without(
    hall: Hall, mode: FloorMode
) -> None:
    hall.mode(mode, cap=2)
    hall.do("ada", c.RaiseHand(id="x", speaks=True))
    if mode not in WAITING_MODES:
        hall.do("host", c.GiveFloor(id="x", participant="ada"))
    hall.come(far_microphone("ada"))
    hall.come(far_microphone("ben", 12))
    assert take(hall, "ben-mic") is RefusalCode.NO_TURN
    assert take(hall) is None
    assert hall.heard == [MIC]


def test_it_counts_as_far_away(hall: Hall) -> None:
    live(hall)
    hall.wait(10)
    now = hall.room.shares(hall.now_ns)
    assert now.hall_ms == 0
    assert now.phones_ms >= 10_000
    hall.do("ada", c.LeaveFloor(id="x"))
    later = hall.room.shares(hall.now_ns)
    assert (later.hall_ms, later.phones_ms >= 10_000) == (0, True)


def test_it_is_nobody_who_could_have_answered_a_show_of_hands(hall: Hall) -> None:
    hall.grant_far("ada")
    hall.do("host", c.OpenAsk(id="x", question="Yes?"))
    hall.do("host", c.CloseAsk(id="x"))
    assert hall.room.view.tally is not None
    assert hall.room.view.tally.asked == 6, "three phones and three tables"


def test_the_log_gives_the_same_room_muted_as_it_was(hall: Hall) -> None:
    live(hall)
    hall.do(MIC, c.SetMuted(id="x", muted=Mute.SELF))
    again = hall.replayed()
    assert again.state == hall.room.state
    assert again.may_speak("ada", hall.now_ns), "for as long as a lost phone is waited for"
    again.joined(far_microphone("ada", 99), hall.now_ns)
    assert again.open_ssrcs == frozenset()


def test_one_person_has_one_microphone() -> None:
    assert microphone_of("ada") == MIC
