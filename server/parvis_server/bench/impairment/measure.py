"""Frames across an impaired link, over one connection and over two: how late they come.

A unit in its essence: a message of 120 bytes every 10 ms, the unit's socket options, and its own
rule that nothing may wait in the kernel. Both connections carry every frame; the first one alone
is the answer for one connection, the earlier copy of each frame the answer for two, so that both
come from the same minutes of the same link.
"""

import asyncio
import contextlib
import gc
import os
import socket
import struct
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from parvis_server.bench.impairment.link import ImpairedLink
from parvis_server.errors import BenchError
from parvis_server.net.sockets import unsent_of

MESSAGE = struct.Struct("!QQ104x")
"""Number and moment of a frame: 120 bytes, an RTP packet with 10 ms of Opus at 64 kb/s and the
WebSocket's frame around it."""

FRAME_NS = 10_000_000
WARM_UP_FRAMES = 100
"""The first second is not judged: TCP does not know the round trip yet."""

LAST_FRAME_S = 5.0
"""After the last frame: what has not come by then does not come."""

# The unit's own options on Wi-Fi (parvis_device.link, which this package may not import).
SEND_BUFFER_BYTES = 32_768
UNSENT_BYTES = 512
MOST_QUEUED_FRAMES = 10
"""100 ms, then the oldest gives way."""

CONNECT_TIMEOUT_S = 30.0
"""A lost SYN costs a second, the next one two."""

PRIORITY = 20
RELATIVE_TO_PERCENTILE = 5
"""A frame's relative delay is what it took more than the quickest twentieth."""

LATE_MS = (20, 40)
NEVER_MS = float("inf")

Delays = NDArray[np.float64]


@dataclass(slots=True)
class Stream:
    """One unit's frames: when each was sent, and when it came over each connection."""

    connections: int
    sent_ns: list[int] = field(default_factory=list)
    arrived_ns: list[dict[int, int]] = field(default_factory=list)
    dropped: list[int] = field(default_factory=list)
    """By connection: frames that gave way to newer ones at the sender."""

    def delays_ms(self, connections: int) -> Delays:
        """For each judged frame the delay of its earliest copy on the first so many connections."""
        numbers = range(WARM_UP_FRAMES, len(self.sent_ns))
        return np.asarray([self._delay_ms(number, connections) for number in numbers])

    def _delay_ms(self, number: int, connections: int) -> float:
        copies = [came[number] for came in self.arrived_ns[:connections] if number in came]
        return (min(copies) - self.sent_ns[number]) / 1e6 if copies else NEVER_MS


async def measure_frames(
    link: ImpairedLink, seconds: float, connections: int = 2, streams: int = 1
) -> dict[str, Any]:
    """Send for so long after a warm-up; gives the figures, and stops the link's bridge.

    ``streams``: so many units at once, each with its connections; their figures are taken together.
    """
    sent = await send_frames(link, seconds, connections, streams)
    counts = await link.counts()
    frames = sum(len(stream.sent_ns) - WARM_UP_FRAMES for stream in sent)
    return {"frames": frames, **_figures(sent), "paths": counts}


