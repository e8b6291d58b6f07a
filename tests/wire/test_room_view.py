"""Folding changes: the same order everywhere, and what it means for each."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from parvis_wire.floor import Hand, Surface
from parvis_wire.room_events import FloorGranted, HandRaised, RoomEvent
from parvis_wire.room_view import (
    RoomView,
    fold,
    place_in_line,
)
from parvis_wire.standing import (
    Standing,
    standing,
)

CASES = json.loads((Path(__file__).parents[1] / "vectors" / "room_view.json").read_text("utf-8"))
events: TypeAdapter[RoomEvent] = TypeAdapter(RoomEvent)


def test_the_evening_of_the_vectors() -> None:
    view = RoomView.model_validate(CASES["start"])
    for step in CASES["steps"]:
        view = fold(view, step["seq"], events.validate_python(step["event"]))
        assert view.model_dump(mode="json") == step["view"]
        for case in step["standings"]:
            who, surface = case["participant"], Surface(case["surface"])
            assert standing(view, who, surface) == case["standing"]
            assert place_in_line(view, who) == case["place"]


def test_the_vectors_show_every_standing() -> None:
    shown = {case["standing"] for step in CASES["steps"] for case in step["standings"]}
    assert shown == {value.value for value in Standing}


def line_orders() -> list[list[str]]:
    return [[hand["participant"] for hand in step["view"]["line"]] for step in CASES["steps"]]


def test_the_vectors_keep_first_come_first() -> None:
    assert line_orders()[3] == ["u1", "ph1", "u2"]
    assert line_orders()[4] == ["ph1", "u2"]


@pytest.mark.parametrize("seq", CASES["refused_seqs"])
def test_a_missing_change_is_noticed(seq: int) -> None:
    view = RoomView.model_validate(CASES["start"])
    event = events.validate_python(CASES["steps"][0]["event"])
    with pytest.raises(ValueError, match="snapshot"):
        fold(view, seq, event)


def test_a_grant_to_nobody_in_the_line_changes_nothing_but_the_number() -> None:
    view = RoomView(room="main", title="t", seq=0)
    view = fold(view, 1, HandRaised(hand=Hand(participant="a", name="A", surface=Surface.UNIT)))
    assert fold(view, 2, FloorGranted(participant="b")) == view.model_copy(update={"seq": 2})


def test_folding_leaves_the_earlier_view_alone() -> None:
    view = RoomView(room="main", title="t", seq=0)
    fold(view, 1, HandRaised(hand=Hand(participant="a", name="A", surface=Surface.PHONE)))
    assert view.line == ()


def read(step: int) -> dict[str, Any]:
    view: dict[str, Any] = CASES["steps"][step]["view"]
    return view


def test_a_phones_turn_names_the_unit_that_carries_it() -> None:
    turn = read(9)["floor"][0]
    assert (turn["participant"], turn["unit"], turn["state"]) == ("ph1", "u2", "live")
