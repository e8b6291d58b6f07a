"""The line under the delays: exact where it can be, and not led astray by what is only late."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parvis_audio.lower_line import (
    LEAST_POINTS,
    LONG_POINTS,
    LowerLine,
    lower_hull,
    supporting_line,
)


def told(delays_s: list[float]) -> LowerLine:
    line = LowerLine()
    for at_s, delay_s in enumerate(delays_s):
        line.note(float(at_s), delay_s)
    return line


def test_too_few_points_tell_nothing() -> None:
    delays = [50e-6 * second for second in range(LEAST_POINTS)]
    assert told(delays[:-1]).slope() is None
    assert told(delays).slope() == pytest.approx(50e-6, abs=1e-12)


def test_it_forgets() -> None:
    line = told([0.0] * 60)
    line.forget()
    assert line.slope() is None


@pytest.mark.parametrize("ppm", [-1_000.0, 0.0, 30.0])
def test_what_is_only_late_does_not_lead_astray(ppm: float) -> None:
    random = np.random.default_rng(1)
    late = random.exponential(80e-6, LONG_POINTS)
    late[::7] += 0.2
    delays = [ppm * 1e-6 * second + late[second] for second in range(LONG_POINTS)]
    slope = told(delays).slope()
    assert slope is not None
    assert slope * 1e6 == pytest.approx(ppm, abs=1.5)


def test_a_crystal_that_warms_is_followed_by_the_shorter_line() -> None:
    warming = 10e-6 / 60
    slope = told([warming * second**2 / 2 for second in range(LONG_POINTS)]).slope()
    assert slope is not None
    lag_s = LONG_POINTS - slope / warming
    assert 15 < lag_s < 20


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(-1, 1), min_size=2, max_size=90))
def test_the_line_lies_under_all_points_and_touches_two(delays: list[float]) -> None:
    points = [(float(at_s), delay_s) for at_s, delay_s in enumerate(delays)]
    slope, mean_s = supporting_line(points)
    middle_s = (len(points) - 1) / 2
    low_s = sum(delays) / len(delays) - mean_s  # the line at the middle
    above = np.array([d - low_s - slope * (at - middle_s) for at, d in points])
    assert above.min() == pytest.approx(0, abs=1e-9)
    assert (above < 1e-9).sum() >= 2
    assert set(lower_hull(points)) <= set(points)
