"""A unit's way from the door to being trusted, and how often a code may be wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis_server.trust.pairing import (
    ANSWER_NS,
    MAX_COUNTED,
    MAX_DESK_TRIES,
    PAUSE_NS,
    PRESS_NS,
    TRANSITIONS,
    CodeGuard,
    Happening,
    Pairing,
    Step,
    Tries,
)
from parvis_wire.pairing import MAX_TRIES, PRESS_S, PairRefusal

REFUSALS = st.sampled_from(PairRefusal)


def after(*happenings: Happening) -> Pairing:
    pairing = Pairing()
    for happening in happenings:
        assert pairing.happens(happening, 0)
    return pairing


def test_a_code_and_a_press() -> None:
    pairing = Pairing()
    assert (str(pairing), pairing.has_code) == ("waiting", None)
    assert pairing.happens(Happening.CODE_TYPED, 0)
    assert str(pairing) == "asked"
    assert pairing.happens(Happening.RIGHT_CODE, 1)
    assert (str(pairing), pairing.has_code, pairing.first_use) == ("press", True, False)
    assert pairing.happens(Happening.PRESSED, 2)
    assert pairing.step is Step.PAIRED


def test_a_long_press_is_trust_on_first_use() -> None:
    pairing = after(Happening.ACCEPTED)
    assert (str(pairing), pairing.first_use) == ("press", True)
    assert pairing.happens(Happening.PRESSED, 1)
    assert pairing.step is Step.PAIRED


def test_a_wrong_code_may_be_typed_again() -> None:
    pairing = after(Happening.CODE_TYPED, Happening.WRONG_CODE)
    assert (str(pairing), pairing.has_code) == ("wrong_code", True)
    assert pairing.happens(Happening.CODE_TYPED, 1)


@pytest.mark.parametrize(
    ("why", "has_code"),
    [
        (PairRefusal.NO_CODE, False),
        (PairRefusal.HAS_CODE, True),
        (PairRefusal.PAUSED, True),
        (PairRefusal.OTHER_SITE, None),
    ],
)
def test_a_unit_says_why_not(why: PairRefusal, has_code: bool | None) -> None:
    pairing = after(Happening.CODE_TYPED)
    assert pairing.happens(Happening.UNIT_REFUSED, 1, why)
    assert (str(pairing), pairing.has_code) == (f"refused:{why.value}", has_code)
    assert pairing.happens(Happening.ACCEPTED, 2)
    assert pairing.why is None


def test_whoever_does_not_press_is_not_paired() -> None:
    assert PRESS_NS > PRESS_S * 1_000_000_000, "the unit's clock starts later"
    pairing = after(Happening.ACCEPTED)
    assert not pairing.passes(PRESS_NS - 1)
    assert not pairing.happens(Happening.PRESSED, PRESS_NS)
    assert str(pairing) == "refused:not_pressed"


def test_a_unit_that_does_not_answer_waits_again() -> None:
    pairing = after(Happening.CODE_TYPED)
    assert pairing.passes(ANSWER_NS)
    assert str(pairing) == "waiting"
    assert not pairing.happens(Happening.RIGHT_CODE, ANSWER_NS + 1)


@given(st.lists(st.tuples(st.sampled_from(Happening), REFUSALS, st.integers(0, 10**11))))
def test_nobody_is_paired_without_an_operator_and_a_press(
    story: list[tuple[Happening, PairRefusal, int]],
) -> None:
    pairing, now_ns = Pairing(), 0
    allowed: Happening | None = None
    for happening, why, later_ns in story:
        now_ns += later_ns
        before = pairing.step
        happened = pairing.happens(happening, now_ns, why)
        if happened and happening in (Happening.ACCEPTED, Happening.RIGHT_CODE):
            allowed = happening
        if pairing.step is Step.PAIRED and before is not Step.PAIRED:
            assert happening is Happening.PRESSED and allowed is not None
        if before is Step.PAIRED:
            assert pairing.step is Step.PAIRED, "what is done is done"
        assert (pairing.why is None) == (pairing.step is not Step.REFUSED)
        assert (pairing.due_ns is None) == (pairing.step not in (Step.ASKED, Step.PRESS, Step.HOLD))


def test_every_step_can_be_reached_and_left() -> None:
    reached = {following for following in TRANSITIONS.values()}
    assert reached == set(Step)
    assert {step for step, _ in TRANSITIONS} == set(Step) - {Step.PAIRED}


def test_five_wrong_codes_then_ten_minutes() -> None:
    guard = CodeGuard()
    for number in range(MAX_TRIES):
        assert guard.left("unit", number) == MAX_TRIES - number
        assert guard.take("unit", f"label {number}", number)
    assert guard.left("unit", 10) == 0
    assert not guard.take("unit", "right", MAX_TRIES - 1 + PAUSE_NS - 1)
    assert guard.take("unit", "right", MAX_TRIES - 1 + PAUSE_NS)
    assert guard.take("another", "other", 10), "nobody else is held up"


def test_new_keys_are_no_new_guesses_of_the_same_label() -> None:
    guard = CodeGuard()
    assert [guard.take(f"unit {n}", "label", n) for n in range(8)] == [True] * 5 + [False] * 3
    assert guard.left("unit 8", 9) == MAX_TRIES


def test_the_desk_pauses_as_a_whole() -> None:
    guard = CodeGuard()
    taken = [guard.take(f"unit {n}", f"label {n}", n) for n in range(MAX_DESK_TRIES + 5)]
    assert sum(taken) == MAX_DESK_TRIES
    assert guard.left("new", MAX_DESK_TRIES) == 0
    assert guard.take("new", "label", MAX_DESK_TRIES + PAUSE_NS)


def test_who_did_not_answer_used_no_try_and_the_right_code_clears() -> None:
    guard = CodeGuard()
    for _ in range(20):
        assert guard.take("unit", "label", 0)
        guard.give_back("unit", "label")
    for _ in range(4):
        assert guard.take("unit", "label", 0)
    assert guard.take("unit", "label", 0)
    guard.right("unit", "label")
    assert guard.left("unit", 0) == MAX_TRIES


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3)), max_size=60))
def test_never_more_than_five_count_at_once(story: list[tuple[bool, int]]) -> None:
    tries = Tries()
    for give, whose in story:
        if give:
            tries.give_back(str(whose))
        elif tries.left(str(whose), 0) > 0:
            tries.take(str(whose), 0)
        assert 0 <= tries.left(str(whose), 0) <= MAX_TRIES


def test_what_is_counted_is_bounded() -> None:
    tries = Tries()
    for number in range(MAX_COUNTED + 10):
        tries.take(str(number), 0)
    assert tries.left("0", 0) == MAX_TRIES
    assert tries.left(str(MAX_COUNTED + 9), 0) == MAX_TRIES - 1
