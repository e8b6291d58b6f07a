"""The modes of the floor, places on it, and how it moves by itself."""

from typing import get_args

import pytest

from fakes.gathering import DESK, LECTERN, Hall
from parvis_server.room.deciding import RULES
from parvis_server.room.members import Member
from parvis_server.room.permissions import (
    END_ROOM,
    MAKE_HOSTS,
    OPEN_MICROPHONE,
    OPERATOR,
    PERMITTED,
    Part,
)
from parvis_wire import commands as c
from parvis_wire.commands import Command, GiveFloor, LeaveFloor, Next, RaiseHand, SilenceAll
from parvis_wire.floor import (
    About,
    FloorMode,
    FloorRules,
    InviteRole,
    LowerReason,
    Overtaking,
    Phase,
    Rank,
)
from parvis_wire.messages import Attention, RefusalCode, Role
from parvis_wire.recording import RecordingTerms


@pytest.fixture
def hall() -> Hall:
    return Hall()


RUN = (Part.HOST, Part.COHOST, Part.OPERATOR)
KINDS = {kind.model_fields["type"].default: kind for kind in get_args(get_args(Command)[0])}

ACTORS = {
    Part.HOST: "host",
    Part.COHOST: "helper",
    Part.SPEAKER: "far",
    Part.PHONE: "ben-mic",
    Part.AUDIENCE: "ada",
    Part.UNIT: "t1",
    Part.HOST_UNIT: "t3",
    Part.SCREEN: "screen",
    Part.OPERATOR: OPERATOR,
}


def test_the_table_and_the_rules_name_every_command() -> None:
    assert set(KINDS) == set(RULES)
    assert set(KINDS) | {OPEN_MICROPHONE, END_ROOM, MAKE_HOSTS} == set(PERMITTED)


@pytest.mark.parametrize("part", Part)
@pytest.mark.parametrize("act", sorted(KINDS))
def test_a_part_gives_exactly_the_commands_of_the_table(part: Part, act: str, hall: Hall) -> None:
    hall.come(Member("helper", Role.HOST, rank=Rank.COHOST))
    hall.come(Member("far", Role.SPEAKER, name="Far", ssrc=7, output_ssrc=8))
    hall.come(Member("screen", Role.SCREEN))
    hall.grant_far("ben")
    hall.do("host", c.SetHostUnit(id="x", unit="t3", on=True))
    fields = {
        "id": "x", "participant": "nobody", "rules": FloorRules(), "place": 1, "on": True,
        "phase": Phase.BACKSTAGE, "about": About(title="Hall"), "rank": Rank.COHOST, "number": 9,
        "role": InviteRole.AUDIENCE, "unit": "t2", "code": "none", "name": "Zoe", "question": "?",
        "muted": None, "terms": RecordingTerms(), "recorded": False, "published": False,
        "text_version": "0" * 16,
    }  # fmt: skip
    if part not in RUN and act in ("lower_hand", "leave_seat", "withdraw_voice"):
        del fields["participant"]
    kind = KINDS[act]
    command = kind(**{name: fields[name] for name in kind.model_fields if name in fields})
    refused = hall.do(ACTORS[part], command)
    assert (refused is RefusalCode.NOT_ALLOWED) == (part not in PERMITTED[act])


def test_in_the_mode_host_nobody_moves_but_the_host(hall: Hall) -> None:
    hall.raise_hands("t1")
    assert hall.floor == []
    hall.do("host", Next(id="x"))
    assert hall.floor == [("t1", "granted")]


def test_in_a_queue_the_next_is_granted_when_a_turn_ends(hall: Hall) -> None:
    hall.mode(FloorMode.QUEUE)
    hall.raise_hands("t1", "ada", "t2")
    assert (hall.floor, hall.line) == ([("t1", "granted")], ["ada", "t2"])
    assert hall.heard == [], "a grant opens nothing"
    hall.press("t1")
    assert hall.heard == ["t1"]
    hall.do("t1", LeaveFloor(id="x"))
    assert hall.floor == [("ada", "granted")]
    assert hall.press("t3") is None
    assert hall.floor == [("ada", "live")]


def test_in_the_open_mode_a_press_opens_up_to_the_cap_and_then_waits(hall: Hall) -> None:
    hall.mode(FloorMode.OPEN, cap=2)
    assert hall.press("t1") is None
    assert hall.press("t2") is None
    assert hall.press("t3") is None
    assert hall.heard == ["t1", "t2"]
    assert hall.line == ["t3"]
    hall.do("t1", LeaveFloor(id="x"))
    assert hall.floor == [("t2", "live"), ("t3", "granted")]
    assert hall.heard == ["t2"], "the one who waited presses again"


