"""What the light says to the person at the table, as far as a label has room: ring and rhythm.

The hub does not know the unit's program, so the few patterns, and what a ring shows of them, stand
here once more; a test holds them against the unit's own.
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


PIXELS = 12
"""Of the ring on a label: that of the reference design."""

_RED, _GREEN, _WHITE, _DARK = "red", "green", "white", "dark"


def ring_of(light: LabelLight) -> tuple[str, ...]:
    """The colour of each pixel while the light is lit, from the top and clockwise."""
    lamps = light.lamps
    return tuple(_pixel(lamps, place) for place in range(PIXELS))


def _pixel(lamps: tuple[str, ...], place: int) -> str:
    in_first_half, every_third = place < PIXELS / 2, place % 3 == 0
    if _RED in lamps:
        return _WHITE if _WHITE in lamps and every_third else _RED
    if _GREEN in lamps:
        other = _WHITE if _WHITE in lamps else _DARK
        return _GREEN if in_first_half else other
    return _WHITE if _WHITE in lamps and every_third else _DARK


LIGHTS: Mapping[str, LabelLight] = {
    "idle": LabelLight((), (1000,)),
    "queued": LabelLight(("green",), (1000,)),
    "next": LabelLight(("green",), (1000, 1000)),
    "granted": LabelLight(("green",), (180, 180)),
    "live": LabelLight(("red",), (1000,)),
    "live_recorded": LabelLight(("red", "white"), (1000,)),
}
"""By the unit's own names of its signals."""
