"""Brings a source from its own crystal's rate to ours, a few parts per million at a time.

An adapter over ``samplerate`` (libsamplerate, `sinc_fastest`) in its streaming form, which moves
from the last ratio to the next within the samples it is given: no step, no click. Measured here at
200 and 1000 ppm with tones of 1, 6 and 12 kHz: signal to noise 101 to 120 dB, 35 to 47 us for
10 ms, and it keeps back 20 samples (0.4 ms). ``soxr`` (vr=True) needs 20 to 26 us with 102 to
119 dB, but keeps back 240 samples (5 ms), a tenth of everything between mouth and loudspeaker.

The library gives 479, 480 or 481 samples for 480. Behind it stands a small store that hands out
whole frames; a caller that feeds ``wanted_samples`` keeps no more than a sample waiting in it.
"""

from typing import Final

import numpy as np
import samplerate
from numpy.typing import NDArray

Samples = NDArray[np.float32]

FRAME_SAMPLES = 480

RETAINED_SAMPLES = 20
"""What the filter keeps back: half of the length of ``sinc_fastest`` at ratios around one."""

MAX_WAITING_SAMPLES = 4_800
"""Bound of the store behind the library: 100 ms; a caller that never takes loses the oldest."""

_MAX_DEVIATION: Final = 0.01
"""Ratios are bent to 1 +- 1 %: twice what any rule asks for; beyond lies a fault, not a crystal."""


class Resampler:
    """One source's stream, from its rate to ours."""

    def __init__(self, frame_samples: int = FRAME_SAMPLES) -> None:
        """``frame_samples``: length of what ``take`` returns."""
        self._frame_samples = frame_samples
        self.reset()

    def reset(self) -> None:
        """Forget everything, as after a gap that is cross-faded elsewhere."""
        self._library = samplerate.Resampler("sinc_fastest", 1)
        self._waiting: Samples = np.zeros(0, dtype=np.float32)
        self._fed_samples = 0
        self._ratio = 1.0

    @property
    def ready(self) -> bool:
        """Whether ``take`` has a whole frame."""
        return self._waiting.size >= self._frame_samples

    @property
    def input_position(self) -> float:
        """Which sample fed in, counted from zero and with a fraction, ``take`` hands out next."""
        waiting = self._waiting.size / self._ratio
        return max(self._fed_samples - RETAINED_SAMPLES - waiting, 0.0)

    def wanted_samples(self, ratio: float) -> int:
        """How many samples to feed at this ratio so that ``take`` then has a frame; 0 if it has."""
        missing = self._frame_samples - self._waiting.size
        if missing <= 0:
            return 0
        start = RETAINED_SAMPLES if self._fed_samples == 0 else 0
        slowest = min(_bounded(ratio), self._ratio)  # the library moves from one to the other
        return int(np.ceil(missing / slowest)) + start + 1

    def feed(self, samples: Samples, ratio: float) -> None:
        """Resample ``samples``; ``ratio``: output samples per input sample, about one."""
        if samples.size == 0:
            return
        self._ratio = _bounded(ratio)
        resampled = self._library.process(samples, self._ratio)
        self._fed_samples += samples.size
        waiting = np.concatenate((self._waiting, resampled)) if self._waiting.size else resampled
        self._waiting = waiting[-MAX_WAITING_SAMPLES:]

    def take(self) -> Samples:
        """The next frame. Raises ``ValueError`` when there is none: ask ``ready`` first."""
        if not self.ready:
            raise ValueError(
                f"a frame has {self._frame_samples} samples, {self._waiting.size} are waiting"
            )
        frame = self._waiting[: self._frame_samples]
        self._waiting = self._waiting[self._frame_samples :]
        return frame


def _bounded(ratio: float) -> float:
    return min(max(ratio, 1 - _MAX_DEVIATION), 1 + _MAX_DEVIATION)
