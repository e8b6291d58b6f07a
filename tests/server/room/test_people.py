"""Several people at a unit, seats, companions in the hall, written questions, blocked people."""

import pytest

from fakes.gathering import Hall, far_microphone
from parvis_server.room.births import LATE_S, new_id
from parvis_server.room.clock import NS_PER_S
from parvis_server.room.members import Member
from parvis_server.room.results import AttendTo, ReadOutText, StopReading
from parvis_wire import commands as c
from parvis_wire.commands import LeaveFloor, LowerHand, Next, RaiseHand, TakeSeat
from parvis_wire.floor import FloorMode, InviteRole, Rank, Surface, microphone_of
from parvis_wire.messages import Attention, RefusalCode, Role
from parvis_wire.room_view import ANONYMOUS_NAME, for_public


@pytest.fixture
def hall() -> Hall:
    return Hall()


def test_another_press_after_a_while_is_another_person(hall: Hall) -> None:
    hall.raise_hands("t1")
    assert hall.do("t1", RaiseHand(id="x")) is RefusalCode.ALREADY_RAISED
    assert hall.at_once("t1", RaiseHand(id="x", another=True)) is RefusalCode.ALREADY_RAISED
    hall.wait(3)
    assert hall.do("t1", RaiseHand(id="x", another=True)) is None
    assert hall.line == ["t1", "t1~2"]
    assert hall.room.view.line[1].name == "Table 1 (2)"
    assert hall.do("t1", LowerHand(id="x")) is None
    assert hall.line == ["t1"], "a long press lowers the last one first"


def test_people_at_one_unit_speak_one_after_the_other(hall: Hall) -> None:
    hall.mode(FloorMode.QUEUE, cap=2)
    hall.raise_hands("t1")
    hall.wait(3)
    hall.do("t1", RaiseHand(id="x", another=True))
    hall.raise_hands("t2")
    assert hall.floor == [("t1", "granted"), ("t2", "granted")], "one microphone, one person"
    hall.press("t1")
    hall.do("t1", LeaveFloor(id="x"))
    assert hall.floor == [("t2", "granted"), ("t1~2", "granted")]
    assert hall.press("t1") is None
    assert hall.heard == ["t1"]


def test_a_turn_that_outlived_its_hub_goes_to_the_first_place(hall: Hall) -> None:
    hall.raise_hands("t1", "t2")
    hall.do("host", Next(id="x"))
    hall.press("t1")
    assert hall.do("t2", LeaveFloor(id="x", cut_off=True)) is RefusalCode.NO_TURN
    assert hall.do("t1", LeaveFloor(id="x", cut_off=True)) is None
    assert (hall.floor, hall.line) == ([], ["t1", "t2"])
    hall.do("host", Next(id="x"))
    assert hall.do("t1", LeaveFloor(id="x", cut_off=True)) is None
    assert (hall.floor, hall.line) == ([], ["t2"]), "no turn was cut off, it was turned down"


def test_whoever_sits_at_a_unit_is_whom_its_press_means(hall: Hall) -> None:
    assert hall.do("ada", TakeSeat(id="x", code="wrong", name="Ada")) is RefusalCode.NO_SEAT
    assert hall.do("ada", TakeSeat(id="x", code="code-1", name="Ada L")) is None
    hall.raise_hands("t1")
    [hand] = hall.room.view.line
    assert (hand.participant, hand.name, hand.unit, hand.surface) == (
        "ada", "Ada L", "t1", Surface.UNIT,
    )  # fmt: skip
    assert hall.do("ada", RaiseHand(id="x")) is RefusalCode.ALREADY_RAISED, "the same person"
    assert hall.do("ada", LowerHand(id="x")) is None
    hall.raise_hands("ada")
    hall.do("host", Next(id="x"))
    assert hall.press("t2") is RefusalCode.NO_TURN
    assert hall.press("t1") is None
    assert hall.floor == [("ada", "live")]
    assert hall.do("ada", c.LeaveSeat(id="x")) is None
    assert hall.do("ada", c.LeaveSeat(id="x")) is RefusalCode.NO_SEAT


