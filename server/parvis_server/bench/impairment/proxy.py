"""A TCP proxy with an impaired link inside: for machines where namespaces are not allowed.

What it forwards comes out complete and in order, as of any TCP connection; a lost packet shows as
the stall that its retransmission would be, for that connection alone. The kernel's own congestion
control is not in play: judge links with the TUN bridge where it runs.
"""

import asyncio
import contextlib
import socket
import time
from collections import deque
from dataclasses import dataclass, field

from parvis_server.bench.impairment.patterns import Direction, Path, Profile, Stream
from parvis_server.net.sockets import tune

PACKET_BYTES = 1448
"""What one TCP packet carries in an Ethernet frame, with time stamps (RFC 7323)."""

HEADER_BYTES = 52
"""IP and TCP with time stamps: they count against a bandwidth."""

MOST_HELD_BYTES = 65_536
"""On the way in one direction of one connection; a sender who is ahead by more must wait, as
for a TCP window."""

SEND_BUFFER_BYTES = 16_384


@dataclass(slots=True)
class _Way:
    """The bytes of one connection in one direction."""

    stream: Stream
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    held: deque[tuple[int, bytes]] = field(default_factory=deque)
    held_bytes: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    ended: bool = False


class ImpairedProxy:
    """Listens on loopback and forwards each connection to one target, through one link."""

    def __init__(self, profile: Profile, seed: int) -> None:
        """The link's life begins here; all connections of all targets share it."""
        self.begin_ns = time.monotonic_ns()
        """Monotonic."""
        self.paths = {way: Path(profile, seed, way) for way in Direction}
        self._servers: list[asyncio.Server] = []
        self._connections: set[asyncio.Task[None]] = set()

    async def forward(self, host: str, port: int) -> int:
        """Start forwarding to a target; the local port to connect to instead of it."""

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._connections.add(task)
            try:
                await self._serve(reader, writer, host, port)
            except asyncio.CancelledError:
                return  # by close(): a cancelled handler would be reported as an error
            finally:
                self._connections.discard(task)

        server = await asyncio.start_server(connected, "127.0.0.1", 0, limit=PACKET_BYTES)
        self._servers.append(server)
        local: int = server.sockets[0].getsockname()[1]
        return local

    async def close(self) -> None:
        """Stop listening and end all connections."""
        for server in self._servers:
            server.close()
        connections = list(self._connections)
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
        for server in self._servers:
            await server.wait_closed()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int
    ) -> None:
        """One connection, until both directions have ended or one has failed."""
        with contextlib.closing(writer):
            try:
                far_reader, far_writer = await asyncio.open_connection(host, port)
            except OSError:
                return  # nobody listens there: the near end sees its connection end
            with contextlib.closing(far_writer):
                for end in (writer, far_writer):
                    _tune(end)
                outward = _Way(self._stream(Direction.OUTWARD), reader, far_writer)
                back = _Way(self._stream(Direction.BACK), far_reader, writer)
                await _together((outward, back), self.begin_ns)

    def _stream(self, way: Direction) -> Stream:
        return Stream(self.paths[way])


def _tune(end: asyncio.StreamWriter) -> None:
    """As the hub tunes its connections, but that it holds as much as a network does."""
    tune(end.transport)
    tcp = end.transport.get_extra_info("socket")
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)


async def _together(ways: tuple[_Way, _Way], begin_ns: int) -> None:
    """All four halves of a connection; the first that fails ends the others."""
    try:
        async with asyncio.TaskGroup() as halves:
            for way in ways:
                halves.create_task(_take_in(way, begin_ns))
                halves.create_task(_let_out(way, begin_ns))
    except* OSError:
        pass  # one end broke the connection: both are closed now


async def _take_in(way: _Way, begin_ns: int) -> None:
    """Read what comes, packet by packet, and say when each may leave."""
    while packet := await way.reader.read(PACKET_BYTES):
        arrival_ns = time.monotonic_ns() - begin_ns
        leaves_ns = way.stream.leaves_ns(arrival_ns, len(packet) + HEADER_BYTES)
        way.held.append((leaves_ns, packet))
        way.held_bytes += len(packet)
        way.changed.set()
        while way.held_bytes > MOST_HELD_BYTES:
            way.changed.clear()
            await way.changed.wait()
    way.ended = True
    way.changed.set()


async def _let_out(way: _Way, begin_ns: int) -> None:
    """Write each packet at its time; the end of the bytes travels behind them."""
    while way.held or not way.ended:
        if not way.held:
            way.changed.clear()
            await way.changed.wait()
            continue
        leaves_ns, packet = way.held[0]
        wait_ns = leaves_ns - (time.monotonic_ns() - begin_ns)
        if wait_ns > 0:
            await asyncio.sleep(wait_ns / 1e9)
        way.writer.write(packet)
        await way.writer.drain()
        way.held.popleft()
        way.held_bytes -= len(packet)
        way.changed.set()
    if way.writer.can_write_eof():
        way.writer.write_eof()
