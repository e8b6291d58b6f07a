"""What every open source adds to the mix in one tick: the seam between gains and buses.

``MixEngine`` pulls the sources and sets their gains; what takes the ``Contributions`` routes, adds,
limits and encodes, and answers what shall go to the hub.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from parvis_server.engine.boundary import Checked, Howling, OutputPacket, ProgramPacket
from parvis_server.engine.stage import CheckOutput, SetStage

Frames = NDArray[np.float32]

Lap = Callable[[str], None]
"""Called with a stage's name when it is done: the time since the last call was that stage's."""


def no_lap(stage: str) -> None:
    """For a mix whose stages nobody times."""


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
    """Sources of kind desk, before any gain, for a sound check: without one whose frame was made
    up, or that waits for sound."""


OutputSaid = ProgramPacket | OutputPacket | Howling | Checked


class Outputs(Protocol):
    """Everything that comes out of the mix: the program, and a bus for each output."""

    @property
    def program_db(self) -> float:
        """What the program's loudness servo adds now."""
        ...

    def begin_at(self, program_db: float) -> None:
        """Go on from the gain that another engine's program had."""
        ...

    def set_stage(self, stage: SetStage) -> None:
        """Make exactly these buses from the next tick on."""
        ...

    def check(self, command: CheckOutput) -> None:
        """Begin a sound check of one output."""
        ...

    def set_complexity(self, most: int) -> None:
        """No encoder works harder than this from now on (0 to 10); 10: each at its own."""
        ...

    def tick(self, tick: int, now_ns: int, contributions: Contributions) -> tuple[OutputSaid, ...]:
        """Run one tick: packets that are due, howls, finished sound checks."""
        ...
