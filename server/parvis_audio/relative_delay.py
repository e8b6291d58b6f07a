"""How long to hold a source's packets: the target delay, learned from how late packets come.

Theory of operation. How much later than by the path at its quickest a packet came is its *relative
delay*; ``drift.py`` tells it. The target is the 99th percentile of the relative delays, plus a
guard: it rises at once and falls slowly; only the start of a remote link, which no packet asked
for, is left as fast as the depth can follow. Two histograms are kept, one that forgets in 30 s and
one in 3 s, and the more careful of the two counts: a network that has just become bad is believed
at once.
"""

import math
from dataclasses import dataclass
from enum import Enum
from typing import Final

NS_PER_MS: Final = 1_000_000
FRAME_SAMPLES: Final = 480

GUARD_MS: Final = 2.0
QUANTILE: Final = 0.99
SLOW_FORGETTING_S: Final = 30.0
FAST_FORGETTING_S: Final = 3.0
FALL_AFTER_S: Final = 10.0
FALL_MS_PER_S: Final = 1.0
GUESS_S: Final = 3.0
"""The start is a guess, kept until as many seconds of packets said otherwise."""

GUESS_FALL_MS_PER_S: Final = 5.0
"""Of a remote link. The depth follows by playing 0.5 % faster. At 1 ms/s, a speaker far away whose
network is good would be 40 ms later than need be for the whole of a minute's turn. Units in the
hall connect long before they speak, and those of one zone keep their targets together."""

FALL_MARGIN_MS: Final = 4.0
"""A target that is only so much too high stays: it would rise again."""

_BIN_MS = 2.0
_BINS = 200
"""0 to 400 ms: over the highest clamp of any link."""
_LOOK_EVERY_PACKETS = 10
_RESCALE_ABOVE = 1e12
_FORGOTTEN = 1e-9
"""Of the newest packet's weight: 20 time constants ago."""


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

SHORT_TICK_LIMITS: Final = TargetLimits(12.5, 4.0, 40.0)
"""A wired source with ticks of 5 ms: half the wait for a tick, so half the targets."""

HIGHEST_TARGET_MS: Final = max(bounds.highest_ms for bounds in LIMITS.values())


def limits(link: Link, frame_samples: int) -> TargetLimits:
    """The bounds for a kind of link and a length of tick; only a wire gains by a short one."""
    short = link is Link.WIRED and frame_samples < FRAME_SAMPLES
    return SHORT_TICK_LIMITS if short else LIMITS[link]


class ForgettingHistogram:
    """Relative delays in 2 ms bins; old ones count less, with a time constant."""

    def __init__(self, forgetting_s: float) -> None:
        """Start empty."""
        self._forgetting_s = forgetting_s
        self._weights = [0.0] * _BINS
        self._sum = 0.0
        self._highest = 0
        """The last bin that holds anything: on most links one of the first."""
        self._weight = 1.0
        self._last_s: float | None = None

    def add(self, now_s: float, delay_ms: float) -> None:
        """One packet. New ones get heavier instead of old ones lighter: the same, and cheap."""
        if self._last_s is not None and now_s > self._last_s:
            elapsed_s = min(now_s - self._last_s, 10 * self._forgetting_s)
            self._weight *= math.exp(elapsed_s / self._forgetting_s)
        self._last_s = now_s
        place = min(_BINS - 1, int(delay_ms / _BIN_MS))
        self._weights[place] += self._weight
        self._sum += self._weight
        if place > self._highest:
            self._highest = place
        if self._weight > _RESCALE_ABOVE:
            self._rescale()

    def quantile_ms(self) -> float:
        """The upper edge of the bin that holds the quantile; 0 when empty."""
        above, weights = (1 - QUANTILE) * self._sum, self._weights
        for place in range(self._highest, -1, -1):
            above -= weights[place]
            if above < 0:
                return (place + 1) * _BIN_MS
        return 0.0

    def _rescale(self) -> None:
        """The newest weighs 1 again; what has become as good as nothing is forgotten."""
        scaled = [weight / self._weight for weight in self._weights]
        self._weights = [weight if weight > _FORGOTTEN else 0.0 for weight in scaled]
        self._sum, self._weight = sum(self._weights), 1.0
        self._highest = max((place for place in range(_BINS) if self._weights[place]), default=0)


