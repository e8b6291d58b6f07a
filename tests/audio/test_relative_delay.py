"""The target delay of a source: rises at once, falls slowly, stays between its clamps."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parvis_audio.relative_delay import LIMITS, NS_PER_MS, ForgettingHistogram, Link, RelativeDelay

SECOND_NS = 1_000_000_000


def noted(delay: RelativeDelay, delays_ms: list[float], start_s: float = 0.0) -> list[float]:
    """Targets after each packet of a 10 ms stream whose packets take so long."""
    targets = []
    for n, late_ms in enumerate(delays_ms):
        sent_ns = int(start_s * SECOND_NS) + n * 10 * NS_PER_MS
        delay.note(sent_ns + int(late_ms * NS_PER_MS), late_ms / 1e3)
        targets.append(delay.target_ms)
    return targets


@pytest.mark.parametrize("link", Link)
def test_the_target_starts_and_ends_where_the_link_says(link: Link) -> None:
    targets = noted(RelativeDelay(link), [0.0] * 12_000)
    assert targets[0] == LIMITS[link].start_ms
    assert targets[-1] == LIMITS[link].lowest_ms


def test_it_rises_at_once_to_cover_ninety_nine_of_a_hundred() -> None:
    quiet, busy = [0.0] * 3_000, [0.0, 31.0] * 100
    targets = noted(RelativeDelay(Link.WIRED), quiet + busy)
    assert targets[2_999] < 25.0
    assert targets[3_040] == pytest.approx(34.0)  # bin up to 32, and the guard of 2


def test_it_falls_after_ten_seconds_and_a_millisecond_a_second() -> None:
    targets = noted(RelativeDelay(Link.WIRED), [0.0] * 3_000)
    assert targets[1_000] == 25.0
    assert targets[2_000] == pytest.approx(25.0 - 10, abs=0.5)


def test_a_bad_network_goes_to_the_clamp_and_no_further() -> None:
    generator = random.Random(1)
    targets = noted(RelativeDelay(Link.WIFI), [generator.uniform(0, 900) for _ in range(500)])
    assert max(targets) == LIMITS[Link.WIFI].highest_ms


def test_the_histogram_forgets_and_keeps_its_numbers_small() -> None:
    histogram = ForgettingHistogram(3.0)
    assert histogram.quantile_ms() == 0.0
    for n in range(100):
        histogram.add(n * 0.01, 100.0)
    assert histogram.quantile_ms() == 102.0
    for n in range(10_000):
        histogram.add(1 + n * 0.01, 5.0)
    assert histogram.quantile_ms() == 6.0
    assert histogram._weights.max() < 1e15


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2**63), st.floats(-1e9, 1e9)), max_size=60),
    st.sampled_from(Link),
)
def test_any_times_keep_the_target_in_its_clamps(
    notes: list[tuple[int, float]], link: Link
) -> None:
    delay, limits = RelativeDelay(link), LIMITS[link]
    for arrival_ns, late_s in notes:
        delay.note(arrival_ns, late_s)
        assert limits.lowest_ms <= delay.target_ms <= limits.highest_ms
