"""Folding changes: the same order everywhere, what it means for each, what the public sees."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from parvis_wire import room_events as happened
from parvis_wire.floor import (
    Ask,
    Desk,
    FloorMode,
    FloorRules,
    Hand,
    Invite,
    InviteRole,
    Microphone,
    Overtaking,
    Person,
    Phase,
    Rank,
    RoomHost,
    Seated,
    Surface,
    Tally,
    Turn,
    TurnState,
)
from parvis_wire.room_events import FloorGranted, FloorTaken, HandRaised, RoomEvent
from parvis_wire.room_view import (
    ANONYMOUS_NAME,
    RoomView,
    fold,
    for_public,
    place_in_line,
    public_event,
)
from parvis_wire.standing import Standing, standing

CASES = json.loads((Path(__file__).parents[1] / "vectors" / "room_view.json").read_text("utf-8"))
EVENINGS: dict[str, dict[str, Any]] = CASES["evenings"]
STEPS: list[dict[str, Any]] = [step for one in EVENINGS.values() for step in one["steps"]]
events: TypeAdapter[RoomEvent] = TypeAdapter(RoomEvent)


@pytest.mark.parametrize("evening", EVENINGS.values(), ids=EVENINGS)
def test_an_evening_of_the_vectors(evening: dict[str, Any]) -> None:
    expected = evening["start"]
    view = RoomView.model_validate(expected)
    for step in evening["steps"]:
        view = fold(view, step["seq"], events.validate_python(step["event"]))
        expected = {**expected, **step["changed"], "seq": step["seq"]}
        assert view.model_dump(mode="json") == expected
        for who, stands in step["standings"].items():
            surface = Surface(CASES["people"][who])
            assert f"{standing(view, who, surface)} {place_in_line(view, who)}" == stands


@pytest.mark.parametrize("evening", EVENINGS.values(), ids=EVENINGS)
def test_what_the_public_sees_of_an_evening(evening: dict[str, Any]) -> None:
    whole = RoomView.model_validate(evening["start"])
    seen = for_public(whole)
    expected = evening["public_start"]
    for step in evening["steps"]:
        event = events.validate_python(step["event"])
        shown = public_event(event)
        assert shown.model_dump(mode="json") == step.get("public_event", step["event"])
        whole, seen = fold(whole, step["seq"], event), fold(seen, step["seq"], shown)
        changed = step.get("public_changed", step["changed"])
        expected = {**expected, **changed, "seq": step["seq"]}
        assert seen.model_dump(mode="json") == expected
        assert for_public(whole) == seen


def test_the_vectors_show_every_standing_event_rule_and_part_of_the_view() -> None:
    stands = {text.split()[0] for step in STEPS for text in step["standings"].values()}
    assert stands == {value.value for value in Standing}
    mapping = events.json_schema()["discriminator"]["mapping"]
    assert {step["event"]["type"] for step in STEPS} == set(mapping)
    lines = [hand for step in STEPS for hand in step["changed"].get("line", ())]
    assert {hand["overtaken_by"] for hand in lines} == {None, *(rule.value for rule in Overtaking)}
    changed = {part for step in STEPS for part in step["changed"]}
    assert changed == set(RoomView.model_fields) - {"room", "seq"}


def line_after(step: int) -> list[str]:
    return [hand["participant"] for hand in EVENINGS["plain"]["steps"][step]["changed"]["line"]]


def test_the_vectors_keep_first_come_first() -> None:
    assert line_after(3) == ["u1", "ph1", "u2"]
    assert line_after(4) == ["ph1", "u2"]


@pytest.mark.parametrize("seq", CASES["refused_seqs"])
def test_a_missing_change_is_noticed(seq: int) -> None:
    view = RoomView.model_validate(EVENINGS["plain"]["start"])
    event = events.validate_python(EVENINGS["plain"]["steps"][0]["event"])
    with pytest.raises(ValueError, match="snapshot"):
        fold(view, seq, event)


def hand(participant: str, **more: Any) -> Hand:
    return Hand(**{"participant": participant, "name": "A", "surface": Surface.PHONE, **more})


def room(*line: Hand, **more: Any) -> RoomView:
    return RoomView(**{"room": "main", "title": "t", "seq": 0, "line": line, **more})


def test_a_grant_to_nobody_in_the_line_changes_nothing_but_the_number() -> None:
    view = room(hand("a"))
    assert fold(view, 1, FloorGranted(participant="b")) == view.model_copy(update={"seq": 1})


def test_folding_leaves_the_earlier_view_alone() -> None:
    view = room()
    fold(view, 1, HandRaised(hand=hand("a")))
    assert view.line == ()


def test_a_phones_turn_names_the_unit_that_carries_it() -> None:
    turn = EVENINGS["plain"]["steps"][9]["changed"]["floor"][0]
    assert (turn["participant"], turn["unit"], turn["state"]) == ("ph1", "u2", "live")


def test_a_hand_that_comes_back_by_no_rule_overtakes_nobody() -> None:
    earlier = hand("b", overtaken_by=Overtaking.REPLY)
    view = fold(room(earlier, hand("c")), 1, HandRaised(hand=hand("a"), place=1))
    assert [one.overtaken_by for one in view.line] == [None, Overtaking.REPLY, None]


def test_a_hand_that_comes_back_is_as_old_as_it_was() -> None:
    view = room(hand("a", raised_at=7))
    for event in (
        FloorGranted(participant="a", at=50),
        FloorTaken(participant="a", unit="u1", ssrc=1, at=60),
        happened.FloorReturned(participant="a", place=1, passed=False),
    ):
        view = fold(view, view.seq + 1, event)
    assert view.line == (hand("a", raised_at=7),)


def turn(participant: str, state: TurnState, **more: Any) -> Turn:
    who = {"participant": participant, "name": "A", "surface": Surface.UNIT, "state": state}
    return Turn(**{**who, **more})


def test_an_open_microphone_shines_before_a_grant_at_the_same_unit() -> None:
    waits = turn("u1", TurnState.GRANTED, place="u1")
    speaks = turn("u1~2", TurnState.LIVE, unit="u1")
    assert standing(room(floor=(waits, speaks)), "u1", Surface.UNIT) is Standing.LIVE


def test_a_unit_that_a_turn_names_is_invited_before_its_own_hand_waits() -> None:
    waits = turn("ph1", TurnState.GRANTED, surface=Surface.PHONE, place="u1")
    view = room(hand("u1", surface=Surface.UNIT, unit="u1"), floor=(waits,))
    assert standing(view, "u1", Surface.UNIT) is Standing.INVITED
    anywhere = view.model_copy(update={"floor": (waits.model_copy(update={"place": None}),)})
    assert standing(anywhere, "u1", Surface.UNIT) is Standing.NEXT
    assert standing(anywhere, "u2", Surface.UNIT) is Standing.INVITED
    assert standing(view, "u2", Surface.UNIT) is Standing.IDLE


people = st.sampled_from(["u1", "u1~2", "u2", "ph1", "ph2", "ph3"])
names = st.sampled_from(["Zoé", "Ana", "Max"])
units = st.sampled_from(["u1", "u2"])
places = st.integers(1, 8)
rules = st.sampled_from(Overtaking)
hands = st.builds(
    Hand,
    participant=people,
    name=names,
    surface=st.sampled_from(Surface),
    unit=st.none() | units,
    text=st.none() | st.just("Why?"),
    anonymous=st.booleans(),
    written=st.booleans(),
    raised_at=st.integers(0, 99),
)
invites = st.builds(Invite, number=st.integers(1, 4), role=st.sampled_from(InviteRole))
hosts = st.builds(RoomHost, participant=people, name=names, rank=st.sampled_from(Rank))
on = st.booleans()
anything: st.SearchStrategy[RoomEvent] = st.one_of(
    st.builds(HandRaised, hand=hands, place=st.none() | places, rule=st.none() | rules),
    st.builds(happened.HandLowered, participant=people),
    st.builds(happened.HandMoved, participant=people, place=places, rule=rules),
    st.builds(FloorGranted, participant=people, place=st.none() | units, rule=st.none() | rules),
    st.builds(
        FloorTaken,
        participant=people,
        unit=st.none() | units,
        ssrc=st.integers(0, 9),
        hand=st.none() | hands,
    ),
    st.builds(happened.FloorReminded, participant=people),
    st.builds(happened.FloorReturned, participant=people, place=places, passed=on),
    st.builds(happened.TurnInterrupted, participant=people),
    st.builds(happened.TurnResumed, participant=people),
    st.builds(happened.FloorReleased, participant=people),
    st.builds(
        happened.MicrophoneOpened,
        microphone=st.builds(Microphone, unit=units, name=names, ssrc=st.integers(0, 9)),
    ),
    st.builds(happened.MicrophoneClosed, unit=units),
    st.builds(
        happened.RulesSet, rules=st.builds(FloorRules, mode=st.sampled_from(FloorMode), cap=places)
    ),
    st.builds(happened.Silenced, on=on),
    st.builds(happened.PhaseSet, phase=st.sampled_from(Phase), utc_ms=st.integers(0, 9)),
    st.builds(
        happened.SeatTaken,
        seated=st.builds(Seated, participant=people, name=names, unit=units, unit_name=names),
    ),
    st.builds(happened.SeatLeft, participant=people),
    st.builds(happened.HostUnitSet, unit=units, on=on),
    st.builds(happened.KeptInView, participant=people, on=on),
    st.builds(happened.HostJoined, host=hosts),
    st.builds(happened.HostLeft, participant=people),
    st.builds(happened.HeirActs, participant=st.none() | people),
    st.builds(happened.AutopilotSet, on=on),
    st.just(happened.Asked(ask=Ask(number=1, question="Why?", at=1))),
    st.just(happened.AskClosed(tally=Tally(question="Why?", yes_hall=1, yes_far=1, asked=3))),
    st.builds(happened.InviteMade, invite=invites),
    st.builds(happened.InviteRevoked, number=st.integers(1, 4)),
    st.builds(happened.Blocked, person=st.builds(Person, participant=people, name=names)),
    st.builds(happened.Unblocked, participant=people),
    st.builds(happened.UndoOffered, command=st.none() | st.just("next")),
)


@given(st.lists(anything, max_size=30), st.integers(0, 30))
def test_the_public_sees_the_same_room_from_whenever_it_came(
    evening: list[RoomEvent], came_after: int
) -> None:
    whole, seen = room(desk=Desk()), None
    for number, event in enumerate(evening):
        if number == came_after:
            seen = for_public(whole)
        whole = fold(whole, whole.seq + 1, event)
        if seen is not None:
            seen = fold(seen, seen.seq + 1, public_event(event))
            assert seen == for_public(whole)
    assert for_public(for_public(whole)) == for_public(whole)


@given(st.lists(anything, max_size=30))
def test_no_name_of_an_anonymous_person_reaches_the_public(evening: list[RoomEvent]) -> None:
    whole = room(desk=Desk())
    for event in evening:
        whole = fold(whole, whole.seq + 1, event)
        public = for_public(whole)
        assert public.desk is None
        unnamed = [hand.name for hand in public.line if hand.anonymous]
        unnamed += [turn.name for turn in public.floor if turn.anonymous]
        assert set(unnamed) <= {ANONYMOUS_NAME}
        assert {seated.name for seated in public.seats} <= {ANONYMOUS_NAME}
        told = public_event(event)
        assert not isinstance(told, happened.HOSTS_ONLY)
        brought = getattr(told, "hand", None)
        assert brought is None or not brought.anonymous or brought.name == ANONYMOUS_NAME
