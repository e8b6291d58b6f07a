"""A host's connection that notes when everything came: the console of a bench."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from secrets import token_hex
from typing import Any

from websockets.asyncio.client import connect

from fakes.peer import Peer, host_credential
from parvis_wire.base import Wire
from parvis_wire.messages import Ack, Change, Role, Time, parse_hub_message, serialize
from parvis_wire.room_events import RoomEvent

PATIENCE_S = 20.0


class Console:
    """Reads without pause; the program's packets are kept as they came."""

    def __init__(self, peer: Peer) -> None:
        self.packets: list[tuple[bytes, int]] = []
        """RTP bytes, and when they came."""
        self.changes: list[tuple[int, RoomEvent, int]] = []
        """Number, event, and when it came."""
        self.room_origin_ns = _origin_ns(peer.heard[-1])
        self._peer = peer
        self._acks: dict[str, asyncio.Future[Ack]] = {}
        self._changed = asyncio.Condition()

    async def do(self, command: type[Wire], **fields: Any) -> int:
        """Give a command, which must not be refused; the moment just before it was sent."""
        given = command(id=token_hex(8), **fields)
        answered = self._acks[given.id] = asyncio.get_running_loop().create_future()  # type: ignore[attr-defined]
        sent_ns = time.monotonic_ns()
        await self._peer.socket.send(serialize(given))
        async with asyncio.timeout(PATIENCE_S):
            ack: Ack = await answered
        assert ack.refused is None, f"{given}: {ack.refused} {ack.text}"
        return sent_ns

    async def until(
        self, wanted: Callable[[RoomEvent], object], since: int
    ) -> tuple[int, RoomEvent, int]:
        """The first change that is wanted, from place ``since`` of ``changes`` on."""
        async with asyncio.timeout(PATIENCE_S), self._changed:
            while True:
                for change in self.changes[since:]:
                    if wanted(change[1]):
                        return change
                await self._changed.wait()

    async def read(self) -> None:
        """Take what comes, until cancelled."""
        async for message in self._peer.socket:
            now_ns = time.monotonic_ns()
            if isinstance(message, bytes):
                self.packets.append((message, now_ns))
                continue
            match parse_hub_message(message):
                case Change(seq=seq, event=event):
                    async with self._changed:
                        self.changes.append((seq, event, now_ns))
                        self._changed.notify_all()
                case Ack() as ack:
                    self._acks.pop(ack.id).set_result(ack)


def _origin_ns(clock: object) -> float:
    """Monotonic time of room clock 0."""
    assert isinstance(clock, Time)
    return clock.hub_ns - clock.room_clock * 1e9 / 48_000


@asynccontextmanager
async def console(port: int, secret: str) -> AsyncIterator[Console]:
    """A host on this hub, reading until the block ends."""
    url = f"ws://127.0.0.1:{port}/ws/listen"
    async with connect(url, compression=None, max_size=1 << 20, proxy=None) as socket:
        peer = await Peer(socket).join(Role.HOST, credential=host_credential(secret))
        running = Console(peer)
        reading = asyncio.create_task(running.read())
        try:
            yield running
        finally:
            reading.cancel()
            await asyncio.wait([reading])
