"""Bouncing contacts and repeating keys become presses."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from parvis_device.button import DEBOUNCE_NS, KEY_REPEAT_NS, Debouncer, KeyRepeat

MS = 1_000_000


def presses(edges: list[tuple[int, bool]]) -> list[int]:
    """Times in ms at which the edges (ms, closed) count as a press."""
    debouncer = Debouncer()
    return [at for at, closed in edges if debouncer.edge(closed=closed, now_ns=at * MS)]


def test_a_press_counts_at_its_first_edge() -> None:
    assert presses([(100, True), (300, False)]) == [100]


def test_bounce_is_one_press() -> None:
    assert presses([(100, True), (101, False), (102, True), (104, False), (105, True)]) == [100]


def test_a_bouncing_release_is_no_press() -> None:
    assert presses([(100, True), (300, False), (301, True), (302, False)]) == [100]


def test_two_presses() -> None:
    assert presses([(100, True), (180, False), (260, True), (340, False)]) == [100, 260]


def test_a_repeated_edge_is_no_press() -> None:
    assert presses([(100, True), (200, True), (300, True)]) == [100]


@given(st.lists(st.tuples(st.integers(0, 60), st.booleans()), max_size=60))
def test_presses_are_never_closer_than_the_debounce_time(steps: list[tuple[int, bool]]) -> None:
    at, edges = 0, []
    for pause_ms, closed in steps:
        at += pause_ms
        edges.append((at, closed))
    counted = presses(edges)
    assert all(
        later - earlier >= DEBOUNCE_NS // MS for earlier, later in itertools.pairwise(counted)
    )


@given(
    st.lists(st.integers(60, 2000), min_size=1, max_size=10),
    st.lists(st.integers(0, 4), max_size=6),
)
def test_every_clean_press_counts_whatever_the_contact_bounces(
    pauses_ms: list[int], bounce_ms: list[int]
) -> None:
    at, edges, expected = 0, [], []
    for pause_ms in pauses_ms:
        for closed in (True, False):
            at += pause_ms
            if closed:
                expected.append(at)
            edges.append((at, closed))
            moment = at
            for step in bounce_ms:
                edges += [(moment + step, not closed), (moment + step, closed)]
                moment += step
            at = moment
    assert presses(edges) == expected


def test_a_held_key_is_one_press() -> None:
    keys = KeyRepeat()
    held = [0, 500, *range(530, 3000, 30)]
    assert [at for at in held if keys.character(at * MS)] == [0]


def test_a_key_pressed_again_after_the_repeat_time_counts() -> None:
    keys = KeyRepeat()
    assert keys.character(0)
    assert not keys.character(KEY_REPEAT_NS - 1)
    assert keys.character(2 * KEY_REPEAT_NS)
