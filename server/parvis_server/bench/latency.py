"""``parvis bench latency``: from a unit's microphone to a listener, stage by stage.

A real hub, a real unit with an always-open microphone and a listener, all on this machine. The
microphone is the monitor of a PulseAudio null sink into which a chirp is played every second; the
rig's own way from loudspeaker to microphone is measured beside it and not counted. Without
PulseAudio a sound file is the microphone, and what lies before the hub cannot be seen.
"""

import asyncio
import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Never

import numpy as np
import psutil
import soundfile

from parvis_audio.measure import SAMPLE_RATE_HZ, chirp_train
from parvis_audio.opus import Decoder, program_encoder, unit_encoder
from parvis_server.bench import sound_server
from parvis_server.bench.figures import figures
from parvis_server.bench.hub_probe import METRICS_EVERY_S, HubProbe
from parvis_server.bench.processes import RunningHub, running_hub, running_unit
from parvis_server.bench.rig import CHIRP_EVERY_MS
from parvis_server.bench.stages import Arrival, Evidence, HubReading, Samples, measure
from parvis_server.errors import BenchError
from parvis_server.listen.connection import Connection
from parvis_server.listen.link import ListenerLink
from parvis_server.listen.playback import Playback
from parvis_server.listen.player import Player
from parvis_server.listen.session import ListenSession
from parvis_server.listen.sinks import Sinks
from parvis_server.media.limiter import LOOKAHEAD_SAMPLES
from parvis_wire import serial
from parvis_wire.rtp import RtpPacket

WARM_UP_S = 18.0
"""The listener's buffer begins at 120 ms and, at a rate that nobody hears, comes down by 3 ms a
second to what this network needs."""

API_PATH = "/api/v1/rooms/main"
API_REQUESTS_PER_S = 50.0

STAGES = (
    *("capture_block_ms", "unit_to_hub_ms", "hub_buffer_ms", "mix_encode_ms"),
    *("network_ms", "playout_ms", "total_ms"),
)
FILE_CHIRPS_S = 10
IN_TIME_BUCKET = 'parvis_tick_lateness_seconds_bucket{le="0.005"}'


@dataclass(slots=True)
class Ears:
    """A listener that remembers everything, and the sink of its player."""

    packets: list[tuple[bytes, int]] = field(default_factory=list)
    frames: list[Samples] = field(default_factory=list)

    def write(self, frame: Samples) -> None:
        """Keep a frame."""
        self.frames.append(frame)

    def close(self) -> None:
        """Nothing to close."""


@dataclass(slots=True)
class Run:
    """What one run has brought."""

    hub: RunningHub
    link: ListenerLink
    unit: psutil.Process
    ears: Ears = field(default_factory=Ears)
    readings: list[HubReading] = field(default_factory=list)
    rss_bytes: int = 0
    started_ns: int = 0
    room_origin_ns: float | None = None
    underruns: int = 0
    measured_from_ns: int = 0
    """Chirps before that were of the warm-up."""


async def measure_latency(seconds: int) -> dict[str, Any]:
    """Run everything for so long after a warm-up; gives the figures.

    Raises:
        BenchError: something cannot be started, or no chirp came through.
    """
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="parvis-bench-")))
        hub = stack.enter_context(running_hub(folder))
        environment, microphone = _microphone(stack, folder)
        unit = stack.enter_context(running_unit(hub.link, microphone, environment, folder))
        run = Run(hub, ListenerLink.parse(hub.link), unit)
        async with _listening(run) as load:
            await asyncio.sleep(WARM_UP_S)
            with_rig = microphone == sound_server.MICROPHONE
            return await _measure(run, load, seconds, environment, with_rig=with_rig)


def _microphone(stack: contextlib.ExitStack, folder: Path) -> tuple[Mapping[str, str], str]:
    """The environment of sound programs and the unit's ``--microphone``."""
    if sound_server.is_available():
        environment = stack.enter_context(sound_server.sound_server(folder))
        return environment, sound_server.MICROPHONE
    path = folder / "chirps.wav"
    soundfile.write(path, chirp_train(FILE_CHIRPS_S, CHIRP_EVERY_MS)[0], SAMPLE_RATE_HZ)
    return os.environ, f"file:{path}"


@contextlib.asynccontextmanager
async def _listening(run: Run) -> AsyncIterator[HubProbe]:
    """A listener, the API's load and a look at the metrics, for the length of the block."""
    playback, session = Playback(Decoder), ListenSession(run.link.room)
    player = Player(playback, Sinks(run.ears))

    def hear(packet: bytes, arrival_ns: int) -> None:
        run.ears.packets.append((packet, arrival_ns))
        playback.receive(packet, arrival_ns)
        run.underruns = playback.counters.underruns
        if run.room_origin_ns is None and session.clock is not None:
            room_ns = session.clock.room_clock * 1e9 / SAMPLE_RATE_HZ
            run.room_origin_ns = session.clock.hub_ns - room_ns

    probe, load = HubProbe(run.link), HubProbe(run.link)
    connection = Connection(run.link, session, hear, say=lambda text: None)
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(connection.run()),
            group.create_task(player.run(None)),
            group.create_task(load.load(API_PATH, API_REQUESTS_PER_S)),
            group.create_task(_watch(run, probe)),
        ]
        await asyncio.sleep(0)
        run.started_ns = player.start_ns
        try:
            yield load
        finally:
            for task in tasks:
                task.cancel()
    await probe.close()
    await load.close()


