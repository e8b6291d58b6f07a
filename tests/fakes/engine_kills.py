"""The engine is killed in the middle of the sound, again and again: how long a loudspeaker misses.

A house is a hub of its own, a unit that rushes without a pause, and a loudspeaker in the foyer that
plays into a file. Between two kills the engine lives for longer than the supervisor calls short: a
mishap now and then, not an engine that dies as it starts.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from fakes import sounds
from fakes.hearing import HOP_MS, Sound, window_dbfs
from fakes.machine import MachineWatch
from fakes.parvis import HubProcess, Listening, unit
from fakes.processes import Program, children, command, running
from parvis_server.engine.supervisor import SHORT_LIFE_S

LONGEST_GAP_MS = 500.0
HEARD_AGAIN_S = 2.0
SETTLING_LOOKS = 100
LEAST_IMPORTS = 15
"""Hundredths of a second that imports take at least: 40 on a quick machine, 120 on a slow one."""


@contextmanager
def loudspeaker(hub: HubProcess, name: str, path: Path, *more: str) -> Iterator[Listening]:
    """A unit that only plays, into a file."""
    play = ("--microphone", "none", "--loudspeaker", f"file:{path}", "--light", "terminal")
    state = str(path.with_suffix(".state"))
    arguments = ("run", "--hub", hub.url, "--name", name, "--state", state, *play, *more)
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


def lost_hubs(program: Program, since: int) -> list[str]:
    """What the unit's light said of a lost hub."""
    return [line for line in program.lines[since:] if "no_hub" in line or "lost" in line]


def rushing() -> Sound:
    """Four seconds without a pause: not a tone, which the howl guard would take away."""
    random = np.random.default_rng(1)
    sound: Sound = (0.05 * random.standard_normal(4 * sounds.RATE_HZ)).astype(np.float32)
    return sound


def longest_gap_ms(recorded: Sound) -> float:
    """The longest time in which the noise was missing."""
    levels_db = window_dbfs(recorded, sounds.RATE_HZ)
    present = np.flatnonzero(levels_db > np.median(levels_db) - 20)
    return float(np.max(np.diff(present)) - 1) * HOP_MS


def standby_settles(hub: HubProcess, heard: Listening) -> None:
    """Wait until the engine that stands by has imported its libraries, which it tells nobody: it
    then uses no more of the machine."""
    live, seen = engine_of(hub), [0]
    for _ in range(SETTLING_LOOKS):
        heard.wait_past(heard.seconds + 0.3)
        idle = [pid for pid in children(hub.program.pid) if pid != live]
        seen.append(sum(cpu_ticks(pid) for pid in idle))
        if idle and seen[-1] > LEAST_IMPORTS and seen[-1] == seen[-2] == seen[-3:][0]:
            return
    raise AssertionError(f"no engine stands by: {hub.program}")


def cpu_ticks(pid: int) -> int:
    """Processor time of a process, in hundredths of a second."""
    numbers = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(numbers[11]) + int(numbers[12])


def gap_of_a_kill(hub: HubProcess, heard: Listening) -> float:
    """How long nothing is heard when the engine is killed in the middle of the sound.

    It may be nothing at all: what the loudspeaker holds, and what its decoder makes up, covers a
    standby that is quick. That the kill killed is seen by another engine that mixes.
    """
    standby_settles(hub, heard)
    killed = engine_of(hub)
    os.kill(killed, signal.SIGKILL)
    killed_s = heard.seconds
    heard.wait_past(killed_s + HEARD_AGAIN_S)
    assert engine_of(hub) != killed, "another engine mixes"
    around = heard.sound[round((killed_s - 1.0) * sounds.RATE_HZ) :]
    assert window_dbfs(around[-sounds.RATE_HZ // 2 :], sounds.RATE_HZ).max() > -40, "heard again"
    return longest_gap_ms(around)


@dataclass(frozen=True, slots=True)
class Kill:
    """One kill and what a loudspeaker missed."""

    gap_ms: float
    stalled: bool
    """Whether the machine stood still meanwhile, for everybody."""

    @property
    def ours(self) -> bool:
        """A gap that is too long, on a machine that ran."""
        return self.gap_ms > LONGEST_GAP_MS and not self.stalled


class House:
    """A hub with a unit that speaks and one that plays."""

    def __init__(self, hub: HubProcess, table: Program, foyer: Listening) -> None:
        self._hub = hub
        self._programs = (table, foyer.program)
        self._lines = tuple(len(program.lines) for program in self._programs)
        self._foyer = foyer

    def kill(self, machine: MachineWatch) -> Kill:
        """Kill the engine once it has lived for a while."""
        begun_ns = time.monotonic_ns()
        self._foyer.wait_past(self._foyer.seconds + SHORT_LIFE_S - HEARD_AGAIN_S)
        gap_ms = gap_of_a_kill(self._hub, self._foyer)
        return Kill(gap_ms, any(stall.end_ns > begun_ns for stall in machine.stalls()))

    @property
    def lost_hubs(self) -> list[str]:
        """What a unit said of a lost hub since the beginning."""
        numbered = zip(self._programs, self._lines, strict=True)
        return [line for program, since in numbered for line in lost_hubs(program, since)]


@contextmanager
def house(folder: Path) -> Iterator[House]:
    """All of it, running."""
    folder.mkdir(parents=True, exist_ok=True)
    sound = folder / "rushing.wav"
    soundfile.write(sound, rushing(), sounds.RATE_HZ)
    hub = HubProcess(folder)
    try:
        with (
            loudspeaker(hub, "Foyer", folder / "foyer.wav", "--zone", "foyer") as foyer,
            unit(hub, "Table", sound, "none") as table,
        ):
            hub.program.wait_for("is live")
            yield House(hub, table, foyer)
    finally:
        hub.close()


def kills(
    place: House, count: int, machine: MachineWatch, say: Callable[[Kill], None] = lambda kill: None
) -> list[Kill]:
    """So many kills, one after the other."""
    found = []
    for _ in range(count):
        found.append(place.kill(machine))
        say(found[-1])
    return found
