"""A floor of noise so quiet that nobody hears it, for a program that is never digital silence.

A dead-silent stream reads as broken, and a browser takes the speaker sign off a silent page's tab
and may put the page to sleep.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.float32]

FLOOR_DBFS = -62.0
"""Under the noise of any room, over what Opus codes as nothing."""

_TABLE_FRAMES: Final = 401
"""4 s before the noise repeats, 2 with ticks of 5 ms: nobody hears a period so soft. Prime, so
that no rhythm of the ticks meets it."""

_LOWEST_HZ, _HIGHEST_HZ = 100.0, 8_000.0
"""Where room noise lies; nothing for a loudspeaker to hum or hiss with."""

_SAMPLE_RATE_HZ = 48_000


class ComfortNoise:
    """Endless frames of pink noise at an exact RMS level."""

    def __init__(self, frame_samples: int, level_dbfs: float = FLOOR_DBFS, seed: int = 1) -> None:
        """Make the table; ``seed`` fixes it, so that tests and two engines agree."""
        noise = _pink(frame_samples * _TABLE_FRAMES, np.random.default_rng(seed))
        noise *= 10 ** (level_dbfs / 20) / np.sqrt(np.mean(noise**2))
        self._table = noise.astype(np.float32).reshape(_TABLE_FRAMES, frame_samples)
        self._at = -1

    def next_frame(self) -> Frame:
        """The next frame; read only."""
        self._at = (self._at + 1) % _TABLE_FRAMES
        frame: Frame = self._table[self._at]
        return frame


def _pink(samples: int, random: np.random.Generator) -> NDArray[np.float64]:
    """One period of noise with -3 dB an octave: made in the spectrum, so its ends meet."""
    frequencies = np.fft.rfftfreq(samples, 1 / _SAMPLE_RATE_HZ)
    spectrum = random.normal(size=frequencies.size) + 1j * random.normal(size=frequencies.size)
    inside = (frequencies >= _LOWEST_HZ) & (frequencies <= _HIGHEST_HZ)
    spectrum[~inside] = 0
    spectrum[inside] /= np.sqrt(frequencies[inside])
    return np.fft.irfft(spectrum, samples)