async def _watch(run: Run, probe: HubProbe) -> Never:
    """Read the hub's metrics and the unit's memory once a second."""
    while True:
        await asyncio.sleep(METRICS_EVERY_S)
        found = await probe.metrics()
        holds = [v for name, v in found.items() if name.startswith("parvis_source_hold_seconds")]
        encode_s = found.get("parvis_tick_encode_mean_seconds")
        if holds and encode_s is not None:
            run.readings.append(HubReading(time.monotonic_ns(), holds[0] * 1e3, encode_s * 1e3))
        with contextlib.suppress(psutil.NoSuchProcess):
            run.rss_bytes = max(run.rss_bytes, run.unit.memory_info().rss)


async def _measure(
    run: Run, load: HubProbe, seconds: int, environment: Mapping[str, str], *, with_rig: bool
) -> dict[str, Any]:
    """Measure for so long, with everything running."""
    run.measured_from_ns = time.monotonic_ns()
    requests, cpu_s, begin_s = load.requests, _cpu_s(run.unit), time.monotonic()
    beside = [_ticks_beside(HubProbe(run.link), seconds)]
    if with_rig:
        beside.append(_tool("rig", seconds, environment))
    ticks, *rig = await asyncio.gather(*beside)
    elapsed_s = time.monotonic() - begin_s
    return {
        "microphone": "sound server" if with_rig else "file",
        **_latency_figures(run, rig[0]["chirps"] if rig else None),
        "hub_start_ms": figures([run.hub.start_ms]),
        **ticks,
        "listener_underruns": run.underruns,
        "api_requests_per_s": round((load.requests - requests) / elapsed_s, 1),
        "api_failures": load.failures,
        "unit_cpu_percent": round(100 * (_cpu_s(run.unit) - cpu_s) / elapsed_s, 2),
        "unit_rss_mb": round(run.rss_bytes / 1e6, 1),
    }


async def _ticks_beside(probe: HubProbe, seconds: int) -> dict[str, Any]:
    """The engine's ticks while an empty ticker of the same priority runs beside it."""
    before = await probe.metrics()
    empty = await _tool("empty_ticker", seconds, os.environ)
    await asyncio.sleep(METRICS_EVERY_S)  # the engine tells its ticks once a second
    after = await probe.metrics()
    await probe.close()
    return _tick_figures(before, after, empty)


async def _tool(name: str, seconds: int, environment: Mapping[str, str]) -> dict[str, Any]:
    """Run one of our programs beside; its JSON."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"parvis_server.bench.{name}", "--seconds", str(seconds)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=dict(environment),
    )
    try:
        said, complaint = await process.communicate()
    except BaseException:
        process.kill()
        raise
    if process.returncode:
        last = complaint.decode(errors="replace").strip().splitlines()[-1:]
        raise BenchError(f"the bench's {name} failed: {' '.join(last)}")
    answer: dict[str, Any] = json.loads(said.splitlines()[-1])
    return answer


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _latency_figures(run: Run, chirps: list[dict[str, int]] | None) -> dict[str, Any]:
    """Each stage in milliseconds; with a rig also its own loop, and the delay with it."""
    captured_ns = None if chirps is None else [chirp["captured_ns"] for chirp in chirps]
    stages = measure(_evidence(run), captured_ns)
    if not stages:
        raise BenchError("no chirp came from the unit to the listener: is the machine overloaded?")
    found: dict[str, Any] = {"chirps": len(stages["total_ms"])}
    found |= {name: figures(stages[name]) for name in STAGES if name in stages}
    if chirps is not None:
        loops = [(chirp["captured_ns"] - chirp["played_ns"]) / 1e6 for chirp in chirps]
        found["rig_loop_ms"] = figures(loops)
        mean_loop_ms = float(np.mean(loops))
        found["with_rig_ms"] = figures(total + mean_loop_ms for total in stages["total_ms"])
    return found


def _evidence(run: Run) -> Evidence:
    if run.room_origin_ns is None:
        raise BenchError("the hub never sent its clock to the listener")
    lookahead = unit_encoder().lookahead_samples + program_encoder().lookahead_samples
    return Evidence(
        arrivals=tuple(
            arrival
            for arrival in _decoded(run.ears.packets)
            if arrival.arrival_ns >= run.measured_from_ns
        ),
        played=np.concatenate(run.ears.frames),
        played_start_ns=run.started_ns,
        room_origin_ns=run.room_origin_ns,
        readings=run.readings,
        codec_samples=lookahead + LOOKAHEAD_SAMPLES,
    )


def _decoded(packets: list[tuple[bytes, int]]) -> Iterator[Arrival]:
    """The listener's packets, decoded a second time, on their time line."""
    decoder, unwrapper = Decoder(), serial.Unwrapper(serial.TIMESTAMP_BITS)
    for message, arrival_ns in packets:
        packet = RtpPacket.parse(message)
        timestamp = unwrapper.unwrap(packet.timestamp)
        yield Arrival(timestamp, arrival_ns, decoder.decode(packet.payload))


def _tick_figures(
    before: Mapping[str, float], after: Mapping[str, float], empty: Mapping[str, Any]
) -> dict[str, Any]:
    """Ticks later than 5 ms in this run, of the engine and of the empty ticker beside it."""
    ticks = _grown(before, after, "parvis_ticks_total")
    in_time = _grown(before, after, IN_TIME_BUCKET)
    return {
        "engine_ticks": round(ticks),
        "engine_late_percent": round(100 * (ticks - in_time) / ticks, 3) if ticks else None,
        "engine_real_time": bool(after.get("parvis_tick_real_time")),
        "engine_work_mean_us": round(after.get("parvis_tick_work_mean_seconds", 0) * 1e6),
        "empty_ticks": empty["ticks"],
        "empty_late_percent": round(100 * empty["late"] / empty["ticks"], 3),
        "empty_real_time": empty["real_time"],
    }


def _grown(before: Mapping[str, float], after: Mapping[str, float], name: str) -> float:
    return after.get(name, 0.0) - before.get(name, 0.0)
