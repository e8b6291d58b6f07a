"""The hub's clock in virtual time: uneven ways, drift, steps, sleeps."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parvis_audio.clock_sync import (
    BURST,
    BURST_EVERY_NS,
    STEADY_EVERY_NS,
    ClockReading,
    ClockSync,
)

MS = 1_000_000
S = 1_000_000_000


class Path:
    """A hub whose clock is off and drifts, behind a network that holds some ways up."""

    def __init__(self, offset_ns: int, ppm: float, up_ms: float, down_ms: float, seed: int) -> None:
        self.sync = ClockSync()
        self.now_ns = 1_000 * S
        self.offset_ns, self.ppm = offset_ns, ppm
        self._mean_ms = up_ms, down_ms
        self._random = random.Random(seed)

    def hub_ns(self, local_ns: int) -> int:
        return local_ns + self.offset_ns + round((local_ns - 1_000 * S) * self.ppm * 1e-6)

    def way_ns(self, mean_ms: float) -> int:
        """At least 0.3 ms; a tail with this mean."""
        jitter_ms = self._random.expovariate(1 / mean_ms) if mean_ms else 0.0
        return round((0.3 + jitter_ms) * MS)

    def exchange(self) -> None:
        self.now_ns += self.sync.wait_ns(self.now_ns)
        self.sync.asked(self.now_ns)
        there_ns = self.now_ns + self.way_ns(self._mean_ms[0])
        left_ns = there_ns + 50_000
        back_ns = left_ns + self.way_ns(self._mean_ms[1])
        self.sync.answered(self.now_ns, self.hub_ns(there_ns), self.hub_ns(left_ns), back_ns)
        self.now_ns = back_ns

    def error_ms(self) -> float:
        reading = self.reading
        return (reading.hub_ns(self.now_ns) - self.hub_ns(self.now_ns)) / MS

    @property
    def reading(self) -> ClockReading:
        assert self.sync.reading is not None
        return self.sync.reading


def test_nothing_is_known_before_an_answer() -> None:
    sync = ClockSync()
    assert sync.reading is None and sync.wait_ns(5) == 0


def test_a_burst_and_then_once_a_second() -> None:
    sync, asked = ClockSync(), list[int]()
    now_ns = 0
    for _ in range(BURST + 3):
        now_ns += sync.wait_ns(now_ns)
        asked.append(now_ns)
        sync.asked(now_ns)
    gaps = [after - before for before, after in itertools.pairwise(asked)]
    assert gaps == [BURST_EVERY_NS] * (BURST - 1) + [STEADY_EVERY_NS] * 3
    sync.connected()
    assert sync.wait_ns(now_ns) == 0


@pytest.mark.parametrize(("up_ms", "down_ms"), [(0.0, 0.0), (1.0, 1.0), (8.0, 1.0), (1.0, 15.0)])
@pytest.mark.parametrize("ppm", [-80.0, 0.0, 50.0])
def test_uneven_ways_and_drift(up_ms: float, down_ms: float, ppm: float) -> None:
    path = Path(offset_ns=-777 * S, ppm=ppm, up_ms=up_ms, down_ms=down_ms, seed=1)
    worst_ms = 0.0
    for number in range(300):
        path.exchange()
        age_ns = path.now_ns - path.reading.at_ns
        assert abs(path.error_ms()) * MS <= path.reading.uncertainty_ns + 200e-6 * age_ns
        if number >= 60:
            worst_ms = max(worst_ms, abs(path.error_ms()))
    assert worst_ms < 1.0, "a loudspeaker's sound travels 34 cm in that"
    if up_ms == down_ms == 0:
        assert worst_ms < 0.01
    assert path.sync.steps == 0


def test_between_the_exchanges_the_drift_counts() -> None:
    path = Path(offset_ns=5 * S, ppm=60.0, up_ms=0.2, down_ms=0.2, seed=2)
    for _ in range(200):
        path.exchange()
    path.now_ns += 30 * S  # the connection is away: 60 ppm would be 1.8 ms
    assert abs(path.error_ms()) < 0.3


def test_a_machine_that_slept_begins_anew() -> None:
    path = Path(offset_ns=5 * S, ppm=0.0, up_ms=1.0, down_ms=1.0, seed=3)
    for _ in range(20):
        path.exchange()
    path.offset_ns += 3_600 * S
    path.exchange()
    for _ in range(10):
        path.exchange()
    assert path.sync.steps == 1
    assert abs(path.error_ms()) < 1.0


def test_answers_that_cannot_be_are_left_out() -> None:
    sync = ClockSync()
    sync.answered(100, 50, 40, 200)  # left before it came
    sync.answered(100, 50, 250, 200)  # thought longer than the round trip
    sync.answered(0, 50, 60, 60 * S)  # a minute under way
    assert sync.reading is None


@settings(deadline=None)
@given(
    st.integers(-(10**15), 10**15),
    st.floats(-1e-3, 1e-3),
    st.integers(0, 10**14),
    st.integers(0, 10**15),
)
def test_there_and_back(offset_ns: int, drift: float, at_ns: int, local_ns: int) -> None:
    reading = ClockReading(at_ns, float(offset_ns), drift, 0.0, 0)
    assert abs(reading.local_ns(reading.hub_ns(local_ns)) - local_ns) <= 2
