"""Who runs the room: ranks, heirs, phases, invitations, undo, the return from the log."""

import pytest

from fakes.gathering import DESK, LECTERN, Hall
from parvis_server.room.members import MAX_REMEMBERED_ACKS, Member
from parvis_server.room.permissions import OPERATOR
from parvis_server.room.results import AttendTo, Evict, Why
from parvis_wire import commands as c
from parvis_wire.commands import LeaveFloor, Next, RaiseHand, SetPhase, SetRank, Undo
from parvis_wire.floor import Access, FloorMode, InviteRole, Overtaking, Phase, Rank
from parvis_wire.messages import Attention, RefusalCode, Role


@pytest.fixture
def hall() -> Hall:
    return Hall()


def test_hosts_hear_of_a_new_hand(hall: Hall) -> None:
    hall.raise_hands("ada")
    assert AttendTo("host", Attention.CHIME) in hall.effects


def test_without_a_host_the_line_moves_by_itself_until_one_is_back(hall: Hall) -> None:
    hall.raise_hands("t1", "t2")
    hall.go("host")
    assert hall.wait(59) == []
    assert hall.wait(1) == ["autopilot_set", "floor_granted"]
    hall.come("host")
    assert not hall.room.view.autopilot
    hall.press("t1")
    hall.do("t1", LeaveFloor(id="x"))
    assert hall.floor == [], "the host gives the floor again"


def test_a_cohost_is_the_heir_and_may_then_do_everything(hall: Hall) -> None:
    hall.do("host", SetRank(id="x", participant="ada", rank=Rank.COHOST))
    ends = SetPhase(id="x", phase=Phase.ENDED)
    assert hall.do("ada", ends) is RefusalCode.NOT_ALLOWED
    makes = SetRank(id="x", participant="ben", rank=Rank.HOST)
    assert hall.do("ada", makes) is RefusalCode.NOT_ALLOWED
    hall.go("host")
    hall.wait(61)
    assert hall.room.view.acting == "ada"
    assert not hall.room.view.autopilot
    assert hall.do("ada", makes) is None
    assert hall.room.view.acting is None, "ben is a host, and here"
    hall.go("ben", "ada")
    hall.wait(61)
    assert hall.room.view.autopilot
    hall.come("ada")
    assert (hall.room.view.acting, hall.room.view.autopilot) == ("ada", False)


def test_the_last_host_cannot_step_down(hall: Hall) -> None:
    down = SetRank(id="x", participant="host", rank=None)
    assert hall.do("host", down) is RefusalCode.LAST_HOST
    hall.do("host", SetRank(id="x", participant="ada", rank=Rank.HOST))
    hall.go("ada")
    assert hall.do("host", down) is RefusalCode.LAST_HOST, "ada is not here"
    hall.come("ada")
    assert hall.do("host", down) is None
    assert hall.do("host", Next(id="x")) is RefusalCode.NOT_ALLOWED


def test_a_silence_that_nobody_can_end_ends_with_the_turns_under_it(hall: Hall) -> None:
    hall.come(LECTERN)
    hall.come(DESK)
    hall.raise_hands("t1")
    hall.do("host", Next(id="x"))
    hall.press("t1")
    hall.do("host", c.SilenceAll(id="x", on=True))
    hall.go("host")
    hall.wait(61)
    assert not hall.room.view.silenced
    assert hall.heard == ["lectern", "desk"], "no button's microphone opened by it"


def test_phases_go_forward_and_the_end_closes_everything(hall: Hall) -> None:
    hall.come(LECTERN)
    hall.raise_hands("t1", "t2")
    hall.do("host", Next(id="x"))
    hall.do("host", SetPhase(id="x", phase=Phase.BACKSTAGE))
    assert hall.do("ada", RaiseHand(id="x")) is RefusalCode.NOT_LIVE
    assert hall.do("t3", RaiseHand(id="x")) is None
    assert hall.do("host", SetPhase(id="x", phase=Phase.ENDED)) is None
    assert (hall.floor, hall.line, hall.heard) == ([], [], [])
    assert hall.room.view.phase_utc_ms == 1000
    assert hall.do("t1", RaiseHand(id="x")) is RefusalCode.NOT_LIVE
    assert hall.do("host", SetPhase(id="x", phase=Phase.LIVE)) is RefusalCode.NOT_LIVE
    hall.come(LECTERN)
    assert hall.heard == []


def test_a_rehearsal_that_is_put_off_leaves_no_turn_behind(hall: Hall) -> None:
    hall.come(LECTERN)
    hall.raise_hands("t1", "t2")
    hall.do("host", Next(id="x"))
    hall.press("t1")
    hall.do("host", SetPhase(id="x", phase=Phase.BACKSTAGE))
    assert hall.floor == [("t1", "live")]
    assert hall.do("host", SetPhase(id="x", phase=Phase.SCHEDULED)) is None
    assert (hall.floor, hall.line, hall.heard) == ([], [], [])
    hall.do("host", SetPhase(id="x", phase=Phase.LIVE))
    assert hall.heard == ["lectern"], "what is always open was never closed"


