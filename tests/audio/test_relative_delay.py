"""The target delay of a source: rises at once, falls slowly, stays between its clamps."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parvis_audio.relative_delay import (
    LIMITS,
    NS_PER_MS,
    SHORT_TICK_LIMITS,
    ForgettingHistogram,
    Link,
    RelativeDelay,
)

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


def test_a_remote_start_that_no_packet_asked_for_is_left_as_fast_as_the_depth_follows() -> None:
    targets = noted(RelativeDelay(Link.REMOTE), [0.0] * 2_000)
    assert targets[290] == 80.0
    assert targets[500] == pytest.approx(80.0 - 10, abs=0.5)
    assert targets[1_150] == LIMITS[Link.REMOTE].lowest_ms


def test_a_start_that_a_packet_asked_for_was_no_guess() -> None:
    targets = noted(RelativeDelay(Link.REMOTE), [85.0, *[0.0] * 1_000])
    assert targets[0] == 88.0
    assert min(targets) == 88.0


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
    assert max(histogram._weights) < 1e15


def test_short_ticks_halve_the_least_target_of_a_wire_only() -> None:
    quiet = [0.0] * 12_000
    assert noted(RelativeDelay(Link.WIRED, 240), quiet)[-1] == SHORT_TICK_LIMITS.lowest_ms
    assert noted(RelativeDelay(Link.WIFI, 240), quiet)[-1] == LIMITS[Link.WIFI].lowest_ms


def test_a_least_target_is_kept_at_once_and_left_a_millisecond_a_second() -> None:
    delay = RelativeDelay(Link.WIRED)
    noted(delay, [0.0] * 6_000)
    delay.least_target_ms = 30.0
    assert delay.target_ms == 30.0
    assert delay.own_target_ms == LIMITS[Link.WIRED].lowest_ms
    assert noted(delay, [0.0] * 500, start_s=60)[-1] == 30.0
    delay.least_target_ms = 0.0
    assert noted(delay, [0.0] * 500, start_s=65)[-1] == pytest.approx(25.0, abs=0.2)
    assert noted(delay, [0.0] * 3_000, start_s=70)[-1] == LIMITS[Link.WIRED].lowest_ms


def test_a_group_that_shares_its_greatest_target_stays_equal() -> None:
    """One of three is disturbed for a while; all three hold the same from its first burst on."""
    generator, group = random.Random(2), [RelativeDelay(Link.WIRED) for _ in range(3)]
    for second in range(120):
        bad = 20.0 if second == 40 else 0.0
        for each in group:
            late = [generator.uniform(0, 1) + (bad if each is group[1] else 0) for _ in range(100)]
            noted(each, late, start_s=second)
        shared_ms = max(each.own_target_ms for each in group)
        for each in group:
            each.least_target_ms = shared_ms
        targets = [each.target_ms for each in group]
        if second >= 40:
            assert max(targets) - min(targets) <= 1.1
    assert targets == [LIMITS[Link.WIRED].lowest_ms] * 3


@pytest.mark.parametrize("least_ms", [-1.0, 251.0, float("nan")])
def test_a_least_target_that_no_link_has_is_the_callers_mistake(least_ms: float) -> None:
    with pytest.raises(ValueError, match="0 to 250 is right"):
        RelativeDelay(Link.WIRED).least_target_ms = least_ms


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 5), st.floats(0, 500)), min_size=1, max_size=300))
def test_the_quantile_is_that_of_the_weighted_delays(notes: list[tuple[float, float]]) -> None:
    histogram, now_s = ForgettingHistogram(3.0), 0.0
    weights = np.zeros(200)
    for later_s, delay_ms in notes:
        now_s += later_s
        histogram.add(now_s, delay_ms)
        weights *= math.exp(-later_s / 3.0)
        weights[min(199, int(delay_ms / 2))] += 1
    sums = np.cumsum(weights) / weights.sum()
    found = round(histogram.quantile_ms() / 2) - 1
    assert sums[found] >= 0.99 - 1e-6
    assert found == 0 or sums[found - 1] <= 0.99 + 1e-6


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
