"""Which distinct mixes the stage asks for, who gets which, and what is in each.

Two outputs that shall sound the same share one *mix*: it is summed, limited and encoded once, and
goes out under each one's own RTP source. Returns to speakers whose own source is not open are all
the same; so are the loudspeakers of one zone, and the assistive outputs of all zones.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from parvis_server.engine.stage import OutputSpec, SetStage
from parvis_server.media.buses import (
    Routes,
    Source,
    loudspeaker_routes,
    mix_minus_routes,
    program_routes,
    record_routes,
)
from parvis_server.media.zones import SILENT_DB, ZoneMatrix
from parvis_wire.stage import OutputKind


@dataclass(frozen=True, slots=True)
class Mix:
    """What makes one mix different from another."""

    kind: OutputKind | None
    """None: the program. A line is a loudspeaker here."""
    zone: str | None = None
    own_ssrc: int | None = None
    """The open source that is not in it."""
    gain_db: float = 0.0
    phase: int = 0
    """The tick of each packet in which it is encoded: work is spread over the ticks."""
    shifted: bool = False
    """Up by 5 Hz, against howling."""
    checked: int | None = None
    """The one output that is being checked: it leaves the mix that it shares."""
    recorded: bool = False
    """Without the sources that refused to be recorded."""


PROGRAM: Final = Mix(None)

RECORD: Final = Mix(None, recorded=True)
"""What a recorder keeps of the program. As long as nobody has refused, that is the program."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The mixes for one set of sources."""

    routes: Mapping[Mix, Routes]
    """For each mix the factor of each source."""
    outputs: Mapping[int, Mix]
    """The mix of each output, by its SSRC."""


class Routing:
    """Plans the mixes of a stage for the sources that are really there."""

    def __init__(self) -> None:
        """Start with an empty stage."""
        self._sources: dict[int, Source] = {}
        self._staged: frozenset[int] = frozenset()
        self._outputs: tuple[OutputSpec, ...] = ()
        self._matrix = ZoneMatrix(())
        self._record_ssrc: int | None = None
        self._record_apart = False
        """Somebody has refused in this recording: from then on it has its own encoder, since each
        change of encoders is a small click."""
        self._lifted: frozenset[str] = frozenset()

    def set_stage(self, stage: SetStage) -> None:
        """Plan for this stage from now on; a source that has left it is known until it is gone."""
        for spec in stage.sources:
            self._sources[spec.ssrc] = Source(spec.ssrc, spec.zone, spec.recorded)
        self._staged = frozenset(spec.ssrc for spec in stage.sources)
        self._outputs = stage.outputs
        if stage.record_ssrc != self._record_ssrc:
            self._record_ssrc, self._record_apart = stage.record_ssrc, False
        self._lifted = frozenset(stage.lifted)
        self._matrix = _matrix(stage, self._sources.values())

    def source(self, ssrc: int) -> Source:
        """What is known of a source; one that nobody named is a remote speaker."""
        return self._sources.get(ssrc) or Source(ssrc)

    def plan(self, ssrcs: Sequence[int], phases: Mapping[int, int], checked: int | None) -> Plan:
        """Mixes for these rows; ``phases``: of each 20 ms output, by its SSRC."""
        known = self._staged.union(ssrcs)
        self._sources = {ssrc: its for ssrc, its in self._sources.items() if ssrc in known}
        sources = [self.source(ssrc) for ssrc in ssrcs]
        routes: dict[Mix, Routes] = {PROGRAM: program_routes(sources)}
        outputs = {}
        if self._record_ssrc is not None:
            kept = record_routes(sources)
            self._record_apart = self._record_apart or not kept.all()
            if self._record_apart:
                routes[RECORD] = kept
            outputs[self._record_ssrc] = RECORD if self._record_apart else PROGRAM
        for spec in self._outputs:
            apart = spec.ssrc if spec.ssrc == checked else None
            mix = self._mix(spec, ssrcs, phases.get(spec.ssrc, 0), apart)
            if mix not in routes:
                routes[mix] = self._routes(mix, sources)
            outputs[spec.ssrc] = mix
        return Plan(routes, outputs)

    def _mix(self, spec: OutputSpec, ssrcs: Sequence[int], phase: int, apart: int | None) -> Mix:
        own = spec.own_ssrc if spec.own_ssrc in ssrcs else None
        if spec.kind is OutputKind.RETURN:
            return Mix(spec.kind, None, own, spec.gain_db, phase, checked=apart)
        if spec.kind is OutputKind.ASSISTIVE:
            return Mix(spec.kind, None, None, spec.gain_db, checked=apart)
        if own is not None and spec.zone == self.source(own).zone not in self._lifted:
            own = None  # not in it anyway
        kind = OutputKind.LOUDSPEAKER
        return Mix(kind, spec.zone, own, spec.gain_db, shifted=spec.shifted, checked=apart)

    def _routes(self, mix: Mix, sources: Sequence[Source]) -> Routes:
        gain = np.float32(10 ** (mix.gain_db / 20))
        if mix.kind is OutputKind.RETURN and mix.own_ssrc is not None:
            return gain * mix_minus_routes(sources, mix.own_ssrc)
        if mix.kind is OutputKind.LOUDSPEAKER and mix.zone is not None:
            heard = loudspeaker_routes(sources, mix.zone, self._matrix, self._lifted, mix.own_ssrc)
            return gain * heard
        return gain * program_routes(sources)


def _matrix(stage: SetStage, sources: Iterable[Source]) -> ZoneMatrix:
    """The stage's gains over every zone that it names."""
    named = {source.zone for source in sources} | {output.zone for output in stage.outputs}
    named |= {zone for pair in stage.zone_gains for zone in (pair.talks, pair.hears)}
    gains = {
        (pair.talks, pair.hears): SILENT_DB if pair.gain_db is None else pair.gain_db
        for pair in stage.zone_gains
    }
    return ZoneMatrix(tuple(sorted(zone for zone in named if zone is not None)), gains)
