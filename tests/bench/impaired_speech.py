"""Speech from a real unit over a bad network to a real hub, and what a listener hears of it.

`scripts/bench speech` runs it (`PYTHONPATH=tests python tests/bench/impaired_speech.py`). The unit
stands in one network namespace and plays recorded speech; hub and listener stand in another, so
that only the unit's link is impaired. The hub's own counts of late and concealed frames are read
once a second; quiet seconds, those without a freeze or a stall of this machine near them, are
counted apart. The recording is compared with the original (STOI), also without the freezes, the
stalls and what follows them for a moment.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from fakes import sounds
from fakes.hearing import Sound, judge_speech
from fakes.machine import machine_watch
from fakes.parvis import HubProcess, listening
from fakes.processes import command, running
from parvis_server.bench.figures import figures
from parvis_server.bench.hub_probe import parse_metrics
from parvis_server.bench.impairment.link import TunLink, impaired_link
from parvis_server.bench.impairment.patterns import PROFILES, Profile, freezes

WARM_UP_S = 12.0
"""Buffers of hub and listener come down to what the link needs."""

FREEZE_ECHO_S = 0.4
"""After a freeze: what it delayed is still being heard, behind the buffers of hub and listener."""

HOLD = "parvis_source_hold_seconds"
"""In the metrics while the engine has told of a source."""

AT_TARGET_MS = 5.0
"""So near its usual place over the target, the depth is back."""

COUNTS = ("received", "late", "lost", "concealed")
OPEN_HOUSE = {"PARVIS_HUB_ACCESS__OPEN_HOUSE": "true"}


@dataclass(slots=True)
class Run:
    """What one run brought."""

    readings: list[tuple[float, Mapping[str, float]]] = field(default_factory=list)
    """Monotonic seconds, and the hub's metrics then."""
    began_s: float = 0.0
    """Monotonic moment of the recording's first sample."""
    heard: Sound = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    stalls: list[tuple[float, float]] = field(default_factory=list)
    """When the machine itself stood still, on the monotonic clock, in seconds."""


def main() -> int:
    """Measure one profile, and print words or one JSON object."""
    parser = argparse.ArgumentParser(description="speech over an impaired link")
    parser.add_argument("--profile", choices=PROFILES, default="wifi_freezes")
    parser.add_argument("--seconds", type=int, default=40)
    parser.add_argument("--connections", type=int, choices=(1, 2), default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    asked = parser.parse_args()
    least_s = math.ceil(2 * len(sounds.speech()) / sounds.RATE_HZ) + 1
    if asked.seconds < least_s:
        parser.error(f"--seconds {asked.seconds}: at least {least_s}, to hold one whole round")
    found = asyncio.run(
        measure(PROFILES[asked.profile], asked.seed, asked.seconds, asked.connections)
    )
    print(f"{PROFILES[asked.profile]}, {asked.connections} connections, {asked.seconds} s")
    for name, value in found.items():
        print(f"{name:<28}{value}")
    if asked.json:
        print(json.dumps({"profile": asked.profile, "connections": asked.connections, **found}))
    return 0


async def measure(profile: Profile, seed: int, seconds: int, connections: int) -> dict[str, Any]:
    """Everything is started anew, so that nothing is warm."""
    async with impaired_link(profile, seed, "tun") as link:
        assert isinstance(link, TunLink)
        run = await asyncio.to_thread(run_speech, link, seconds, connections)
        begin_s = link.begin_ns / 1e9
    end_s = run.readings[-1][0]
    stretches = frozen(profile, seed, begin_s, end_s)
    return {
        **counted(run, stretches),
        **heard(run, stretches),
        "freezes": len(stretches),
        "machine_stalls": len([stall for stall in run.stalls if stall[1] > run.began_s]),
    }


def frozen(profile: Profile, seed: int, begin_s: float, end_s: float) -> list[tuple[float, float]]:
    """The freezes of a link's life so far, on the monotonic clock."""
    in_time = takewhile(
        lambda freeze: begin_s + freeze.start_ns / 1e9 < end_s, freezes(profile, seed)
    )
    return [(begin_s + f.start_ns / 1e9, begin_s + f.end_ns / 1e9) for f in in_time]


def run_speech(link: TunLink, seconds: int, connections: int) -> Run:
    """Unit near, hub and listener far; measured after a warm-up."""
    run = Run()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="parvis-speech-")))
        speech = folder / "speech.wav"
        soundfile.write(speech, sounds.speech(), sounds.RATE_HZ, subtype="PCM_16")
        os.environ.update(OPEN_HOUSE)
        machine = stack.enter_context(machine_watch())
        hub = link.far.inside(lambda: HubProcess(folder)).result()
        stack.callback(hub.close)
        hub_address = f"http://{link.far_host}:{hub.port}"
        arguments = (
            *("--hub", hub_address, "--microphone", f"file:{speech}", "--loop", "--link", "wifi"),
            *("--button", "none", "--light", "terminal", "--name", "Hall"),
            *("--connections", str(connections), "--state", str(folder / "unit")),
        )
        unit = running(*command("parvis-unit", "run", *arguments))
        link.near.inside(lambda: stack.enter_context(unit)).result().wait_for(r"light: live")
        time.sleep(WARM_UP_S)
        recording = listening(hub, folder / "heard.wav")
        listener = link.far.inside(lambda: stack.enter_context(recording)).result()
        metrics = watching(f"{hub.url}/metrics", run)
        link.far.inside(lambda: stack.enter_context(metrics)).result()
        listener.wait_past(seconds, within_s=seconds + 20)
        run.began_s, run.heard = listener.began_s, listener.sound
        run.stalls = [(stall.start_ns / 1e9, stall.end_ns / 1e9) for stall in machine.stalls()]
    return run


