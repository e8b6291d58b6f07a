"""What https costs the hub: per listener and packet, in memory, and at the start.

One hub with both its listeners; the same number of listeners on one, then on the other, and nobody
in between. Figures are the hub's own CPU time and memory, so other programs hardly change them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import ssl
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import psutil
from websockets.asyncio.client import ClientConnection, connect

from fakes.processes import Program, command, free_port, running
from parvis_server.encryption import OWN_FILE
from parvis_wire.messages import PROTOCOL_VERSION, Join, Role, serialize

LOOPBACK = "127.0.0.1"
STARTS_WITHIN_S = 60.0
SETTLE_S = 2.0
"""Joins and their snapshots are over."""


@dataclass
class Cost:
    """Of one scheme."""

    scheme: str
    us_per_packet: float
    """The hub's CPU time for each packet that a listener got, its idle time taken off."""
    kb_per_listener: float


@dataclass
class Listening:
    """Packets that came to anybody."""

    packets: int = 0


@contextmanager
def hub(folder: Path, *options: str) -> Iterator[tuple[Program, int, int]]:
    """A hub, and its two ports."""
    ports = free_port(), free_port()
    said = ("--host", LOOPBACK, "--port", str(ports[0]), "--data", str(folder), *options)
    if "--tls-port" not in options:
        said = (*said, "--tls-port", str(ports[1]))
    with running(*command("parvis", "hub", *said)) as program:
        program.wait_for("^listen: ", STARTS_WITHIN_S)
        yield program, *ports


async def measure(listeners: int, seconds: float) -> list[Cost]:
    """Both schemes, one after the other."""
    with tempfile.TemporaryDirectory() as folder, hub(Path(folder)) as (program, http, https):
        process = psutil.Process(program.pid)
        trusting = ssl.create_default_context(cafile=str(Path(folder) / OWN_FILE))
        await asyncio.sleep(SETTLE_S)
        idle_share = await cpu_share(process, seconds)
        return [
            await cost(process, f"ws://{LOOPBACK}:{http}", None, listeners, seconds, idle_share),
            await cost(
                process, f"wss://{LOOPBACK}:{https}", trusting, listeners, seconds, idle_share
            ),
        ]


async def cost(
    process: psutil.Process,
    origin: str,
    context: ssl.SSLContext | None,
    listeners: int,
    seconds: float,
    idle_share: float,
) -> Cost:
    """What so many listeners on one scheme cost."""
    heard = Listening()
    before = process.memory_info().rss
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(listen(f"{origin}/ws/listen", context, heard))
            for _ in range(listeners)
        ]
        await asyncio.sleep(SETTLE_S + listeners / 100)
        grown = process.memory_info().rss - before
        packets, began_s = heard.packets, time.monotonic()
        share = await cpu_share(process, seconds)
        got, took_s = heard.packets - packets, time.monotonic() - began_s
        for task in tasks:
            task.cancel()
    await asyncio.sleep(SETTLE_S)
    used_s = (share - idle_share) * took_s
    return Cost(origin.partition(":")[0], 1e6 * used_s / got, grown / listeners / 1000)


async def listen(url: str, context: ssl.SSLContext | None, heard: Listening) -> None:
    """One listener, who throws away what it hears."""
    socket: ClientConnection
    async with connect(url, ssl=context, compression=None, close_timeout=1) as socket:
        await socket.send(serialize(Join(version=PROTOCOL_VERSION, role=Role.LISTENER)))
        async for frame in socket:
            heard.packets += isinstance(frame, bytes)


async def cpu_share(process: psutil.Process, seconds: float) -> float:
    """CPU seconds of the process for each second of time."""
    before, began_s = sum(process.cpu_times()[:2]), time.monotonic()
    await asyncio.sleep(seconds)
    return float(sum(process.cpu_times()[:2]) - before) / (time.monotonic() - began_s)


def starts(times: int) -> dict[str, float]:
    """Median milliseconds from the start of the process to its printed link, taking turns."""
    taken: dict[str, list[float]] = {"off": [], "first": [], "again": []}
    for _ in range(times):
        with tempfile.TemporaryDirectory() as folder:
            for kind, options in (("first", ()), ("again", ()), ("off", ("--tls-port", "off"))):
                began_s = time.monotonic()
                with hub(Path(folder), *options):
                    taken[kind].append((time.monotonic() - began_s) * 1000)
    return {kind: median(each) for kind, each in taken.items()}


def main() -> None:
    """Print the figures, as words or as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listeners", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    given = parser.parse_args()
    costs = asyncio.run(measure(given.listeners, given.seconds))
    for each in costs:
        print(
            f"{each.scheme:>3}: {each.us_per_packet:.1f} us of the hub for a listener's packet, "
            f"{each.kb_per_listener:.0f} kB for a listener"
        )
    took = starts(given.starts)
    print(
        f"start to printed link: {took['off']:.0f} ms without https, {took['again']:.0f} ms with, "
        f"{took['first']:.0f} ms when its certificate is made"
    )
    if given.json:
        print(json.dumps({"costs": [asdict(each) for each in costs], "starts_ms": took}))


if __name__ == "__main__":
    main()
