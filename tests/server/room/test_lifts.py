"""Lifted zones: refused with the figure, ended by themselves, remembered between two turns."""

import pytest

from parvis_server.room.lifts import LiftRefused, Lifts, ZoneFacts
from parvis_server.room_builder import lift_rule

CALM = ZoneFacts(open_microphones=1, path_ms=24.0)


@pytest.fixture
def lifts() -> Lifts:
    return Lifts(lift_rule, five_ms_profile=True)


def lift(
    lifts: Lifts, facts: ZoneFacts, open_sources: int = 1, far: bool = False
) -> LiftRefused | None:
    return lifts.lift("hall", facts, open_sources, loudspeakers_far=far)


def test_a_short_measured_path_is_allowed_and_a_long_one_refused_with_its_figure(
    lifts: Lifts,
) -> None:
    assert lift(lifts, CALM) is None
    assert "hall" in lifts.zones
    lifts.end("hall")
    refusal = lift(lifts, ZoneFacts(1, 41.5))
    assert refusal is not None and "41.5 ms" in refusal.text
    assert refusal.path_ms == 41.5
    assert not lifts.zones


def test_a_path_that_nobody_measured_is_refused_unless_the_loudspeakers_are_far(
    lifts: Lifts,
) -> None:
    refusal = lift(lifts, ZoneFacts(1, None))
    assert refusal is not None and "not measured" in refusal.text
    assert lift(lifts, ZoneFacts(1, None), far=True) is None
    ten_ms = Lifts(lift_rule, five_ms_profile=False)
    refusal = lift(ten_ms, CALM)
    assert refusal is not None and "5 ms" in refusal.text
    assert refusal.path_ms is None, "its length was not the reason"
    assert lift(ten_ms, ZoneFacts(1, 60.0), far=True) is None


def test_a_third_microphone_ends_a_lift_and_it_does_not_come_back_by_itself(lifts: Lifts) -> None:
    assert lift(lifts, CALM) is None
    assert lifts.review({"hall": ZoneFacts(2, 24.0)}, 2) == []
    assert lifts.review({"hall": ZoneFacts(3, 24.0)}, 3) == ["hall"]
    assert not lifts.zones
    assert lifts.review({"hall": CALM}, 1) == []
    assert not lifts.zones


def test_a_path_that_grows_ends_a_lift(lifts: Lifts) -> None:
    assert lift(lifts, CALM) is None
    assert lifts.review({"hall": ZoneFacts(1, 30.1)}, 1) == ["hall"]
    assert lifts.path_ms("hall", ZoneFacts()) == 30.1


def test_between_two_turns_the_last_measured_path_counts(lifts: Lifts) -> None:
    lifts.review({"hall": CALM}, 1)
    assert lift(lifts, ZoneFacts(0, None), open_sources=0) is None
    assert lifts.review({"hall": ZoneFacts(0, None)}, 0) == []
    assert lifts.review({"foyer": ZoneFacts()}, 0) == ["hall"], "everybody has left the zone"


def test_a_path_of_which_a_part_is_not_measured_is_not_measured(lifts: Lifts) -> None:
    refusal = lift(lifts, ZoneFacts(2, 24.0, all_measured=False), open_sources=2)
    assert refusal is not None and "not measured" in refusal.text
    assert lift(lifts, CALM) is None
    pressed_just_now = ZoneFacts(2, 24.0, all_measured=False)
    assert lifts.review({"hall": pressed_just_now}, 2) == [], "its figure comes within a second"


def test_the_hosts_word_counts_for_the_loudspeakers_that_it_was_given_for(lifts: Lifts) -> None:
    both = ZoneFacts(1, 60.0, loudspeakers=frozenset({"left", "right"}))
    assert lift(lifts, both, far=True) is None
    assert lifts.review({"hall": ZoneFacts(1, 60.0, loudspeakers=frozenset({"left"}))}, 1) == []
    assert lifts.review({"hall": both}, 1) == [], "it was away for a moment"
    near = ZoneFacts(1, 60.0, loudspeakers=frozenset({"left", "lectern"}))
    assert lifts.review({"hall": near}, 1) == ["hall"]
    assert lift(lifts, ZoneFacts(1, 20.0, loudspeakers=frozenset({"left"}))) is None
    assert lifts.review({"hall": ZoneFacts(1, 20.0, loudspeakers=near.loudspeakers)}, 1) == []


def test_a_ninth_source_ends_a_lift_of_the_profile(lifts: Lifts) -> None:
    assert lift(lifts, CALM, open_sources=8) is None
    assert lifts.review({"hall": CALM}, 9) == ["hall"]