def test_a_seat_is_left_half_an_hour_after_the_phone(hall: Hall) -> None:
    hall.do("ada", TakeSeat(id="x", code="code-1", name="Ada"))
    hall.go("ada")
    assert hall.wait(1799) == []
    assert hall.wait(2) == ["seat_left"]


def test_a_companion_is_told_a_free_table_and_only_that_one_takes(hall: Hall) -> None:
    hall.raise_hands("t1", "cleo")
    hall.do("host", c.GiveFloor(id="x", participant="cleo"))
    [turn] = hall.room.view.floor
    assert (turn.place, turn.place_name, turn.in_hall) == ("t2", "Table 2", True)
    assert hall.press("t3") is RefusalCode.NO_TURN
    assert hall.press("t2") is None
    hall.do("t2", LeaveFloor(id="x"))
    hall.raise_hands("cleo")
    hall.do("host", c.GiveFloor(id="x", participant="cleo"))
    assert hall.room.view.floor[0].place == "t3", "the table that rested longest"


def test_a_companion_whose_table_is_lost_may_use_any(hall: Hall) -> None:
    hall.raise_hands("cleo")
    hall.do("host", Next(id="x"))
    hall.go("t1")
    assert hall.press("t2") is None


def test_a_written_question_holds_its_place_and_waits_for_the_host(hall: Hall) -> None:
    assert hall.do("ada", RaiseHand(id="x", written=True)) is RefusalCode.TEXT_NEEDED
    hall.do("ada", RaiseHand(id="x", written=True, text="Why?", anonymous=True))
    hall.raise_hands("t1")
    assert for_public(hall.room.view).line[0].name == ANONYMOUS_NAME
    assert hall.room.view.line[0].name == "Ada"
    hall.do("host", Next(id="x"))
    assert hall.wait(600) == [], "the host reads it"
    assert hall.press("t2") is RefusalCode.NO_TURN, "nobody speaks in its place"
    assert hall.do("host", c.ReadOut(id="x", participant="ada")) is RefusalCode.NO_VOICE


def test_the_voice_reads_a_question_when_the_host_asks() -> None:
    hall = Hall(has_voice=True)
    hall.do("ada", RaiseHand(id="x", written=True, text="Why?"))
    assert hall.do("host", c.ReadOut(id="x", participant="ada")) is RefusalCode.NO_TURN
    hall.do("host", Next(id="x"))
    hall.do("host", c.ReadOut(id="x", participant="ada"))
    assert ReadOutText("ada", "Why?", "en") in hall.effects
    hall._take(hall.room.read_started("ada", 77, hall.now_ns))
    assert hall.floor == [("ada", "live")]
    assert hall.room.open_ssrcs == {77}
    hall.do("host", c.EndTurn(id="x", participant="ada"))
    assert StopReading("ada") in hall.effects
    assert hall.room.read_ended("ada", hall.now_ns).events == ()


def test_without_a_host_the_voice_reads_by_itself_or_the_screen_shows_it() -> None:
    for has_voice in (True, False):
        hall = Hall(has_voice=has_voice)
        hall.go("host")
        hall.wait(61)
        hall.do("ada", RaiseHand(id="x", written=True, text="Why?"))
        if has_voice:
            hall.wait(0.1)
            assert ReadOutText("ada", "Why?", "en") in hall.effects
            hall._take(hall.room.read_started("ada", 77, hall.now_ns))
            hall._take(hall.room.read_ended("ada", hall.now_ns))
        else:
            assert hall.wait(14) == []
            assert hall.wait(2) == ["floor_released"]
        assert hall.floor == []


def test_a_voice_that_never_ends_does_not_hold_the_floor() -> None:
    hall = Hall(has_voice=True)
    hall.do("ada", RaiseHand(id="x", written=True, text="Why?"))
    hall.do("host", Next(id="x"))
    hall.do("host", c.ReadOut(id="x", participant="ada"))
    assert hall.wait(61) == ["floor_released"]
    assert StopReading("ada") in hall.effects


