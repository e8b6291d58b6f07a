"""How quick the floor is: a press told to everybody, the first word heard, silence.

`scripts/bench floor` runs it (`PYTHONPATH=tests python tests/bench/floor.py`). A real hub, a real
unit with a button and another with a loudspeaker, a host's console, and 500 listeners as raw
WebSockets of one process beside three more units and a hall screen, all on this machine. A press is
a line on the unit's standard input. The unit's microphone is a file of noise that never pauses: the
first word begins with the press. Beside all of it runs an empty ticker of no special priority, and
another that has the disk keep a page: what those are late by is the machine's doing (a hand is told
once it is on disk).

What the rows are, in milliseconds:

- press_…: from the press until the change with the new hand arrived at each listener (all arrivals
  together, and the last listener of each press), the console, the screen, the other units, and
  until the unit's own light showed its place.
- word_hall: from the press that takes the floor to the sample in the loudspeaker unit's output.
- word_arrives, word_heard: the same to the program packet with the first sound at a console, and to
  a listener's ear, with all that its playout buffer holds (held: buffer_ms).
- silence_program: from the host's command, before it is sent, to the first silent sample on the
  room clock; silence_arrives: until the packet with it arrived.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from fakes.console import Console, console
from fakes.disk_ticker import DiskTicker
from fakes.parvis import HubProcess, unit
from fakes.processes import Program, command, running
from parvis_audio.opus import Decoder
from parvis_device.onsets import OnsetDetector
from parvis_server.bench.ears import Kept
from parvis_server.bench.figures import figures, table
from parvis_server.listen.connection import Connection
from parvis_server.listen.link import ListenerLink
from parvis_server.listen.playback import Playback
from parvis_server.listen.player import Player
from parvis_server.listen.session import ListenSession
from parvis_server.listen.sinks import Sinks
from parvis_wire import serial
from parvis_wire.commands import EndTurn, LowerHand, Next, SilenceAll
from parvis_wire.room_events import HandRaised
from parvis_wire.rtp import RtpPacket

RATE_HZ = 48_000
NS_PER_SAMPLE = 1e9 / RATE_HZ

LISTENERS = 500
SETTLING_S = 8.0
BETWEEN_PRESSES_S = 0.8
"""A keyboard that repeats a held key is told from a finger by 0.7 s."""

SPEAKING_S, SILENT_S = 1.2, 0.6
LOUD, SILENT = 0.05, 0.01
LONGEST_NS = 1_100_000_000
"""A sound that begins later is not counted to this press."""

Samples = NDArray[np.float32]


@dataclass(slots=True)
class Moments:
    """What was done when, monotonic ns."""

    pressed: dict[int, int] = field(default_factory=dict)
    """Number of the change with the hand → the press."""
    at_console: dict[int, int] = field(default_factory=dict)
    lit_ms: list[float] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)
    silenced: list[int] = field(default_factory=list)


class Table:
    """The unit with the button."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._pressed_s = 0.0

    async def press(self) -> int:
        """Press, once a finger could do so again; the moment before."""
        wait_s = self._pressed_s + BETWEEN_PRESSES_S - time.monotonic()
        await asyncio.sleep(max(0.0, wait_s))
        now_ns = time.monotonic_ns()
        self._pressed_s = now_ns / 1e9
        self.program.press()
        return now_ns

    async def until(self, light: str, since: int) -> int:
        """When the light showed this, after so many lines."""
        await asyncio.to_thread(self.program.wait_for, f"light: {light}", since=since)
        return time.monotonic_ns()

    @property
    def said(self) -> int:
        """Lines until now."""
        return len(self.program.lines)


async def raise_hand(table: Table, host: Console, moments: Moments) -> str:
    """One press, told to everybody; whose hand it is."""
    lines, changes = table.said, len(host.changes)
    pressed_ns = await table.press()
    lit_ns = await table.until("next", lines)
    seq, event, at_ns = await host.until(lambda e: isinstance(e, HandRaised), changes)
    assert isinstance(event, HandRaised)
    moments.pressed[seq], moments.at_console[seq] = pressed_ns, at_ns
    moments.lit_ms.append((lit_ns - pressed_ns) / 1e6)
    return event.hand.participant


async def speak(table: Table, host: Console, moments: Moments) -> None:
    """A whole turn: hand, floor, sound, silence by the host, end."""
    who, lines = await raise_hand(table, host, moments), table.said
    await host.do(Next)
    await table.until("granted", lines)
    lines = table.said
    moments.taken.append(await table.press())
    await table.until("live", lines)
    await asyncio.sleep(SPEAKING_S)
    moments.silenced.append(await host.do(SilenceAll, on=True))
    await asyncio.sleep(SILENT_S)
    lines = table.said
    await host.do(EndTurn, participant=who)
    await host.do(SilenceAll, on=False)
    await table.until("idle", lines)


