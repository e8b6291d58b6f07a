"""How fast a source's crystal really runs, told from when its packets arrive.

Theory of operation. A packet that carries the device's sample number ``n`` cannot arrive before it
was recorded; it can only be held up. So ``arrival - n / 48000``, the *delay*, has a lower envelope:
the packets that met no queue. If the device's crystal is slow, that envelope rises, by the same
number of microseconds each second; if it is fast, it falls. The level of a jitter buffer shows the
same thing much worse, because a stalled link moves the buffer by tens of milliseconds and the
envelope not at all (measured: a control loop on the level hunts by 46 to 300 ppm).

Each second gives one measurement, the smallest delay in it, to a Kalman filter with two states:

    x = [offset s, drift]     F = [[1, dt], [0, 1]]     Q = diag(1e-12, 1e-14) * dt     H = [1, 0]

The measurement's variance R is taken from the same second: the distance from its smallest delay to
its 5th percentile says how ragged the envelope is. The drift's process noise is the figure above
while the measurements scatter around the line, and grows up to 300 times while they keep lying on
one side of it, which is what a warming crystal does. Together the two follow 10 ppm a minute within
4 ppm on Ethernet and 6 on Wi-Fi; the 20th percentile and a fixed noise lag by 6 and 17. From the
45th second on the slope is told still better by the line under all of the last measurements
(``lower_line.py``), also where hardly a packet is undisturbed.

``drift`` is the slope of the delay against the device's own time: positive for a slow device. One
second of device time takes ``1 + drift`` seconds of ours and must become that many seconds of
samples: it is the resampler's ratio. (That the drift counts only above two standard deviations is
the rule of Sendspin's time filter.)

A device that restarts, a laptop that slept, a route that became longer: the delay steps. One second
off by more than five standard deviations is believed to be a fault of that second; three in a row,
or a step of more than half a second, is a new beginning of the offset. The drift is kept, since the
crystal is most likely the same one; a second step soon after forgets it too.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from parvis_audio.lower_line import LowerLine

SAMPLE_RATE_HZ = 48_000

WINDOW_S = 1.0
"""Long enough to hold an undisturbed packet even on bad Wi-Fi, short enough to settle soon."""

MIN_WINDOW_PACKETS = 10
"""Fewer packets say nothing about their lower edge; the window then waits for more."""

MAX_WINDOW_PACKETS = 1_000
"""Bound of one window: ten times the rate of 10 ms packets; a flood closes it early."""

SMALLEST_SPREAD_S = 50e-6
"""Least standard deviation of a measurement: how exactly a quiet machine stamps an arrival."""

_FIRST_DRIFT_SIGMA: Final = 300e-6
"""Before the first measurement: crystals are sold as +-100 ppm, cheap ones are worse."""

_SAME_CRYSTAL_SIGMA: Final = 20e-6
"""After a step: the same crystal, perhaps at another temperature."""

_OFFSET_NOISE: Final = 1e-12  # s^2 per s
_DRIFT_NOISE: Final = 1e-14
"""Per second, for a crystal at a steady temperature: 0.1 ppm in a second."""

_SPREAD_PERCENTILE: Final = 5

_BIAS_TIME_WINDOWS: Final = 16
"""How many seconds of measurements show that they lie on one side of the line."""

_BIAS_SIGMAS: Final = 2.0
"""A mean innovation this many of its standard deviations from zero is a crystal on the move."""

_BIAS_MAX_GAIN: Final = 300.0
"""Most that the process noise grows: 1.7 ppm in a second, the warming of a cold device."""

_BIAS_LEAST_SIGMA_S: Final = 1e-6
"""Exactness below this is a simulation's, not a network's."""

_OUTLIER_SIGMAS: Final = 5.0
_OUTLIERS_TO_STEP: Final = 3
_CERTAIN_STEP_S: Final = 0.5
"""No queue holds every packet of a second this long without losing any: the counter jumped."""

_SOON_WINDOWS: Final = 10
"""A second step within so many windows: the drift that was kept does not fit either."""

_SIGNIFICANT_SIGMAS: Final = 2.0

DEPTH_TIME_CONSTANT_S = 8.0
"""A depth error fades with this time constant. It may be short, since the depth is reckoned from
the envelope, which a stalled link does not move."""

MAX_DEEP_RATIO = 0.002
"""Too much is held: at most 2 ms each second (3.5 cents, which nobody hears)."""

MAX_SHALLOW_RATIO = 0.005
"""Too little is held, which costs sound and not only time: at most 8.6 cents."""

ALARM_PPM = 200.0
"""Beyond this a device deserves a line on the console; it is still followed."""


@dataclass(frozen=True, slots=True)
class _Envelope:
    """The filter's state: the least delay, a straight line over device time, and how sure."""

    at_s: float
    offset_s: float
    drift: float
    offset_variance: float
    covariance: float
    drift_variance: float

    def delay_s(self, device_s: float) -> float:
        """The least delay that a packet recorded at ``device_s`` can have."""
        return self.offset_s + self.drift * (device_s - self.at_s)

    def predicted(self, device_s: float, drift_noise: float) -> "_Envelope":
        """The same line at another time, less sure by the process noise in between."""
        step = max(device_s - self.at_s, 0.0)
        drift_variance = self.drift_variance + drift_noise * step
        return _Envelope(
            at_s=device_s,
            offset_s=self.delay_s(device_s),
            drift=self.drift,
            offset_variance=self.offset_variance
            + step * (2 * self.covariance + step * self.drift_variance)
            + _OFFSET_NOISE * step,
            covariance=self.covariance + step * self.drift_variance,
            drift_variance=drift_variance,
        )

    def corrected(self, innovation_s: float, variance: float) -> "_Envelope":
        """Kalman update by a measured delay ``innovation_s`` above the line."""
        total = self.offset_variance + variance
        offset_gain, drift_gain = self.offset_variance / total, self.covariance / total
        return _Envelope(
            at_s=self.at_s,
            offset_s=self.offset_s + offset_gain * innovation_s,
            drift=self.drift + drift_gain * innovation_s,
            offset_variance=(1 - offset_gain) * self.offset_variance,
            covariance=(1 - offset_gain) * self.covariance,
            drift_variance=self.drift_variance - drift_gain * self.covariance,
        )