def test_who_is_blocked_loses_hand_and_turn_and_raises_none(hall: Hall) -> None:
    hall.raise_hands("ada", "t1")
    hall.do("host", c.Block(id="x", participant="ada"))
    assert hall.line == ["t1"]
    assert hall.do("ada", RaiseHand(id="x")) is RefusalCode.BLOCKED
    hall.do("host", Next(id="x"))
    hall.press("t1")
    hall.do("host", c.Block(id="x", participant="t1"))
    assert (hall.floor, hall.heard) == ([], [])
    hall.mode(FloorMode.OPEN)
    assert hall.press("t1") is RefusalCode.BLOCKED
    assert hall.do("host", c.Block(id="x", participant="host")) is RefusalCode.NOT_ALLOWED
    assert hall.do("host", c.Block(id="x", participant="nobody")) is RefusalCode.NOT_HERE
    assert for_public(hall.room.view).desk is None
    assert hall.do("host", c.Unblock(id="x", participant="ada")) is None
    assert hall.do("ada", RaiseHand(id="x")) is None


def test_a_show_of_hands_counts_buttons_and_phones_together(hall: Hall) -> None:
    assert hall.do("ada", c.AnswerAsk(id="x")) is RefusalCode.NO_ASK
    hall.do("host", c.OpenAsk(id="x", question="Yes?"))
    assert hall.do("host", c.OpenAsk(id="x", question="Yes?")) is RefusalCode.NO_ASK
    for who in ("ada", "ada", "cleo", "t1", "ben"):
        assert hall.do(who, c.AnswerAsk(id="x")) is None
    hall.do("ben", c.AnswerAsk(id="x", yes=False))
    assert hall.room.answers == 3
    hall.do("host", c.CloseAsk(id="x"))
    tally = hall.room.view.tally
    assert tally is not None
    assert (tally.yes_hall, tally.yes_far, tally.asked) == (2, 1, 6)


def test_who_comes_back_as_somebody_new_answers_no_question_that_was_put_before(hall: Hall) -> None:
    began = 1_800_000_000
    hall.now_s = 100.0

    def answers(who: str, *, in_s: float) -> RefusalCode | None:
        now_ns, utc_ms = round((100 + in_s) * NS_PER_S), round((began + in_s) * 1000)
        result = hall.room.handle(c.AnswerAsk(id=f"{who}-{in_s}"), who, now_ns, utc_ms)
        return result.ack.refused if result.ack else None

    before, after = new_id(began - 3600, bytes(8)), new_id(began + 30, bytes(8))
    for_it, of_the_future = new_id(began + LATE_S, bytes(8)), new_id(began + 9000, bytes(8))
    hall.at_once("host", c.OpenAsk(id="x", question="Yes?"))
    for who in (before, after, for_it, of_the_future):
        hall.come(Member(who, Role.LISTENER))
    assert answers(before, in_s=40) is None
    assert answers(for_it, in_s=40) is None
    assert answers(of_the_future, in_s=40) is None, "the clock was set back since they came"
    assert answers(after, in_s=40) is RefusalCode.CAME_LATE
    hall.do("host", c.CloseAsk(id="x"))
    assert hall.room.view.tally is not None
    assert hall.room.view.tally.yes_far == 3


def test_somebody_is_kept_in_view_by_who_runs_the_room_or_speaks(hall: Hall) -> None:
    keep = c.KeepInView(id="x", participant="ada", on=True)
    assert hall.do("ben", keep) is RefusalCode.NOT_ALLOWED
    hall.come(Member("guest", Role.SPEAKER, name="Guest", ssrc=9))
    assert hall.do("guest", keep) is None
    assert hall.do("host", keep) is None
    assert hall.do("host", c.KeepInView(id="x", participant="at-an-edge", on=True)) is None
    assert list(hall.room.view.kept_in_view) == ["ada", "at-an-edge"]
    assert for_public(hall.room.view).kept_in_view == ("ada", "at-an-edge"), "everybody sees it"
    assert hall.said.count("kept_in_view") == 2, "nothing happened twice"
    hall.do("host", c.KeepInView(id="x", participant="ada", on=False))
    assert list(hall.room.view.kept_in_view) == ["at-an-edge"]