async def only_raise(table: Table, host: Console, moments: Moments) -> None:
    """A hand that the host takes down again."""
    who = await raise_hand(table, host, moments)
    lines = table.said
    await host.do(LowerHand, participant=who)
    await table.until("idle", lines)


class Phone:
    """A listener as `parvis listen` is one, whose sound is kept."""

    def __init__(self, link: str) -> None:
        self.playback = Playback(Decoder)
        self._link = ListenerLink.parse(link)
        self._kept = Kept()
        self.player = Player(self.playback, Sinks(self._kept))

    async def run(self) -> None:
        """Listen until cancelled."""
        session = ListenSession(self._link.room)
        link = Connection(self._link, session, self.playback.receive, lambda text: None)
        async with asyncio.TaskGroup() as group:
            group.create_task(link.run())
            group.create_task(self.player.run(None))

    def onsets_ns(self) -> list[float]:
        """When a sound began to be heard."""
        detector = OnsetDetector()
        starts = (
            (number * 480, detector.find(frame, 0))
            for number, frame in enumerate(self._kept.frames)
        )
        return [
            self.player.start_ns + (begin + found.sample) * NS_PER_SAMPLE
            for begin, found in starts
            if found is not None
        ]


class Program20:
    """The program as it came to the console, decoded, on the room clock."""

    def __init__(self, packets: Sequence[tuple[bytes, int]], origin_ns: float) -> None:
        decoder, line = Decoder(), serial.Unwrapper(serial.TIMESTAMP_BITS)
        came: list[tuple[int, int, Samples]] = []
        for message, arrival_ns in packets:
            packet = RtpPacket.parse(message)
            timestamp = line.unwrap(packet.timestamp)
            came.append((timestamp, arrival_ns, decoder.decode(packet.payload)))
        self._first = came[0][0]
        self._sound = np.zeros(came[-1][0] + came[-1][2].size - self._first, dtype=np.float32)
        self._arrivals = [(timestamp, arrival_ns) for timestamp, arrival_ns, _ in came]
        for timestamp, _, sound in came:
            at = timestamp - self._first
            self._sound[at : at + sound.size] = sound
        self._origin_ns = origin_ns

    def _part(self, from_ns: int) -> tuple[int, Samples]:
        """Position and sound of the second that begins then."""
        begin = max(0, round((from_ns - self._origin_ns) / NS_PER_SAMPLE) - self._first)
        return begin, np.abs(self._sound[begin : begin + round(LONGEST_NS / NS_PER_SAMPLE)])

    def first_loud(self, from_ns: int) -> int | None:
        """Where the first sound after this moment is."""
        begin, part = self._part(from_ns)
        loud = np.flatnonzero(part >= LOUD)
        return begin + int(loud[0]) if loud.size else None

    def first_silent(self, from_ns: int) -> int | None:
        """Where the silence after this moment begins."""
        begin, part = self._part(from_ns)
        loud = np.flatnonzero(part[: round(SILENT_S * RATE_HZ)] >= SILENT)
        return begin + int(loud[-1]) + 1 if loud.size else None

    def at_ns(self, position: int) -> float:
        """The moment on the room clock."""
        return self._origin_ns + (self._first + position) * NS_PER_SAMPLE

    def arrived_ns(self, position: int) -> int:
        """When the packet that holds it came."""
        timestamps = [timestamp for timestamp, _ in self._arrivals]
        place = int(np.searchsorted(timestamps, self._first + position, side="right")) - 1
        return self._arrivals[place][1]


def hall_onsets_ns(program: Program) -> Iterator[int]:
    """When sounds began at the loudspeaker unit's output."""
    for line in program.lines:
        if line.startswith('{"onset"'):
            yield int(json.loads(line)["at_ns"])


def after_ms(moments_ns: Sequence[int], found_ns: Sequence[float]) -> list[float]:
    """From each moment to the first thing found after it."""
    pairs = (
        (moment, min((ns for ns in found_ns if 0 <= ns - moment < LONGEST_NS), default=None))
        for moment in moments_ns
    )
    return [(found - moment) / 1e6 for moment, found in pairs if found is not None]


def noise(path: Path) -> None:
    """Ten seconds without a pause, in the band of a voice, RMS -20 dBFS."""
    spectrum = np.fft.rfft(np.random.default_rng(4).standard_normal(10 * RATE_HZ))
    hertz = np.fft.rfftfreq(10 * RATE_HZ, 1 / RATE_HZ)
    spectrum[(hertz < 200) | (hertz > 3_000)] = 0
    sound = np.fft.irfft(spectrum)
    soundfile.write(path, 0.1 * sound / np.sqrt(np.mean(sound**2)), RATE_HZ)


