"""The level of a frame in dBFS."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

SILENT_DBFS: Final = -127.0
"""Digital silence and everything under it: the lowest level that RFC 6464 can say."""


def level_dbfs(frame: Samples) -> float:
    """RMS level of a frame of any length, between ``SILENT_DBFS`` and 0.

    0 dBFS is a full-scale square wave, so a full-scale sine is -3.01 dBFS: the same reference as
    RFC 6464's dBov. An empty frame, or one with a sample that is no number, is silent.
    """
    if not frame.size:
        return SILENT_DBFS
    return energy_dbfs(energy(frame), frame.size)


def energy(frame: Samples) -> float:
    """The sum of the squares; not finite when a sample is not."""
    wide = frame.astype(np.float64)  # squares of float32 could overflow
    return float(wide.dot(wide))


def energy_dbfs(squares: float, samples: int) -> float:
    """The level of so many samples (at least one) whose squares add up to ``squares``."""
    if not 0.0 < squares < math.inf:
        return SILENT_DBFS
    return min(0.0, max(SILENT_DBFS, 10 * math.log10(squares / samples)))