def test_the_operator_of_the_hub_may_end_a_room(hall: Hall) -> None:
    assert hall.do(OPERATOR, SetPhase(id="x", phase=Phase.ENDED)) is None
    assert hall.do(OPERATOR, RaiseHand(id="x")) is RefusalCode.NOT_ALLOWED


def test_invitations_have_numbers_and_whoever_came_by_a_void_one_is_out(hall: Hall) -> None:
    hall.do("host", c.MakeInvite(id="x", role=InviteRole.SPEAKER, name="Zoe"))
    hall.do("host", c.MakeInvite(id="x", role=InviteRole.COHOST))
    hall.come(Member("zoe", Role.LISTENER, name="Zoe", invite=1, invited=True))
    hall.come(Member("hal", Role.HOST, name="Hal", rank=Rank.COHOST, invite=2))
    hall.raise_hands("zoe")
    assert hall.do("hal", c.MakeInvite(id="x", role=InviteRole.HOST)) is RefusalCode.NOT_ALLOWED
    hall.do("host", c.RevokeInvite(id="x", number=1))
    assert hall.effects[-1] == Evict(("zoe",))
    assert hall.line == []
    hall.do("host", c.RevokeInvite(id="x", number=2))
    assert [host.participant for host in hall.room.view.hosts] == ["host"]
    assert hall.do("host", c.RevokeInvite(id="x", number=2)) is RefusalCode.NO_INVITE
    hall.do("host", c.MakeInvite(id="x", role=InviteRole.AUDIENCE))
    assert hall.room.view.desk is not None
    assert [invite.number for invite in hall.room.view.desk.invites] == [3]


def test_who_is_inside_stays_unless_a_host_wants_the_uninvited_out(hall: Hall) -> None:
    hall.do("host", c.MakeInvite(id="x", role=InviteRole.SPEAKER, name="Zoe"))
    hall.come(Member("zoe", Role.LISTENER, name="Zoe", invite=1, invited=True))
    hall.come(Member("wall", Role.SCREEN))
    hall.do("host", SetRank(id="x", participant="ben", rank=Rank.COHOST))
    hall.raise_hands("ada", "zoe", "t1")
    assert hall.room.view.about is not None
    about = hall.room.view.about.model_copy(update={"access": Access.PRIVATE})
    hall.do("host", c.Describe(id="x", about=about))
    assert hall.line == ["ada", "zoe", "t1"]
    assert not [effect for effect in hall.effects if isinstance(effect, Evict)]
    hall.do("host", c.Describe(id="x", about=about, show_out=True))
    assert hall.effects[-1] == Evict(("ada", "cleo", "wall"), Why.UNINVITED)
    assert hall.line == ["zoe", "t1"]
    said = len(hall.said)
    hall.do("host", c.Describe(id="x", about=about))
    assert len(hall.said) == said, "nothing is different"
    opened = about.model_copy(update={"access": Access.OPEN})
    hall.go("ada", "cleo", "wall")
    hall.come("ada")
    hall.do("host", c.Describe(id="x", about=opened, show_out=True))
    assert hall.effects[-1] == Evict(("ada", "cleo", "wall"), Why.UNINVITED), "nobody leaves it"


def test_a_grant_chimes_passes_on_and_is_lost_the_third_time(hall: Hall) -> None:
    hall.mode(FloorMode.QUEUE)
    hall.raise_hands("t1")
    assert hall.wait(10) == ["floor_reminded"]
    assert AttendTo("t1", Attention.CHIME) in hall.effects
    assert hall.wait(100) == [], "nobody else waits"
    hall.raise_hands("t2")
    assert hall.wait(0.1) == ["floor_returned", "floor_granted"]
    assert (hall.floor, hall.line) == ([("t2", "granted")], ["t1"])
    for _ in range(5):
        hall.wait(20)
    assert hall.said.count("hand_lowered") == 1
    assert len(hall.floor + hall.line) == 1, "the other has nobody to pass the floor on to"


def test_the_floor_passes_on_in_the_mode_host_too_and_not_to_the_same(hall: Hall) -> None:
    hall.raise_hands("t1", "t2", "t3")
    hall.do("host", Next(id="x"))
    hall.wait(20)
    assert (hall.floor, hall.line) == ([("t2", "granted")], ["t1", "t3"])
    assert hall.room.view.line[0].overtaken_by is Overtaking.ABSENT
    hall.wait(20)
    assert (hall.floor, hall.line) == ([("t3", "granted")], ["t1", "t2"]), "in their own order"


def test_undo_gives_next_back_and_opens_no_microphone(hall: Hall) -> None:
    hall.raise_hands("t1", "t2", "t3")
    hall.do("host", Next(id="x"))
    hall.press("t1")
    hall.do("host", Next(id="x"))
    assert hall.floor == [("t2", "granted")]
    assert hall.do("host", Undo(id="x")) is None
    assert (hall.floor, hall.line) == ([("t1", "granted")], ["t2", "t3"])
    assert hall.heard == []
    assert hall.do("host", Undo(id="x")) is RefusalCode.NOTHING_TO_UNDO


