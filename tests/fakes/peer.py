"""A client of the hub for tests: joins, gives commands, and waits for what it wants to hear."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from secrets import token_hex
from typing import Any, TypeVar

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from parvis_wire.audience import TokenKept
from parvis_wire.base import Wire
from parvis_wire.messages import (
    PROTOCOL_VERSION,
    Ack,
    Change,
    Failure,
    HostCredential,
    HubMessage,
    Join,
    ResumeCredential,
    Role,
    Snapshot,
    Time,
    Welcome,
    parse_hub_message,
    serialize,
)
from parvis_wire.room_view import RoomView, fold
from parvis_wire.rtp import RtpPacket
from parvis_wire.stage import SpeakerTraits, UnitTraits

M = TypeVar("M", bound=Wire)
PATIENCE_S = 20.0
"""For the failing test only: what is waited for comes at once."""


class Peer:
    """One connection. Folds the room as every client does."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.packets: list[RtpPacket] = []
        self.heard: list[HubMessage] = []
        self.confirms = True
        """Whether it says that a token came, as pages do."""
        self._view: RoomView | None = None
        self._welcome: Welcome | None = None

    @property
    def welcome(self) -> Welcome:
        assert self._welcome is not None, "not joined"
        return self._welcome

    @property
    def view(self) -> RoomView:
        assert self._view is not None, "no snapshot"
        return self._view

    @property
    def participant(self) -> str:
        return self.welcome.participant

    async def join(self, role: Role = Role.LISTENER, **fields: Any) -> Peer:
        """Join, and take the three messages that follow, in their order."""
        if role is Role.UNIT:
            fields.setdefault("unit", UnitTraits())
        if role is Role.SPEAKER:
            fields.setdefault("speaker", SpeakerTraits())
        fields.setdefault("version", PROTOCOL_VERSION)
        await self.say(Join(role=role, **fields))
        kinds = [type(await self.hear()) for _ in range(3)]
        assert kinds == [Welcome, Snapshot, Time]
        return self

    async def say(self, message: Wire) -> None:
        await self.socket.send(serialize(message))

    async def hear(self) -> HubMessage | RtpPacket:
        """The next message or packet."""
        async with asyncio.timeout(PATIENCE_S):
            frame = await self.socket.recv()
        message = self.took(frame)
        if isinstance(message, Welcome) and message.confirm and self.confirms:
            await self.say(TokenKept(resume=message.resume))
        return message

    def took(self, frame: str | bytes) -> HubMessage | RtpPacket:
        """What a frame that was read elsewhere says; the room is folded."""
        if isinstance(frame, bytes):
            packet = RtpPacket.parse(frame)
            self.packets.append(packet)
            return packet
        message = parse_hub_message(frame)
        self.heard.append(message)
        match message:
            case Welcome():
                self._welcome = message
            case Snapshot(view=view):
                self._view = view
            case Change(seq=seq, event=event):
                self._view = fold(self.view, seq, event)
        return message

    async def until(self, kind: type[M]) -> M:
        """The next message of this kind."""
        while True:
            message = await self.hear()
            if isinstance(message, kind):
                return message

    async def do(self, command: type[Wire], **fields: Any) -> Ack:
        """Give a command and wait for its answer."""
        fields.setdefault("id", token_hex(8))
        await self.say(command(**fields))
        while True:
            ack = await self.until(Ack)
            if ack.id == fields["id"]:
                return ack

    async def until_seq(self, seq: int) -> RoomView:
        """The view once it has seen event ``seq``."""
        while self.view.seq < seq:
            await self.hear()
        return self.view

    async def until_closed(self) -> tuple[int, list[Failure]]:
        """The close code, and the failures told before it."""
        failures: list[Failure] = []
        try:
            while True:
                message = await self.hear()
                if isinstance(message, Failure):
                    failures.append(message)
        except ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd else 1006
            return code, failures


@asynccontextmanager
async def peer(url: str, **options: Any) -> AsyncIterator[Peer]:
    """A connection that has not joined yet."""
    options.setdefault("compression", None)
    async with connect(url, close_timeout=1, **options) as socket:
        yield Peer(socket)


@asynccontextmanager
async def joined(url: str, role: Role = Role.LISTENER, **fields: Any) -> AsyncIterator[Peer]:
    """A connection that has joined."""
    async with peer(url) as connection:
        yield await connection.join(role, **fields)


def host_credential(secret: str) -> HostCredential:
    return HostCredential(secret=secret)


def resume(peer: Peer) -> ResumeCredential:
    """What this peer comes back with."""
    return ResumeCredential(token=peer.welcome.resume)


def packet_of(unit: Peer, sequence: int = 0, payload: bytes = b"\xf8\xff\xfe") -> bytes:
    """A packet of this unit."""
    ssrc = unit.welcome.ssrc
    assert ssrc is not None
    return RtpPacket(
        sequence=sequence, timestamp=480 * sequence, ssrc=ssrc, payload=payload
    ).serialize()
