"""What recording costs: the CPU of a room of 20 microphones with it and without.

`scripts/bench recording` runs it (`PYTHONPATH=tests python tests/bench/recording.py`). A real
engine, a real recorder, and packets that were encoded before; this process stands for the hub. The
same room runs first unrecorded and then recorded; what is more is the recording's:

- engine: the record bus (limiter and encoder) and the tap;
- hub: handing over packets, and reading record bus and tap;
- recorder: the process that writes.

All in percent of one core. `disk_kb_s` is what was written.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from fakes.recorder import recording
from parvis_server.bench.mix import Scene
from parvis_server.bench.talkers import Departures
from parvis_server.engine.boundary import StageReport
from parvis_server.engine.supervisor import EngineSupervisor
from parvis_server.hub_recorder import HubRecorder
from parvis_server.hub_take import RecordedEngine
from parvis_server.room.results import Voice, VoiceKind

WARM_UP_S = 2.0


@dataclass(frozen=True)
class Used:
    """CPU seconds at one moment."""

    at_s: float
    engine: float
    hub: float
    recorder: float


def cpu_s(pid: int | None) -> float:
    """Of a process; 0 for none."""
    if pid is None:
        return 0.0
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


class Room:
    """An engine, what feeds it, and perhaps a recorder."""

    def __init__(self, scene: Scene, folder: Path) -> None:
        self.scene = scene
        self.recorder = HubRecorder(folder)
        self.origin_ns = time.monotonic_ns()
        self.supervisor = EngineSupervisor(
            lambda ptime_ms, rtp: None,
            lambda levels: None,
            lambda stats: None,
            self.origin_ns,
            on_stage=lambda report: self.engine.hear(report, self._other),
        )
        self.engine = RecordedEngine(self.supervisor)

    @staticmethod
    def _other(report: StageReport) -> None:
        """Nobody plays an output here."""

    @property
    def clock(self) -> int:
        """Samples since it began."""
        return (time.monotonic_ns() - self.origin_ns) * 48_000 // 1_000_000_000

    def record(self) -> None:
        """Everybody, from now on."""
        take = self.recorder.new_take()
        take.begin(recording(self.clock), self.clock)
        voices = tuple(
            Voice(source.ssrc, VoiceKind.UNIT, f"unit{source.ssrc}", f"Unit {source.ssrc}", True)
            for source in self.scene.stage.sources
        )
        take.set_voices(voices, self.clock)
        self.engine.record(take)

    def used(self) -> Used:
        """So far."""
        return Used(
            time.monotonic(),
            cpu_s(self.supervisor.live_pid),
            time.process_time(),
            cpu_s(self.recorder.supervisor.pid),
        )

    async def feed(self) -> None:
        """Packets as they are due, until cancelled."""
        prepared, _ = self.scene.speaking(time.monotonic_ns() + 1e9)
        departures = Departures(prepared)
        while True:
            now_ns = time.monotonic_ns()
            for _, packet in departures.take(now_ns):
                self.engine.send_packet(packet, now_ns)
            await asyncio.sleep(max(0.001, (departures.next_ns - time.monotonic_ns()) / 1e9))


@contextlib.asynccontextmanager
async def running(room: Room) -> AsyncIterator[None]:
    """The room's processes."""
    room.engine.set_stage(room.scene.stage)
    tasks: list[asyncio.Task[None]] = []
    tasks += [asyncio.create_task(one.run()) for one in (room.supervisor, room.recorder)]
    try:
        await room.supervisor.ready.wait()
        tasks.append(asyncio.create_task(room.feed()))
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def measure(sources: int, seconds: float, folder: Path) -> dict[str, float]:
    """Percent of a core, and kB a second."""
    room = Room(Scene(open=sources, returns=0, loudspeakers=0), folder)
    async with running(room):
        await asyncio.sleep(WARM_UP_S)
        plain = await _used_in(room, seconds)
        room.record()
        await room.recorder.supervisor.live.wait()
        await asyncio.sleep(WARM_UP_S)
        size = _size(folder)
        recorded = await _used_in(room, seconds)
        written = _size(folder) - size
        report = room.recorder.supervisor.report
    figures = {part: recorded[part] - plain[part] for part in ("engine", "hub")}
    figures["recorder"] = recorded["recorder"]
    figures["together"] = sum(figures.values())
    figures["disk_kb_s"] = written / seconds / 1000
    figures["lost_ms"] = 0.0 if report is None else report.lost_samples / 48
    figures["dropped"] = float(room.recorder.supervisor.dropped)
    return {name: round(value, 2) for name, value in figures.items()}


async def _used_in(room: Room, seconds: float) -> dict[str, float]:
    before = room.used()
    await asyncio.sleep(seconds)
    after = room.used()
    lasted = after.at_s - before.at_s
    return {
        part: (getattr(after, part) - getattr(before, part)) / lasted * 100
        for part in ("engine", "hub", "recorder")
    }


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sources", type=int, default=20, help="microphones that are open")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each of the two runs")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(measure(arguments.sources, arguments.seconds, Path(folder)))
    if arguments.json:
        print(json.dumps(figures))
        return
    print(f"recording {arguments.sources} sources, percent of one core:")
    for name, value in figures.items():
        print(f"  {name:10} {value:8.2f}")


if __name__ == "__main__":
    main()