def told_ms(moments: Moments, crowd: dict[str, dict[str, list[int]]]) -> dict[str, Any]:
    """From the press to each arrival, by who was told."""
    rows: dict[str, list[float]] = {}
    for seq, pressed_ns in moments.pressed.items():
        for role, changes in crowd.items():
            arrived = [(at_ns - pressed_ns) / 1e6 for at_ns in changes[str(seq)]]
            rows.setdefault(f"press_{role}_ms", []).extend(arrived)
            if role == "listener":
                rows.setdefault("press_last_listener_ms", []).append(max(arrived))
        console_ms = (moments.at_console[seq] - pressed_ns) / 1e6
        rows.setdefault("press_console_ms", []).append(console_ms)
    return {name: figures(row) for name, row in rows.items()} | {
        "press_own_light_ms": figures(moments.lit_ms)
    }


def heard_ms(moments: Moments, program: Program20, hall: Program, phone: Phone) -> dict[str, Any]:
    """Words and silences."""
    loud = [(ns, program.first_loud(ns)) for ns in moments.taken]
    silent = [(ns, program.first_silent(ns)) for ns in moments.silenced]
    arrives = [(program.arrived_ns(at) - ns) / 1e6 for ns, at in loud if at is not None]
    silences = [(program.at_ns(at) - ns) / 1e6 for ns, at in silent if at is not None]
    quiet = [(program.arrived_ns(at) - ns) / 1e6 for ns, at in silent if at is not None]
    return {
        "word_hall_ms": figures(after_ms(moments.taken, tuple(hall_onsets_ns(hall)))),
        "word_arrives_ms": figures(arrives),
        "word_heard_ms": figures(after_ms(moments.taken, phone.onsets_ns())),
        "buffer_ms": round(phone.player.buffer_mean_ms, 1),
        "silence_program_ms": figures(silences),
        "silence_arrives_ms": figures(quiet),
    }


async def measure(listeners: int, turns: int, presses: int) -> dict[str, Any]:
    """Start everything, play, and give the figures."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="parvis-floor-")))
        hub = HubProcess(folder)
        stack.callback(hub.close)
        noise(folder / "noise.wav")
        button = stack.enter_context(unit(hub, "Table 1", folder / "noise.wav"))
        hall = stack.enter_context(loudspeaker(hub, folder))
        options = ("--port", str(hub.port), "--listeners", str(listeners))
        crowd = stack.enter_context(running(*command("python", "-m", "fakes.crowd", *options)))
        await asyncio.to_thread(crowd.wait_for, "ready", 60.0)
        host = await stack.enter_async_context(console(hub.port, hub.secret))
        phone = Phone(hub.link)
        listening = asyncio.create_task(phone.run())
        ticker = empty_ticker(SETTLING_S + 3.5 * turns + 1.0 * presses)
        await asyncio.sleep(SETTLING_S)
        disk = DiskTicker(folder)
        stack.callback(disk.stop)
        moments, table_unit = Moments(), Table(button)
        for _ in range(turns):
            await speak(table_unit, host, moments)
        for _ in range(presses):
            await only_raise(table_unit, host, moments)
        listening.cancel()
        await asyncio.wait([listening])
        beside = json.loads((await asyncio.to_thread(ticker.communicate))[0])
        crowd.close_input()
        told = json.loads((await asyncio.to_thread(crowd.wait_for, r"^\{.*\}$"))[0])
        program = Program20(host.packets, host.room_origin_ns)
        return {
            "listeners": listeners,
            "presses": len(moments.pressed),
            **told_ms(moments, told),
            "turns": turns,
            **heard_ms(moments, program, hall, phone),
            "empty_ticker_late_ms": beside["late_ms"],
            "empty_disk_ms": figures(disk.waited_ms),
            "load": round(os.getloadavg()[0], 1),
        }


def loudspeaker(hub: HubProcess, folder: Path) -> Any:
    """A unit that only plays, in another zone, and says when sounds begin."""
    plays = ("--microphone", "none", "--loudspeaker", f"file:{folder / 'hall.wav'}", "--onsets")
    where = ("--hub", hub.url, "--name", "Loudspeaker", "--zone", "foyer", "--light", "none")
    state = ("--state", str(folder / "loudspeaker"))
    return running(*command("parvis-unit", "run", *plays, *where, *state))


def empty_ticker(seconds: float) -> subprocess.Popen[str]:
    """For about as long as it takes."""
    module = ("-m", "parvis_server.bench.empty_ticker", "--plain", "--seconds", f"{seconds:.0f}")
    return subprocess.Popen((sys.executable, *module), stdout=subprocess.PIPE, text=True)


def _positive(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 5_000:
        raise argparse.ArgumentTypeError(f"{text}: a whole number from 1 to 5000 is right")
    return int(text)


def main() -> int:
    """Measure, and print words or one JSON object."""
    parser = argparse.ArgumentParser(prog="scripts/bench floor", description="the floor's figures")
    parser.add_argument("--listeners", type=_positive, default=LISTENERS)
    parser.add_argument("--turns", type=_positive, default=15, help="with sound and silence")
    parser.add_argument("--presses", type=_positive, default=30, help="hands only")
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    given = parser.parse_args()
    rows = asyncio.run(measure(given.listeners, given.turns, given.presses))
    print(table(rows))
    if given.json:
        print(json.dumps(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
