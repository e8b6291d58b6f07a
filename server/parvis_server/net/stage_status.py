"""One unit or speaker as a host sees it. Figures are rounded: it goes out twice a second."""

from typing import TYPE_CHECKING

from parvis_server.room.members import Member
from parvis_wire.stage import OutputStatus, SourceStatus, UnitStatus

if TYPE_CHECKING:
    from parvis_server.net.live_stage import LiveStage
    from parvis_server.net.streams import Stream


def unit(stage: "LiveStage", member: Member, now_ns: int) -> UnitStatus:
    """This member's line of the status."""
    stream = stage.streams.get(member.participant)
    level_dbfs = stream.level(now_ns) if stream is not None and member.connected else None
    return UnitStatus(
        unit=member.participant,
        name=member.name or member.participant,
        connected=member.connected,
        on_air=member.ssrc is not None and member.ssrc in stage.open,
        level_dbfs=_rounded(level_dbfs),
        zone=member.zone,
        muted_there=stream is not None and member.connected and stream.muted_there,
        software=None if stream is None or not member.connected else stream.software,
        source=_source(stage, member),
        output=None if stream is None else _output(stage, member, stream, now_ns),
    )


def _source(stage: "LiveStage", member: Member) -> SourceStatus | None:
    if member.ssrc is None:
        return None
    settings, stats = stage.settings.settings(member.participant), stage.stats(member)
    return SourceStatus(
        kind=member.source_kind,
        kept_out=stage.kept_out(member),
        gain_db=_rounded(settings.gain_db if stats is None else stats.gain_db),
        by_hand=settings.gain_db is not None,
        priority_db=settings.priority_db,
        shared=settings.shared,
        muted=settings.muted,
        delay_ms=_rounded(stage.delay_ms(member)),
        drift_ppm=None if stats is None else _rounded(stats.drift_ppm),
        late=0 if stats is None else stats.late,
        concealed=0 if stats is None else stats.concealed,
    )


def _output(
    stage: "LiveStage", member: Member, stream: "Stream", now_ns: int
) -> OutputStatus | None:
    if stream.output is None:
        return None
    report = stream.output.fresh_report(now_ns) if member.connected else None
    return OutputStatus(
        kind=stream.output.bus.kind,
        playing=report is not None and report.playing,
        delay_ms=None if report is None else _rounded(report.delay_ms),
        buffer_ms=None if report is None else _rounded(report.buffer_ms),
        underruns=0 if report is None else report.underruns,
        turned_down_db=stage.alarms.turned_down_db(member.participant, now_ns),
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
