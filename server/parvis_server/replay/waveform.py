"""The outline of the sound that a replay page draws: the loudest samples of each half second. Pure.

Written as audiowaveform's JSON (version 2, 8 bit), which ready-made players read too.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

SAMPLE_RATE_HZ: Final = 48_000

SAMPLES_PER_PIXEL: Final = 24_000
"""Half a second: 90 minutes are 10,800 columns, 20 kB packed, ten for each of a phone's pixels."""


class Waveform:
    """Hears the sound in any pieces and keeps the lowest and highest sample of each column."""

    def __init__(self, samples_per_pixel: int = SAMPLES_PER_PIXEL) -> None:
        """Start with nothing heard."""
        self._per_pixel = samples_per_pixel
        self._rest = np.zeros(0, dtype=np.float32)
        self._pairs: list[int] = []

    def add(self, sound: Samples) -> None:
        """Hear the next samples."""
        heard = np.concatenate((self._rest, sound)) if self._rest.size else sound
        whole = heard.size // self._per_pixel * self._per_pixel
        columns = heard[:whole].reshape(-1, self._per_pixel)
        self._pairs += self._quantised(columns)
        self._rest = heard[whole:].copy()

    def json(self) -> dict[str, Any]:
        """The outline so far, the begun column too."""
        last = self._quantised(self._rest[None]) if self._rest.size else []
        pairs = self._pairs + last
        return {
            "version": 2,
            "channels": 1,
            "sample_rate": SAMPLE_RATE_HZ,
            "samples_per_pixel": self._per_pixel,
            "bits": 8,
            "length": len(pairs) // 2,
            "data": pairs,
        }

    @staticmethod
    def _quantised(columns: Samples) -> list[int]:
        """Lowest and highest of each row, in turn, as -128 to 127."""
        extremes = np.stack((columns.min(axis=1), columns.max(axis=1)), axis=1)
        scaled = np.clip(np.rint(np.nan_to_num(extremes) * 128), -128, 127)
        return [int(value) for value in scaled.ravel()]
