"""Servers that the doctor looks at: one that is well, and whatever else may answer there."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from fakes.linked import LOOPBACK, SECRET
from parvis_server.bus.local import LocalBroker, LocalBus
from parvis_server.config import NetworkSettings
from parvis_server.hub_server import Listener, make_server
from parvis_server.link.entrance import Entrance
from parvis_server.link.publish_address import PublishAddress
from parvis_server.link.serving import LinkDoor
from parvis_server.ports import take_port
from parvis_wire.bus_subjects import Subjects

Connected = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Edge:
    """What the doctor asks of an edge, each part of which can be spoilt."""

    def __init__(self) -> None:
        self.address = PublishAddress(LOOPBACK, 1, False, SECRET)
        self.health: Response = JSONResponse({"status": "ok"})
        self.bus_line = b"PONG\r\n"
        self.sockets_open = True
        bus = LocalBus(LocalBroker())
        self.entrance: Entrance | None = None
        """Unless set, bus and link are opened for anybody, as behind an edge of before."""
        self.door = LinkDoor(self.address.link_key, "edge-1", bus, Subjects(self.address.site))

    def application(self) -> ASGIApp:
        routes: list[BaseRoute] = [Route("/healthz", self._health)]
        if self.sockets_open:
            routes += [
                WebSocketRoute("/ws/listen", _wait),
                WebSocketRoute("/ws/link", self._link),
                WebSocketRoute("/bus", self._bus),
            ]
        return Starlette(routes=routes)

    async def _health(self, request: object) -> Response:
        return self.health

    async def _link(self, websocket: WebSocket) -> None:
        if self.entrance is None or await self.entrance.hub(websocket) is not None:
            await self.door.serve(websocket)

    async def _bus(self, websocket: WebSocket) -> None:
        if self.entrance is not None and await self.entrance.hub(websocket) is None:
            return
        await websocket.accept()
        await websocket.send_bytes(b'INFO {"server_id": "x"}\r\n')
        await websocket.receive()
        await websocket.send_bytes(self.bus_line)
        await _until_gone(websocket)


async def _wait(websocket: WebSocket) -> None:
    await websocket.accept()
    await _until_gone(websocket)


async def _until_gone(websocket: WebSocket) -> None:
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass


@asynccontextmanager
async def serving(edge: Edge) -> AsyncIterator[int]:
    """The edge's port; its address has it, too."""
    listening = take_port(NetworkSettings(host=LOOPBACK, port=0))
    port: int = listening.getsockname()[1]
    edge.address = PublishAddress(LOOPBACK, port, False, SECRET)
    server = make_server(edge.application(), Listener(listening))
    tasks = [
        asyncio.ensure_future(server.serve([listening])),
        asyncio.ensure_future(edge.door.run()),
    ]
    try:
        await server.listening.wait()
        yield port
    finally:
        server.should_exit = True
        tasks[1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        listening.close()


@asynccontextmanager
async def answering(connected: Connected, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The port of any other server."""

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await connected(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(once, LOOPBACK, 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()
