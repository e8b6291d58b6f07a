"""How a unit is paired: by a code and a press, or by a long press; guessing does not pay."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from parvis_device.pairing import (
    REFUSALS,
    SECOND_NS,
    TABLE,
    Pairing,
    PairingAction,
    PairingState,
)
from parvis_wire.pairing import FIRST_USE_HOLD_S, MAX_TRIES, PAUSE_S, PRESS_S, PairRefusal

A, S = PairingAction, PairingState


def at_the_door(**traits: bool) -> Pairing:
    pairing = Pairing(**{"has_code": True, **traits})
    assert pairing.unpaired() == () and pairing.state is S.WAITING
    return pairing


def right_code(pairing: Pairing, now_ns: int = 0) -> tuple[PairingAction, ...]:
    assert pairing.asked_by_code(now_ns) == (A.COMPUTE,)
    assert pairing.computed(fit=True) == (A.SHARE,)
    return pairing.answered(now_ns, right=True)


def test_a_code_and_a_press() -> None:
    pairing = at_the_door()
    assert right_code(pairing) == () and pairing.for_a_person
    assert pairing.tick((PRESS_S - 1) * SECOND_NS) == ()
    assert pairing.pressed((PRESS_S - 1) * SECOND_NS) == (A.BELONG,)
    assert pairing.state is S.ACCEPTED
    assert pairing.pressed(PRESS_S * SECOND_NS) == (), "once"
    assert pairing.gone() == () and pairing.pressed(0) == ()


def test_nobody_pressed() -> None:
    pairing = at_the_door()
    right_code(pairing)
    assert pairing.tick(PRESS_S * SECOND_NS) == (A.REFUSE_NOT_PRESSED,)
    assert pairing.state is S.WAITING
    assert pairing.pressed(PRESS_S * SECOND_NS) == ()


def test_without_a_code_three_seconds() -> None:
    pairing = at_the_door(has_code=False)
    pairing.pressed(0)
    assert pairing.asked_by_press(0) == () and pairing.for_a_person
    long_ns = FIRST_USE_HOLD_S * SECOND_NS
    assert pairing.tick(long_ns) == (), "it was down before anybody asked"
    assert pairing.released(long_ns) == ()
    assert pairing.pressed(2 * long_ns) == ()
    assert pairing.released(3 * long_ns - 1) == (), "let go too early"
    assert pairing.tick(4 * long_ns) == ()
    assert pairing.pressed(5 * long_ns) == ()
    assert pairing.released(6 * long_ns) == (A.BELONG,), "long enough, whenever it is looked"


def test_a_code_is_not_gone_around_by_a_press() -> None:
    pairing = at_the_door()
    assert pairing.asked_by_press(0) == (A.REFUSE_HAS_CODE,)
    assert not pairing.for_a_person
    assert at_the_door(has_code=False).asked_by_code(0) == (A.REFUSE_NO_CODE,)


def test_five_wrong_codes_and_a_pause_that_no_new_connection_ends() -> None:
    pairing = at_the_door()
    for number in range(MAX_TRIES):
        assert pairing.asked_by_code(number) == (A.COMPUTE,)
        assert pairing.computed(fit=True) == (A.SHARE,)
        if number % 2:
            assert pairing.answered(number, right=False) == (A.REFUSE_WRONG_CODE,)
        pairing.gone()  # or the hub, which knows already, just leaves
        pairing.unpaired()
    last_ns = MAX_TRIES - 1 + PAUSE_S * SECOND_NS - 1
    assert pairing.asked_by_code(last_ns) == (A.REFUSE_PAUSED,)
    assert pairing.asked_by_code(last_ns + 1) == (A.COMPUTE,)


def test_a_right_code_is_no_guess() -> None:
    pairing = at_the_door()
    for now_ns in range(3 * MAX_TRIES):
        right_code(pairing, now_ns)
        pairing.unpaired()


def test_what_is_no_share_is_a_wrong_code() -> None:
    pairing = at_the_door()
    for _ in range(MAX_TRIES):
        pairing.asked_by_code(0)
        assert pairing.computed(fit=False) == (A.REFUSE_WRONG_CODE,)
    assert pairing.asked_by_code(0) == (A.REFUSE_PAUSED,)


def test_without_a_button_the_code_is_enough_and_the_start_is_the_press() -> None:
    assert right_code(at_the_door(has_button=False)) == (A.BELONG,)
    started = Pairing(has_code=False, has_button=False, accepts_until_ns=100)
    started.unpaired()
    assert started.asked_by_press(100) == (A.REFUSE_NOT_PRESSED,)
    assert started.asked_by_press(99) == (A.BELONG,)


def test_nothing_is_asked_of_a_unit_that_is_welcome() -> None:
    pairing = Pairing(has_code=True)
    assert pairing.asked_by_code(0) == () == pairing.asked_by_press(0)
    assert pairing.answered(0, right=True) == ()
    assert pairing.state is S.AWAY


def test_every_refusal_has_its_word() -> None:
    refusing = {action for step in TABLE.values() for action in step.actions} & set(REFUSALS)
    assert refusing == set(REFUSALS) == {action for action in A if "refuse" in action}
    assert set(REFUSALS.values()) == set(PairRefusal) - {PairRefusal.OTHER_SITE}


MOVE_NAMES = (
    *("unpaired", "gone", "code", "fit", "unfit", "right", "wrong"),
    *("by_press", "down", "up", "tick"),
)
MOVES = st.lists(
    st.tuples(
        st.sampled_from(MOVE_NAMES),
        st.sampled_from([0, 1, SECOND_NS, 4 * SECOND_NS, 60 * SECOND_NS, 300 * SECOND_NS]),
    ),
    max_size=60,
)


@given(MOVES, st.booleans())
@settings(max_examples=200)
def test_nobody_gets_in_without_a_person_and_nobody_guesses_more_than_five(
    moves: list[tuple[str, int]], has_code: bool
) -> None:
    pairing = Pairing(has_code=has_code)
    now_ns, guesses = 0, list[int]()
    down_ns: int | None = None
    asked_ns: int | None = None
    for move, later_ns in moves:
        now_ns += later_ns
        before = pairing.state
        match move:
            case "unpaired":
                actions = pairing.unpaired()
            case "gone":
                actions = pairing.gone()
            case "code":
                actions = pairing.asked_by_code(now_ns)
            case "fit" | "unfit":
                actions = pairing.computed(fit=move == "fit")
            case "right" | "wrong":
                actions = pairing.answered(now_ns, right=move == "right")
                if before is S.PROVING and move == "right":
                    guesses = []
            case "by_press":
                actions = pairing.asked_by_press(now_ns)
                asked_ns = now_ns
            case "down":
                actions, down_ns = pairing.pressed(now_ns), now_ns
            case "up":
                actions = pairing.released(now_ns)
            case _:
                actions = pairing.tick(now_ns)
        if A.COMPUTE in actions:
            guesses.append(now_ns)
            assert has_code
            assert len([at for at in guesses if at > now_ns - PAUSE_S * SECOND_NS]) <= MAX_TRIES
        if A.BELONG in actions:
            if has_code:
                assert before is S.PRESS and move == "down"
            else:
                assert before is S.HOLD and down_ns is not None and asked_ns is not None
                assert down_ns >= asked_ns
                assert now_ns - down_ns >= FIRST_USE_HOLD_S * SECOND_NS
        if pairing.state is S.PRESS:
            assert has_code
