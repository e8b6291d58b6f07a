"""``parvis bench mix``: one engine with so many open microphones and returns, in real time.

A real engine process behind its real boundary: every packet is decoded, aligned, mixed, and every
bus encoded. Its talkers were encoded before the run, so that the feeder beside it is light. An
empty ticker of the same priority runs in the same seconds: what it is late by is the machine's.
"""

import asyncio
import contextlib
import json
import os
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Never

import psutil

from parvis_audio.opus import program_encoder, unit_encoder
from parvis_server.bench.figures import counted_percentiles, figures
from parvis_server.bench.speech import speech
from parvis_server.bench.talkers import SAMPLES_PER_MS, Departures, Talker, framed, talkers
from parvis_server.engine.boundary import (
    LATENESS_BOUNDS_MS,
    WORK_STEP_US,
    WORK_STEPS,
    EngineStats,
    OutputPacket,
    StageReport,
)
from parvis_server.engine.stage import MAX_OUTPUTS, MAX_SOURCES, OutputSpec, SetStage, SourceSpec
from parvis_server.engine.supervisor import EngineSupervisor
from parvis_server.errors import BenchError, UsageError
from parvis_wire.stage import DEFAULT_ZONE, LinkKind, OutputKind, SourceKind

WARM_UP_S = 6.0
"""Jitter buffers find their depth and the leveller its gains."""

START_TIMEOUT_S = 30.0

LEAST_SLEEP_S = 0.001
"""The feeder sends what is due in a millisecond at once, as sockets are read by a hub."""

LATE_STEP = LATENESS_BOUNDS_MS.index(5.0) + 1

UNIT_SSRC, SPEAKER_SSRC, RETURN_SSRC, LOUDSPEAKER_SSRC = 0x1000, 0x2000, 0x3000, 0x4000
RETURN_PTIME_MS = 20


@dataclass(frozen=True, slots=True)
class Scene:
    """What is open in one run."""

    open: int
    """Microphones of the hall."""
    returns: int
    """Remote speakers, each heard and each with a return of their own."""
    loudspeakers: int = 1
    """Of other zones: each with a bus."""
    frame_ms: Literal[5, 10] = 10

    def __post_init__(self) -> None:
        """Refuse what an engine would not take."""
        sources, outputs = self.open + self.returns, self.returns + self.loudspeakers
        if not 0 < sources <= MAX_SOURCES:
            raise UsageError(f"{sources} sources: an engine mixes 1 to {MAX_SOURCES}")
        if outputs > MAX_OUTPUTS:
            raise UsageError(f"{outputs} outputs: an engine makes at most {MAX_OUTPUTS}")

    @property
    def stage(self) -> SetStage:
        """The scene as the engine gets it."""
        return SetStage(
            sources=(
                *(SourceSpec(ssrc=UNIT_SSRC + n, zone=DEFAULT_ZONE) for n in range(self.open)),
                *(_speaker(SPEAKER_SSRC + n) for n in range(self.returns)),
            ),
            outputs=(
                *(_return(n) for n in range(self.returns)),
                *(_loudspeaker(n) for n in range(self.loudspeakers)),
            ),
        )

    def speaking(self, begin_ns: float) -> tuple[tuple[Talker, ...], str]:
        """Its talkers, beginning then, and what they say."""
        sound, said = speech()
        unit = framed(sound, unit_encoder(self.frame_ms * SAMPLES_PER_MS), self.frame_ms)
        remote = framed(sound, program_encoder(), RETURN_PTIME_MS)
        units = [UNIT_SSRC + n for n in range(self.open)]
        speakers = [SPEAKER_SSRC + n for n in range(self.returns)]
        return (
            *talkers(units, unit, self.frame_ms, begin_ns),
            *talkers(speakers, remote, RETURN_PTIME_MS, begin_ns),
        ), said


def _speaker(ssrc: int) -> SourceSpec:
    return SourceSpec(ssrc=ssrc, link=LinkKind.REMOTE, kind=SourceKind.SPEAKER)


def _return(number: int) -> OutputSpec:
    own = SPEAKER_SSRC + number
    return OutputSpec(ssrc=RETURN_SSRC + number, kind=OutputKind.RETURN, own_ssrc=own)


