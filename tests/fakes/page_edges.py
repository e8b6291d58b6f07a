"""A hub and edges for the audience's page: one program on several ports, driven by a test.

The hub serves the page and names the edges; each edge is a WebSocket server of its own. All send
the same packets of one room clock, an edge as much later as it is told. It all runs in a thread of
its own, because a browser is driven from the test's.
"""

from __future__ import annotations

import asyncio
import json
import queue
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeVar

from websockets.asyncio.server import Server, ServerConnection, broadcast, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from parvis_server.net.guard import content_security_policy
from parvis_server.net.pages import AUDIENCE_PAGE, read_pages, static_folder
from parvis_wire.messages import (
    Ack,
    HubMessage,
    Join,
    RefusalCode,
    Snapshot,
    Time,
    Welcome,
    parse_client_message,
    serialize,
)
from parvis_wire.room_view import RoomView
from parvis_wire.rtp import RtpPacket

T = TypeVar("T")

PACKET_S = 0.02
PACKET_SAMPLES = 960

QUIET = b"\xf8"
"""20 ms of silence: the shortest Opus packet."""

PATIENCE_S = 20.0


@dataclass
class Edge:
    """One place to listen."""

    name: str
    later_s: float = 0.0
    """Its packets come so much after those of the quickest edge."""
    view: RoomView = field(default_factory=lambda: RoomView(room="main", title="Hall", seq=0))
    refusal: RefusalCode | None = None
    """The answer to each command."""
    port: int = 0
    joins: queue.Queue[Join] = field(default_factory=queue.Queue)
    commands: queue.Queue[Any] = field(default_factory=queue.Queue)
    left: queue.Queue[int | None] = field(default_factory=queue.Queue)
    """Close codes of the connections that ended."""
    listeners: set[ServerConnection] = field(default_factory=set)
    server: Server | None = None

    async def serve(self, connection: ServerConnection) -> None:
        """One listener."""
        join = parse_client_message(await connection.recv())
        assert isinstance(join, Join)
        await connection.send(serialize(Welcome(participant="s1", resume="token1")))
        await connection.send(serialize(Snapshot(view=self.view)))
        await connection.send(serialize(Time(room_clock=0, hub_ns=0, utc_ms=0)))
        self.listeners.add(connection)
        self.joins.put(join)
        try:
            async for message in connection:
                said = parse_client_message(message)
                if (command_id := getattr(said, "id", None)) is not None:
                    await connection.send(serialize(Ack(id=command_id, refused=self.refusal)))
                    self.commands.put(said)
        except ConnectionClosed:
            pass
        finally:
            self.listeners.discard(connection)
            self.left.put(connection.close_code)


class EdgeHouse:
    """The hub's page and its edges."""

    def __init__(self, edges: dict[str, float]) -> None:
        """``edges``: seconds by which each sends later, by name; named by the hub in this order."""
        self.own = Edge("own")
        self.edges = {name: Edge(name, later_s) for name, later_s in edges.items()}
        self.named: list[str] = []
        """Places as the hub names them."""
        self.is_speaking = True
        self._pages = read_pages(static_folder())
        self._loop = asyncio.new_event_loop()
        self._program: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """Where the audience's page is."""
        return f"http://127.0.0.1:{self.own.port}/r/main"

    def start(self) -> None:
        """Serve all of it."""
        self._do(self._start())

    def end(self) -> None:
        """Stop all of it."""
        self._do(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def kill(self, name: str) -> None:
        """The edge's process is gone: no goodbye, and nobody answers at its port."""
        self._do(self._kill(self.edges[name]))

    def say(self, name: str, message: HubMessage) -> None:
        """To all who listen at this edge."""
        self._soon(lambda: broadcast(self.edges[name].listeners, serialize(message)))

    def fall_silent(self) -> None:
        """No sound comes from the venue any more."""
        self.is_speaking = False

    def speak_again(self) -> None:
        """It does."""
        self.is_speaking = True

    def _soon(self, act: Callable[[], None]) -> None:
        self._loop.call_soon_threadsafe(act)

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)

    async def _start(self) -> None:
        self.own.server = await serve(
            self.own.serve, "127.0.0.1", 0, compression=None, process_request=self._http
        )
        self.own.port = self.own.server.sockets[0].getsockname()[1]
        for edge in self.edges.values():
            edge.server = await serve(edge.serve, "127.0.0.1", 0, compression=None)
            edge.port = edge.server.sockets[0].getsockname()[1]
        self.named = [f":{edge.port}" for edge in self.edges.values()]
        self._program = self._loop.create_task(self._speak())

    async def _stop(self) -> None:
        if self._program is not None:
            self._program.cancel()
        for edge in (self.own, *self.edges.values()):
            await self._kill(edge)

    async def _kill(self, edge: Edge) -> None:
        if edge.server is None:
            return
        for listener in tuple(edge.listeners):
            listener.transport.abort()
        edge.server.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(edge.server.wait_closed(), PATIENCE_S)
        edge.server = None

    async def _speak(self) -> None:
        """Each packet on its own deadline, to all edges in the order of their delays."""
        begin_s, number = self._loop.time(), 0
        while True:
            number += 1
            due_s = begin_s + number * PACKET_S
            await asyncio.sleep(max(0.0, due_s - self._loop.time()))
            if not self.is_speaking:
                continue
            packet = RtpPacket(
                number % 65_536, number * PACKET_SAMPLES % 2**32, 5, payload=QUIET
            ).serialize()
            for edge in (self.own, *self.edges.values()):
                self._loop.call_later(edge.later_s, self._send, edge, packet)

    def _send(self, edge: Edge, packet: bytes) -> None:
        broadcast(edge.listeners, packet)

    def _http(self, connection: ServerConnection, request: Request) -> Response | None:
        path = request.path.split("?")[0].lstrip("/")
        if path.startswith("ws/"):
            return None
        if path.endswith("/edges"):
            body = json.dumps({"edges": self.named}).encode()
            return self._response(body, "application/json", request)
        if path.startswith("api/"):
            return self._response(b"{}", "application/json", request)
        file = self._pages.files.get(AUDIENCE_PAGE if path == "r/main" else path)
        if file is None:
            return connection.respond(HTTPStatus.NOT_FOUND, "no such file")
        return self._response(file.content, file.media_type, request)

    def _response(self, content: bytes, media_type: str, request: Request) -> Response:
        """With the hub's policy, in which the edges are named."""
        places = " ".join(f"ws://127.0.0.1:{edge.port}" for edge in self.edges.values())
        policy = content_security_policy(request.headers.get("Host", ""))
        headers = Headers(
            {
                "Content-Type": media_type,
                "Content-Length": str(len(content)),
                "Content-Security-Policy": policy.replace(
                    "connect-src 'self'", f"connect-src 'self' {places}"
                ),
                "Connection": "close",
            }
        )
        return Response(HTTPStatus.OK, "OK", headers, content)


@contextmanager
def edge_house(**edges: float) -> Iterator[EdgeHouse]:
    """A hub with edges, as ``first=0.0, second=0.06``; they stop when the block ends."""
    house = EdgeHouse(edges)
    house.start()
    try:
        yield house
    finally:
        house.end()
