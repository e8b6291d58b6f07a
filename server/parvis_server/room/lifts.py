"""Which zones hear their own microphones, and until when that is safe. Pure.

A host asks for it (``set_lift``); the rule of ``media.zones`` says whether it may be. It is asked
again whenever the microphones that are open, or the measured paths, have changed: what was safe
with two microphones is not with three, and a host's word about the loudspeakers of a zone says
nothing about one that comes later. A lift that is no longer safe ends by itself and does not
come back before the host asks again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, TypedDict, Unpack


class LiftFacts(TypedDict):
    """What the rule is asked about; see ``media.zones.Lift`` for the fields."""

    loudspeakers_far: bool
    path_ms: float | None
    five_ms_profile: bool
    open_sources: int
    open_microphones: int


class LiftRule(Protocol):
    """Why a zone may not hear its own microphones, in one line; None when it may."""

    def __call__(self, **facts: Unpack[LiftFacts]) -> str | None:
        """The rule."""


@dataclass(frozen=True, slots=True)
class ZoneFacts:
    """What is known of a zone at this moment."""

    open_microphones: int = 0
    """Sources that stand in it and are in the mix."""
    path_ms: float | None = None
    """Longest measured way from one of its converters to one of its loudspeakers."""
    all_measured: bool = True
    """Whether each of its open microphones and loudspeakers says how long its part is."""
    loudspeakers: frozenset[str] = frozenset()
    """Participants who play to the zone."""


@dataclass(frozen=True, slots=True)
class LiftRefused:
    """Why a zone may not hear itself."""

    text: str
    path_ms: float | None = None
    """The measured path, when nothing but its length was the reason."""


@dataclass(frozen=True, slots=True)
class _Lift:
    far: bool
    """The host's word that the loudspeakers are far from every talker."""
    loudspeakers: frozenset[str]
    """Those that it was given for."""

    def covers(self, loudspeakers: frozenset[str]) -> bool:
        """Whether no loudspeaker has come that nobody has vouched for or will measure."""
        return not self.far or loudspeakers <= self.loudspeakers


class Lifts:
    """The zones that hear themselves now."""

    def __init__(self, rule: LiftRule, *, five_ms_profile: bool) -> None:
        """No zone hears itself."""
        self._rule = rule
        self._five_ms_profile = five_ms_profile
        self._lifts: dict[str, _Lift] = {}
        self._last_path_ms: dict[str, float] = {}

    @property
    def zones(self) -> tuple[str, ...]:
        """In the order in which they were lifted."""
        return tuple(self._lifts)

    def lift(
        self, zone: str, facts: ZoneFacts, open_sources: int, *, loudspeakers_far: bool
    ) -> LiftRefused | None:
        """Let ``zone`` hear itself; the reason when it may not.

        A path of which a part is not measured is not measured: the longest may be just that one.
        """
        self.measured(zone, facts.path_ms)
        path_ms = self.path_ms(zone, facts) if facts.all_measured else None
        refusal = self._refusal(facts, open_sources, loudspeakers_far, path_ms)
        if refusal is None:
            self._lifts[zone] = _Lift(loudspeakers_far, facts.loudspeakers)
            return None
        too_long = self._refusal(facts, open_sources, loudspeakers_far, 0.0) is None
        return LiftRefused(refusal, path_ms if too_long else None)

    def end(self, zone: str) -> None:
        """The zone no longer hears itself; does nothing when it did not."""
        self._lifts.pop(zone, None)

    def measured(self, zone: str, path_ms: float | None) -> None:
        """Remember the zone's path: between two turns there is nothing to measure it by."""
        if path_ms is not None:
            self._last_path_ms[zone] = path_ms

    def path_ms(self, zone: str, facts: ZoneFacts) -> float | None:
        """The path as it is, or as it was measured last."""
        return facts.path_ms if facts.path_ms is not None else self._last_path_ms.get(zone)

    def review(self, facts: Mapping[str, ZoneFacts], open_sources: int) -> list[str]:
        """End every lift that is not safe any more; which ones ended.

        Args:
            facts: every zone that somebody stands in.
            open_sources: in the whole room.
        """
        for zone, known in facts.items():
            self.measured(zone, known.path_ms)
        self._last_path_ms = {z: ms for z, ms in self._last_path_ms.items() if z in facts}
        ended = []
        for zone, lift in tuple(self._lifts.items()):
            known = facts.get(zone, ZoneFacts())
            path_ms = self.path_ms(zone, known)
            refusal = self._refusal(known, open_sources, lift.far, path_ms)
            if refusal is not None or not lift.covers(known.loudspeakers):
                self.end(zone)
                ended.append(zone)
        return ended

    def _refusal(
        self, facts: ZoneFacts, open_sources: int, far: bool, path_ms: float | None
    ) -> str | None:
        return self._rule(
            loudspeakers_far=far,
            path_ms=path_ms,
            five_ms_profile=self._five_ms_profile,
            open_sources=open_sources,
            open_microphones=facts.open_microphones,
        )
