"""From a unit's microphone to the loudspeaker of another zone, through the real hub and engine."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile

from fakes import sounds
from fakes.hearing import (
    HOP_MS,
    Gap,
    Sound,
    dips,
    find_speech,
    intelligibility,
    kept_samples,
    piece_starts,
    take_pieces,
    window_dbfs,
)
from fakes.parvis import HubProcess, Listening, MachineWatch, unit
from fakes.processes import Program, children, command, running
from fakes.stalls import excused, judge_gaps
from fakes.watcher import Watcher

pytestmark = pytest.mark.system

LEAST_STOI = 0.95
LONGEST_GAP_MS = 500.0

ATTEMPTS = 3
"""A kill is repeated where the machine itself stood still."""


@contextmanager
def loudspeaker(hub: HubProcess, name: str, path: Path, *more: str) -> Iterator[Listening]:
    """A unit that only plays, into a file."""
    play = ("--microphone", "none", "--loudspeaker", f"file:{path}", "--light", "terminal")
    arguments = ("run", "--hub", hub.url, "--name", name, *play, *more)
    with running(*command("parvis-unit", *arguments)) as program:
        heard = Listening(program, path)
        try:
            program.wait_for("light: playing")
            heard.wait_past(0.5)
            yield heard
        finally:
            heard.end()


def engine_of(hub: HubProcess) -> int:
    """The process id of the engine that mixes."""
    said = [line for line in hub.program.lines if "is live" in line]
    pid = int(said[-1].split("engine ")[1].split()[0])
    assert pid in children(hub.program.pid)
    return pid


def trouble(program: Program, since: int) -> list[str]:
    """What the unit's light said of a lost hub."""
    return [line for line in program.lines[since:] if "no_hub" in line or "lost" in line]


def judged(
    spoken: Sound, heard: Sound, excused_s: list[tuple[float, float]]
) -> tuple[float, list[Gap]]:
    """Intelligibility, and gaps inside speech: between words this bus may be silent altogether."""
    rate_hz = sounds.RATE_HZ
    starts = piece_starts(spoken, heard, find_speech(spoken, heard, rate_hz), rate_hz)
    aligned = take_pieces(heard, starts, len(spoken), rate_hz)
    kept = kept_samples(starts, len(spoken), rate_hz, excused_s)
    begun_s = max(starts[0][1] - starts[0][0], 0) / rate_hz
    stoi = intelligibility(spoken[kept], aligned[kept], rate_hz)
    return stoi, dips(spoken, aligned, rate_hz, begun_s)


def noise() -> Sound:
    """Four seconds without a pause: not a tone, which the howl guard would take away."""
    random = np.random.default_rng(1)
    sound: Sound = (0.05 * random.standard_normal(4 * sounds.RATE_HZ)).astype(np.float32)
    return sound


def longest_gap_ms(recorded: Sound) -> float:
    """The longest time in which the noise was missing."""
    levels_db = window_dbfs(recorded, sounds.RATE_HZ)
    present = np.flatnonzero(levels_db > np.median(levels_db) - 20)
    return float(np.max(np.diff(present)) - 1) * HOP_MS


def test_speech_comes_out_in_the_other_zone_and_not_in_its_own(
    hub: HubProcess, machine: MachineWatch, speech: Sound, tmp_path: Path
) -> None:
    talk = tmp_path / "talk.wav"
    spoken = speech[: 6 * sounds.RATE_HZ]
    soundfile.write(talk, np.concatenate([sounds.silence(1.0), spoken]), sounds.RATE_HZ)
    with (
        loudspeaker(hub, "Foyer", tmp_path / "foyer.wav", "--zone", "foyer") as foyer,
        loudspeaker(hub, "Hall", tmp_path / "hall.wav") as hall,
        Watcher(hub.port) as room,
    ):
        with unit(hub, "Table", talk, "none") as table:
            room.wait_for_view(lambda view: view.microphones, what="the open microphone")
            begun_s = foyer.seconds
            foyer.wait_past(begun_s + 9.0)
            assert not trouble(table, 0)
        span_ns = (round(foyer.began_s * 1e9), round((foyer.began_s + foyer.seconds) * 1e9))
        stalls_s = excused(machine.stalls(), span_ns)
        stoi, gaps = judged(spoken, foyer.sound, stalls_s)
        verdict = judge_gaps(gaps, stalls_s, foyer.seconds)
        print(f"\nSTOI {stoi:.3f}; {verdict}")
        assert verdict.settles(good=True), f"the machine was too busy to judge: {verdict}"
        assert stoi >= LEAST_STOI
        assert verdict.ours == (), str(verdict)
        own = hall.sound
        loudest = float(np.max(np.abs(own)))
        print(f"in its own zone at most {20 * np.log10(loudest + 1e-9):.0f} dBFS")
        assert loudest < 1e-3, "-60 dB: a zone does not hear its own microphones"


def standby_settles(hub: HubProcess, heard: Listening) -> None:
    """Wait until the engine that stands by has imported its libraries, which it tells nobody: it
    then uses no more of the machine."""
    live, used = engine_of(hub), -1
    for _ in range(60):
        heard.wait_past(heard.seconds + 0.5)
        idle = [pid for pid in children(hub.program.pid) if pid != live]
        before, used = used, sum(cpu_ticks(pid) for pid in idle)
        if idle and used == before > 50:
            return
    raise AssertionError("no engine stands by")


def cpu_ticks(pid: int) -> int:
    """Processor time of a process, in hundredths of a second."""
    numbers = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(numbers[11]) + int(numbers[12])


def gap_of_a_kill(hub: HubProcess, heard: Listening) -> float:
    """How long nothing is heard when the engine is killed in the middle of the sound."""
    standby_settles(hub, heard)
    os.kill(engine_of(hub), signal.SIGKILL)
    killed_s = heard.seconds
    heard.wait_past(killed_s + 2.5)
    around = heard.sound[round((killed_s - 1.0) * sounds.RATE_HZ) :]
    assert window_dbfs(around[-sounds.RATE_HZ // 2 :], sounds.RATE_HZ).max() > -40, "heard again"
    return longest_gap_ms(around)


def test_a_killed_engine_leaves_a_short_gap_and_every_connection(
    hub: HubProcess, machine: MachineWatch, tmp_path: Path
) -> None:
    rushing = tmp_path / "noise.wav"
    soundfile.write(rushing, noise(), sounds.RATE_HZ)
    with (
        loudspeaker(hub, "Foyer", tmp_path / "foyer.wav", "--zone", "foyer") as foyer,
        unit(hub, "Table", rushing, "none") as table,
    ):
        hub.program.wait_for("is live")
        for _ in range(ATTEMPTS):
            lines = len(table.lines), len(foyer.program.lines)
            begun_ns = time.monotonic_ns()
            gap_ms = gap_of_a_kill(hub, foyer)
            print(f"\nnothing was heard for {gap_ms:.0f} ms")
            assert not trouble(table, lines[0]) and not trouble(foyer.program, lines[1])
            if gap_ms <= LONGEST_GAP_MS or not stalled_since(machine, begun_ns):
                break
    assert 0 < gap_ms <= LONGEST_GAP_MS


def stalled_since(machine: MachineWatch, begun_ns: int) -> bool:
    """Whether the machine stood still for a while since then."""
    return any(stall.end_ns > begun_ns for stall in machine.stalls())
