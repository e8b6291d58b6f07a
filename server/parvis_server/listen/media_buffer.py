"""Decoded sound on the program's own time line, read at a rate near 1. Pure."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.float32]

HALF_TAPS: Final = 8
"""Reach of the interpolation to either side; 16 taps: 85 dB up to 10 kHz, 0.2 ms."""

_KAISER_BETA = 9.0
_OFFSETS = np.arange(-HALF_TAPS + 1, HALF_TAPS + 1)


class MediaBuffer:
    """Samples from ``start`` to ``end``, both counted on the unwrapped RTP time line."""

    def __init__(self) -> None:
        """Hold nothing."""
        self.start = 0
        self._samples: Frame = np.zeros(0, dtype=np.float32)

    @property
    def end(self) -> int:
        """Time of the sample that would come next."""
        return self.start + self._samples.size

    def begin_at(self, start: int) -> None:
        """Forget everything; the next samples are of this time."""
        self.start = start
        self._samples = self._samples[:0]

    def append(self, samples: Frame) -> None:
        """Add what follows directly."""
        self._samples = np.concatenate((self._samples, samples))

    def discard_before(self, position: float) -> None:
        """Let go of what was played, but for the reach of the interpolation."""
        played = min(int(position) - HALF_TAPS - self.start, self._samples.size)
        if played > 0:
            self._samples = self._samples[played:]
            self.start += played

    def playable(self, position: float) -> float:
        """Samples that can be read from ``position`` on."""
        return max(0.0, self.end - HALF_TAPS - position)

    def read(self, position: float, count: int, rate: float) -> Frame:
        """``count`` samples from ``position`` on, ``rate`` of media time each.

        Outside of what is held there is silence. A whole position at rate 1 is read exactly.
        """
        if rate == 1.0 and position == int(position):
            return self._window(int(position), count)
        times = position + rate * np.arange(count)
        whole = np.floor(times).astype(np.int64)
        first = int(whole[0]) - HALF_TAPS + 1
        around = self._window(first, int(whole[-1]) - first + HALF_TAPS + 1)
        taps = np.lib.stride_tricks.sliding_window_view(around, 2 * HALF_TAPS)[whole - whole[0]]
        frame: Frame = np.einsum("ij,ij->i", taps, _kernel(times - whole)).astype(np.float32)
        return frame

    def _window(self, first: int, count: int) -> Frame:
        window = np.zeros(count, dtype=np.float32)
        begin, end = max(first, self.start), min(first + count, self.end)
        if begin < end:
            held = self._samples[begin - self.start : end - self.start]
            window[begin - first : end - first] = held
        return window


def _kernel(fractions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Windowed sinc for each fraction, ``(n, 2 * HALF_TAPS)``, of unit gain at 0 Hz."""
    distance = fractions[:, None] - _OFFSETS
    inside = np.sqrt(np.maximum(0.0, 1 - (distance / HALF_TAPS) ** 2))
    weights: NDArray[np.float64] = np.sinc(distance) * np.i0(_KAISER_BETA * inside)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights
