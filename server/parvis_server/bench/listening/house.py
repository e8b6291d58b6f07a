"""A hub to measure: its processes' CPU time and memory, and somebody who speaks in it."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Never

import psutil
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from parvis_audio.opus import unit_encoder
from parvis_server.bench.speech import speech
from parvis_server.bench.talkers import SAMPLES_PER_MS, framed, talkers
from parvis_server.errors import BenchError
from parvis_server.listen.link import ListenerLink
from parvis_wire.messages import PROTOCOL_VERSION, Join, Role, Welcome, parse_hub_message, serialize
from parvis_wire.stage import UnitTraits

UNIT_ENDPOINT = "/ws/unit"
TALKER_NAME = "Bench microphone"
WELCOME_TIMEOUT_S = 10.0

WORDS = {"parvis_server.engine": "engine", "nats-server": "bus", "edge": "edge"}
"""What stands in the command line of a hub's child, and what that one is."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What the processes of a hub had used at one moment."""

    at_s: float
    cpu_s: Mapping[str, float]
    """By what they are; engines, and edge workers, taken together."""
    rss_bytes: Mapping[str, int]

    def percent_since(self, before: "Usage") -> dict[str, float]:
        """CPU of each in percent of one core, and of all."""
        elapsed_s = self.at_s - before.at_s
        used = {
            name: round(100 * (used_s - before.cpu_s.get(name, 0.0)) / elapsed_s, 1)
            for name, used_s in self.cpu_s.items()
        }
        return used | {"total": round(sum(used.values()), 1)}

    def rss_of_server(self) -> int:
        """Memory of what faces the listeners: the hub and its edge workers."""
        return sum(self.rss_bytes.get(name, 0) for name in ("hub", "edge"))


def usage(hub: psutil.Process) -> Usage:
    """Of the hub and all that it started, now."""
    cpu_s: Counter[str] = Counter()
    rss_bytes: Counter[str] = Counter()
    for process in (hub, *hub.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):
            name = "hub" if process == hub else _what(process)
            times = process.cpu_times()
            cpu_s[name] += times.user + times.system  # type: ignore[assignment]
            rss_bytes[name] += process.memory_info().rss
    return Usage(time.monotonic(), cpu_s, rss_bytes)


def _what(process: psutil.Process) -> str:
    """What a hub's child is, by its command line."""
    line = " ".join(process.cmdline())
    return next((name for word, name in WORDS.items() if word in line), process.name())


@dataclass(frozen=True, slots=True)
class Machine:
    """What all cores had done at one moment, whoever it was for."""

    at_s: float
    busy_s: float
    idle_s: float

    @classmethod
    def now(cls) -> "Machine":
        """As the kernel counts; what a machine beneath took away is busy, too."""
        times = psutil.cpu_times()
        idle_s = times.idle + getattr(times, "iowait", 0.0)
        # Guests' time is part of the users' already.
        guests_s = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)
        return cls(time.monotonic(), sum(times) - idle_s - guests_s, idle_s)

    def percent_since(self, before: "Machine") -> tuple[float, float]:
        """Busy and idle, in percent of one core."""
        elapsed_s = self.at_s - before.at_s
        busy_s, idle_s = self.busy_s - before.busy_s, self.idle_s - before.idle_s
        return round(100 * busy_s / elapsed_s, 1), round(100 * idle_s / elapsed_s, 1)


@dataclass(slots=True)
class Peak:
    """The most memory that a hub took while it was looked at."""

    hub: psutil.Process
    rss_bytes: int = field(default=0)

    async def watch(self, every_s: float = 0.5) -> Never:
        """Look until cancelled."""
        while True:
            self.rss_bytes = max(self.rss_bytes, usage(self.hub).rss_of_server())
            await asyncio.sleep(every_s)


@contextlib.asynccontextmanager
async def talking(link: ListenerLink) -> AsyncIterator[None]:
    """Somebody speaks in this room all the time: a unit without a button.

    Raises:
        BenchError: the hub does not let them in.
    """
    url = link.url.rpartition("/ws/")[0] + UNIT_ENDPOINT
    join = Join(
        version=PROTOCOL_VERSION,
        role=Role.UNIT,
        room=link.room,
        name=TALKER_NAME,
        unit=UnitTraits(always_open=True),
    )
    try:
        async with connect(url, compression=None) as socket:
            await socket.send(serialize(join))
            async with asyncio.timeout(WELCOME_TIMEOUT_S):
                said = parse_hub_message(str(await socket.recv()))
            if not isinstance(said, Welcome) or said.ssrc is None:
                raise BenchError(f"the hub does not let a microphone in: {said}")
            tasks = [
                asyncio.create_task(_speak(socket, said.ssrc, said.ptime_ms)),
                asyncio.create_task(_ignore(socket)),
            ]
            try:
                yield
                if tasks[0].done():
                    raise BenchError("the microphone of the bench lost the hub while it spoke")
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
    except (OSError, WebSocketException, TimeoutError) as error:
        raise BenchError(f"the microphone of the bench lost the hub: {error}") from error


async def _speak(socket: ClientConnection, ssrc: int, ptime_ms: int) -> Never:
    """Send speech, a packet when it is due."""
    packets = framed(speech()[0], unit_encoder(ptime_ms * SAMPLES_PER_MS), ptime_ms)
    [talker] = talkers([ssrc], packets, ptime_ms, time.monotonic_ns())
    number = 0
    while True:
        wait_s = (talker.due_ns(number) - time.monotonic_ns()) / 1e9
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        await socket.send(talker.packet(number))
        number += 1


async def _ignore(socket: ClientConnection) -> None:
    async for _ in socket:
        pass
