"""A hub's link and the door of a public edge, over real sockets of this machine."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute

from parvis_server.bus.local import LocalBroker, LocalBus
from parvis_server.config import NetworkSettings
from parvis_server.hub_server import Listener, make_server
from parvis_server.link.publish import Publication
from parvis_server.link.publish_address import PublishAddress
from parvis_server.link.serving import LinkDoor
from parvis_server.ports import take_port
from parvis_wire.bus_subjects import Subjects

LOOPBACK = "127.0.0.1"
SECRET = bytes(range(18))
EDGE = "edge-1"

Ports = Callable[[int], int]
"""For each of the two connections the port that it dials."""


@dataclass(frozen=True, slots=True)
class ByPorts:
    """Dials ports of this machine, for each connection its own: there a proxy may stand."""

    port_of: Ports

    async def connected(self, place: int) -> socket.socket:
        dialed = socket.socket()
        try:
            dialed.setblocking(False)
            await asyncio.get_running_loop().sock_connect(dialed, (LOOPBACK, self.port_of(place)))
        except BaseException:
            dialed.close()
            raise
        return dialed


class Gate:
    """A TCP proxy whose bytes stand still while it is shut, and that can end its connections."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    @asynccontextmanager
    async def before(self, port: int, own_port: int = 0) -> AsyncIterator[Gate]:
        async def came(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            try:
                far_reader, far_writer = await asyncio.open_connection(LOOPBACK, port)
                ways = ((reader, far_writer), (far_reader, writer))
                halves = [asyncio.ensure_future(self._pass_on(*way)) for way in ways]
                try:
                    await asyncio.wait(halves, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for half in halves:
                        half.cancel()
                    await asyncio.gather(*halves, return_exceptions=True)
                    far_writer.transport.abort()
            except (OSError, asyncio.CancelledError):
                return
            finally:
                writer.transport.abort()

        server = await asyncio.start_server(came, LOOPBACK, own_port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.cut()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await server.wait_closed()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while octets := await reader.read(65_536):
            await self._open.wait()
            writer.write(octets)
            await writer.drain()

    def shut(self) -> None:
        self._open.clear()

    def open(self) -> None:
        self._open.set()

    def cut(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()


@dataclass
class LinkedEdge:
    """The door of an edge, with a bus on which the test is every other edge."""

    port: int
    door: LinkDoor
    bus: LocalBus
    subjects: Subjects
    programs: list[bytes] = field(default_factory=list)

    def say(self, packet: bytes, edge: str = EDGE) -> None:
        """A speaker's packet came to this edge."""
        self.bus.publish(self.subjects.sound_up(edge), packet)


def address(port: int, secret: bytes = SECRET) -> PublishAddress:
    return PublishAddress(LOOPBACK, port, False, secret)


@asynccontextmanager
async def linked_edge(port: int = 0, edge: str = EDGE) -> AsyncIterator[LinkedEdge]:
    """A server with nothing but the link's door."""
    broker, where = LocalBroker(), address(80)
    subjects = Subjects(where.site)
    door = LinkDoor(where.link_key, edge, LocalBus(broker), subjects)
    listening = take_port(NetworkSettings(host=LOOPBACK, port=port))
    server = make_server(
        Starlette(routes=[WebSocketRoute("/ws/link", door.serve)]), Listener(listening)
    )
    bus = LocalBus(broker)
    there = LinkedEdge(listening.getsockname()[1], door, bus, subjects)
    bus.subscribe(subjects.program("main"), there.programs.append)
    running = [asyncio.ensure_future(server.serve([listening])), asyncio.ensure_future(door.run())]
    try:
        await server.listening.wait()
        yield there
    finally:
        server.should_exit = True
        running[1].cancel()
        await asyncio.gather(*running, return_exceptions=True)
        listening.close()


@asynccontextmanager
async def published(
    port_of: Ports, where: PublishAddress | None = None, hub: str = "hub-1"
) -> AsyncIterator[Publication]:
    """A hub's publication, dialing these ports."""
    publication = Publication(where or address(port_of(0)), hub, reach=ByPorts(port_of))
    task = asyncio.ensure_future(publication.run())
    try:
        yield publication
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task  # what ended it before is the test's failure


async def until(holds: Callable[[], bool], within_s: float = 10.0) -> None:
    """Wait for what no event announces: asks every 5 ms."""
    pause = asyncio.Event()
    async with asyncio.timeout(within_s):
        while not holds():
            with suppress(TimeoutError):
                await asyncio.wait_for(pause.wait(), 0.005)