def test_who_opens_before_somebody_who_is_away_is_named_to_them(hall: Hall) -> None:
    hall.mode(FloorMode.OPEN)
    hall.press("t1")
    hall.raise_hands("t2")
    hall.go("t2")
    hall.do("t1", LeaveFloor(id="x"))
    assert hall.press("t3") is None
    assert hall.floor == [("t3", "live")]
    assert hall.room.view.line[0].overtaken_by is Overtaking.ABSENT


def test_in_override_the_longest_turn_makes_room(hall: Hall) -> None:
    hall.mode(FloorMode.OVERRIDE, cap=2)
    for unit in ("t1", "t2", "t3"):
        assert hall.press(unit) is None
    assert hall.floor == [("t2", "live"), ("t3", "live")]
    assert hall.log[-2].body == {"participant": "t1", "reason": LowerReason.OVERRIDDEN.value}
    assert hall.do("t1", RaiseHand(id="x")) is RefusalCode.WRONG_MODE


def test_push_to_talk_opens_while_a_place_is_free(hall: Hall) -> None:
    hall.mode(FloorMode.PUSH_TO_TALK)
    assert hall.press("t1") is None
    assert hall.press("t2") is RefusalCode.CAP_REACHED
    hall.do("t1", LeaveFloor(id="x"))
    assert hall.press("t2") is None
    assert hall.heard == ["t2"]


def test_voice_arms_by_a_press_and_makes_the_others_wait(hall: Hall) -> None:
    hall.mode(FloorMode.VOICE)
    assert hall.press("t1") is None
    assert hall.press("t2") is None
    assert (hall.heard, hall.line) == (["t1"], ["t2"])


def test_raising_a_hand_never_opens_a_microphone(hall: Hall) -> None:
    for mode in FloorMode:
        hall.mode(mode)
        hall.do("t1", RaiseHand(id="x"))
        assert hall.heard == []


def test_hosts_and_their_units_are_outside_the_cap(hall: Hall) -> None:
    hall.mode(FloorMode.QUEUE)
    hall.do("host", c.SetHostUnit(id="x", unit="t3", on=True))
    hall.raise_hands("t1", "t2")
    hall.press("t1")
    assert hall.press("t3") is None, "the host's own microphone, in every mode"
    assert hall.heard == ["t1", "t3"]
    assert hall.line == ["t2"]
    hall.do("t1", LeaveFloor(id="x"))
    assert hall.floor == [("t3", "live"), ("t2", "granted")]


def test_a_hosts_unit_presses_next_and_silences(hall: Hall) -> None:
    hall.raise_hands("t1", "t3")
    assert hall.do("t3", Next(id="x")) is RefusalCode.NOT_ALLOWED
    hall.do("host", c.SetHostUnit(id="x", unit="t3", on=True))
    assert hall.line == ["t1"], "no hands at the host's unit"
    assert hall.do("t3", RaiseHand(id="x")) is RefusalCode.NOT_ALLOWED
    assert hall.do("t3", Next(id="x")) is None
    assert hall.floor == [("t1", "granted")]
    assert hall.do("t3", SilenceAll(id="x", on=True)) is None
    hall.do("host", c.SetHostUnit(id="x", unit="t3", on=False))
    assert hall.do("t3", SilenceAll(id="x", on=False)) is RefusalCode.NOT_ALLOWED


def test_silence_leaves_desks_and_the_hosts_units_and_ends_as_it_was(hall: Hall) -> None:
    hall.come(LECTERN)
    hall.come(DESK)
    hall.do("host", c.SetHostUnit(id="x", unit="t3", on=True))
    hall.press("t3")
    hall.raise_hands("t1")
    hall.do("host", Next(id="x"))
    hall.press("t1")
    assert hall.heard == ["t1", "t3", "lectern", "desk"]
    hall.do("host", SilenceAll(id="x", on=True))
    assert hall.heard == ["t3", "desk"]
    assert hall.floor[-1] == ("t1", "live"), "the turn goes on"
    hall.do("host", SilenceAll(id="x", on=False))
    assert hall.heard == ["t1", "t3", "lectern", "desk"]


