"""Beside us on the same machine: Janus' AudioBridge and Mumble's server, with the same talkers.

Each of N talkers sends Opus of 20 ms (VOIP, 32 kb/s) and hears everybody but themselves: from our
hub over WebSockets and from Janus over plain RTP as one mix, from Mumble over TLS as one stream of
each other talker. Then one of two talkers sends chirps to the other. Figures are the CPU of the
server's processes for each talker, the delay of the chirps from mouth to ear (one and the same
playout for all three, no sound cards), and from packet to packet. A server that is not installed,
or cannot be measured, is told in one line, and the others go on.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
import psutil

from fakes.peer_servers import janus, mumble, parvis
from fakes.peer_servers.talker import CHIRP_EVERY_MS, PTIME_MS, Talker
from parvis_audio.measure import chirp_train
from parvis_server.bench.speech import Sound, speech
from parvis_server.listen.voice import Voice

WARM_UP_CHIRPS = 4
"""Jitter buffers come down to what the network needs."""
WARM_UP_S = 4.0
TAIL_S = 1.5
"""The last chirp is still under way."""
LONGEST_S = 170.0
"""For one server: three of them stay under ten minutes, whatever they do."""
LEAST_HEARD = 0.8
LEAST_CHIRPS = 20
"""Fewer say little of a delay."""

Serve = Callable[[list[Talker]], AbstractAsyncContextManager[list[int]]]


@dataclass(frozen=True, slots=True)
class Server:
    """One to be measured."""

    name: str
    serve: Serve
    programs: tuple[str, ...] = ()
    """Any of these; none: it is ours."""
    package: str = ""

    @property
    def missing(self) -> str | None:
        """Why it cannot be measured here, in words; None: it can."""
        if not self.programs or any(shutil.which(program) for program in self.programs):
            return None
        return f"not installed: sudo apt-get install --no-install-recommends {self.package}"


SERVERS = (
    Server("parvis", parvis.serve),
    Server("janus", janus.serve, janus.PROGRAMS, janus.PACKAGE),
    Server("mumble", mumble.serve, mumble.PROGRAMS, mumble.PACKAGE),
)


class NotMeasured(Exception):
    """A server did not do what a figure needs."""


async def cpu_percent_per_talker(serve: Serve, count: int, seconds: float) -> float:
    """CPU of the server's processes for one of so many talkers, in percent of a core."""
    sound, _ = speech()
    talkers = [Talker(Voice(_turned(sound, n / count), loop=True)) for n in range(count)]
    async with serve(talkers) as pids:
        await asyncio.sleep(WARM_UP_S)
        before = _cpu_s(pids)
        heard = [len(talker.heard) for talker in talkers]
        await asyncio.sleep(seconds)
        used_s = _cpu_s(pids) - before
        least = min(len(t.heard) - h for t, h in zip(talkers, heard, strict=True))
    if least < LEAST_HEARD * seconds * 1000 / PTIME_MS:
        raise NotMeasured(f"somebody heard {least} packets in {seconds:g} s")
    return 100 * used_s / seconds / count


async def delays_ms(serve: Serve, chirps: int) -> tuple[list[float | None], list[float | None]]:
    """Of so many chirps: from mouth to ear, and from packet to packet; None: not heard."""
    seconds = (chirps + WARM_UP_CHIRPS) * CHIRP_EVERY_MS / 1000
    said = chirp_train(seconds + TAIL_S, CHIRP_EVERY_MS)[0]
    one, other = Talker(Voice(said, loop=False)), Talker(Voice(np.zeros_like(said), loop=False))
    async with serve([one, other]):
        await asyncio.sleep(seconds + TAIL_S)
    counted = slice(WARM_UP_CHIRPS, WARM_UP_CHIRPS + chirps)
    return one.mouth_to_ear_ms(other)[counted], one.packet_to_packet_ms(other)[counted]


def _turned(sound: Sound, share: float) -> Sound:
    return np.roll(sound, round(share * sound.size))


def _cpu_s(pids: list[int]) -> float:
    times = [psutil.Process(pid).cpu_times() for pid in pids]
    return float(sum(t.user + t.system for t in times))


async def measure(
    server: Server, count: int, seconds: float, chirps: int, longest_s: float = LONGEST_S
) -> dict[str, Any]:
    """One server's figures, or why there are none: never longer than ``longest_s``."""
    if server.missing is not None:
        return {"not_measured": server.missing}
    try:
        async with asyncio.timeout(longest_s):
            cpu = await cpu_percent_per_talker(server.serve, count, seconds)
            ear_ms, packet_ms = await delays_ms(server.serve, chirps)
    except TimeoutError:
        return {"not_measured": f"not done within {longest_s:g} s"}
    except Exception as error:  # whatever a stranger's program does: it is told, the rest goes on
        return {"not_measured": f"failed: {_words(error)}"}
    return {"cpu_percent_per_talker": round(cpu, 2), **_delays(ear_ms, packet_ms)}


def _delays(ear_ms: list[float | None], packet_ms: list[float | None]) -> dict[str, Any]:
    heard = [delay for delay in ear_ms if delay is not None]
    came = [delay for delay in packet_ms if delay is not None]
    return {
        "mouth_to_ear_ms": round(median(heard), 1) if heard else None,
        "mouth_to_ear_p95_ms": round(float(np.percentile(heard, 95)), 1) if heard else None,
        "packet_to_packet_ms": round(median(came), 1) if came else None,
        "chirps": len(heard),
        "chirps_missed": len(ear_ms) - len(heard),
    }


def _words(error: BaseException) -> str:
    """The first error of a group, in one line."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def line(name: str, count: int, figures: dict[str, Any]) -> str:
    """One server's figures for people."""
    if "not_measured" in figures:
        return f"{name:<8} {figures['not_measured']}"
    few = " (too few to say much)" if figures["chirps"] < LEAST_CHIRPS else ""
    return (
        f"{name:<8} {figures['cpu_percent_per_talker']:.2f} % of a core for each of "
        f"{count} talkers; mouth to ear {figures['mouth_to_ear_ms']} ms "
        f"(p95 {figures['mouth_to_ear_p95_ms']}), "
        f"packet to packet {figures['packet_to_packet_ms']} ms; {figures['chirps']} chirps heard, "
        f"{figures['chirps_missed']} missed{few}"
    )


async def measure_all(count: int, seconds: float, chirps: int) -> dict[str, Any]:
    """All servers, one after the other, each told as soon as it is known."""
    load = os.getloadavg()[0]
    print(f"load of the machine at the start: {load:.2f} on {os.cpu_count()} cores", flush=True)
    found: dict[str, Any] = {"talkers": count, "load": round(load, 2)}
    for server in SERVERS:
        found[server.name] = await measure(server, count, seconds, chirps)
        print(line(server.name, count, found[server.name]), flush=True)
    return found


def _positive(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 60:
        raise argparse.ArgumentTypeError(f"{text}: a whole number from 1 to 60 is right")
    return int(text)


def main() -> int:
    """Print every server's figures; 1 when our own could not be measured."""
    parser = argparse.ArgumentParser(prog="scripts/bench peers", description=__doc__)
    parser.add_argument("--talkers", type=_positive, default=8)
    parser.add_argument("--seconds", type=_positive, default=15, help="of measuring CPU, each")
    parser.add_argument("--chirps", type=_positive, default=24, help="counted ones, each")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = asyncio.run(measure_all(arguments.talkers, arguments.seconds, arguments.chirps))
    if arguments.json:
        print(json.dumps(found))
    return int("not_measured" in found["parvis"])


if __name__ == "__main__":
    sys.exit(main())
