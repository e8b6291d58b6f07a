"""The play line gives back exactly what was put, and what was before."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from parvis_audio.play_line import REMEMBERED_SAMPLES, PlayLine


def numbers(first: int, count: int) -> np.ndarray:
    return np.arange(first, first + count, dtype=np.float32)


def test_what_was_taken_can_be_heard_again() -> None:
    line = PlayLine()
    line.append(numbers(0, 1_000))
    assert np.array_equal(line.take(600), numbers(0, 600))
    assert np.array_equal(line.last(480), numbers(120, 480))
    line.back(480)
    assert line.size == 880
    assert np.array_equal(line.first(500), numbers(120, 500))


def test_going_back_further_than_remembered_goes_as_far_as_it_can() -> None:
    line = PlayLine()
    for _ in range(10):
        line.back(480)
    assert line.size == REMEMBERED_SAMPLES
    assert line.last(1).size == 0


def test_cleared_there_is_only_silence() -> None:
    line = PlayLine()
    line.append(numbers(1, 700))
    line.take(400)
    line.clear(22)
    assert line.size == 22
    assert not line.first(22).any()
    assert not line.last(480).any()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5_760), st.integers(0, 6_000)), max_size=40))
def test_any_puts_and_takes_keep_the_order(steps: list[tuple[int, int]]) -> None:
    line, put, taken = PlayLine(), 0, 0
    for count, wanted in steps:
        line.append(numbers(put, count))
        put += count
        got = line.take(wanted)
        assert np.array_equal(got, numbers(taken, min(wanted, put - taken)))
        taken += got.size
        assert line.size == put - taken
        before = line.last(REMEMBERED_SAMPLES)[-taken:] if taken else line.last(0)
        assert np.array_equal(before, numbers(taken - before.size, before.size))
