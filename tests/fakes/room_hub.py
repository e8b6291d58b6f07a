"""A hub for a page that shows a room: the real page on loopback, and a room that a test sets whole.

It runs in a thread of its own, because a browser is driven from the test's. It can be stopped and
started again under the same address.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from websockets.asyncio.server import Server, ServerConnection, broadcast, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from fakes.built_pages import built_pages
from fakes.processes import free_port
from parvis_server.net.guard import content_security_policy
from parvis_server.net.pages import AUDIENCE_PAGE, SCREEN_PAGE, Pages
from parvis_server.net.qr import qr_svg
from parvis_wire.audience import Pulse
from parvis_wire.close_codes import CloseCode
from parvis_wire.messages import (
    Ack,
    ClientMessage,
    Failure,
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
from parvis_wire.rtp import AudioLevel, RtpPacket

SPOKEN_EVERY_S = 0.02
"""As the program's packets."""


ME = "s1"
"""Whoever joins."""

HOUR_SAMPLES = 3600 * 48_000


class RoomHub:
    """One room, shown to every screen that joins."""

    def __init__(self, began_utc_ms: int) -> None:
        """``began_utc_ms``: what the hub's clock says now."""
        self.port = free_port()
        self.joins: list[Join] = []
        self.refuse_with: CloseCode | None = None
        self.received: list[ClientMessage] = []
        """Whatever the page said after it joined; each command is acknowledged."""
        self.refusal: RefusalCode | None = None
        """Why no command takes effect, if none does."""
        self.people: list[dict[str, object]] = []
        """Who in the audience gave a name."""
        self.spoke: list[str] = []
        """Who spoke in a room that is over."""
        self._view = RoomView(room="main", title="Hall", seq=0)
        self._pulse = Pulse()
        self._levels_dbov: dict[int, int] = {}
        self._utc_ms = began_utc_ms
        self._began_ns = time.monotonic_ns()
        self._pages: Pages = built_pages()
        self._screens: set[ServerConnection] = set()
        self._packets = 0
        self._closing: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._server: Server | None = None
        self._speaking: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.port}/screen"

    @property
    def room_address(self) -> str:
        """Where the audience's page is."""
        return f"http://127.0.0.1:{self.port}/r/main"

    def say(self, message: HubMessage) -> None:
        """Anything, to every page."""
        self._loop.call_soon_threadsafe(broadcast, self._screens, serialize(message))

    def turn_away(self, code: CloseCode) -> None:
        """Close every connection with this code, and let nobody in."""
        self.refuse_with = code

        def close() -> None:
            for screen in tuple(self._screens):
                self._closing.add(self._loop.create_task(screen.close(code, "closed")))

        self._loop.call_soon_threadsafe(close)

    def room_clock(self) -> int:
        """48 kHz samples: the room has been live for an hour."""
        return HOUR_SAMPLES + (time.monotonic_ns() - self._began_ns) * 48 // 1_000_000

    def utc_ms(self) -> int:
        """What the hub's clock says now."""
        return self._utc_ms + (time.monotonic_ns() - self._began_ns) // 1_000_000

    def start(self) -> None:
        """Serve; the second time at the same address."""
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)

    def stop(self) -> None:
        """Go away, as a hub that is stopped."""
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)

    def end(self) -> None:
        """For good."""
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def show(self, view: RoomView, pulse: Pulse | None = None, **levels_dbov: int) -> None:
        """The room as it is from now on; the sources that are heard, as ``ssrc7=-20``."""
        self._levels_dbov = {int(name[4:]): level for name, level in levels_dbov.items()}
        self._view = view
        self._pulse = pulse or Pulse()
        for text in self._whole():
            self._loop.call_soon_threadsafe(broadcast, self._screens, text)

    def _whole(self) -> list[str]:
        clock = Time(room_clock=self.room_clock(), hub_ns=time.monotonic_ns(), utc_ms=self.utc_ms())
        return [serialize(Snapshot(view=self._view)), serialize(clock), serialize(self._pulse)]

    async def _start(self) -> None:
        self._server = await serve(
            self._serve, "127.0.0.1", self.port, compression=None, process_request=self._http
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self._speaking = self._loop.create_task(self._speak())

    async def _stop(self) -> None:
        if self._server is None or self._speaking is None:
            return
        self._speaking.cancel()
        self._server.close(code=1001)
        await self._server.wait_closed()
        self._server = None

    def _http(self, connection: ServerConnection, request: Request) -> Response | None:
        path = request.path.split("?")[0].lstrip("/")
        if path.startswith("ws/"):
            return None
        if path.endswith("qr.svg"):
            return _response(qr_svg("http://hub.local:8080/r/main"), "image/svg+xml", request)
        if path.startswith("api/"):
            said = {"people": self.people, "spoke": self.spoke}
            return _response(json.dumps(said).encode(), "application/json", request)
        page = {"screen": SCREEN_PAGE, "r/main": AUDIENCE_PAGE}.get(path, path)
        file = self._pages.files.get(page)
        if file is None:
            return connection.respond(HTTPStatus.NOT_FOUND, "no such file")
        return _response(file.content, file.media_type, request)

    async def _serve(self, connection: ServerConnection) -> None:
        join = parse_client_message(await connection.recv())
        assert isinstance(join, Join)
        self.joins.append(join)
        if self.refuse_with is not None:
            await connection.send(serialize(Failure(code=self.refuse_with, text="refused")))
            await connection.close(self.refuse_with, "refused")
            return
        await connection.send(serialize(Welcome(participant=ME, resume="token")))
        for text in self._whole():
            await connection.send(text)
        self._screens.add(connection)
        try:
            async for message in connection:
                said = parse_client_message(message)
                self.received.append(said)
                command_id = getattr(said, "id", None)
                if command_id is not None:
                    await connection.send(serialize(Ack(id=command_id, refused=self.refusal)))
        finally:
            self._screens.discard(connection)

    async def _speak(self) -> None:
        while True:
            await asyncio.sleep(SPOKEN_EVERY_S)
            self._packets += 1
            packet = RtpPacket(
                self._packets % 65_536,
                self._packets * 960 % 2**32,
                5,
                payload=b"\xf8",
                csrcs=tuple(self._levels_dbov),
                level=AudioLevel(-30, True),
                csrc_levels=tuple(self._levels_dbov.values()),
            )
            broadcast(self._screens, packet.serialize())


def _response(content: bytes, media_type: str, request: Request) -> Response:
    policy = content_security_policy(request.headers.get("Host", ""))
    headers = Headers(
        {
            "Content-Type": media_type,
            "Content-Length": str(len(content)),
            "Content-Security-Policy": policy,
            "Connection": "close",
        }
    )
    return Response(HTTPStatus.OK, "OK", headers, content)


@contextmanager
def room_hub(began_utc_ms: int) -> Iterator[RoomHub]:
    """A hub that serves until the block ends."""
    hub = RoomHub(began_utc_ms)
    hub.start()
    try:
        yield hub
    finally:
        hub.end()
