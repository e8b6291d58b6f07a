"""Look-ahead limiter: the last thing before a bus's encoder.

Theory of operation. Each sample asks for a gain, ``min(1, ceiling / |x|)``. A sliding minimum over
the look-ahead makes the lowest gain known ``lookahead`` samples before its peak leaves; a release
lets it rise again at a constant rate in dB; a Hann window as long as the look-ahead rounds it off.
Every value under the window is at most the gain that the leaving sample asked for, so the weighted
mean is too: the output cannot pass the ceiling, and the gain never jumps. All steps work on whole
frames; the recursion of the release is a running minimum in the logarithmic domain.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.float32]

CEILING_DBFS = -2.0
"""Opus overshoots its input by up to 2 dB at the listeners' rate; players then clip."""

LOOKAHEAD_SAMPLES = 72
"""1.5 ms at 48 kHz: long enough not to be heard as distortion, short enough not to be felt."""

RELEASE_DB_PER_SECOND = 125.0
"""10 dB of reduction are given back in 80 ms: between two syllables."""

SAMPLE_RATE_HZ = 48_000

_LARGEST = 1e6
"""120 dB over full scale; anything above is no sound but a fault, and still must not be NaN."""


class Limiter:
    """Keeps a bus at or under its ceiling, ``lookahead_samples`` later than it came in."""

    lookahead_samples: Final = LOOKAHEAD_SAMPLES

    def __init__(self, ceiling_dbfs: float = CEILING_DBFS) -> None:
        """Start in silence with unity gain."""
        self.ceiling = np.float32(10 ** (ceiling_dbfs / 20))
        self._held = np.zeros(LOOKAHEAD_SAMPLES, dtype=np.float32)
        self._asked_log = np.zeros(LOOKAHEAD_SAMPLES)
        self._released_log = np.zeros(LOOKAHEAD_SAMPLES)
        self._release_step = RELEASE_DB_PER_SECOND / SAMPLE_RATE_HZ * np.log(10) / 20
        window = np.hanning(LOOKAHEAD_SAMPLES + 3)[1:-1]
        self._window = window / window.sum()
        self._idle = True

    def continue_from(self, other: "Limiter") -> None:
        """Take over another's past: its sound goes on here, under this one's ceiling."""
        self._held = other._held.copy()
        self._asked_log = other._asked_log.copy()
        self._released_log = other._released_log.copy()
        self._idle = other._idle

    def process(self, frame: Frame) -> Frame:
        """The frame that came ``lookahead_samples`` earlier, limited; of the same length."""
        frame, peak = _finite(frame)
        stream = np.concatenate((self._held, frame))
        self._held = stream[frame.size :]
        if self._idle and peak <= self.ceiling:
            return stream[: frame.size]
        output: Frame = stream[: frame.size] * self._gain(frame)
        np.clip(output, -self.ceiling, self.ceiling, out=output)  # rounding only: 1 part in 10^7
        return output

    def _gain(self, frame: Frame) -> Frame:
        """Gain of each leaving sample; keeps what the next frame needs of the past."""
        magnitude = np.maximum(np.abs(frame).astype(np.float64), self.ceiling)
        asked = np.concatenate((self._asked_log, np.log(self.ceiling / magnitude)))
        lowest = _sliding_minimum(asked, LOOKAHEAD_SAMPLES + 1)
        released = np.concatenate((self._released_log, self._release(lowest)))
        self._asked_log = asked[frame.size :]
        self._released_log = released[frame.size :]
        self._idle = not self._asked_log.any() and not self._released_log.any()
        gain = np.convolve(np.exp(released), self._window, mode="valid")
        return gain.astype(np.float32)

    def _release(self, lowest: NDArray[np.float64]) -> NDArray[np.float64]:
        """``r[n] = min(lowest[n], r[n-1] + step, 0)`` without a loop over samples."""
        slope = self._release_step * np.arange(1, lowest.size + 1)
        run = np.minimum.accumulate(lowest - slope)
        released: NDArray[np.float64] = np.minimum(run, self._released_log[-1]) + slope
        return np.minimum(released, 0.0, out=released)


def _finite(frame: Frame) -> tuple[Frame, float]:
    """The frame without NaN and infinity, and its peak."""
    peak = float(np.abs(frame).max(initial=0.0))
    if peak <= _LARGEST:
        return frame, peak
    mended: Frame = np.clip(np.nan_to_num(frame), -_LARGEST, _LARGEST)
    return mended, float(np.abs(mended).max(initial=0.0))


def _sliding_minimum(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Minimum of each ``width`` neighbours (``values.size - width + 1`` of them), by doubling."""
    span, lowest = 1, values
    while 2 * span <= width:
        lowest = np.minimum(lowest[:-span], lowest[span:])
        span *= 2
    rest = width - span
    minima: NDArray[np.float64] = np.minimum(lowest[: lowest.size - rest], lowest[rest:])
    return minima
