"""The live stage: the host's settings, the room's members and the engine, joined.

Whatever changes what sounds where ends in ``refresh``, which describes the whole stage and tells
the engine when it differs. What the engine says about outputs goes to their streams, and what it
measures becomes the hosts' status.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable

from parvis_server.engine.boundary import (
    Checked,
    EngineStats,
    Howling,
    OutputPacket,
    SourceStats,
    StageReport,
    Tap,
)
from parvis_server.engine.stage import MAX_SOURCES, CheckOutput, SetStage
from parvis_server.net import stage_status
from parvis_server.net.engine import Engine
from parvis_server.net.streams import Streams
from parvis_server.room.alarms import Alarms
from parvis_server.room.checks import DeskFinding
from parvis_server.room.lifts import ZoneFacts
from parvis_server.room.members import Member
from parvis_server.room.permissions import rank_of
from parvis_server.room.room import Room
from parvis_server.room.stage import Stage
from parvis_wire.close_codes import CloseCode
from parvis_wire.messages import Ack, RefusalCode, Role
from parvis_wire.stage import (
    Alarm,
    CheckSound,
    KeptOut,
    OutputKind,
    SetLift,
    SetSharing,
    SetSource,
    SourceKind,
    StageCommand,
    UnitStatus,
)

log = logging.getLogger(__name__)

HALL_OUTPUTS = (OutputKind.LOUDSPEAKER, OutputKind.LINE)
"""What a zone's microphones hear."""

STATS_FRESH_NS = 3_000_000_000
"""The engine reports once a second; older figures are of an engine that is gone."""

PLAYED_NS = 1_000_000_000
"""An output reports twice a second. One that told nothing in the last second of a sound check may
have been silent for most of it."""

MAX_LOST_SHOWN = 32
"""Lost units in the status: somebody walks to them one by one."""


