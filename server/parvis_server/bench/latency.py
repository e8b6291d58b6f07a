"""``parvis bench latency``: from a unit's microphone to loudspeaker, remote speaker and listener.

A real hub, a real unit with an always-open microphone in the hall, another with a loudspeaker in
the foyer, a remote speaker and a listener, all on this machine. The microphone is the monitor of a
PulseAudio null sink into which a chirp is played every second; the rig's own way from loudspeaker
to microphone is measured beside it, and is no part of the total, which runs from the input callback
of the one unit to the output callback of the other. Without PulseAudio files stand in for both.
"""

import asyncio
import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Literal

import psutil
import soundfile

from parvis_audio.measure import SAMPLE_RATE_HZ, chirp_train
from parvis_audio.opus import program_encoder, unit_encoder
from parvis_server.bench import budget, sound_server
from parvis_server.bench.ears import Ears
from parvis_server.bench.figures import figures
from parvis_server.bench.hub_probe import METRICS_EVERY_S, HubProbe
from parvis_server.bench.processes import RunningHub, RunningUnit, running_hub, running_unit
from parvis_server.bench.rig import CHIRP_EVERY_MS
from parvis_server.bench.stages import (
    NAMES,
    PATH_STAGES,
    Evidence,
    Lookahead,
    measure,
    reports_sum_ms,
)
from parvis_server.errors import BenchError
from parvis_server.media.limiter import LOOKAHEAD_SAMPLES

WARM_UP_S = 45
"""Jitter buffers begin at 25 ms, a listener's at 120, while all programs start beside them; at a
rate that nobody hears they come down to what this network needs."""

FILE_CHIRPS_S = 10
IN_TIME_BUCKET = 'parvis_tick_lateness_seconds_bucket{le="0.005"}'

MICROPHONE, LOUDSPEAKER = "Bench microphone", "Bench loudspeaker"
FOYER_ZONE = "foyer"

MOST_DIFFERENCE_MS = 2.0
"""Between what the programs say of themselves and what was measured."""


@dataclass(frozen=True, slots=True)
class Run:
    """Everything that runs."""

    hub: RunningHub
    microphone: RunningUnit
    loudspeaker: RunningUnit
    ears: Ears
    environment: Mapping[str, str]
    with_rig: bool
    frame_ms: Literal[5, 10]


async def measure_latency(
    seconds: int,
    frame_ms: Literal[5, 10] = 10,
    *,
    files: bool = False,
    warm_up_s: int = WARM_UP_S,
) -> dict[str, Any]:
    """Run everything for so long after a warm-up; gives the figures.

    ``files``: files for sound cards, also where there is a sound server.

    Raises:
        BenchError: something cannot be started, or no chirp came through.
    """
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="parvis-bench-")))
        hub = stack.enter_context(running_hub(folder, "--frame-ms", str(frame_ms)))
        environment, microphone, loudspeaker = _sound_cards(stack, folder, files=files)
        loop = ("--loop",) if microphone.startswith("file:") else ()
        hears = ("--microphone", microphone, "--button", "none", "--onsets", *loop)
        plays = ("--microphone", "none", "--loudspeaker", loudspeaker, "--onsets")
        hall, foyer = (
            stack.enter_context(running_unit(hub.link, name, environment, folder, *options))
            for name, options in (
                (MICROPHONE, hears),
                (LOUDSPEAKER, (*plays, "--zone", FOYER_ZONE)),
            )
        )
        with_rig = microphone == sound_server.MICROPHONE
        run = Run(hub, hall, foyer, Ears(hub), environment, with_rig, frame_ms)
        async with run.ears.open():
            await asyncio.sleep(warm_up_s)
            return await _measure(run, seconds)


def _sound_cards(
    stack: contextlib.ExitStack, folder: Path, *, files: bool
) -> tuple[Mapping[str, str], str, str]:
    """The environment of sound programs, and the units' ``--microphone`` and ``--loudspeaker``."""
    if sound_server.is_available() and not files:
        environment = stack.enter_context(sound_server.sound_server(folder))
        return environment, sound_server.MICROPHONE, sound_server.FOYER
    path = folder / "chirps.wav"
    soundfile.write(path, chirp_train(FILE_CHIRPS_S, CHIRP_EVERY_MS)[0], SAMPLE_RATE_HZ)
    return os.environ, f"file:{path}", f"file:{folder / 'foyer.wav'}"


