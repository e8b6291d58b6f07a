"""A real nats-server, buses on it, and a way to it that a test cuts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fakes.edged_hub import PATIENCE_S, becomes
from parvis_server.bus.address import BusAddress
from parvis_server.bus.bus import NobodyThere
from parvis_server.bus.nats_bus import NatsBus
from parvis_server.bus.server import BusServer, WebSocketDoor

LOOPBACK = "127.0.0.1"


@asynccontextmanager
async def running_server(door: WebSocketDoor | None = None) -> AsyncIterator[BusServer]:
    """A server that listens, until the block ends."""
    server = BusServer(door=door)
    running = asyncio.create_task(server.run())
    try:
        await server.listening.wait()
        yield server
    finally:
        running.cancel()
        await asyncio.wait([running])


@asynccontextmanager
async def on_bus(address: BusAddress) -> AsyncIterator[NatsBus]:
    """A connected bus."""
    bus = NatsBus(address, "test")
    running = asyncio.create_task(bus.run())
    try:
        await becomes(lambda: bus.is_connected)
        yield bus
    finally:
        await bus.close()
        running.cancel()
        await asyncio.wait([running])


async def answered(bus: NatsBus, subject: str, question: bytes) -> bytes:
    """The answer, once the server knows who answers."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                return await bus.ask(subject, question, PATIENCE_S)
            except NobodyThere:
                await asyncio.sleep(0.01)


class Way:
    """A TCP proxy that a test tells to pass nothing on, as a cut network does."""

    def __init__(self, port: int) -> None:
        self._to = port
        self.open = asyncio.Event()
        self.open.set()
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> int:
        self._server = await asyncio.start_server(self._join, LOOPBACK, 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(LOOPBACK, self._to)
        self._writers += [writer, far_writer]
        for one, other in ((reader, far_writer), (far_reader, writer)):
            task = asyncio.create_task(self._pump(one, other))
            self._tasks.add(task)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await self.open.wait()
            try:
                read = await reader.read(65_536)
                await self.open.wait()
                writer.write(read)
            except OSError:
                return
            if not read:
                writer.close()
                return
