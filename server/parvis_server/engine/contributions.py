"""What every open source adds to the mix in one tick: the seam between gains and buses."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Contributions:
    """The sources of one tick, each at its gain; the buses only route and add."""

    ssrcs: tuple[int, ...]
    """Row by row; a source that closes is there for the tick in which it fades."""

    frames: Frames
    """``(sources, samples)``: finite, levelled, shared, muted and faded."""

    levels_dbfs: dict[int, float] = field(default_factory=dict)
    """RMS of each open source before any gain."""

    settled: bool = True
    """Whether nobody who holds the floor is still being levelled: the program's servo waits
    meanwhile, or the two would add up."""

    raw: dict[int, Frames] = field(default_factory=dict)
    """Sources of kind desk, before any gain: for a sound check."""