@pytest.mark.parametrize(
    "act",
    [
        c.LowerHand(id="x", participant="t2"),
        c.MoveHand(id="x", participant="t3", place=1),
        c.GiveFloor(id="x", participant="t3"),
        c.EndTurn(id="x", participant="t1"),
        c.Block(id="x", participant="t2"),
        c.CloseAll(id="x"),
    ],
)
def test_undo_puts_line_and_floor_as_they_were(hall: Hall, act: c.Command) -> None:
    hall.raise_hands("t1", "t2", "t3")
    hall.do("host", Next(id="x"))
    before = (hall.floor, hall.line)
    hall.do("host", act)
    assert (hall.floor, hall.line) != before
    assert hall.do("host", Undo(id="x")) is None
    assert (hall.floor, hall.line) == before
    assert hall.room.view.desk is not None
    assert hall.room.view.desk.blocked == ()


def test_undo_leaves_what_others_did_and_is_over_after_twenty_seconds(hall: Hall) -> None:
    hall.raise_hands("t1", "t2")
    hall.do("host", c.LowerHand(id="x", participant="t1"))
    hall.raise_hands("ada")
    hall.do("host", Undo(id="x"))
    assert hall.line == ["t1", "t2", "ada"]
    hall.do("host", c.LowerHand(id="x", participant="t1"))
    hall.wait(21)
    assert hall.do("host", Undo(id="x")) is RefusalCode.NOTHING_TO_UNDO
    rules = hall.room.view.rules
    hall.mode(FloorMode.OPEN, cap=3)
    hall.do("host", Undo(id="x"))
    assert hall.room.view.rules == rules


def test_a_hub_that_was_killed_comes_back_as_it_was(hall: Hall) -> None:
    hall.mode(FloorMode.QUEUE, cap=2)
    hall.do("host", SetRank(id="x", participant="ada", rank=Rank.COHOST))
    hall.raise_hands("t1", "ben", "t2")
    hall.press("t1")
    again = hall.replayed()
    assert again.state == hall.room.state
    assert again.open_ssrcs == {1}
    repeated = again.handle(Next(id="c1"), OPERATOR, hall.now_ns)
    assert (repeated.ack, repeated.events) == (
        again.handle(Next(id="c1"), OPERATOR, hall.now_ns).ack,
        (),
    ), "a host's command of before the kill"
    hall.room = again
    hall.wait(5)
    assert hall.room.view.floor[0].away
    hall.come(Member("t1", Role.UNIT, name="Table 1", ssrc=11))
    assert not hall.room.view.floor[0].away
    assert hall.heard == ["t1"], "under its new source"
    for who in ("t2", "t3", "ben", "ada", "host"):
        hall.come(who)
    assert hall.floor == [("t1", "live"), ("ben", "granted")]


def test_undo_is_offered_by_a_hub_that_comes_back_as_long_as_it_would_have_been(hall: Hall) -> None:
    hall.raise_hands("t1", "t2")
    hall.do("host", c.LowerHand(id="x", participant="t1"))
    hall.now_s += 10
    hall.room = hall.replayed()
    for who in ("host", "t1", "t2"):
        hall.come(who)
    assert hall.do("host", Undo(id="x")) is None
    assert hall.line == ["t1", "t2"]
    hall.do("host", c.LowerHand(id="x", participant="t1"))
    hall.now_s += 25
    hall.room = hall.replayed()
    hall._take(hall.room.expire(hall.now_ns))
    assert hall.room.view.desk is not None
    assert hall.room.view.desk.undo is None


def test_a_reading_that_the_hub_lost_begins_again() -> None:
    hall = Hall(has_voice=True)
    hall.do("ada", RaiseHand(id="x", written=True, text="Why?"))
    hall.do("host", Next(id="x"))
    hall.do("host", c.ReadOut(id="x", participant="ada"))
    hall._take(hall.room.read_started("ada", 77, hall.now_ns))
    hall.room = hall.replayed()
    assert hall.wait(0.1) == ["floor_returned"]
    assert hall.line == ["ada"]


def test_an_id_stands_for_one_command_of_one_person_for_ever(hall: Hall) -> None:
    """The log holds a command once: a second one under its id could never be written."""
    ada, now_ns = RaiseHand(id="same", name="Ada"), hall.now_ns
    assert hall.room.handle(ada, "ada", now_ns).events
    other = hall.room.handle(RaiseHand(id="same", name="Ben"), "ben", now_ns)
    assert (other.events, other.ack and other.ack.refused) == ((), RefusalCode.NOT_ALLOWED)
    assert hall.room.handle(c.LowerHand(id="down"), "ada", now_ns).events
    for number in range(MAX_REMEMBERED_ACKS + 1):
        hall.room.handle(LeaveFloor(id=f"n{number}"), "ada", now_ns)
    late = hall.room.handle(ada, "ada", now_ns)
    assert (late.events, late.ack and late.ack.refused) == ((), None)
