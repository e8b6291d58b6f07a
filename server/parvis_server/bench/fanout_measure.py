"""``parvis bench fanout``: CPU time for each listener and packet, of servers side by side.

All servers run at the same time; one after the other gets its turn with the same packets, the same
pace and the same reader, round after round, so that what else the machine does meets all of them.
A ratio divides by the floor's turn of the same round; told is the median of the rounds.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from parvis_audio.opus import program_encoder
from parvis_server.bench.fanout_servers import CONTENDERS, FLOOR, MUMBLE, Contender, Serving
from parvis_server.bench.listening.limits import check_files, check_ports
from parvis_server.bench.speech import speech
from parvis_server.bench.talkers import framed
from parvis_server.errors import BenchError, UsageError

PTIME_MS = 20
READY_TIMEOUT_S = 60.0
DRAIN_TIMEOUT_S = 90.0
SETTLE_S = 0.3

READER = (sys.executable, "-m", "parvis_server.bench.fanout_reader")


@dataclass(frozen=True, slots=True)
class Turn:
    """One server's turn in one round."""

    us: float
    """CPU time for each listener and packet, in microseconds."""
    is_whole: bool
    """Whether every listener got every byte of every packet."""
    reads: float
    """Of a listener, for each packet: below 1, several came at once."""


def cpu_ns(process: psutil.Process) -> int:
    """CPU time of a process and its threads, user and system together."""
    told = 0
    try:
        for task in Path(f"/proc/{process.pid}/task").iterdir():
            told += int((task / "schedstat").read_text().split()[0])
    except (OSError, ValueError, IndexError):  # not Linux, or a kernel without this count
        times = process.cpu_times()
        return round((times.user + times.system) * 1e9)
    return told


@contextlib.contextmanager
def reading(serving: Serving, listeners: int) -> Iterator[Callable[[], Mapping[str, int]]]:
    """So many listeners; call what is given once all packets were sent: what they got."""
    with subprocess.Popen(
        READER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as reader:
        watchdog = threading.Timer(READY_TIMEOUT_S + DRAIN_TIMEOUT_S, reader.kill)
        watchdog.start()
        try:
            assert reader.stdin is not None and reader.stdout is not None
            plan = {
                "port": serving.port,
                "listeners": listeners,
                "opening": serving.opening.hex(),
                "after": serving.after.hex(),
                "answers": serving.answers,
            }
            reader.stdin.write(json.dumps(plan).encode() + b"\n")
            reader.stdin.flush()
            if reader.stdout.readline().strip() != b"ready":
                assert reader.stderr is not None
                said = reader.stderr.read().decode(errors="replace").strip().splitlines()
                raise BenchError(f"the reader cannot connect: {said[-1] if said else 'no words'}")

            def ended() -> Mapping[str, int]:
                assert reader.stdin is not None and reader.stdout is not None
                reader.stdin.write(b"end\n")
                reader.stdin.flush()
                counts: dict[str, int] = json.loads(reader.stdout.readline())
                return counts

            yield ended
        finally:
            watchdog.cancel()
            reader.kill()


def take_turn(serving: Serving, packets: Sequence[bytes], listeners: int, every_s: float) -> Turn:
    """One turn of one server."""
    with reading(serving, listeners) as ended:
        time.sleep(SETTLE_S)
        before_ns, due_s = cpu_ns(serving.process), time.monotonic()
        for packet in packets:
            _publish(serving, packet)
            due_s += every_s
            time.sleep(max(0.0, due_s - time.monotonic()))
        counts = ended()
        spent_ns = cpu_ns(serving.process) - before_ns
    least = sum(map(len, packets)) - serving.keeps_back_bytes
    received = listeners * len(packets)
    return Turn(spent_ns / 1e3 / received, counts["least"] >= least, counts["reads"] / received)


def _publish(serving: Serving, packet: bytes) -> None:
    try:
        serving.publish(packet)
    except OSError as error:
        raise BenchError(f"a server takes no more packets: {error}") from error


@dataclass(frozen=True, slots=True)
class Scene:
    """What is compared."""

    listeners: int = 1000
    pairs: int = 5
    seconds: float = 3.0
    packets_per_s: float = 25.0
    """The slowest of them needs most of a core for 1,000 listeners at twice this."""
    only: tuple[str, ...] = ()
    """Names of contenders; none: all."""


def program_packets(count: int) -> list[bytes]:
    """Real packets of the program: speech at its bit rate, with RTP around it."""
    said = framed(speech()[0], program_encoder(), PTIME_MS)
    return [said[place % len(said)] for place in range(count)]


def compare(scene: Scene, tell: Callable[[str], None]) -> dict[str, Any]:
    """Run all turns; what each costs, and why some are missing.

    Raises:
        UsageError: an unknown name, or too many listeners for this system.
        BenchError: nothing could be measured.
    """
    check_files(scene.listeners, "the servers")
    check_ports(scene.listeners, 1)
    chosen, missing = _present(scene)
    packets = program_packets(max(1, round(scene.seconds * scene.packets_per_s)))
    load = os.getloadavg()[0]
    with contextlib.ExitStack() as stack:
        serving = _started(stack, chosen, scene.listeners, missing)
        turns: dict[str, list[Turn]] = {name: [] for name in serving}
        with contextlib.suppress(KeyboardInterrupt):  # what there is, is told
            for number in range(1, scene.pairs + 1):
                _take_round(number, scene, packets, serving, turns, missing, tell)
    rounds = min(map(len, turns.values()), default=0)
    if not rounds:
        raise BenchError(f"no round was whole; {_words(missing)}")
    turns = {name: taken[:rounds] for name, taken in turns.items()}
    return {
        "listeners": scene.listeners,
        "pairs": rounds,
        "packets": len(packets),
        "packet_bytes": round(sum(map(len, packets)) / len(packets)),
        "load_before": round(load, 2),
        "us_per_listener_and_packet": {
            name: round(median(turn.us for turn in taken), 2) for name, taken in turns.items()
        },
        "ratio_to_floor": _ratios(turns),
        "reads_per_packet": {
            name: round(median(turn.reads for turn in taken), 2) for name, taken in turns.items()
        },
        "whole": {name: all(turn.is_whole for turn in taken) for name, taken in turns.items()},
        "missing": missing,
    }


def _take_round(
    number: int,
    scene: Scene,
    packets: Sequence[bytes],
    serving: dict[str, Serving],
    turns: dict[str, list[Turn]],
    missing: dict[str, str],
    tell: Callable[[str], None],
) -> None:
    """Everybody's turn; who fails has no more."""
    for name, server in tuple(serving.items()):
        tell(f"round {number} of {scene.pairs}: {name} ...")
        try:
            turn = take_turn(server, packets, scene.listeners, 1 / scene.packets_per_s)
        except BenchError as error:
            missing[name] = f"failed: {error}"
            del serving[name], turns[name]
        else:
            turns[name].append(turn)


def _words(missing: Mapping[str, str]) -> str:
    return "; ".join(f"{name}: {why}" for name, why in missing.items())


def _started(
    stack: contextlib.ExitStack,
    chosen: Sequence[Contender],
    listeners: int,
    missing: dict[str, str],
) -> dict[str, Serving]:
    """All servers, each with a folder of its own; whatever does not start is noted as missing."""
    serving = {}
    for contender in chosen:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="parvis-bench-")))
        try:
            serving[contender.name] = stack.enter_context(contender.serve(folder, listeners))
        except (BenchError, OSError) as error:
            missing[contender.name] = f"does not start: {error}"
    return serving


