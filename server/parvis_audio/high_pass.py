"""The unit's high-pass: footsteps, table knocks and hum go before they cost bits.

Theory of operation. A second-order Butterworth section has one pair of conjugate poles p, p*, so

    y[n] = d x[n] + 2 Re(r w[n]),    w[n] = p w[n-1] + x[n]

and the recursion is a running sum: ``w[n] = p^(n+1) (w[-1] + sum over k <= n of p^-(k+1) x[k])``.
That is three numpy calls per frame instead of a loop (the unit has no scipy). p^-480 is about 55 at
90 Hz, which costs two of the sixteen digits; longer blocks go through in pieces.
"""

import cmath
import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

CUTOFF_HZ: Final = 90.0
"""Under the lowest male voice (100 Hz), over handling noise; practice is 80 to 100 Hz."""

_SAMPLE_RATE_HZ = 48_000
_BLOCK_SAMPLES = 480


class HighPass:
    """Second-order Butterworth high-pass over a stream of frames, without delay."""

    def __init__(self, cutoff_hz: float = CUTOFF_HZ) -> None:
        """Design by bilinear transform with the cutoff pre-warped (-3.01 dB at ``cutoff_hz``)."""
        if not 20.0 <= cutoff_hz < _SAMPLE_RATE_HZ / 2:
            raise ValueError(f"cutoff of {cutoff_hz} Hz: between 20 Hz and 24 kHz is right")
        warped = math.tan(math.pi * cutoff_hz / _SAMPLE_RATE_HZ)
        norm = 1 + math.sqrt(2) * warped + warped**2
        gain, a1 = 1 / norm, 2 * (warped**2 - 1) / norm
        a2 = (1 - math.sqrt(2) * warped + warped**2) / norm
        self._pole = (-a1 + cmath.sqrt(a1**2 - 4 * a2)) / 2
        self._direct = gain / a2
        numerator = gain * (1 - 1 / self._pole) ** 2
        self._residue = numerator / (1 - self._pole.conjugate() / self._pole)
        self._block = max(1, min(_BLOCK_SAMPLES, int(4 / -math.log(abs(self._pole)))))
        powers = self._pole ** np.arange(1, self._block + 1)
        self._inverse_powers = 1 / powers
        self._powers = powers
        self._weighted = 2 * self._residue * powers
        self._state: complex | None = None

    def process(self, frame: Samples) -> Samples:
        """The filtered frame, same shape ``(n,)``, a new float32 array.

        The stream's first sample counts as having always been there, so that a microphone's DC
        offset makes no thump. A sample that is not a number counts as silence.
        """
        if not np.isfinite(frame).all():
            frame = np.nan_to_num(frame, nan=0.0, posinf=0.0, neginf=0.0)
        if self._state is None:
            self._state = float(frame[0]) / (1 - self._pole) if frame.size else None
        filtered = np.empty(frame.shape, dtype=np.float32)
        for begin in range(0, frame.size, self._block):
            piece = slice(begin, begin + self._block)
            filtered[piece] = self._filter(frame[piece])
        return filtered

    def reset(self) -> None:
        """Forget the past: nothing of the frames before is in the frames after."""
        self._state = None

    def _filter(self, piece: Samples) -> NDArray[np.float64]:
        assert self._state is not None
        size = piece.size
        sums = np.cumsum(self._inverse_powers[:size] * piece)
        sums += self._state
        self._state = complex(self._powers[size - 1] * sums[-1])
        weighted = self._weighted[:size]
        recursive = weighted.real * sums.real - weighted.imag * sums.imag
        filtered: NDArray[np.float64] = self._direct * piece + recursive
        return filtered