async def send_frames(
    link: ImpairedLink, seconds: float, connections: int = 2, streams: int = 1
) -> list[Stream]:
    """Send for so long after a warm-up; gives every frame's moments, stream by stream."""
    frames = WARM_UP_FRAMES + round(seconds * 1e9 / FRAME_NS)
    sent = [Stream(connections) for _ in range(streams)]
    with _steady():
        async with asyncio.TaskGroup() as group:
            for place, stream in enumerate(sent):
                group.create_task(_stream(link, stream, frames, place * FRAME_NS // streams))
    return sent


def lateness(delays_ms: Sequence[Delays]) -> dict[str, float | None]:
    """Share of frames later than 20 and 40 ms, and percentiles, of relative delays.

    Each stream's delays are relative to its own; None stands for a percentile among frames that
    never came.
    """
    relative = np.concatenate([_relative(stream) for stream in delays_ms])
    found: dict[str, float | None] = {
        f"late_{bound}_percent": round(100 * float(np.mean(relative > bound)), 3)
        for bound in LATE_MS
    }
    ranked = np.sort(relative)
    for name, share in (("p50", 0.5), ("p99", 0.99), ("p99_9", 0.999), ("max", 1.0)):
        place = min(int(share * len(ranked)), len(ranked) - 1)
        value = float(ranked[place])
        found[f"{name}_ms"] = round(value, 2) if np.isfinite(value) else None
    return found


def _relative(delays_ms: Delays) -> Delays:
    came = delays_ms[np.isfinite(delays_ms)]
    base_ms = float(np.percentile(came, RELATIVE_TO_PERCENTILE)) if len(came) else 0.0
    return delays_ms - base_ms


def _figures(sent: Sequence[Stream]) -> dict[str, Any]:
    names = {1: "one_connection", 2: "two_connections"}
    return {
        names[connections]: {
            **lateness([stream.delays_ms(connections) for stream in sent]),
            "dropped": sum(sum(stream.dropped[:connections]) for stream in sent),
        }
        for connections in range(1, sent[0].connections + 1)
    }


@contextlib.contextmanager
def _steady() -> Iterator[None]:
    """Nothing of this process shall look like the network: real time if allowed, no collection."""
    before = os.sched_getscheduler(0), os.sched_getparam(0)
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        os.sched_setscheduler(0, *before)


async def _stream(link: ImpairedLink, stream: Stream, frames: int, phase_ns: int) -> None:
    """One unit, told in words when the link is too bad for a connection at all."""
    try:
        await _send_all(link, stream, frames, phase_ns)
    except OSError as error:
        words = str(error) or f"not connected within {CONNECT_TIMEOUT_S:g} s"
        raise BenchError(f"no connection holds over this link: {words}") from error


async def _send_all(link: ImpairedLink, stream: Stream, frames: int, phase_ns: int) -> None:
    """The unit's connections, its frames, and the wait for the last of them."""
    async with contextlib.AsyncExitStack() as stack:
        senders: list[Sender] = []
        receivers: list[Receiver] = []
        for _ in range(stream.connections):
            sender, receiver = await stack.enter_async_context(_connection(link))
            senders.append(sender)
            receivers.append(receiver)
            stream.arrived_ns.append(receiver.arrived_ns)
        deadline_ns = time.monotonic_ns() + phase_ns
        for number in range(frames):
            await asyncio.sleep(max(0, deadline_ns - time.monotonic_ns()) / 1e9)
            stream.sent_ns.append(time.monotonic_ns())
            for sender in senders:
                sender.send(MESSAGE.pack(number, stream.sent_ns[number]))
            deadline_ns += FRAME_NS
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_FRAME_S):
                for sender, receiver in zip(senders, receivers, strict=True):
                    await sender.flush()
                    await receiver.wait_for(frames - 1)
        stream.dropped = [sender.dropped for sender in senders]


@contextlib.asynccontextmanager
async def _connection(link: ImpairedLink) -> "AsyncIterator[tuple[Sender, Receiver]]":
    """A connection from near to far: its two ends."""
    loop = asyncio.get_running_loop()
    with link.far_socket() as listener, link.near_socket() as near:
        listener.bind((link.far_host, 0))
        listener.listen(1)
        for end in (listener, near):
            end.setblocking(False)
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            await loop.sock_connect(near, await link.reach(listener.getsockname()[1]))
            far, _ = await loop.sock_accept(listener)
        receiver = Receiver()
        transport, _ = await loop.create_connection(lambda: receiver, sock=far)
        try:
            yield Sender(near), receiver
        finally:
            transport.close()


class Sender:
    """The sending side as the unit's: its socket options, its bounded queue."""

    def __init__(self, connection: socket.socket) -> None:
        """Tune the connection."""
        self.dropped = 0
        self._connection = connection
        self._queue: deque[bytes] = deque()
        self._begun = b""
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)

    def send(self, message: bytes) -> None:
        """Send it, or as much of what waits as the network takes."""
        self._queue.append(message)
        if len(self._queue) > MOST_QUEUED_FRAMES:
            self._queue.popleft()
            self.dropped += 1
        self._send_waiting()

    async def flush(self) -> None:
        """Send what still waits: as with every frame, every 10 ms."""
        while self._queue or self._begun:
            await asyncio.sleep(FRAME_NS / 1e9)
            self._send_waiting()

    def _send_waiting(self) -> None:
        with contextlib.suppress(BlockingIOError):  # the next frame tries again
            while (self._queue or self._begun) and unsent_of(self._connection) <= UNSENT_BYTES:
                self._begun = self._begun or self._queue.popleft()
                self._begun = self._begun[self._connection.send(self._begun) :]


class Receiver(asyncio.Protocol):
    """The receiving side: notes when each frame came."""

    def __init__(self) -> None:
        """Nothing has come yet."""
        self.arrived_ns: dict[int, int] = {}
        self._rest = b""
        self._wanted: tuple[int, asyncio.Event] = (-1, asyncio.Event())

    async def wait_for(self, number: int) -> None:
        """Return when this frame has come."""
        self._wanted = (number, asyncio.Event())
        if number not in self.arrived_ns:
            await self._wanted[1].wait()

    def data_received(self, data: bytes) -> None:
        """Whole messages have arrived now; a part of one waits for the rest."""
        now_ns = time.monotonic_ns()
        received = self._rest + data
        whole = len(received) // MESSAGE.size * MESSAGE.size
        for number, _ in MESSAGE.iter_unpack(received[:whole]):
            self.arrived_ns[number] = now_ns
            if number == self._wanted[0]:
                self._wanted[1].set()
        self._rest = received[whole:]