def _loudspeaker(number: int) -> OutputSpec:
    """Each in a zone of its own, so that each needs a mix of its own."""
    zone = DEFAULT_ZONE if number == 0 else f"room-{number}"
    return OutputSpec(ssrc=LOUDSPEAKER_SSRC + number, kind=OutputKind.LOUDSPEAKER, zone=zone)


@dataclass(slots=True)
class Heard:
    """What the engine has said."""

    programs: int = 0
    outputs: Counter[int] = field(default_factory=Counter)
    stats: list[EngineStats] = field(default_factory=list)
    told: asyncio.Event = field(default_factory=asyncio.Event)

    def program(self, _ptime_ms: int, _rtp: bytes) -> None:
        """One packet of the program."""
        self.programs += 1

    def report(self, report: StageReport) -> None:
        """One packet of an output, or an alarm."""
        if isinstance(report, OutputPacket):
            self.outputs[report.ssrc] += 1

    def statistics(self, stats: EngineStats) -> None:
        """Once a second."""
        self.stats.append(stats)
        self.told.set()

    async def next_stats(self) -> EngineStats:
        """The next that comes; raises ``BenchError`` when the engine is silent."""
        self.told.clear()
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                await self.told.wait()
        except TimeoutError:
            raise BenchError("the engine says nothing: is the machine overloaded?") from None
        return self.stats[-1]


@dataclass(frozen=True, slots=True)
class Moment:
    """The counts at one end of the measured time."""

    stats: EngineStats
    place: int
    """Of ``stats`` among all that were heard."""
    cpu_s: float
    at_s: float
    programs: int
    outputs: Counter[int]


async def measure_mix(scene: Scene, seconds: int) -> dict[str, Any]:
    """Run the scene for so long after a warm-up; gives the figures.

    Raises:
        BenchError: the engine does not start, or was replaced while it was measured.
    """
    heard = Heard()
    supervisor = EngineSupervisor(
        heard.program,
        lambda levels: None,
        heard.statistics,
        time.monotonic_ns(),
        on_stage=heard.report,
        frame_ms=scene.frame_ms,
    )
    supervisor.set_stage(scene.stage)
    async with _running(supervisor):
        departures, said = await _begin(supervisor, scene)
        lateness_ms: list[float] = []
        feeder = asyncio.create_task(_feed(supervisor, departures, lateness_ms))
        try:
            await asyncio.sleep(WARM_UP_S)
            lateness_ms.clear()
            before = await _moment(supervisor, heard)
            empty = await _empty_ticker(seconds)
            after = await _moment(supervisor, heard)
        finally:
            feeder.cancel()
    if supervisor.restarts:
        raise BenchError(f"the engine was replaced {supervisor.restarts} times: no figures")
    return {
        "open": scene.open,
        "returns": scene.returns,
        "loudspeakers": scene.loudspeakers,
        "frame_ms": scene.frame_ms,
        "sound": said,
        **_tick_figures(before.stats, after.stats, heard.stats[before.place + 1 :]),
        **_empty_figures(empty),
        **_rates(before, after),
        "stage_us": _stages(heard.stats[before.place + 1 :]),
        "feeder_late_ms": figures(lateness_ms),
        "dropped_packets": supervisor.dropped_packets,
    }