def _present(scene: Scene) -> tuple[list[Contender], dict[str, str]]:
    """Who can be compared here, and why the others cannot."""
    names = [contender.name for contender in CONTENDERS]
    if unknown := set(scene.only) - set(names):
        raise UsageError(f"nobody is called {', '.join(sorted(unknown))}: {', '.join(names)}")
    chosen, missing = [], {} if scene.only else {"mumble": MUMBLE}
    for contender in CONTENDERS:
        if scene.only and contender.name not in (*scene.only, FLOOR):
            continue
        why = contender.missing()
        if why is None:
            chosen.append(contender)
        else:
            missing[contender.name] = why
    return chosen, missing


def _ratios(turns: Mapping[str, Sequence[Turn]]) -> dict[str, float]:
    """Of each to the floor of the same round, the median of all rounds."""
    if FLOOR not in turns:
        return {}
    return {
        name: round(
            median(turn.us / least.us for turn, least in zip(taken, turns[FLOOR], strict=True)), 2
        )
        for name, taken in turns.items()
    }


def lines(found: Mapping[str, Any]) -> str:
    """The comparison for people."""
    notes = {contender.name: contender.note for contender in CONTENDERS}
    rows = [
        f"{found['listeners']} listeners, {found['packets']} packets of "
        f"{found['packet_bytes']} bytes, {found['pairs']} rounds; load before "
        f"{found['load_before']}",
        f"{'':<12}{'us':>8}{'x floor':>9}{'reads':>7}   for each listener and packet",
    ]
    for name, us in found["us_per_listener_and_packet"].items():
        ratio = found["ratio_to_floor"].get(name)
        shown = "" if ratio is None else f"{ratio:.2f}"
        whole = "" if found["whole"][name] else "; NOT EVERYTHING CAME"
        reads = found["reads_per_packet"][name]
        rows.append(f"{name:<12}{us:>8.2f}{shown:>9}{reads:>7.2f}   {notes[name]}{whole}")
    rows += [f"{name:<12}{why}" for name, why in found["missing"].items()]
    return "\n".join(rows)