def test_close_all_ends_every_turn(hall: Hall) -> None:
    hall.mode(FloorMode.OPEN, cap=3)
    hall.press("t1")
    hall.press("t2")
    hall.do("host", c.CloseAll(id="x"))
    assert (hall.floor, hall.heard) == ([], [])


def test_with_a_larger_cap_next_fills_the_places_first(hall: Hall) -> None:
    hall.mode(FloorMode.HOST, cap=2)
    hall.raise_hands("t1", "t2", "t3")
    for _ in range(3):
        hall.do("host", Next(id="x"))
    assert hall.floor == [("t2", "granted"), ("t3", "granted")]


def test_two_hosts_who_press_next_at_once_mean_the_same_person(hall: Hall) -> None:
    hall.do("host", c.SetRank(id="x", participant="ben", rank="cohost"))
    hall.raise_hands("t1", "t2")
    hall.do("host", Next(id="x"))
    assert hall.at_once("ben", Next(id="x")) is None
    assert (hall.floor, hall.line) == ([("t1", "granted")], ["t2"])
    assert hall.do("ben", Next(id="x")) is None
    assert hall.floor == [("t2", "granted")]


def test_the_host_gives_the_floor_out_of_order_by_name(hall: Hall) -> None:
    hall.raise_hands("t1", "t2")
    hall.do("host", GiveFloor(id="x", participant="t2"))
    assert hall.room.view.line[0].overtaken_by is Overtaking.HOST


def test_next_skips_who_is_away_and_tells_them(hall: Hall) -> None:
    hall.raise_hands("ada", "t1")
    hall.go("ada")
    hall.do("host", Next(id="x"))
    assert hall.floor == [("t1", "granted")]
    assert hall.room.view.line[0].overtaken_by is Overtaking.ABSENT


def test_those_who_have_not_spoken_go_first_when_the_rules_say_so(hall: Hall) -> None:
    hall.mode(FloorMode.QUEUE, fresh_first=True)
    hall.raise_hands("t1")
    hall.press("t1")
    hall.raise_hands("t2")
    hall.do("t1", LeaveFloor(id="x"))
    hall.press("t2")
    hall.raise_hands("t1", "t3")
    hall.do("t2", LeaveFloor(id="x"))
    assert hall.floor == [("t3", "granted")]
    assert hall.room.view.line[0].overtaken_by is Overtaking.FRESH


def test_replies_stand_after_replies_and_before_the_rest_five_at_most(hall: Hall) -> None:
    hall.raise_hands("t1", "t2")
    for who in ("ada", "ben", "cleo", "t3"):
        assert hall.do(who, RaiseHand(id="x", reply=True)) is None
    assert hall.line == ["ada", "ben", "cleo", "t3", "t1", "t2"]
    assert hall.room.view.line[4].overtaken_by is Overtaking.REPLY
    again = RaiseHand(id="x", reply=True, another=True)
    assert hall.do("t3", again) is RefusalCode.ALREADY_RAISED, "a bouncing button"
    hall.wait(3)
    assert hall.do("t3", again) is None
    hall.wait(3)
    assert hall.do("t3", again) is RefusalCode.TOO_MANY
    hall.mode(FloorMode.HOST, replies=False)
    assert hall.do("t2", again) is RefusalCode.NO_HANDS


def test_no_hands_are_taken_when_the_host_says_so(hall: Hall) -> None:
    hall.mode(FloorMode.HOST, takes_hands=False)
    assert hall.do("t1", RaiseHand(id="x")) is RefusalCode.NO_HANDS


def test_a_speakers_time_warns_and_does_not_cut_off(hall: Hall) -> None:
    hall.mode(FloorMode.QUEUE, turn_s=10)
    hall.raise_hands("t1")
    hall.press("t1")
    hall.effects.clear()
    hall.wait(30)
    warned = [effect.what for effect in hall.effects if hasattr(effect, "what")]
    assert warned == [Attention.TIME_SOON, Attention.TIME_OVER]
    assert hall.floor == [("t1", "live")]


def test_a_lower_cap_ends_nobodys_turn(hall: Hall) -> None:
    hall.mode(FloorMode.OPEN, cap=2)
    hall.press("t1")
    hall.press("t2")
    hall.mode(FloorMode.OPEN, cap=1)
    assert hall.heard == ["t1", "t2"]
    hall.do("t1", LeaveFloor(id="x"))
    assert hall.press("t3") is None
    assert hall.line == ["t3"]
