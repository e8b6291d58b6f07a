"""What a button says that is down as the unit starts. Pure, with time as an argument.

Ten seconds ask for the unit's own Wi-Fi. From twenty on the light warns; from thirty on, letting go
makes the unit as new. It is the letting go that does it: a book on the button, or a broken spring,
never lets go, and after a minute in all it counts for nothing but a stuck button.
"""

from enum import StrEnum

SECOND_NS = 1_000_000_000

HOTSPOT_NS = 10 * SECOND_NS
WARNING_NS = 20 * SECOND_NS
FORGET_NS = 30 * SECOND_NS
STUCK_NS = 60 * SECOND_NS


class HoldStage(StrEnum):
    """What letting go now would mean."""

    NOTHING = "nothing"
    HOTSPOT = "hotspot"
    WARNING = "warning"
    """The unit's own Wi-Fi still; on and on, and it is made as new."""
    FORGET = "forget"
    STUCK = "stuck"
    """Nobody's finger: nothing."""


def stage_of(held_ns: int) -> HoldStage:
    """The stage of a button that has been down for so long since the start."""
    if held_ns >= STUCK_NS:
        return HoldStage.STUCK
    if held_ns >= FORGET_NS:
        return HoldStage.FORGET
    if held_ns >= WARNING_NS:
        return HoldStage.WARNING
    return HoldStage.HOTSPOT if held_ns >= HOTSPOT_NS else HoldStage.NOTHING