async def _measure(run: Run, seconds: int) -> dict[str, Any]:
    """Measure for so long, with everything running."""
    from_ns, begin_s = time.monotonic_ns(), time.monotonic()
    requests, cpu_s = run.ears.load.requests, _cpu_s(run.microphone.process)
    beside = [ticks_beside(HubProbe(run.ears.link), seconds)]
    if run.with_rig:
        beside.append(_tool("rig", seconds, run.environment))
    ticks, *rig = await asyncio.gather(*beside)
    elapsed_s = time.monotonic() - begin_s
    return {
        "microphone": "sound server" if run.with_rig else "file",
        "frame_ms": run.frame_ms,
        **_path(run, rig[0] if rig else None, from_ns),
        "hub_start_ms": figures([run.hub.start_ms]),
        **ticks,
        "listener_underruns": run.ears.playback.counters.underruns,
        "api_requests_per_s": round((run.ears.load.requests - requests) / elapsed_s, 1),
        "api_failures": run.ears.load.failures,
        "unit_cpu_percent": _percent(_cpu_s(run.microphone.process) - cpu_s, elapsed_s),
        "unit_rss_mb": _rss_mb(run.microphone.process),
        "loudspeaker_rss_mb": _rss_mb(run.loudspeaker.process),
    }


def _path(run: Run, rig: Mapping[str, Any] | None, from_ns: int) -> dict[str, Any]:
    """Each stage in milliseconds beside its budget, the totals, and the programs' own words."""
    lookahead = _lookahead(run.frame_ms)
    evidence = _evidence(run, lookahead, from_ns)
    stages = measure(evidence)
    if not stages:
        raise BenchError(
            "no chirp came from the microphone to the loudspeaker: is the machine overloaded?"
        )
    found: dict[str, Any] = {"chirps": len(stages["total_ms"])}
    found |= {name: figures(stages[name]) for name in NAMES if name in stages}
    found["budget_ms"] = {stage: budget.budget_ms(stage, run.frame_ms) for stage in PATH_STAGES} | {
        "total_ms": sum(budget.budget_ms(stage, run.frame_ms) or 0.0 for stage in PATH_STAGES)
    }
    found["return_target_ms"] = round(run.ears.returned.receiver.target_ms, 1)
    lookahead_ms = lookahead.to_loudspeaker * 1e3 / SAMPLE_RATE_HZ
    found |= _reports(run, evidence, lookahead_ms, median(stages["total_ms"]), from_ns)
    if rig is not None:
        chirps = rig["chirps"]
        loops_ms = [(chirp["captured_ns"] - chirp["played_ns"]) / 1e6 for chirp in chirps]
        found["rig_loop_ms"] = figures(loops_ms)
    return found


def _reports(
    run: Run, evidence: Evidence, lookahead_ms: float, total_ms: float, from_ns: int
) -> dict[str, Any]:
    """The sum of what the programs say of themselves, against what was measured."""
    reports = [report for report in run.ears.reports if report.at_ns >= from_ns]
    capture = [r.capture_ms for r in reports if r.unit == MICROPHONE and r.capture_ms is not None]
    output = [r.output_ms for r in reports if r.unit == LOUDSPEAKER and r.output_ms is not None]
    played = [onset.latency_ns for onset in evidence.played if onset.at_ns >= from_ns]
    if not capture or not output or not played:
        return {"reports_ms": None}
    spoken = [onset.latency_ns for onset in evidence.spoken]
    sum_ms = reports_sum_ms(
        {"delay": median(capture), "block": run.frame_ms, "latency": median(spoken) / 1e6},
        {"delay": median(output), "latency": median(played) / 1e6},
        lookahead_ms,
    )
    difference_ms = sum_ms - total_ms
    return {
        "reports_ms": round(sum_ms, 2),
        "reports_differ_ms": round(difference_ms, 2),
        "reports_agree": abs(difference_ms) <= MOST_DIFFERENCE_MS,
    }


def _evidence(run: Run, lookahead: Lookahead, from_ns: int) -> Evidence:
    origin_ns = run.ears.room_origin_ns
    if origin_ns is None:
        raise BenchError("the hub never sent its clock to the remote speaker")
    spoken = run.microphone.heard("microphone")
    return Evidence(
        spoken=[onset for onset in spoken if onset.at_ns >= from_ns],
        played=run.loudspeaker.heard("loudspeaker"),
        returned=tuple(run.ears.arrivals(from_ns)),
        heard_ns=run.ears.heard_ns(),
        room_origin_ns=origin_ns,
        readings=run.ears.readings,
        lookahead=lookahead,
    )


def _lookahead(frame_ms: int) -> Lookahead:
    unit = unit_encoder(frame_ms * SAMPLE_RATE_HZ // 1000).lookahead_samples
    before = unit + LOOKAHEAD_SAMPLES
    return Lookahead(before + program_encoder().lookahead_samples, before + unit)


async def ticks_beside(probe: HubProbe, seconds: int) -> dict[str, Any]:
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
        env=dict(environment),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        output, complaint = await process.communicate()
    except BaseException:
        process.kill()
        raise
    if process.returncode != 0:
        lines = complaint.decode(errors="replace").strip().splitlines() or ["it said nothing"]
        raise BenchError(f"the {name} failed: {lines[-1]}")
    found: dict[str, Any] = json.loads(output)
    return found


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _rss_mb(process: psutil.Process) -> float:
    return round(process.memory_info().rss / 1e6, 1)


def _percent(part_s: float, whole_s: float) -> float:
    return round(100 * part_s / whole_s, 2)


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
