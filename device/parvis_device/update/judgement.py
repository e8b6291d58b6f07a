"""Whether a signed bundle may come onto this unit, and whether a new program may stay. Pure."""

import datetime
from dataclasses import dataclass
from enum import StrEnum

from parvis_device.update.errors import Refused
from parvis_wire.bundle import Manifest, number
from parvis_wire.update import UpdateFault

NS_PER_S = 1_000_000_000

TRIAL_NS = 180 * NS_PER_S
"""A Pi Zero 2 W takes half a minute to start the program; the hub may be restarting, too."""

STEADY_NS = 10 * NS_PER_S
"""So long sound has to flow and the hub to be reached, without a break."""

FRESH_NS = 5 * NS_PER_S
"""The unit's pulse beats every second; an older one is of a program that hangs."""

JUST_NOW_NS = 2 * NS_PER_S
"""The pulse that brings the hub's yes is not older."""

SPARE_BYTES = 32 << 20
"""Left free on the card: the unit's own files, and the system's."""


@dataclass(frozen=True, slots=True)
class Here:
    """What a bundle has to fit."""

    machine: str
    python: str
    floor: str
    """The highest of the versions that were kept here."""
    day: datetime.date
    """The clock's; where that lies before the day on which the running program was built, that."""


def judge(manifest: Manifest, here: Here) -> None:
    """Whether this unit may take it.

    Raises:
        Refused: no, and why, in one line.
    """
    if not manifest.fits(here.machine, here.python):
        raise Refused(
            UpdateFault.OTHER_MACHINE,
            f"it is for {manifest.target}, and this unit is {here.machine}-{here.python}",
        )
    if number(manifest.version) < number(here.floor):
        raise Refused(
            UpdateFault.TOO_OLD,
            f"version {manifest.version} lies below {here.floor}, the lowest that may follow what "
            "ran here",
        )
    if manifest.support_until < here.day:
        raise Refused(
            UpdateFault.SUPPORT_ENDED,
            f"version {manifest.version} is mended no more since {manifest.support_until}",
        )


def today(clock: datetime.date, built: datetime.date | None) -> datetime.date:
    """The day, by a clock that may have been set to 1970: not before the program was built."""
    return clock if built is None else max(clock, built)


def needed_bytes(manifest: Manifest) -> int:
    """What unpacking it takes on the card: all of it, and one wheel at a time beside it."""
    wheel = max(one.size_bytes for one in manifest.files)
    return manifest.unpacked_bytes + wheel + SPARE_BYTES


@dataclass(frozen=True, slots=True)
class Pulse:
    """What a running unit says of itself, once a second."""

    program: str
    """Folder of the version that runs."""
    at_ns: int
    """Monotonic, of this boot."""
    blocks: int
    """Of audio, since its start."""
    joined: bool
    quiet: str | None = None
    """Digest of the bundle that the hub lets it install now; None: not now."""


class Verdict(StrEnum):
    """Of a program that is tried."""

    HEALTHY = "healthy"
    OVERDUE = "overdue"


class Health:
    """Whether sound flows and the hub is reached, for long enough."""

    def __init__(self, program: str) -> None:
        """Of this program; nothing is known of it."""
        self._program = program
        self._blocks: int | None = None
        self._since_ns: int | None = None
        self._advanced_ns = 0

    def look(self, pulse: Pulse | None, now_ns: int) -> bool:
        """Take its newest pulse; whether all has been well for ``STEADY_NS``."""
        if pulse is None or not self._is_well(pulse, now_ns):
            self._blocks = self._since_ns = None
            return False
        if self._blocks is None or pulse.blocks < self._blocks:
            self._blocks, self._advanced_ns, self._since_ns = pulse.blocks, now_ns, None
            return False
        if pulse.blocks > self._blocks:
            self._blocks, self._advanced_ns = pulse.blocks, now_ns
            self._since_ns = now_ns if self._since_ns is None else self._since_ns
        elif now_ns - self._advanced_ns > FRESH_NS:
            self._since_ns = None
        return self._since_ns is not None and now_ns - self._since_ns >= STEADY_NS

    def _is_well(self, pulse: Pulse, now_ns: int) -> bool:
        fresh = 0 <= now_ns - pulse.at_ns <= FRESH_NS
        return fresh and pulse.joined and pulse.program == self._program


class Trial:
    """A new program has to prove itself within a time."""

    def __init__(self, program: str, began_ns: int) -> None:
        """It was just started."""
        self._health = Health(program)
        self._until_ns = began_ns + TRIAL_NS

    def look(self, pulse: Pulse | None, now_ns: int) -> Verdict | None:
        """Take its newest pulse; None: it has time left."""
        if self._health.look(pulse, now_ns):
            return Verdict.HEALTHY
        return Verdict.OVERDUE if now_ns >= self._until_ns else None
