"""How long to hold a source's packets: the target delay, learned from how late packets come.

Theory of operation. How much later than by the path at its quickest a packet came is its *relative
delay*; ``drift.py`` tells it. The target is the 99th percentile of the relative delays, plus a
guard: it rises at once and falls slowly. Two histograms are kept, one that forgets in 30 s and one
in 3 s, and the more careful of the two counts: a network that has just become bad is believed at
once.
"""

import math
from dataclasses import dataclass
from enum import Enum
from typing import Final

import numpy as np

NS_PER_MS: Final = 1_000_000

GUARD_MS: Final = 2.0
QUANTILE: Final = 0.99
SLOW_FORGETTING_S: Final = 30.0
FAST_FORGETTING_S: Final = 3.0
FALL_AFTER_S: Final = 10.0
FALL_MS_PER_S: Final = 1.0
FALL_MARGIN_MS: Final = 4.0
"""A target that is only so much too high stays: it would rise again."""

_BIN_MS = 2.0
_BINS = 200
"""0 to 400 ms: over the highest clamp of any link."""
_LOOK_EVERY_PACKETS = 10
_RESCALE_ABOVE = 1e12


class Link(Enum):
    """How a source is connected; decides how long its sound may be held."""

    WIRED = "wired"
    WIFI = "wifi"
    REMOTE = "remote"


@dataclass(frozen=True, slots=True)
class TargetLimits:
    """Bounds of the target delay, in ms."""

    start_ms: float
    lowest_ms: float
    highest_ms: float


LIMITS: Final = {
    Link.WIRED: TargetLimits(25.0, 8.0, 40.0),
    Link.WIFI: TargetLimits(40.0, 20.0, 120.0),
    Link.REMOTE: TargetLimits(80.0, 40.0, 250.0),
}
"""Low enough to talk with each other, high enough for what such a link does on a normal day."""


class ForgettingHistogram:
    """Relative delays in 2 ms bins; old ones count less, with a time constant."""

    def __init__(self, forgetting_s: float) -> None:
        """Start empty."""
        self._forgetting_s = forgetting_s
        self._weights = np.zeros(_BINS)
        self._weight = 1.0
        self._last_s: float | None = None

    def add(self, now_s: float, delay_ms: float) -> None:
        """One packet. New ones get heavier instead of old ones lighter: the same, and cheap."""
        if self._last_s is not None:
            elapsed_s = min(max(0.0, now_s - self._last_s), 10 * self._forgetting_s)
            self._weight *= math.exp(elapsed_s / self._forgetting_s)
        self._last_s = now_s
        self._weights[min(_BINS - 1, int(delay_ms / _BIN_MS))] += self._weight
        if self._weight > _RESCALE_ABOVE:
            self._weights /= self._weight
            self._weight = 1.0

    def quantile_ms(self) -> float:
        """The upper edge of the bin that holds the quantile; 0 when empty."""
        sums = np.cumsum(self._weights)
        if sums[-1] <= 0:
            return 0.0
        return float(np.searchsorted(sums, QUANTILE * sums[-1]) + 1) * _BIN_MS


class RelativeDelay:
    """Target delay of one source."""

    def __init__(self, link: Link) -> None:
        """Start with nothing known but the kind of link."""
        self.limits = LIMITS[link]
        self.target_ms = self.limits.start_ms
        """How long after its quickest arrival a packet is played."""
        self._histograms = [
            ForgettingHistogram(SLOW_FORGETTING_S),
            ForgettingHistogram(FAST_FORGETTING_S),
        ]
        self._packets = 0
        self._too_high_since_s: float | None = None
        self._last_look_s = 0.0

    def note(self, arrival_ns: int, relative_delay_s: float) -> None:
        """A packet came so much later than undisturbed; a negative figure counts as none."""
        delay_ms = max(0.0, relative_delay_s * 1e3)
        now_s = arrival_ns / 1e9
        for histogram in self._histograms:
            histogram.add(now_s, delay_ms)
        self._packets += 1
        if self._packets % _LOOK_EVERY_PACKETS == 0 or delay_ms > self.target_ms:
            self._look(now_s)

    def _look(self, now_s: float) -> None:
        limits = self.limits
        needed_ms = max(histogram.quantile_ms() for histogram in self._histograms) + GUARD_MS
        wanted_ms = min(limits.highest_ms, max(limits.lowest_ms, needed_ms))
        elapsed_s, self._last_look_s = max(0.0, now_s - self._last_look_s), now_s
        if wanted_ms >= self.target_ms:
            self._too_high_since_s = None
            self.target_ms = wanted_ms
        elif self._too_high_since_s is None:
            if wanted_ms < self.target_ms - FALL_MARGIN_MS:
                self._too_high_since_s = now_s
        elif now_s - self._too_high_since_s > FALL_AFTER_S:
            self.target_ms -= min(FALL_MS_PER_S * elapsed_s, self.target_ms - wanted_ms)