@contextlib.asynccontextmanager
async def _running(supervisor: EngineSupervisor) -> AsyncIterator[None]:
    task = asyncio.create_task(supervisor.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _begin(supervisor: EngineSupervisor, scene: Scene) -> tuple[Departures, str]:
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            await supervisor.ready.wait()
    except TimeoutError:
        raise BenchError(f"no engine was ready in {START_TIMEOUT_S:g} s") from None
    prepared, said = scene.speaking(0.0)
    now_ns = time.monotonic_ns()
    return Departures([_from(talker, now_ns) for talker in prepared]), said


def _from(talker: Talker, now_ns: int) -> Talker:
    return Talker(
        ssrc=talker.ssrc,
        packets=talker.packets,
        ptime_ms=talker.ptime_ms,
        first=talker.first,
        begin_ns=talker.begin_ns + now_ns,
        period_ns=talker.period_ns,
    )


async def _feed(
    supervisor: EngineSupervisor, departures: Departures, lateness_ms: list[float]
) -> Never:
    """Send what is due, until cancelled; remembers how late the first of each batch was."""
    while True:
        now_ns = time.monotonic_ns()
        lateness_ms.append(max(0.0, (now_ns - departures.next_ns) / 1e6))
        for _, packet in departures.take(now_ns):
            supervisor.send_packet(packet, now_ns)
        left_s = (departures.next_ns - time.monotonic_ns()) / 1e9
        await asyncio.sleep(max(LEAST_SLEEP_S, left_s))


async def _moment(supervisor: EngineSupervisor, heard: Heard) -> Moment:
    stats = await heard.next_stats()
    pid = supervisor.live_pid
    if pid is None:
        raise BenchError("the engine has ended")
    times = psutil.Process(pid).cpu_times()
    return Moment(
        stats=stats,
        place=len(heard.stats) - 1,
        cpu_s=times.user + times.system,
        at_s=time.monotonic(),
        programs=heard.programs,
        outputs=heard.outputs.copy(),
    )


async def _empty_ticker(seconds: int) -> Mapping[str, Any]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "parvis_server.bench.empty_ticker", "--seconds", str(seconds)),
        env=os.environ,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    if process.returncode != 0:
        raise BenchError("the empty ticker beside the engine failed")
    found: Mapping[str, Any] = json.loads(output)
    return found


def _tick_figures(
    before: EngineStats, after: EngineStats, seconds: list[EngineStats]
) -> dict[str, Any]:
    """Work and lateness of the ticks between two reports."""
    ticks = after.ticks - before.ticks
    late = _grown(before.lateness_counts, after.lateness_counts)
    work = _grown(before.work_counts, after.work_counts)
    late_mean_ms = (after.lateness_sum_ms - before.lateness_sum_ms) / max(1, ticks)
    steps_ms = [(step + 1) * WORK_STEP_US / 1e3 for step in range(WORK_STEPS)]
    return {
        "ticks": ticks,
        "tick_ms": {
            "mean": round(_mean([stats.work_mean_us for stats in seconds]) / 1e3, 2),
            **counted_percentiles(work, steps_ms),
            "max": round(max(stats.work_max_us for stats in seconds) / 1e3, 2),
        },
        "late_ms": {
            "mean": round(late_mean_ms, 2),
            **counted_percentiles(late, LATENESS_BOUNDS_MS),
            "max": round(max(stats.lateness_max_ms for stats in seconds), 2),
        },
        "late_percent": round(100 * sum(late[LATE_STEP:]) / max(1, ticks), 3),
        "skipped_ticks": after.skipped_ticks - before.skipped_ticks,
        "savings": max(stats.savings for stats in seconds),
        "real_time": after.real_time,
    }


def _empty_figures(empty: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "empty_ticks": empty["ticks"],
        "empty_late_ms": empty["late_ms"],
        "empty_late_percent": round(100 * empty["late"] / max(1, empty["ticks"]), 3),
        "empty_real_time": empty["real_time"],
    }


def _rates(before: Moment, after: Moment) -> dict[str, Any]:
    """What came out, what it cost, and what was made up."""
    elapsed_s = after.at_s - before.at_s
    sent = after.outputs - before.outputs
    concealed = _concealed(after.stats) - _concealed(before.stats)
    frames = max(1, (after.stats.ticks - before.stats.ticks) * len(after.stats.sources))
    return {
        "engine_cpu_percent": round(100 * (after.cpu_s - before.cpu_s) / elapsed_s, 1),
        "program_per_s": round((after.programs - before.programs) / elapsed_s, 1),
        "outputs": len(sent),
        "output_packets_per_s": round(sent.total() / elapsed_s, 1),
        "concealed_percent": round(100 * concealed / frames, 3),
    }


def _concealed(stats: EngineStats) -> int:
    return sum(source.concealed for source in stats.sources)


def _stages(seconds: list[EngineStats]) -> dict[str, int]:
    """Mean microseconds of each stage of a tick."""
    names = dict.fromkeys(name for stats in seconds for name in stats.stage_mean_us)
    return {
        name: round(_mean([stats.stage_mean_us.get(name, 0.0) for stats in seconds]))
        for name in names
    }


def _grown(before: tuple[int, ...], after: tuple[int, ...]) -> list[int]:
    return [now - then for then, now in zip(before, after, strict=True)]


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0