class RelativeDelay:
    """Target delay of one source."""

    def __init__(self, link: Link, frame_samples: int = FRAME_SAMPLES) -> None:
        """Start with nothing known but the kind of link and the length of a tick."""
        self.limits = limits(link, frame_samples)
        self.own_target_ms = self.limits.start_ms
        """How long after its quickest arrival a packet has to be played, for its own sake."""
        self.target_ms = self.own_target_ms
        """How long after its quickest arrival a packet is played."""
        self._least_target_ms = 0.0
        self._histograms = (
            ForgettingHistogram(SLOW_FORGETTING_S),
            ForgettingHistogram(FAST_FORGETTING_S),
        )
        self._until_look = _LOOK_EVERY_PACKETS
        self._too_high_since_s: float | None = None
        self._last_look_s = 0.0
        self._first_s = math.inf
        self._is_guess = link is Link.REMOTE
        """No packet has asked for so much yet."""

    @property
    def least_target_ms(self) -> float:
        """What the target must not be under, for the sake of others that hear the same voice.

        The target rises to it at once and falls to it by 1 ms/s, so that sources which are given
        the greatest ``own_target_ms`` of all keep equal targets.
        """
        return self._least_target_ms

    @least_target_ms.setter
    def least_target_ms(self, least_ms: float) -> None:
        if not 0 <= least_ms <= HIGHEST_TARGET_MS:
            raise ValueError(f"a target of {least_ms} ms: 0 to {HIGHEST_TARGET_MS:.0f} is right")
        self._least_target_ms = least_ms
        self.target_ms = max(self.target_ms, least_ms)

    def note(self, arrival_ns: int, relative_delay_s: float) -> None:
        """A packet came so much later than undisturbed; a negative figure counts as none."""
        delay_ms = max(0.0, relative_delay_s * 1e3)
        now_s = arrival_ns / 1e9
        self._first_s = min(self._first_s, now_s)
        slow, fast = self._histograms
        slow.add(now_s, delay_ms)
        fast.add(now_s, delay_ms)
        self._until_look -= 1
        if self._until_look <= 0 or delay_ms > self.own_target_ms:
            self._until_look = _LOOK_EVERY_PACKETS
            self._look(now_s)

    def _look(self, now_s: float) -> None:
        limits = self.limits
        needed_ms = max(histogram.quantile_ms() for histogram in self._histograms) + GUARD_MS
        wanted_ms = min(limits.highest_ms, max(limits.lowest_ms, needed_ms))
        elapsed_s, self._last_look_s = max(0.0, now_s - self._last_look_s), now_s
        self._follow(wanted_ms, now_s, elapsed_s)
        held_ms = max(self.own_target_ms, self._least_target_ms)
        fall_ms_per_s = GUESS_FALL_MS_PER_S if self._is_guess else FALL_MS_PER_S
        self.target_ms = max(held_ms, self.target_ms - fall_ms_per_s * elapsed_s)

    def _follow(self, wanted_ms: float, now_s: float, elapsed_s: float) -> None:
        """Rise at once, fall late and slowly."""
        if wanted_ms >= self.own_target_ms:
            self._too_high_since_s = None
            self._is_guess = False
            self.own_target_ms = wanted_ms
        elif self._is_guess:
            if now_s - self._first_s > GUESS_S:
                fallen_ms = self.own_target_ms - GUESS_FALL_MS_PER_S * elapsed_s
                self.own_target_ms = max(wanted_ms, fallen_ms)
        elif self._too_high_since_s is None:
            if wanted_ms < self.own_target_ms - FALL_MARGIN_MS:
                self._too_high_since_s = now_s
        elif now_s - self._too_high_since_s > FALL_AFTER_S:
            self.own_target_ms = max(wanted_ms, self.own_target_ms - FALL_MS_PER_S * elapsed_s)
