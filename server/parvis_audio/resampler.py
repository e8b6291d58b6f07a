"""Brings a source from its own crystal's rate to ours, a few parts per million at a time.

libsamplerate (`sinc_fastest`, through ``libsamplerate.py``) in its streaming form, which moves from
the last ratio to the next within the samples it is given: no step, no click. Measured here at 200
and 1000 ppm with tones of 1, 6 and 12 kHz: signal to noise 101 to 120 dB, 35 to 47 us for 10 ms,
and it keeps back 20 samples (0.4 ms). ``soxr`` (vr=True) needs 20 to 26 us with 102 to 119 dB, but
keeps back 240 samples (5 ms), a tenth of everything between mouth and loudspeaker.

The library gives 479, 480 or 481 samples for 480. Behind it stands a small store that hands out
whole frames; a caller that feeds ``wanted_samples`` keeps no more than a sample waiting in it.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from parvis_audio.libsamplerate import PIECE_SAMPLES, open_library
from parvis_audio.work import Job, done

Samples = NDArray[np.float32]

FRAME_SAMPLES = 480

RETAINED_SAMPLES = 20
"""What the filter keeps back: half of the length of ``sinc_fastest`` at ratios around one."""

MAX_WAITING_SAMPLES = 4_800
"""Bound of the store behind the library: 100 ms; a caller that never takes loses the oldest."""

_MAX_DEVIATION: Final = 0.01
"""Ratios are bent to 1 +- 1 %: twice what any rule asks for; beyond lies a fault, not a crystal."""

_ROOM_SAMPLES: Final = MAX_WAITING_SAMPLES + PIECE_SAMPLES + PIECE_SAMPLES // 50
"""The store, and what one piece may give at the greatest ratio beside it."""


class Resampler:
    """One source's stream, from its rate to ours."""

    def __init__(self, frame_samples: int = FRAME_SAMPLES) -> None:
        """``frame_samples``: length of what ``take`` returns."""
        self._frame_samples = frame_samples
        self._store: Samples = np.zeros(_ROOM_SAMPLES, dtype=np.float32)
        self.reset()

    def reset(self) -> None:
        """Forget everything, as after a gap that is cross-faded elsewhere."""
        self._library = open_library()
        self._waiting_samples = 0
        self._fed_samples = 0
        self._ratio = 1.0

    @property
    def ready(self) -> bool:
        """Whether ``take`` has a whole frame."""
        return self._waiting_samples >= self._frame_samples

    @property
    def input_position(self) -> float:
        """Which sample fed in, counted from zero and with a fraction, ``take`` hands out next."""
        return max(self._fed_samples - self.held_samples, 0.0)

    @property
    def held_samples(self) -> float:
        """How many of the samples fed in have not been handed out, the filter's own included."""
        return RETAINED_SAMPLES + self._waiting_samples / self._ratio

    def wanted_samples(self, ratio: float) -> int:
        """How many samples to feed at this ratio so that ``take`` then has a frame; 0 if it has."""
        missing = self._frame_samples - self._waiting_samples
        if missing <= 0:
            return 0
        start = RETAINED_SAMPLES if self._fed_samples == 0 else 0
        slowest = min(_bounded(ratio), self._ratio)  # the library moves from one to the other
        return math.ceil(missing / slowest) + start + 1

    def feed(self, samples: Samples, ratio: float) -> None:
        """Resample ``samples``; ``ratio``: output samples per input sample, about one."""
        done(self.feed_job(samples, ratio))

    def feed_job(self, samples: Samples, ratio: float) -> Job[None]:
        """The same with the library's call handed out, to be made beside those of other streams.

        ``samples`` are copied before.
        """
        if samples.size == 0:
            return
        self._ratio = _bounded(ratio)
        for begin in range(0, samples.size, PIECE_SAMPLES):
            yield from self._feed(samples[begin : begin + PIECE_SAMPLES])

    def _feed(self, piece: Samples) -> Job[None]:
        waiting = self._waiting_samples
        waiting += yield from self._library.process(piece, self._ratio, self._store[waiting:])
        if waiting > MAX_WAITING_SAMPLES:
            self._drop(waiting - MAX_WAITING_SAMPLES, waiting)
            waiting = MAX_WAITING_SAMPLES
        self._waiting_samples = waiting
        self._fed_samples += piece.size

    def take(self) -> Samples:
        """The next frame, a new array. ``ValueError`` when there is none: ask ``ready`` first."""
        size, waiting = self._frame_samples, self._waiting_samples
        if waiting < size:
            raise ValueError(f"a frame has {size} samples, {waiting} are waiting")
        frame = self._store[:size].copy()
        self._drop(size, waiting)
        self._waiting_samples = waiting - size
        return frame

    def _drop(self, samples: int, waiting: int) -> None:
        """Move what waits behind the first ``samples`` to the front of the store."""
        self._store[: waiting - samples] = self._store[samples:waiting]


def _bounded(ratio: float) -> float:
    return min(max(ratio, 1 - _MAX_DEVIATION), 1 + _MAX_DEVIATION)
