"""How long the disk lasts, and when recording must stop so that the hub goes on. Pure."""

from dataclasses import dataclass
from typing import Final

KEPT_FREE_BYTES: Final = 256 << 20
"""The database, the log and the system live on the same disk: recording stops before they do."""

LOW_MINUTES: Final = 60.0
"""Somebody has to find something to delete while a room runs."""

LOW_FREE_BYTES: Final = 2 << 30
"""And whatever the rate: other programs write, too."""

USUAL_BYTES_PER_S: Final = 40_000
"""Four units and a mix: until the rate is measured."""


@dataclass(frozen=True, slots=True)
class DiskUse:
    """What is there."""

    free_bytes: int
    """On the disk, for us."""
    used_bytes: int
    """By all recordings."""


@dataclass(frozen=True, slots=True)
class DiskVerdict:
    """What follows."""

    left_bytes: int
    """For recordings, at least 0."""
    minutes_left: float
    is_low: bool
    is_full: bool


def judge(use: DiskUse, budget_bytes: int | None, bytes_per_s: float) -> DiskVerdict:
    """How long it goes on.

    ``budget_bytes``: how much all recordings may take; None: what the disk has. ``bytes_per_s``:
    what is written at present, 0 when it is not known.
    """
    on_disk = use.free_bytes - KEPT_FREE_BYTES
    in_budget = on_disk if budget_bytes is None else budget_bytes - use.used_bytes
    left = max(0, min(on_disk, in_budget))
    minutes = left / max(bytes_per_s, USUAL_BYTES_PER_S) / 60
    is_low = minutes < LOW_MINUTES or use.free_bytes < LOW_FREE_BYTES
    return DiskVerdict(left, minutes, is_low, is_full=left == 0)
