"""How long a voice is under way: from the converter of its microphone to the hub. Pure.

A unit tells once a second when it captured one sample, on the hub's clock (``capture_time``). With
it, the arrival of any packet says how old its first sample is. The least age of the last seconds is
the way without its jitter; what the jitter buffer adds, the engine reports as ``hold_ms``, counted
from just that quickest arrival. The sum is the delay from the converter to the mix.
"""

from dataclasses import dataclass

from parvis_wire.rtp import CLOCK_RATE_HZ
from parvis_wire.stage import CaptureTime

NS_PER_S = 1_000_000_000

WINDOW_NS = 2 * NS_PER_S
"""The least age is kept over this and the window before it: long enough to catch a quick packet."""

FRESH_NS = 5 * NS_PER_S
"""A capture time is told every second; after five without, two clocks at 200 ppm are 1 ms apart."""

MAX_AGE_NS = 10 * NS_PER_S
"""More is no delay but a clock that is not the hub's."""

MAX_SPAN_SAMPLES = 30 * CLOCK_RATE_HZ
"""A packet further than this from the sample that was told is of another life of the device."""


@dataclass(slots=True)
class CaptureDelay:
    """The delay of one source from its converter to its arrival."""

    _timestamp: int = 0
    _captured_ns: int = 0
    _told_ns: int | None = None
    _window_ns: int = 0
    _least_ns: int | None = None
    _least_before_ns: int | None = None

    def told(self, capture: CaptureTime, now_ns: int) -> None:
        """A sample was captured at this moment of the hub's clock; nonsense is passed over."""
        if abs(now_ns - capture.hub_ns) <= MAX_AGE_NS:
            self._timestamp, self._captured_ns = capture.timestamp, capture.hub_ns
            self._told_ns = now_ns

    def arrived(self, timestamp: int, arrival_ns: int) -> None:
        """A packet came whose first sample has this RTP timestamp."""
        age_ns = self._age_ns(timestamp, arrival_ns)
        if age_ns is None:
            return
        if arrival_ns - self._window_ns >= WINDOW_NS:
            recent = arrival_ns - self._window_ns < 2 * WINDOW_NS
            self._least_before_ns = self._least_ns if recent else None
            self._least_ns, self._window_ns = None, arrival_ns
        self._least_ns = age_ns if self._least_ns is None else min(self._least_ns, age_ns)

    def least_ms(self, now_ns: int) -> float | None:
        """Least age on arrival in the last seconds; None when nothing was measured lately."""
        if now_ns - self._window_ns >= 2 * WINDOW_NS:
            return None
        ages_ns = [age for age in (self._least_ns, self._least_before_ns) if age is not None]
        return max(0, min(ages_ns)) / 1e6 if ages_ns else None

    def _age_ns(self, timestamp: int, arrival_ns: int) -> int | None:
        if self._told_ns is None or arrival_ns - self._told_ns > FRESH_NS:
            return None
        span = (timestamp - self._timestamp + (1 << 31)) % (1 << 32) - (1 << 31)
        if abs(span) > MAX_SPAN_SAMPLES:
            return None
        age_ns = arrival_ns - self._captured_ns - span * NS_PER_S // CLOCK_RATE_HZ
        return age_ns if abs(age_ns) <= MAX_AGE_NS else None
