"""A hub for remote speakers: takes their voice, sends each a tone as return, tells its clock."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import numpy as np
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from parvis_audio.opus import program_encoder
from parvis_wire.base import Wire
from parvis_wire.messages import Join, Snapshot, Time, Welcome, parse_client_message, serialize
from parvis_wire.room_view import RoomView
from parvis_wire.rtp import RtpPacket
from parvis_wire.stage import Bus, OutputKind, TimeReply, TimeRequest

AHEAD_NS = 3_600_000_000_000
"""This hub's clock is an hour ahead of everybody's."""

SPEAKER_SSRC, BUS_SSRC = 0x51, 0x77


class ReturnHub:
    """One room with one speaker at a time, on one or two connections."""

    def __init__(self) -> None:
        self.port = 0
        self.joins: list[Join] = []
        self.packets: list[tuple[int, RtpPacket]] = []
        """What came, with the number of the connection that it came on."""
        self.messages: list[Wire] = []
        self._origin_ns = time.monotonic_ns()
        self._server: Server | None = None

    @property
    def link(self) -> str:
        return f"http://127.0.0.1:{self.port}/r/main"

    async def start(self) -> None:
        self._server = await serve(self._serve, "127.0.0.1", 0, compression=None)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close(code=1001)
        await self._server.wait_closed()

    async def _serve(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        assert connection.request.path == "/ws/speak"
        join = parse_client_message(await connection.recv())
        assert isinstance(join, Join)
        number = len(self.joins)
        self.joins.append(join)
        bus = Bus(ssrc=BUS_SSRC, kind=OutputKind.RETURN, ptime_ms=20)
        welcome = Welcome(
            **{"participant": "s1", "resume": "token", "stream": "stream1"},
            ssrc=SPEAKER_SSRC,
            ptime_ms=20,
            bus=bus,
        )
        view = RoomView(room="main", title="Hall", seq=0)
        for message in (welcome, Snapshot(view=view), self._clock()):
            await connection.send(serialize(message))
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(self._send_tone(connection))
            with suppress(ConnectionClosed):
                async for received in connection:
                    await self._receive(connection, number, received)
            sending.cancel()

    def _clock(self) -> Time:
        now_ns = time.monotonic_ns()
        room_clock = (now_ns - self._origin_ns) * 48 // 1_000_000
        return Time(room_clock=room_clock, hub_ns=now_ns + AHEAD_NS, utc_ms=0)

    async def _receive(
        self, connection: ServerConnection, number: int, received: str | bytes
    ) -> None:
        if isinstance(received, bytes):
            self.packets.append((number, RtpPacket.parse(received)))
            return
        message = parse_client_message(received)
        self.messages.append(message)
        if isinstance(message, TimeRequest):
            now_ns = time.monotonic_ns() + AHEAD_NS
            reply = TimeReply(client_ns=message.client_ns, received_ns=now_ns, sent_ns=now_ns)
            await connection.send(serialize(reply))

    async def _send_tone(self, connection: ServerConnection) -> None:
        encoder = program_encoder()
        number = (time.monotonic_ns() - self._origin_ns) // 20_000_000
        with suppress(ConnectionClosed):
            while True:
                at_s = (number * 960 + np.arange(960)) / 48_000
                tone = (0.3 * np.sin(2 * np.pi * 440 * at_s)).astype(np.float32)
                payload = encoder.encode(tone)
                packet = RtpPacket(number % 65_536, number * 960, BUS_SSRC, payload)
                number += 1
                due_ns = self._origin_ns + number * 20_000_000
                await asyncio.sleep(max(0.0, (due_ns - time.monotonic_ns()) / 1e9))
                await connection.send(packet.serialize())


@asynccontextmanager
async def return_hub() -> AsyncIterator[ReturnHub]:
    hub = ReturnHub()
    await hub.start()
    try:
        yield hub
    finally:
        await hub.stop()
