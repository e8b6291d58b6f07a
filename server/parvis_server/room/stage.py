"""What sounds where, as the host has set it: members of the room in, ``SetStage`` out. Pure.

Settings belong to a participant, not to a connection: a unit that comes back is mixed as before.
The whole stage is described each time; the engine finds out what is new in it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from parvis_server.engine.stage import (
    MAX_OUTPUTS,
    MAX_SOURCES,
    MAX_ZONES,
    OutputSpec,
    SetStage,
    SourceSpec,
    ZoneGain,
)
from parvis_server.room.checks import SoundChecks
from parvis_server.room.lifts import LiftRule, Lifts
from parvis_server.room.members import Member
from parvis_wire.stage import OutputKind, SetSource, SourceKind


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """How one source goes into the mix; the fields are those of ``set_source``."""

    gain_db: float | None = None
    priority_db: float = 0.0
    shared: bool = True
    muted: bool = False


AS_IT_COMES = SourceSettings()

SHIFTED = frozenset({OutputKind.LOUDSPEAKER, OutputKind.LINE})
"""What microphones may hear; a return or an induction loop closes no circle through the air."""


class Stage:
    """The host's hand on the mix."""

    def __init__(
        self,
        zone_gains: Sequence[ZoneGain],
        lift_rule: LiftRule,
        *,
        five_ms_profile: bool,
        shift_loudspeakers: bool = False,
    ) -> None:
        """``zone_gains`` is the matrix that the hub was given.

        ``shift_loudspeakers``: loudspeakers and lines play 5 Hz higher, so that a hall howls later.
        """
        self.sharing = True
        self.lifts = Lifts(lift_rule, five_ms_profile=five_ms_profile)
        self.checks = SoundChecks()
        self._zone_gains = tuple(zone_gains)
        self._settings: dict[str, SourceSettings] = {}
        self._shifted = SHIFTED if shift_loudspeakers else frozenset()

    def set_source(self, command: SetSource) -> None:
        """How a source goes into the mix from now on.

        While a desk is kept out, ``muted`` true is what the host was shown and leaves it so; false
        lets the desk in.
        """
        before = self._settings.get(command.participant, AS_IT_COMES)
        settings = SourceSettings(
            gain_db=command.gain_db,
            priority_db=command.priority_db,
            shared=command.shared,
            muted=command.muted,
        )
        if self.checks.keeps_out(command.participant):
            if command.muted:
                settings = replace(settings, muted=before.muted)
            else:
                self.checks.allow(command.participant)
        self._settings[command.participant] = settings

    def settings(self, participant: str) -> SourceSettings:
        """What the host has set for a source, and muted when its sound check keeps it out."""
        settings = self._settings.get(participant, AS_IT_COMES)
        kept_out = self.checks.keeps_out(participant)
        return replace(settings, muted=True) if kept_out else settings

    def _goes_in(self, member: Member) -> SourceSettings:
        """What the engine is told: a desk is out of the mix while it listens for a check's code,
        or everybody would hear the code."""
        settings = self.settings(member.participant)
        listening = member.source_kind is SourceKind.DESK and bool(self.checks.running)
        return replace(settings, muted=True) if listening else settings

    def zones(self, members: Iterable[Member]) -> frozenset[str]:
        """Every zone that somebody stands in or that the matrix names."""
        named = {name for gain in self._zone_gains for name in (gain.talks, gain.hears)}
        return frozenset(named | {member.zone for member in members if member.zone is not None})

    def describe(self, sources: Iterable[Member], outputs: Iterable[Member]) -> SetStage:
        """The whole stage: these members are heard, those play.

        Over the engine's bounds, those who are away go first.
        """
        heard = sorted(sources, key=lambda member: not member.connected)
        playing = sorted(outputs, key=lambda member: not member.connected)
        return SetStage(
            sources=tuple(
                self._source(member, member.ssrc)
                for member in heard[:MAX_SOURCES]
                if member.ssrc is not None
            ),
            outputs=tuple(
                self._output(member, member.output_ssrc, member.output)
                for member in playing[:MAX_OUTPUTS]
                if member.output_ssrc is not None and member.output is not None
            ),
            zone_gains=self._zone_gains,
            lifted=self.lifts.zones[-MAX_ZONES:],
            sharing=self.sharing,
        )

    def forget(self, known: Mapping[str, Member], now_ns: int) -> None:
        """Drop what belongs to participants whom the room has forgotten."""
        for participant in tuple(self._settings):
            if participant not in known:
                del self._settings[participant]
        members = known.values()
        self.checks.review(
            now_ns,
            outputs={m.participant for m in members if m.output is not None},
            desks={m.participant for m in members if m.source_kind is SourceKind.DESK},
        )

    def _source(self, member: Member, ssrc: int) -> SourceSpec:
        settings = self._goes_in(member)
        return SourceSpec(
            ssrc=ssrc,
            link=member.link,
            kind=member.source_kind,
            zone=None if member.source_kind is SourceKind.SPEAKER else member.zone,
            gain_db=settings.gain_db,
            priority_db=settings.priority_db,
            shared=settings.shared,
            muted=settings.muted,
        )

    def _output(self, member: Member, ssrc: int, kind: OutputKind) -> OutputSpec:
        """The bus of one output.

        An assistive output gets the microphone beside it too: whoever listens there depends on it.
        """
        return OutputSpec(
            ssrc=ssrc,
            kind=kind,
            zone=None if kind is OutputKind.RETURN else member.zone,
            own_ssrc=None if kind is OutputKind.ASSISTIVE else member.ssrc,
            shifted=kind in self._shifted,
        )
