"""A hub for listeners: joins them, sends them a tone, and ends or refuses when a test says so."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus

import numpy as np
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from fakes.processes import free_port
from parvis_audio.opus import program_encoder
from parvis_wire.close_codes import CloseCode
from parvis_wire.messages import (
    Failure,
    Join,
    Report,
    Snapshot,
    Time,
    Welcome,
    parse_client_message,
    serialize,
)
from parvis_wire.room_view import RoomView
from parvis_wire.rtp import RtpPacket


class ProgramHub:
    """One room that broadcasts 440 Hz on one port, also after a restart."""

    def __init__(self) -> None:
        self.port = free_port()
        self.joins: list[Join] = []
        self.reports: list[Report] = []
        self.refuse_with: CloseCode | None = None
        self.http_status: HTTPStatus | None = None
        self.joined = asyncio.Event()
        self.reported = asyncio.Event()
        self._sent = 0
        self._sent_more = asyncio.Condition()
        self._origin_ns = time.monotonic_ns()
        self._server: Server | None = None

    @property
    def link(self) -> str:
        return f"http://127.0.0.1:{self.port}/r/main"

    async def start(self) -> None:
        self._server = await serve(
            self._serve, "127.0.0.1", self.port, compression=None, process_request=self._http
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close(code=1001)
        await self._server.wait_closed()

    async def until_sent(self, packets: int) -> None:
        """Return when so many packets of the program have left."""
        async with self._sent_more:
            await self._sent_more.wait_for(lambda: self._sent >= packets)

    def _http(self, connection: ServerConnection, request: Request) -> Response | None:
        if self.http_status is None:
            return None
        return connection.respond(self.http_status, "no")

    async def _serve(self, connection: ServerConnection) -> None:
        join = parse_client_message(await connection.recv())
        assert isinstance(join, Join)
        self.joins.append(join)
        if self.refuse_with is not None:
            failure = Failure(code=self.refuse_with, text="there is no such room")
            await connection.send(serialize(failure))
            await connection.close(self.refuse_with, "refused")
            return
        await connection.send(serialize(Welcome(participant="p1", resume="token")))
        await connection.send(serialize(Snapshot(view=RoomView(room="main", title="Hall", seq=0))))
        room_ns = time.monotonic_ns() - self._origin_ns
        clock = Time(room_clock=room_ns * 48 // 1_000_000, hub_ns=time.monotonic_ns(), utc_ms=0)
        await connection.send(serialize(clock))
        self.joined.set()
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(self._broadcast(connection))
            with suppress(ConnectionClosed):
                async for message in connection:
                    report = parse_client_message(message)
                    assert isinstance(report, Report)
                    self.reports.append(report)
                    self.reported.set()
            sending.cancel()

    async def _broadcast(self, connection: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            await self._send_tone(connection)

    async def _send_tone(self, connection: ServerConnection) -> None:
        encoder = program_encoder()
        number = (time.monotonic_ns() - self._origin_ns) // 20_000_000
        while True:
            times = (number * 960 + np.arange(960)) / 48_000
            tone = (0.3 * np.sin(2 * np.pi * 440 * times)).astype(np.float32)
            packet = RtpPacket(
                number % 65_536, number * 960 % 2**32, 5, payload=encoder.encode(tone)
            )
            await connection.send(packet.serialize())
            async with self._sent_more:
                self._sent += 1
                self._sent_more.notify_all()
            number += 1
            due_ns = self._origin_ns + number * 20_000_000
            await asyncio.sleep(max(0.0, (due_ns - time.monotonic_ns()) / 1e9))


@asynccontextmanager
async def program_hub() -> AsyncIterator[ProgramHub]:
    hub = ProgramHub()
    await hub.start()
    try:
        yield hub
    finally:
        await hub.stop()
