"""Joins are continuous and lose nothing at their ends."""

from __future__ import annotations

import numpy as np
import pytest

from parvis_audio.splice import CROSS_FADE_SAMPLES, cross_fade, rising

ONE, ZERO = np.ones(480, dtype=np.float32), np.zeros(480, dtype=np.float32)


def test_the_fade_goes_from_one_piece_to_the_other() -> None:
    joined = cross_fade(ONE, ZERO)
    assert joined[0] > 0.999
    assert joined[CROSS_FADE_SAMPLES - 1] < 0.001
    assert not joined[CROSS_FADE_SAMPLES:].any()
    assert np.abs(np.diff(joined)).max() < 0.01
    assert ZERO.any() == False  # noqa: E712


def test_pieces_that_are_alike_stay_as_they_are() -> None:
    assert np.allclose(cross_fade(ONE, ONE), ONE)


@pytest.mark.parametrize("length", [0, 1, 120, 240, 480])
def test_short_pieces_fade_over_what_there_is(length: int) -> None:
    assert cross_fade(ONE[:length], ZERO).shape == (480,)
    assert cross_fade(ONE, ZERO[:length]).shape == (length,)
    assert np.array_equal(cross_fade(ONE[:0], ZERO), ZERO)


def test_the_gains_of_both_pieces_add_up_to_one() -> None:
    gain = rising(480)
    assert np.allclose(gain + gain[::-1], 1.0)
