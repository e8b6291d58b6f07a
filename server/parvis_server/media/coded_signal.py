"""A coded signal for sound checks, and finding it again in a feed, with its delay and its gain.

Theory of operation. The signal is a maximum length sequence s of degree 14: 16383 values of +1 and
-1 from a shift register (Golomb, *Shift Register Sequences*; taps 1, 3, 5 and 14), played over
and over. Its circular autocorrelation is 16383 at lag 0 and -1 everywhere else, so that a feed
which brings it back, correlated with it, is the impulse response of the way (Schroeder 1979). While
a feed is in its steady state, each period of it is

    R_p(f) = H(f) S(f) + N_p(f)

with H the way and N_p everything else on the feed, people who talk above all. The best estimate of
a flat H at each lag weighs every frequency of every period by how little else is there (the maximum
likelihood weighting of Knapp and Carter 1976, with the feed's own smoothed power for the noise):

    h(lag) = IFFT( sum_p R_p conj(S) / P_p ) / mean( sum_p |S|^2 / P_p ),    P_p = smooth |R_p|^2

Speech leaves the upper octaves and its own pauses nearly free, and that is where the weight goes. A
lag whose h stands seven standard deviations (from the median, so that the echo itself does not
count) above the rest is a return: the highest of 16383 values of noise reaches 4.3.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.fft import irfft, rfft
from numpy.typing import NDArray

Samples = NDArray[np.float32]

SAMPLE_RATE_HZ = 48_000
DEGREE = 14
PERIOD_SAMPLES = 2**DEGREE - 1
"""341 ms: the longest way that is told apart from a shorter one."""

LEVEL_DBFS = -26.0
"""As loud as a calm talker: heard in the hall, hurts nobody."""

PRIMING_PERIODS = 1
"""Played before it is listened to: after the longest way everything is in its steady state."""

LISTENED_PERIODS = 4
PLAYED_SAMPLES: Final = (PRIMING_PERIODS + LISTENED_PERIODS) * PERIOD_SAMPLES
"""1.7 s."""

DETECTION_SIGMAS: Final = 7.0

_FADE_SAMPLES: Final = 480
_SMOOTH_BINS: Final = 31
"""90 Hz: inside a formant."""

_AROUND_SAMPLES: Final = 24
"""Half a millisecond to both sides belongs to one arrival: filters, fractions of a sample."""

_BAND_HZ: Final = (200.0, 14_000.0)
"""What every converter, codec and desk brings back."""

_LEAST_POWER: Final = PERIOD_SAMPLES * 10 ** (-70 / 10)
"""Of white noise at -70 dBFS in one bin: a gap that a codec left must not get all the weight."""

_MAD_TO_SIGMA: Final = 1.4826


@dataclass(frozen=True, slots=True)
class Return:
    """A coded signal that came back."""

    delay_samples: int
    gain_db: float
    """Against what was played."""
    sigmas: float
    """How far it stands out."""


class CodedSignal:
    """The sequence, frame by frame."""

    def __init__(self) -> None:
        """Make it."""
        self._period = sequence() * np.float32(10 ** (LEVEL_DBFS / 20))
        spectrum = rfft(self._period.astype(np.float64))
        hertz = np.fft.rfftfreq(PERIOD_SAMPLES, 1 / SAMPLE_RATE_HZ)
        outside = (hertz < _BAND_HZ[0]) | (hertz > _BAND_HZ[1])
        self.spectrum = np.where(outside, 0.0, spectrum)
        """Of one period as it is played, inside the band that is listened to."""

    def frame(self, begin: int, samples: int) -> Samples:
        """Samples ``begin`` and after of the signal, with soft ends; silent after its end."""
        at = np.arange(begin, begin + samples)
        edge = np.minimum(at + 1, PLAYED_SAMPLES - at) / _FADE_SAMPLES
        played = self._period[at % PERIOD_SAMPLES] * np.clip(edge, 0.0, 1.0)
        return np.asarray(played, dtype=np.float32)


class ReturnFinder:
    """Looks for the signal in one feed: first record, then one ``step`` for each period."""

    def __init__(self, signal: CodedSignal) -> None:
        """Have heard nothing of ``signal``."""
        self._played = signal.spectrum
        self._heard = np.zeros((LISTENED_PERIODS, PERIOD_SAMPLES), dtype=np.float32)
        self._recorded = 0
        self._cross: NDArray[np.complex128] | float = 0.0
        self._weight: NDArray[np.float64] | float = 0.0
        self._steps = 0

    @property
    def heard_share(self) -> float:
        """How much of what is listened to was handed in, 0 to 1; the rest counts as silence."""
        return self._recorded / self._heard.size

    @property
    def done(self) -> bool:
        """Whether every period was worked on."""
        return self._steps == LISTENED_PERIODS

    def listen(self, begin: int, frame: Samples) -> None:
        """The feed while samples ``begin`` and after of the signal are being played."""
        at = begin - PRIMING_PERIODS * PERIOD_SAMPLES
        first, last = max(at, 0), min(at + frame.size, self._heard.size)
        if last > first:
            self._heard.reshape(-1)[first:last] = frame[first - at : last - at]
            self._recorded += last - first

    def step(self) -> None:
        """Work on one more period: 1 ms, so that no tick has to do it all."""
        spectrum = rfft(self._heard[self._steps].astype(np.float64))
        power = _smooth(np.abs(spectrum) ** 2) + _LEAST_POWER
        self._cross = self._cross + spectrum * np.conj(self._played) / power
        self._weight = self._weight + np.abs(self._played) ** 2 / power
        self._steps += 1

    def found(self) -> Return | None:
        """The strongest return; None when nothing stands out."""
        way = irfft(self._cross, PERIOD_SAMPLES) * PERIOD_SAMPLES / (2 * np.sum(self._weight))
        sigma = _MAD_TO_SIGMA * float(np.median(np.abs(way)))
        at = int(np.abs(way).argmax())
        peak = float(np.abs(way[at]))
        if not peak > DETECTION_SIGMAS * max(sigma, 1e-9):
            return None
        near = way[np.arange(at - _AROUND_SAMPLES, at + _AROUND_SAMPLES + 1) % PERIOD_SAMPLES]
        width = np.mean(self._weight**2) / np.mean(self._weight) ** 2  # of a flat way's own h
        energy = max((float(np.sum(near**2)) - near.size * sigma**2) / width, peak**2)
        return Return(at, 10 * math.log10(energy), peak / max(sigma, 1e-9))


def sequence() -> Samples:
    """One period of +1 and -1."""
    register, bits = [1] * DEGREE, np.zeros(PERIOD_SAMPLES)
    for at in range(PERIOD_SAMPLES):
        bits[at] = register[-1]
        feedback = register[0] ^ register[2] ^ register[4] ^ register[13]
        register = [feedback, *register[:-1]]
    return np.asarray(2.0 * bits - 1.0, dtype=np.float32)


def _smooth(power: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of each bin and its neighbours."""
    padded = np.pad(power, _SMOOTH_BINS // 2, mode="reflect")
    sums = np.cumsum(np.concatenate(((0.0,), padded)))
    return np.asarray((sums[_SMOOTH_BINS:] - sums[:-_SMOOTH_BINS]) / _SMOOTH_BINS)