class _Bias:
    """Whether measurements keep lying on one side of the line: exponential mean and variance."""

    def __init__(self) -> None:
        self._mean_s = 0.0
        self._variance = 0.0

    def note(self, innovation_s: float) -> None:
        """One more measurement, this far above the line."""
        weight = 1 / _BIAS_TIME_WINDOWS
        surprise = innovation_s - self._mean_s
        self._mean_s += weight * surprise
        self._variance = (1 - weight) * (self._variance + weight * surprise**2)

    def noise_gain(self) -> float:
        """By how much the drift's process noise has to grow; 1 when there is no bias."""
        # The variance of an exponential mean is weight / 2 of the values' variance.
        sigma_s = math.sqrt(self._variance / (2 * _BIAS_TIME_WINDOWS))
        sigmas = abs(self._mean_s) / max(sigma_s, _BIAS_LEAST_SIGMA_S)
        gain: float = (sigmas / _BIAS_SIGMAS) ** 2
        return min(max(gain, 1.0), _BIAS_MAX_GAIN)


class DriftEstimator:
    """One source's clock against ours."""

    def __init__(self, sample_rate_hz: int = SAMPLE_RATE_HZ) -> None:
        """``sample_rate_hz``: what the device says it runs at."""
        self._rate_hz = sample_rate_hz
        self._origin: tuple[int, int] | None = None
        self._envelope: _Envelope | None = None
        self._known = (0.0, _FIRST_DRIFT_SIGMA**2)
        """Drift and its variance before there is an envelope."""
        self._bias = _Bias()
        self._line = LowerLine()
        self._slope: float | None = None
        """The drift by the line under the last minute, once that is known."""
        self._device_s: list[float] = []
        self._delay_s: list[float] = []
        self._window_ends_ns = 0
        self._outliers = 0
        self._windows_since_step = _SOON_WINDOWS
        self.steps = 0
        """Times the offset had to begin anew: device restarts, sleeps, new routes."""

    def arrived(self, sample_index: int, arrival_ns: int) -> float:
        """A packet came in; how much later than undisturbed, in seconds.

        ``sample_index``: number of its first sample by the device's counter, unwrapped by the
        caller (never 32 bit); ``arrival_ns``: monotonic. Late and repeated packets do no harm. The
        answer is that of ``held_s`` for an arrival: slightly negative when it beats the envelope.
        """
        if self._origin is None:
            self._origin = (sample_index, arrival_ns)
            first_ns = int(WINDOW_S * 1e9) + arrival_ns // 1_000 % 1_000 * 1_000_000
            self._window_ends_ns = arrival_ns + first_ns  # 1 to 2 s: each source at its own moment
        device_s, delay_s = self._relative(sample_index, arrival_ns)
        self._device_s.append(device_s)
        self._delay_s.append(delay_s)
        packets = len(self._delay_s)
        due = arrival_ns >= self._window_ends_ns and packets >= MIN_WINDOW_PACKETS
        if due or packets >= MAX_WINDOW_PACKETS:
            self._close_window()
            self._window_ends_ns = arrival_ns + int(WINDOW_S * 1e9)
        return delay_s - self._least_delay_s(device_s)

    def restart(self) -> None:
        """The counter or the path begins anew; the crystal is most likely the same one."""
        if self._envelope is not None:
            least = _SAME_CRYSTAL_SIGMA**2
            self._known = self.drift, max(self._envelope.drift_variance, least)
        self._forget_line()
        self._origin = self._envelope = None
        self._device_s.clear()
        self._delay_s.clear()
        self._outliers = 0
        self._windows_since_step = _SOON_WINDOWS

    @property
    def drift(self) -> float:
        """Slope of the delay: our seconds per device second, minus one. Positive: slow device."""
        if self._slope is not None:
            return self._slope
        return self._envelope.drift if self._envelope else self._known[0]

    @property
    def drift_sigma(self) -> float:
        """Standard deviation of ``drift``."""
        return math.sqrt(self._envelope.drift_variance if self._envelope else self._known[1])

    @property
    def skew_ppm(self) -> float:
        """The device's rate against ours: positive when it runs fast."""
        return -1e6 * self.drift / (1 + self.drift)

    @property
    def alarming(self) -> bool:
        """Whether the crystal is further off than a sound one can be."""
        return abs(self.skew_ppm) > ALARM_PPM + 2e6 * self.drift_sigma

    def held_s(self, sample_index: float, now_ns: int) -> float:
        """How long after the earliest moment it could have come the sample leaves, now.

        This is the buffer's depth as a time. Unlike the count of samples in it, it does not move
        when the link stalls. Before the first packet: zero. ``sample_index`` may be a fraction.
        """
        if self._origin is None:
            return 0.0
        device_s, delay_s = self._relative(sample_index, now_ns)
        return delay_s - self._least_delay_s(device_s)

    def ratio(self, depth_error_s: float = 0.0) -> float:
        """Output samples per input sample for the resampler.

        ``depth_error_s``: depth minus target; positive when too much is held, which takes input
        away a little faster. The drift counts once it is surely not zero.
        """
        envelope, drift = self._envelope, self.drift
        variance = self._known[1] if envelope is None else envelope.drift_variance
        certain = drift * drift > _SIGNIFICANT_SIGMAS**2 * variance
        pull = depth_error_s / DEPTH_TIME_CONSTANT_S
        pull = min(max(pull, -MAX_SHALLOW_RATIO), MAX_DEEP_RATIO)
        return 1.0 + (drift if certain else 0.0) - pull

    def _relative(self, sample_index: float, at_ns: int) -> tuple[float, float]:
        """Device time and delay in seconds, both counted from the first packet."""
        assert self._origin is not None
        first_index, first_ns = self._origin
        device_s = (sample_index - first_index) / self._rate_hz
        return device_s, (at_ns - first_ns) * 1e-9 - device_s

    def _least_delay_s(self, device_s: float) -> float:
        if self._envelope is not None:
            return self._envelope.delay_s(device_s)
        return min(self._delay_s)  # the first second: the best packet so far

    def _close_window(self) -> None:
        """Give the finished window's lowest packet to the filter."""
        device_s, delay_s = np.array(self._device_s), np.array(self._delay_s)
        self._device_s.clear()
        self._delay_s.clear()
        if self._envelope is None:
            best = int(delay_s.argmin())
            drift, variance = self._known
            self._begin(device_s[best], delay_s[best], _spread_s(delay_s), variance, drift)
            return
        line = self._envelope
        above_s = delay_s - (line.offset_s + line.drift * (device_s - line.at_s))
        best = int(above_s.argmin())
        spread_s = _spread_s(above_s)
        noise = _DRIFT_NOISE * self._bias.noise_gain()
        predicted = line.predicted(float(device_s[best]), noise)
        innovation_s = float(above_s[best])
        self._windows_since_step += 1
        if self._steps(innovation_s, predicted.offset_variance + spread_s**2):
            self._step(device_s[best], delay_s[best], spread_s)
        elif self._outliers == 0:
            self._bias.note(innovation_s)
            self._envelope = predicted.corrected(innovation_s, spread_s**2)
            self._line.note(float(device_s[best]), float(delay_s[best]))
            self._slope = self._line.slope()

    def _forget_line(self) -> None:
        self._line.forget()
        self._slope = None

    def _steps(self, innovation_s: float, variance: float) -> bool:
        """Whether this window proves a step; counts the outliers before one."""
        if abs(innovation_s) <= _OUTLIER_SIGMAS * variance**0.5:
            self._outliers = 0
            return False
        self._outliers += 1
        return self._outliers >= _OUTLIERS_TO_STEP or abs(innovation_s) > _CERTAIN_STEP_S

    def _step(self, device_s: float, delay_s: float, spread_s: float) -> None:
        """Begin the offset anew; keep the drift the first time, forget it the second."""
        assert self._envelope is not None
        again = self._windows_since_step < _SOON_WINDOWS
        sigma = _FIRST_DRIFT_SIGMA if again else _SAME_CRYSTAL_SIGMA
        drift = 0.0 if again else self.drift
        variance = max(self._envelope.drift_variance, sigma**2)
        self._begin(device_s, delay_s, spread_s, variance, drift)
        self.steps += 1
        self._windows_since_step = 0

    def _begin(
        self,
        device_s: float,
        delay_s: float,
        spread_s: float,
        drift_variance: float,
        drift: float = 0.0,
    ) -> None:
        self._outliers = 0
        self._bias = _Bias()
        self._forget_line()
        self._envelope = _Envelope(
            at_s=float(device_s),
            offset_s=float(delay_s),
            drift=drift,
            offset_variance=spread_s**2,
            covariance=0.0,
            drift_variance=drift_variance,
        )


def _spread_s(delays_s: NDArray[np.float64]) -> float:
    """How ragged the lower edge of the delays is: minimum to 5th percentile."""
    rank = max(delays_s.size * _SPREAD_PERCENTILE // 100, 1)
    spread = float(np.partition(delays_s, rank)[rank] - delays_s.min())
    return max(spread, SMALLEST_SPREAD_S)
