"""Sequence numbers that come twice, late, out of order and around the end of 32 bits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from parvis_server.link.window import WINDOW, SequenceWindow


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(0, WINDOW - 1), max_size=300))
def test_each_number_counts_once_whatever_the_order(base: int, offsets: list[int]) -> None:
    window, seen = SequenceWindow(), set()
    for offset in offsets:
        assert window.is_new((base + offset) % 2**32) == (offset not in seen)
        seen.add(offset)


def test_what_is_older_than_the_window_does_not_count() -> None:
    window = SequenceWindow()
    assert window.is_new(1)
    assert window.is_new(WINDOW + 1)
    assert not window.is_new(0)
    assert not window.is_new(1)
    assert window.is_new(2)


def test_a_leap_forgets_what_was_before() -> None:
    window = SequenceWindow()
    assert window.is_new(5)
    assert window.is_new(5 + 3 * WINDOW)
    assert window.is_new(6 + 3 * WINDOW)
    assert not window.is_new(5 + 3 * WINDOW)