@contextmanager
def watching(url: str, run: Run) -> Iterator[None]:
    """Read the metrics once a second, in the network of the thread that asks for it."""
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(1.0):
            with urllib.request.urlopen(url, timeout=5) as answer:
                metrics = parse_metrics(answer.read().decode())
            if any(name.startswith(HOLD) for name in metrics):
                run.readings.append((time.monotonic(), metrics))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def counted(run: Run, stretches: list[tuple[float, float]]) -> dict[str, Any]:
    """The hub's counts in all seconds, and in the quiet ones."""
    everywhere, quiet = dict.fromkeys(COUNTS, 0.0), dict.fromkeys(COUNTS, 0.0)
    for (from_s, before), (until_s, after) in pairwise(run.readings):
        calm = not any(
            start < until_s and end + FREEZE_ECHO_S > from_s - 1.0
            for start, end in (*stretches, *run.stalls)
        )
        for name in COUNTS:
            grown = growth(total(before, name), total(after, name))
            everywhere[name] += grown
            quiet[name] += grown if calm else 0.0
    last = run.readings[-1][1]
    return {
        **{f"{name}_frames": int(value) for name, value in everywhere.items()},
        "concealed_percent": percent(everywhere),
        "quiet_concealed_percent": percent(quiet),
        "quiet_frames": int(quiet["received"]),
        "engine_restarts": int(last.get("parvis_engine_restarts_total", 0)),
        "joins_of_units": int(last.get('parvis_joins_total{role="unit"}', 0)),
        "duplicate_packets": int(last.get("parvis_duplicate_packets_total", 0)),
        "hold_ms": gauge(run, "hold"),
        "target_ms": gauge(run, "target"),
        "back_to_target_s": figures(back_to_target_s(run, stretches)),
    }


def total(metrics: Mapping[str, float], name: str) -> float:
    """A count of the sources, all together."""
    wanted = f"parvis_source_{name}_total"
    return sum(value for key, value in metrics.items() if key.startswith(wanted))


def growth(before: float, after: float) -> float:
    """How far a count grew; a new engine, or a source that came back, counts from nothing."""
    return after - before if after >= before else after


def percent(counts: Mapping[str, float]) -> float | None:
    """Concealed frames of all that should have been played."""
    frames = counts["received"] + counts["lost"]
    return round(100 * counts["concealed"] / frames, 3) if frames else None


def gauge(run: Run, name: str) -> dict[str, float] | None:
    """How a figure of the source was distributed over the seconds."""
    return figures(gauge_ms(metrics, name) for _, metrics in run.readings)


def gauge_ms(metrics: Mapping[str, float], name: str) -> float:
    """A delay of the one source."""
    wanted = f"parvis_source_{name}_seconds"
    return next(value * 1000 for key, value in metrics.items() if key.startswith(wanted))


def back_to_target_s(run: Run, stretches: list[tuple[float, float]]) -> Iterator[float]:
    """For each freeze: from its end until the depth stays where it usually lies over the target.

    To a second: the engine tells its figures once a second.
    """
    over = [
        (at_s, gauge_ms(metrics, "hold") - gauge_ms(metrics, "target"))
        for at_s, metrics in run.readings
    ]
    usual_ms = float(np.median([ms for _, ms in over]))
    begins_s = [*(start for start, _ in stretches[1:]), float("inf")]
    for (_, end_s), next_s in zip(stretches, begins_s, strict=False):
        after = [(at_s, ms) for at_s, ms in over if end_s <= at_s < next_s]
        if after and run.readings[0][0] <= end_s:
            away = [at_s for at_s, ms in after if abs(ms - usual_ms) > AT_TARGET_MS]
            yield away[-1] + 1.0 - end_s if away else 0.0


def heard(run: Run, stretches: list[tuple[float, float]]) -> dict[str, Any]:
    """How well the speech was understood: all of it, and what was quiet."""
    excused_s = [
        (start - run.began_s, end + FREEZE_ECHO_S - run.began_s)
        for start, end in (*stretches, *run.stalls)
    ]
    loops = int(len(run.heard) / sounds.RATE_HZ // (len(sounds.speech()) / sounds.RATE_HZ)) - 1
    original = np.tile(sounds.speech(), max(loops, 1))
    whole = judge_speech(original, run.heard, sounds.RATE_HZ)
    outside = judge_speech(original, run.heard, sounds.RATE_HZ, excused_s)
    return {
        "stoi": round(whole.stoi, 4),
        "quiet_stoi": round(outside.stoi, 4) or None,
        "gaps": [str(gap) for gap in whole.gaps],
    }


if __name__ == "__main__":
    sys.exit(main())