class LiveStage:
    """What sounds where in a running room."""

    def __init__(
        self,
        room: Room,
        engine: Engine,
        settings: Stage,
        streams: Streams,
        now_ns: Callable[[], int],
    ) -> None:
        """Nothing sounds yet."""
        self.settings = settings
        self.streams = streams
        self.alarms = Alarms()
        self.open: frozenset[int] = frozenset()
        """SSRCs of the sources that the engine was told to mix."""
        self.foreign_outputs = 0
        """Packets of buses that nobody plays any more."""
        self._room = room
        self._engine = engine
        self._now_ns = now_ns
        self._voice: Member | None = None
        self._sources: tuple[Member, ...] = ()
        self._told: SetStage | None = None
        self._stats: dict[int, SourceStats] = {}
        self._stats_ns: int | None = None
        self._savings = 0
        self._restarts_seen = engine.restarts

    # What changes the stage

    def open_sources(self, members: Iterable[Member]) -> None:
        """Exactly these are heard from now on."""
        self._sources = tuple(members)
        if len(self._sources) > MAX_SOURCES:
            log.warning("%d open sources, at most %d are mixed", len(self._sources), MAX_SOURCES)
        self.refresh()

    def read_with(self, voice: Member | None) -> None:
        """The hub's voice is heard beside them from now on; None: no longer."""
        if voice != self._voice:
            self._voice = voice
            self.refresh()

    def refresh(self) -> None:
        """Tell the engine the stage as it is, when that is news; end lifts that are not safe."""
        heard = [self._room.member(member.participant) or member for member in self._sources]
        heard += [] if self._voice is None else [self._voice]
        playing = [member for member in self._room.sounding if member.connected]
        self._review_lifts()
        stage = self.settings.describe(heard, playing)
        if stage != self._told:
            self._told = stage
            self.open = frozenset(source.ssrc for source in stage.sources)
            self._engine.set_stage(stage)

    def command(self, actor: Member, command: StageCommand) -> Ack:
        """Carry out a host's command once; its answer."""
        answered = self._room.answered(actor.participant, command.id)
        if answered is not None:
            return answered
        ack = self._carry_out(actor, command)
        self._room.remember(actor.participant, ack)
        self.refresh()
        return ack

    def _carry_out(self, actor: Member, command: StageCommand) -> Ack:
        if actor.role is not Role.HOST or rank_of(self._room.view, actor.participant) is None:
            text = f"a {actor.role.value} may not give {command.type}"
            return Ack(id=command.id, refused=RefusalCode.NOT_ALLOWED, text=text)
        match command:
            case SetSource():
                return self._set_source(command)
            case SetSharing(on=on):
                self.settings.sharing = on
                return Ack(id=command.id)
            case SetLift():
                return self._set_lift(command)
            case CheckSound():
                return self._check_sound(command)

    def _set_source(self, command: SetSource) -> Ack:
        member = self._room.member(command.participant)
        if member is None or member.ssrc is None:
            text = "nobody of this id has a microphone or line"
            return Ack(id=command.id, refused=RefusalCode.NO_SOURCE, text=text)
        self.settings.set_source(command)
        return Ack(id=command.id)

    def _set_lift(self, command: SetLift) -> Ack:
        zone = command.zone
        if not command.on:
            self.settings.lifts.end(zone)
            return Ack(id=command.id)
        if not self._outputs_in(zone):
            text = f"no loudspeaker stands in zone {zone}"
            return Ack(id=command.id, refused=RefusalCode.NO_OUTPUT, text=text)
        refusal = self.settings.lifts.lift(
            zone,
            self._facts().get(zone, ZoneFacts()),
            len(self._sources),
            loudspeakers_far=command.loudspeakers_far,
        )
        if refusal is not None:
            return Ack(
                id=command.id,
                refused=RefusalCode.LIFT_UNSAFE,
                text=refusal.text,
                figure_ms=None if refusal.path_ms is None else round(refusal.path_ms, 1),
            )
        log.info("zone %s hears its own microphones", zone)
        return Ack(id=command.id)

    def _check_sound(self, command: CheckSound) -> Ack:
        output = command.participant
        refusal = self._check_refusal(output)
        if refusal is None:
            number = self.settings.checks.begin(output, self._now_ns())
            stream = self.streams.get(output)
            if number is None or stream is None or stream.output is None:
                return Ack(id=command.id)  # one is running: its result is this one's too
            self.refresh()  # the desks leave the mix before the code sounds
            if self._engine.check_output(CheckOutput(check=number, output=stream.output.bus.ssrc)):
                return Ack(id=command.id)
            self.settings.checks.abandon(output)
            self.refresh()
            refusal = "the mixer is just being replaced; try again in a second"
        return Ack(id=command.id, refused=RefusalCode.NO_OUTPUT, text=refusal)

    def _check_refusal(self, participant: str) -> str | None:
        member, stream = self._room.member(participant), self.streams.get(participant)
        if member is None or stream is None or stream.output is None:
            return "nobody of this id plays anything"
        if not member.connected:
            return f"{member.name} is away"
        report = stream.output.fresh_report(self._now_ns())
        if report is not None and not report.playing:
            return f"{member.name} is silent now"
        return None

    # What the engine says

    def on_report(self, report: StageReport) -> None:
        """A packet of an output, a howl, the end of a sound check."""
        match report:
            case OutputPacket():
                stream = self.streams.playing(report.ssrc)
                if stream is None:
                    self.foreign_outputs += 1
                else:
                    stream.send(report.rtp, self._now_ns())
            case Howling():
                self._howled(report)
            case Checked():
                self._checked(report)
            case Tap():
                pass  # for a recorder; nobody asked for it in ``SetStage``

    def on_stats(self, stats: EngineStats) -> None:
        """What the engine measured of every source."""
        self._stats = {source.ssrc: source for source in stats.sources}
        self._stats_ns = self._now_ns()
        self._savings = stats.savings
        owners = {self.streams.owner(source.ssrc) for source in stats.sources if source.doubles}
        self.alarms.doubled({owner for owner in owners if owner is not None})

    def _howled(self, report: Howling) -> None:
        participant = self.streams.owner(report.output)
        if participant is not None:
            log.warning(
                "output of %s howls at %.0f Hz, %.1f dBFS: turned down by %.1f dB",
                *(participant, report.hertz, report.level_dbfs, -report.turned_down_db),
            )
            now_ns = self._now_ns()
            self.alarms.howled(participant, report.hertz, report.turned_down_db, now_ns)

    def _checked(self, report: Checked) -> None:
        findings = [
            DeskFinding(desk, found.returns, found.gain_db, found.delay_ms)
            for found in report.desks
            if (desk := self.streams.owner(found.desk)) is not None
        ]
        awaited = {
            member.participant
            for member in self._sources
            if member.source_kind is SourceKind.DESK and member.connected
        }
        played = self._plays(report.output)
        self.settings.checks.ended(report.check, tuple(findings), played=played, awaited=awaited)
        self.refresh()

    def _plays(self, output_ssrc: int) -> bool:
        """Whether this output tells that it plays."""
        stream, now_ns = self.streams.playing(output_ssrc), self._now_ns()
        if stream is None or stream.output is None:
            return False
        report, report_ns = stream.output.fresh_report(now_ns), stream.output.report_ns
        return report is not None and report.playing and now_ns - report_ns <= PLAYED_NS

    # What is due

    def tick(self) -> None:
        """Twice a second: forget who is gone, end what is not safe any more."""
        known = {member.participant: member for member in self._room.sounding}
        for participant, stream in self.streams:
            if participant not in known:
                self.streams.forget(participant)
                if stream.second is not None:
                    text = "the participant of this stream is forgotten"
                    stream.second.connection.fail(CloseCode.JOIN_TIMEOUT, text)
        self.settings.forget(known, self._now_ns())
        self.alarms.forget_all_but(known)
        self._ask_again()
        for zone in self.settings.lifts.zones:
            if all(member.zone != zone for member in known.values()):
                self.settings.lifts.end(zone)
        self.refresh()

    def _ask_again(self) -> None:
        """An engine that was replaced took its sound checks along: ask the next one for them.

        One that did not lose them passes over the numbers that it knows.
        """
        if self._engine.restarts == self._restarts_seen:
            return
        asked = [
            self._engine.check_output(CheckOutput(check=number, output=stream.output.bus.ssrc))
            for number, output in self.settings.checks.running
            if (stream := self.streams.get(output)) is not None and stream.output is not None
        ]
        if all(asked):
            self._restarts_seen = self._engine.restarts

    def _review_lifts(self) -> None:
        facts = self._facts()
        for zone in self.settings.lifts.review(facts, len(self._sources)):
            path_ms = self.settings.lifts.path_ms(zone, facts.get(zone, ZoneFacts()))
            log.warning("zone %s no longer hears its own microphones: not safe now", zone)
            self.alarms.lift_ended(zone, path_ms, self._now_ns())

    def _facts(self) -> dict[str, ZoneFacts]:
        """Every zone that somebody stands in, with its open microphones and its path."""
        delays_ms: dict[str, list[float | None]] = defaultdict(list)
        for member in self._sources:
            if member.zone is not None and member.source_kind is not SourceKind.SPEAKER:
                delays_ms[member.zone].append(self.delay_ms(member))
        present = (member for member in self._room.sounding if member.connected)
        zones = {member.zone for member in present if member.zone is not None}
        facts = {}
        for zone in sorted(zones | delays_ms.keys()):
            to_mix_ms = delays_ms[zone]
            playing = self._outputs_in(zone)
            to_ear_ms = [self._output_delay_ms(member) for member in playing]
            longest_ms = (_highest(to_mix_ms), _highest(to_ear_ms))
            path_ms = None if None in longest_ms else sum(filter(None, longest_ms))
            all_measured = None not in (*to_mix_ms, *to_ear_ms)
            loudspeakers = frozenset(member.participant for member in playing)
            facts[zone] = ZoneFacts(len(to_mix_ms), path_ms, all_measured, loudspeakers)
        return facts

    def _outputs_in(self, zone: str) -> list[Member]:
        return [
            member
            for member in self._room.sounding
            if member.connected and member.zone == zone and member.output in HALL_OUTPUTS
        ]

    def _output_delay_ms(self, member: Member) -> float | None:
        stream = self.streams.get(member.participant)
        if stream is None or stream.output is None:
            return None
        report = stream.output.fresh_report(self._now_ns())
        return None if report is None else report.delay_ms

    # What the host sees

    def delay_ms(self, member: Member) -> float | None:
        """From this member's converter to the mix; None when it is not measured."""
        stats = self.stats(member)
        stream = self.streams.get(member.participant)
        least_ms = stream.delay.least_ms(self._now_ns()) if stream is not None else None
        return None if stats is None or least_ms is None else least_ms + stats.hold_ms

    def stats(self, member: Member) -> SourceStats | None:
        """What the engine measured last of this member's source."""
        fresh = self._stats_ns is not None and self._now_ns() - self._stats_ns <= STATS_FRESH_NS
        return self._stats.get(member.ssrc) if fresh and member.ssrc in self.open else None

    def unit_statuses(self) -> tuple[UnitStatus, ...]:
        """Every unit and speaker at a glance; of the lost ones those that were here last."""
        lost = [member for member in self.members if not member.connected]
        lost.sort(key=lambda member: member.away_since_ns or 0)
        hidden = {member.participant for member in lost[:-MAX_LOST_SHOWN]}
        now_ns = self._now_ns()
        return tuple(
            stage_status.unit(self, member, now_ns)
            for member in self.members
            if member.participant not in hidden
        )

    @property
    def members(self) -> tuple[Member, ...]:
        """Every unit and speaker, the lost ones included."""
        return self._room.sounding

    def kept_out(self, member: Member) -> KeptOut | None:
        """Why this source is not in the mix although it would be."""
        if self.settings.checks.keeps_out(member.participant):
            return KeptOut.RETURNS
        wants = member.always_open and member.connected
        return self._room.kept_out(member) if wants else None

    def shown_alarms(self) -> tuple[Alarm, ...]:
        """Every alarm that holds now."""
        drifts_ppm = {
            member.participant: stats.drift_ppm
            for member in self.members
            if (stats := self.stats(member)) is not None
        }
        now_ns = self._now_ns()
        fresh = self._stats_ns is not None and now_ns - self._stats_ns <= STATS_FRESH_NS
        savings = self._savings if fresh else 0
        shown = self.alarms.shown(now_ns, drifts_ppm, savings)
        return (*shown, *self.settings.checks.alarms())


def _highest(measured: Iterable[float | None]) -> float | None:
    return max((value for value in measured if value is not None), default=None)