def test_whoever_speaks_from_a_phone_or_a_table_keeps_people_in_view_meanwhile(hall: Hall) -> None:
    def keeps(who: str, *, on: bool = True) -> RefusalCode | None:
        return hall.do(who, c.KeepInView(id="x", participant="cleo", on=on))

    hall.come(far_microphone("ada"))
    hall.do("ada", RaiseHand(id="x", speaks=True))
    assert keeps("ada") is RefusalCode.NOT_ALLOWED, "a hand is not a voice"
    hall.do("host", Next(id="x"))
    assert keeps("ada") is RefusalCode.NOT_ALLOWED, "nor is a grant"
    hall.press(microphone_of("ada"))
    assert keeps(microphone_of("ada")) is RefusalCode.NOT_ALLOWED, "the page does it, not its voice"
    assert keeps("ada") is None
    hall.do("ada", LeaveFloor(id="x"))
    assert keeps("ada", on=False) is RefusalCode.NOT_ALLOWED
    hall.do("ben", TakeSeat(id="x", code="code-1", name="Ben"))
    hall.raise_hands("t1")
    hall.do("host", Next(id="x"))
    hall.press("t1")
    assert [turn.participant for turn in hall.room.view.floor] == ["ben"]
    assert keeps("ben", on=False) is None, "a companion at a table speaks too"


def test_nobody_is_a_speaker_whose_words_are_read_out() -> None:
    hall = Hall(has_voice=True)
    hall.do("ada", RaiseHand(id="x", text="Why?", written=True))
    hall.do("host", Next(id="x"))
    hall.do("host", c.ReadOut(id="x", participant="ada"))
    hall._take(hall.room.read_started("ada", 77, hall.now_ns))
    assert hall.floor == [("ada", "live")]
    keep = c.KeepInView(id="x", participant="cleo", on=True)
    assert hall.do("ada", keep) is RefusalCode.NOT_ALLOWED


def test_a_speakers_invitation_keeps_people_in_view_and_an_ordinary_one_does_not(
    hall: Hall,
) -> None:
    for role in (InviteRole.SPEAKER, InviteRole.AUDIENCE):
        hall.do("host", c.MakeInvite(id="x", role=role))
    for number, refused in ((1, None), (2, RefusalCode.NOT_ALLOWED)):
        hall.come(Member(f"guest-{number}", Role.LISTENER, invite=number, invited=True))
        keep = c.KeepInView(id="x", participant="cleo", on=number == 1)
        assert hall.do(f"guest-{number}", keep) is refused


def test_a_unit_that_nobody_finds_blinks(hall: Hall) -> None:
    assert hall.do("host", c.Identify(id="x", unit="t1")) is None
    assert AttendTo("t1", Attention.IDENTIFY) in hall.effects
    hall.go("t1")
    assert hall.do("host", c.Identify(id="x", unit="t1")) is RefusalCode.NOT_HERE


def test_talk_times_are_counted_where_people_speak(hall: Hall) -> None:
    hall.raise_hands("t1")
    hall.do("host", Next(id="x"))
    hall.press("t1")
    hall.wait(10)
    assert hall.room.shares(hall.now_ns).hall_ms == 10_000
    hall.do("t1", LeaveFloor(id="x"))
    hall.wait(60)
    assert hall.room.shares(hall.now_ns).hall_ms == 11_500
    assert hall.room.spoken == ("Table 1",)


