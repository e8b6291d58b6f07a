"""Decoded sound in a row: what was played last, the play point, what comes next.

One array, so that a frame costs no new one; it grows when much is decoded at once, and stays.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

REMEMBERED_SAMPLES: Final = 960
"""20 ms before the play point can be gone back to."""

_FIRST_ROOM_SAMPLES: Final = 4_800


class PlayLine:
    """Sound is appended at the end and taken at the play point."""

    def __init__(self) -> None:
        """Start with nothing to come and silence before."""
        self._sound: Samples = np.zeros(_FIRST_ROOM_SAMPLES, dtype=np.float32)
        self._begin = self._end = REMEMBERED_SAMPLES

    @property
    def size(self) -> int:
        """How many samples there are to come."""
        return self._end - self._begin

    def clear(self, silent_samples: int) -> None:
        """So much silence is to come, and silence was before."""
        self._begin = REMEMBERED_SAMPLES
        self._end = self._begin + silent_samples
        self._sound[: self._end] = 0.0

    def append(self, samples: Samples) -> None:
        """More to come, after all that there is."""
        if self._end + samples.size > self._sound.size:
            self._make_room(samples.size)
        end = self._end + samples.size
        self._sound[self._end : end] = samples
        self._end = end

    def _make_room(self, samples: int) -> None:
        """Move what is still of use to the front, into a larger array if need be."""
        useless = max(0, self._begin - REMEMBERED_SAMPLES)
        kept = self._sound[useless : self._end]
        needed = kept.size + samples
        if needed > self._sound.size:
            self._sound = np.zeros(2 * needed, dtype=np.float32)
        self._sound[: kept.size] = kept
        self._begin, self._end = self._begin - useless, kept.size

    def first(self, samples: int) -> Samples:
        """The next samples, or as many as there are; a view, to be changed in place."""
        return self._sound[self._begin : min(self._begin + samples, self._end)]

    def last(self, samples: int) -> Samples:
        """What was taken last, or as much of it as is remembered; a view."""
        return self._sound[max(0, self._begin - samples) : self._begin]

    def take(self, samples: int) -> Samples:
        """The next samples; the play point moves on. The view holds until the next ``append``."""
        taken = self.first(samples)
        self._begin += taken.size
        return taken

    def back(self, samples: int) -> None:
        """The play point goes back by what ``last`` can show: that comes again."""
        self._begin -= self.last(samples).size
