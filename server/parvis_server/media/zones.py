"""Which microphones reach which loudspeakers, and when a zone may hear itself.

A *zone* is a part of the venue within earshot: its loudspeakers reach its microphones. The matrix
holds a gain for each pair (where the microphone is, where the loudspeaker is). By default everybody
hears everybody else, and a zone never hears its own microphones: its people hear each other
directly, and their voices would come again 50 to 80 ms later, as an echo and soon as a howl.

To *lift* a zone is to let it hear its own, so that the last row hears the asker. That is allowed
only where it cannot do harm: towards loudspeakers far from the talker, or when the measured path is
short enough (30 ms: the precedence effect still fuses the two) with the 5 ms profile; with at most
two open microphones, and the howl guard on. Anything else is refused with the measured figure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

SILENT_DB: Final = float("-inf")
"""The gain of a pair that does not hear each other."""

HIGHEST_GAIN_DB = 6.0
"""More is the amplifier's business; in here it would only bring the howl nearer."""

LIFT_PATH_MS = 30.0
"""Longest path mouth to loudspeaker that the ear still fuses with the direct voice."""

LIFT_MICROPHONES = 2
"""Each doubling of open microphones costs 3 dB of gain before feedback."""

LIFT_SOURCES = 8
"""Most sources while the room ticks at 5 ms."""


@dataclass(frozen=True, slots=True)
class Lift:
    """What is known about a zone that asks to hear its own microphones."""

    loudspeakers_far: bool = False
    """Whether the operator placed these loudspeakers far from every talker of the zone."""

    path_ms: float | None = None
    """Measured delay from mouth to loudspeaker; None: not measured."""

    five_ms_profile: bool = False
    """5 ms frames, the room ticks at 5 ms, wired units."""

    open_sources: int = 0
    """Sources open in the whole room."""

    open_microphones: int = 0
    """Of those, microphones of this zone."""

    howl_guard: bool = True


def lift_refusal(lift: Lift) -> str | None:
    """Why the zone may not hear its own microphones now, in one line; None when it may."""
    if not lift.howl_guard:
        return "the howl guard is off; switch it on to let a zone hear itself"
    if lift.open_microphones > LIFT_MICROPHONES:
        return (
            f"{lift.open_microphones} microphones are open in the zone; "
            f"at most {LIFT_MICROPHONES} may be while it hears itself"
        )
    if lift.loudspeakers_far:
        return None
    if not lift.five_ms_profile:
        return "the loudspeakers are near the talkers; that takes the 5 ms profile"
    if lift.open_sources > LIFT_SOURCES:
        return f"{lift.open_sources} sources are open; the 5 ms profile takes {LIFT_SOURCES}"
    if lift.path_ms is None:
        return f"the path is not measured; it must be at most {LIFT_PATH_MS:.0f} ms"
    if not lift.path_ms <= LIFT_PATH_MS:
        return f"the path is {lift.path_ms:.1f} ms; it must be at most {LIFT_PATH_MS:.0f} ms"
    return None


@dataclass(frozen=True, slots=True)
class ZoneMatrix:
    """Gains between zones. Raises ``ValueError`` for an unknown zone or a gain out of range."""

    zones: tuple[str, ...]
    gains_db: Mapping[tuple[str, str], float] = field(default_factory=dict)
    """(microphones' zone, loudspeakers' zone) to gain; a pair that is missing has the default."""

    def __post_init__(self) -> None:
        """Check the names, the gains, and that no zone hears itself without a lift."""
        if len(set(self.zones)) != len(self.zones):
            raise ValueError(f"a zone is named twice in {', '.join(self.zones)}")
        for (talks, hears), gain_db in self.gains_db.items():
            for zone in (talks, hears):
                self._known(zone)
            if gain_db != SILENT_DB and not -60.0 <= gain_db <= HIGHEST_GAIN_DB:
                raise ValueError(
                    f"the gain from {talks} to {hears} is {gain_db} dB; "
                    f"it must be -60 to {HIGHEST_GAIN_DB:.0f}, or silent"
                )

    def gain_db(self, talks: str, hears: str, lifted: frozenset[str] = frozenset()) -> float:
        """How loud microphones of ``talks`` are in the loudspeakers of ``hears``.

        ``lifted``: zones whose lift is allowed at this moment. A zone's gain to itself in the
        matrix counts only while it is among them; without an entry it is then 0 dB.
        """
        self._known(talks)
        self._known(hears)
        if talks == hears and talks not in lifted:
            return SILENT_DB
        return self.gains_db.get((talks, hears), 0.0)

    def gain(self, talks: str, hears: str, lifted: frozenset[str] = frozenset()) -> float:
        """The same as a linear factor; 0.0 when silent."""
        gain_db = self.gain_db(talks, hears, lifted)
        return 0.0 if gain_db == SILENT_DB else float(10 ** (gain_db / 20))

    def _known(self, zone: str) -> None:
        if zone not in self.zones:
            raise ValueError(f"there is no zone {zone!r}; there are {', '.join(self.zones)}")