def test_a_blocked_unit_takes_nobodys_turn_and_is_no_place_to_go_to(hall: Hall) -> None:
    hall.do("host", c.Block(id="x", participant="t1"))
    hall.raise_hands("ada", "cleo")
    hall.do("host", Next(id="x"))
    assert hall.press("t1") is RefusalCode.BLOCKED, "a turn that any unit may take"
    assert hall.heard == []
    hall.do("host", Next(id="x"))
    assert [turn.place for turn in hall.room.view.floor] == ["t2"]


def test_an_open_microphone_that_is_blocked_closes_and_stays_closed(hall: Hall) -> None:
    speaker = Member("zoe", Role.SPEAKER, name="Zoe", ssrc=9, always_open=True, invite=1)
    hall.come(speaker)
    assert hall.heard == ["zoe"]
    hall.do("host", c.Block(id="x", participant="zoe"))
    assert hall.heard == []
    hall.go("zoe")
    hall.come(speaker)
    hall.wait(5)
    assert hall.heard == []
    hall.do("host", c.Unblock(id="x", participant="zoe"))
    hall.wait(1)
    assert hall.heard == ["zoe"]


def test_a_void_invitation_closes_an_open_microphone(hall: Hall) -> None:
    hall.do("host", c.MakeInvite(id="x", role=InviteRole.SPEAKER))
    hall.come(Member("zoe", Role.SPEAKER, name="Zoe", ssrc=9, always_open=True, invite=1))
    hall.do("host", c.RevokeInvite(id="x", number=1))
    assert hall.heard == []


def test_hosts_who_came_by_one_invitation_are_not_all_sent_away(hall: Hall) -> None:
    hall.do("host", c.MakeInvite(id="x", role=InviteRole.HOST))
    hall.come(Member("hal", Role.HOST, name="Hal", rank=Rank.HOST, invite=1))
    hall.come(Member("ivy", Role.HOST, name="Ivy", rank=Rank.HOST, invite=1))
    hall.go("host")
    assert hall.do("hal", c.RevokeInvite(id="x", number=1)) is RefusalCode.LAST_HOST
    hall.come("host")
    assert hall.do("host", c.RevokeInvite(id="x", number=1)) is None


def test_a_hand_at_the_seat_of_a_lost_unit_is_a_phones(hall: Hall) -> None:
    hall.do("ada", TakeSeat(id="x", code="code-1", name="Ada"))
    hall.go("t1")
    hall.wait(400)
    hall.raise_hands("ada")
    hall.wait(30)
    assert [(hand.participant, hand.surface) for hand in hall.room.view.line] == [
        ("ada", Surface.PHONE)
    ]


def test_whoever_sits_at_a_unit_sits_there_when_it_has_restarted(hall: Hall) -> None:
    hall.do("ada", TakeSeat(id="x", code="code-1", name="Ada"))
    hall.go("t1")
    hall.come(Member("t1-again", Role.UNIT, name="Table 1", ssrc=8))
    assert [seat.unit for seat in hall.room.view.seats] == ["t1-again"]
    assert hall.do("t1-again", RaiseHand(id="x")) is None
    assert hall.line == ["ada"]


def test_questions_wait_for_the_one_voice_however_long_those_before_them_are() -> None:
    hall = Hall(has_voice=True)
    hall.mode(FloorMode.OPEN, cap=3)
    people = ("ada", "ben", "cleo")
    for who in people:
        hall.do(who, RaiseHand(id="x", written=True, text="Why?"))
        hall.do("host", c.ReadOut(id="x", participant=who))
    for who in people:
        hall._take(hall.room.read_started(who, 77, hall.now_ns))
        hall.wait(40)
        assert (who, "live") in hall.floor, "nobody's question is lost unread"
        hall._take(hall.room.read_ended(who, hall.now_ns))
    assert hall.floor == []
    hall.do("ada", RaiseHand(id="x", written=True, text="Why?"))
    hall.do("host", c.ReadOut(id="x", participant="ada"))
    hall.wait(61)
    assert hall.floor == [], "a voice that says nothing is broken"
