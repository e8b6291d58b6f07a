"""The sum of the open sources.

Each source has a gain; when it changes, it moves along a straight line over one frame. A source
that opens rises from zero, one that closes falls to zero, so that neither is heard as a click.
What the gains are is decided by a ``GainLaw``: equal gain here, gain sharing in its place later.
"""

from collections.abc import Collection, Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.float32]


class GainLaw(Protocol):
    """How loud each open source goes into the sum."""

    def __call__(self, frames: Mapping[int, Frame]) -> Mapping[int, float]:
        """Linear gain by SSRC for this frame, one for each key of ``frames``."""
        ...


def equal_gain(frames: Mapping[int, Frame]) -> Mapping[int, float]:
    """Every open source at unity: right for one talker at a time."""
    return dict.fromkeys(frames, 1.0)


class Mixer:
    """Sums sources frame by frame."""

    def __init__(self, frame_samples: int, law: GainLaw = equal_gain) -> None:
        """``frame_samples``: length of every frame that will come."""
        self._law = law
        self._gains: dict[int, float] = {}
        self._rise = np.arange(1, frame_samples + 1, dtype=np.float32) / np.float32(frame_samples)

    def mix(self, frames: Mapping[int, Frame], open_sources: Collection[int]) -> Frame:
        """Sum of ``frames`` (by SSRC); those not in ``open_sources`` fade to zero.

        A closing source must be handed in for the one frame in which it fades; see ``sounding``.
        """
        wanted = self._law({ssrc: frame for ssrc, frame in frames.items() if ssrc in open_sources})
        total = np.zeros(self._rise.size, dtype=np.float32)
        for ssrc, frame in frames.items():
            before, after = self._gains.get(ssrc, 0.0), wanted.get(ssrc, 0.0)
            total += frame * self._ramp(before, after)
            self._gains[ssrc] = after
        self._gains = {s: g for s, g in self._gains.items() if s in open_sources or g}
        return total

    def sounding(self, ssrc: int) -> bool:
        """Whether the source was heard in the last frame's end, so that closing it needs a fade."""
        return self._gains.get(ssrc, 0.0) > 0.0

    def _ramp(self, before: float, after: float) -> Frame | np.float32:
        if before == after:
            return np.float32(after)
        return np.float32(before) + np.float32(after - before) * self._rise
