"""Listeners who hear a room at one place or another, and go to the next place by themselves."""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_left
from collections.abc import Callable, Sequence
from contextlib import suppress
from secrets import token_hex
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from fakes.peer import Peer
from parvis_audio.opus_packet import packet_duration_samples
from parvis_wire.base import Wire
from parvis_wire.edge_words import Venue
from parvis_wire.messages import (
    PROTOCOL_VERSION,
    Ack,
    HubMessage,
    Join,
    ResumeCredential,
    Role,
    Welcome,
)
from parvis_wire.rtp import RtpPacket

AGAIN_S = 0.25
"""Before the next place is tried, as pages do."""

PATIENCE_S = 60.0
"""For the failing test only."""


class OwnPulse:
    """How late this process itself was: whoever listens in it heard nothing meanwhile."""

    EVERY_S = 0.02

    def __init__(self) -> None:
        self._late: list[tuple[float, float]] = []

    async def run(self) -> None:
        """Beat for ever."""
        while True:
            due_s = time.monotonic() + self.EVERY_S
            await asyncio.sleep(self.EVERY_S)
            self._late.append((due_s, time.monotonic()))

    def late_s(self, from_s: float, until_s: float) -> float:
        """In all, between two moments."""
        late = (min(until_s, end_s) - max(from_s, due_s) for due_s, end_s in self._late)
        return sum(one for one in late if one > 0)


PLAIN: dict[str, Any] = {"proxy": None, "compression": None, "max_size": None}


class Ear:
    """One listener."""

    def __init__(self, urls: Sequence[str]) -> None:
        """``urls``: the sockets to listen at, tried in their order, over and over."""
        self._urls = tuple(urls)
        self._place = 0
        self._resume: str | None = None
        self._heard = asyncio.Event()
        self._acks: dict[str, Ack] = {}
        self.peer: Peer | None = None
        self.participant = ""
        self.connections = 0
        self.joined_ns = 0
        """When it was welcomed last."""
        self.venue: list[bool] = []
        """What was said of the venue, without what was said again: an edge does every ten seconds
        while it is away."""
        self.heard_ns: list[int] = []
        """When each packet came."""
        self.missing_samples = 0
        """Sound that was left out while one connection lasted."""
        self._next: int | None = None

    @property
    def url(self) -> str:
        """Where it listens, or tries to."""
        return self._urls[self._place % len(self._urls)]

    @property
    def line(self) -> list[str]:
        """The names of the line that it is shown."""
        view = None if self.peer is None else self.peer._view
        return [] if view is None else [hand.name for hand in view.line]

    async def run(self) -> None:
        """Listen for ever."""
        while True:
            with suppress(OSError, ConnectionClosed, InvalidHandshake, TimeoutError):
                async with connect(self.url, open_timeout=PATIENCE_S, **PLAIN) as socket:
                    await self._listen(Peer(socket))
            self._next = None
            self._place += 1
            await asyncio.sleep(AGAIN_S)

    async def _listen(self, peer: Peer) -> None:
        credential = None if self._resume is None else ResumeCredential(token=self._resume)
        join = Join(version=PROTOCOL_VERSION, role=Role.LISTENER, credential=credential)
        await peer.say(join)
        async for frame in peer.socket:
            self._took(peer, frame)
            self._heard.set()

    def _took(self, peer: Peer, frame: str | bytes) -> None:
        if isinstance(frame, bytes):
            self._packet(RtpPacket.parse(frame))
            return
        message: HubMessage | RtpPacket = peer.took(frame)
        if isinstance(message, Welcome):
            self.peer, self._resume = peer, peer.welcome.resume
            self.participant = peer.participant
            self.connections += 1
            self.joined_ns = time.monotonic_ns()
        elif isinstance(message, Venue):
            if self.venue[-1:] != [message.is_reached]:
                self.venue.append(message.is_reached)
        elif isinstance(message, Ack):
            self._acks[message.id] = message

    def _packet(self, packet: RtpPacket) -> None:
        self.heard_ns.append(time.monotonic_ns())
        if self._next is not None:
            ahead = (packet.timestamp - self._next) & 0xFFFFFFFF
            if 0 < ahead < 1 << 31:
                self.missing_samples += ahead
            elif ahead:
                return  # once more, at a change of the packets' length
        self._next = packet.timestamp + packet_duration_samples(packet.payload)
        self._next &= 0xFFFFFFFF

    def first_after(self, moment_ns: int) -> int | None:
        """When the first packet came after a moment."""
        after = bisect_left(self.heard_ns, moment_ns)
        return self.heard_ns[after] if after < len(self.heard_ns) else None

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for something that it hears."""
        async with asyncio.timeout(PATIENCE_S):
            while not holds():
                self._heard.clear()
                await self._heard.wait()

    async def hears(self, packets: int = 25) -> None:
        """Wait for so many more packets."""
        wanted = len(self.heard_ns) + packets
        await self.until(lambda: len(self.heard_ns) >= wanted)

    async def do(self, command: type[Wire], **fields: object) -> Ack:
        """Give a command and wait for its answer."""
        command_id = token_hex(8)
        assert self.peer is not None
        await self.peer.say(command.model_validate({"id": command_id, **fields}))
        await self.until(lambda: command_id in self._acks)
        return self._acks[command_id]
