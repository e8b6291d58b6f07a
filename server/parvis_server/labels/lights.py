"""What the light says to the person at the table, as far as a label has room: lamps and rhythm.

The hub does not know the unit's program, so the few patterns stand here once more; a test holds
them against the unit's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LabelLight:
    """One pattern."""

    lamps: tuple[str, ...]
    """Those that are lit: red, green, white."""
    steps_ms: tuple[int, ...]
    """Lit and dark in turn; one alone: steady."""


LIGHTS: Mapping[str, LabelLight] = {
    "idle": LabelLight((), (1000,)),
    "queued": LabelLight(("green",), (1000,)),
    "next": LabelLight(("green",), (1000, 1000)),
    "granted": LabelLight(("green",), (180, 180)),
    "live": LabelLight(("red",), (1000,)),
    "live_recorded": LabelLight(("red", "white"), (1000,)),
}
"""By the unit's own names of its signals."""
