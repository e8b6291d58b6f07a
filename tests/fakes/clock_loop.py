"""A device with a wrong crystal, a link that delays, and our own clock, all in virtual time.

The device's rate is a function of time, integrated exactly; the link delivers in order, as TCP
does. ``run`` closes the loop: estimator, ratio, resampler, a buffer of samples, a tick every 10 ms.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from parvis_audio.drift import DriftEstimator
from parvis_audio.resampler import Resampler

FRAME = 480
TICK_S = 0.01
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Crystal:
    """Offset and warming: ``ppm`` at the start, then a triangle of ``wander_ppm_per_minute``."""

    ppm: float
    wander_ppm_per_minute: float = 0.0
    period_s: float = 1_200.0

    def ppm_at(self, seconds: Floats) -> Floats:
        """Fast is positive."""
        phase = (seconds / self.period_s) % 1.0
        triangle = np.where(phase < 0.5, phase, 1 - phase) * self.period_s / 60
        return self.ppm + self.wander_ppm_per_minute * triangle

    def recorded_s(self, packets: int) -> Floats:
        """When the last sample of each packet was recorded, by our clock."""
        grid = np.arange(packets + 1) * TICK_S
        middle = (grid[:-1] + grid[1:]) / 2
        return np.cumsum(TICK_S / (1 + self.ppm_at(middle) * 1e-6))


@dataclass(frozen=True, slots=True)
class Link:
    """Exponential jitter of ``jitter_s``; stalls about every ``stall_every_s`` seconds."""

    jitter_s: float
    stall_every_s: float = 0.0
    stall_s: tuple[float, float] = (0.0, 0.0)
    least_s: float = 0.001

    def arrivals_s(self, sent_s: Floats, random: np.random.Generator) -> Floats:
        """When each packet comes out, in order."""
        came = sent_s + self.least_s + random.exponential(self.jitter_s, sent_s.size)
        if self.stall_every_s:
            starts = np.arange(self.stall_every_s, sent_s[-1], self.stall_every_s)
            starts = starts + random.uniform(-0.3, 0.3, starts.size) * self.stall_every_s
            for start in starts:
                end = start + random.uniform(*self.stall_s)
                came = np.where((came >= start) & (came < end), end, came)
        return np.maximum.accumulate(came)


ETHERNET = Link(jitter_s=0.0001)
WIFI = Link(jitter_s=0.002, stall_every_s=3.0, stall_s=(0.02, 0.06))
BAD_WIFI = Link(jitter_s=0.006, stall_every_s=2.0, stall_s=(0.04, 0.2))


@dataclass(slots=True)
class Outcome:
    """What the loop saw; errors are against the truth, not against the estimate."""

    underruns: int = 0
    samples_in: int = 0
    samples_out: int = 0
    seconds: list[float] = field(default_factory=list)
    drift_error_ppm: list[float] = field(default_factory=list)
    depth_error_s: list[float] = field(default_factory=list)
    expected_out: float = 0.0

    def note(
        self, at_s: float, place: float, recorded_s: Floats, estimator: DriftEstimator
    ) -> None:
        """Compare with the truth; ``place``: next sample to leave, in packets."""
        low = min(int(place), recorded_s.size - 2)
        step_s = recorded_s[low + 1] - recorded_s[low]
        self.seconds.append(at_s)
        self.drift_error_ppm.append(float(estimator.drift - step_s / TICK_S + 1) * 1e6)
        self.depth_error_s.append(float(at_s - recorded_s[low] - (place - low) * step_s))

    def after(self, seconds: float, series: list[float]) -> Floats:
        """The part of a series later than ``seconds``."""
        return np.array(series)[np.array(self.seconds) > seconds]

    def drift_settles_s(self, within_ppm: float) -> float:
        """The last moment at which the drift was further off."""
        wrong = np.abs(np.array(self.drift_error_ppm)) > within_ppm
        return float(np.array(self.seconds)[wrong][-1]) if wrong.any() else 0.0


class CountingResampler(Resampler):
    """Same counts as the real one, silence instead of sound, ten times as fast."""

    def feed(self, samples: NDArray[np.float32], ratio: float) -> None:
        self._ratio = ratio
        before = self._fed_samples
        kept = 20 if before == 0 else 0
        self._exact = getattr(self, "_exact", 0.0) + samples.size * ratio - kept
        whole = int(self._exact)
        self._exact -= whole
        self._fed_samples += samples.size
        self._waiting_samples += whole


def run(
    crystal: Crystal,
    link: Link,
    target_s: float,
    minutes: float,
    resampler: Resampler,
    seed: int = 1,
    on_frame: Callable[[NDArray[np.float32]], None] | None = None,
    sound: Callable[[int, int], NDArray[np.float32]] | None = None,
) -> Outcome:
    """Run the loop for so many virtual minutes; ``sound(first, count)`` makes the samples."""
    packets = int(minutes * 6_000)
    recorded_s = crystal.recorded_s(packets)
    arrival_ns = link.arrivals_s(recorded_s, np.random.default_rng(seed)) * 1e9
    arrivals = arrival_ns.astype(np.int64).tolist()
    estimator, outcome = DriftEstimator(), Outcome()
    silence = np.zeros(4 * FRAME, dtype=np.float32)
    came = taken = 0
    playing = False
    for tick in range(1, int(recorded_s[-1] * 100) - 100):
        now_ns = tick * 10_000_000 + 3_000_000
        while came < packets and arrivals[came] <= now_ns:
            estimator.arrived(came * FRAME, arrivals[came])
            came += 1
        if not playing:
            playing = came > 0 and estimator.held_s(0, now_ns) >= target_s
            if not playing:
                continue
        if tick % 10 == 0:
            outcome.note(now_ns * 1e-9, resampler.input_position / FRAME, recorded_s, estimator)
            outcome.depth_error_s[-1] -= link.least_s + target_s
        ratio = estimator.ratio(estimator.held_s(resampler.input_position, now_ns) - target_s)
        wanted = resampler.wanted_samples(ratio)
        if taken + wanted > came * FRAME:
            outcome.underruns += 1
        samples = sound(taken, wanted) if sound else silence[:wanted]
        resampler.feed(samples, ratio)
        taken += wanted
        outcome.expected_out += wanted * ratio
        frame = resampler.take()
        if on_frame:
            on_frame(frame)
        outcome.samples_out += FRAME
    outcome.samples_in = taken
    return outcome
