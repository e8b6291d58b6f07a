"""The second connection of a source: the same packets again, in both directions, nothing else.

It joins with the stream and the token of the first one's ``welcome``, comes back by itself, and
never delays the first: over one lost segment everything behind it in a connection waits, and the
copy in the other does not. Where it does harm it is told to rest (``second_guard.py``).
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.connection import broadcast
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from parvis_device.address import HubAddress
from parvis_device.connection import Line, close_connection, join_message
from parvis_device.dialing import Dialed, Dialer
from parvis_device.identity import Identity
from parvis_device.introduction import Introduction
from parvis_wire.close_codes import CloseCode
from parvis_wire.messages import Welcome, parse_hub_message, serialize
from parvis_wire.pairing import Challenge
from parvis_wire.reconnect import delay_s
from parvis_wire.stage import UnitTraits

_log = logging.getLogger(__name__)

_TICKET_VOID = (CloseCode.UNAUTHORISED, CloseCode.SUPERSEDED, CloseCode.FORBIDDEN)


@dataclass(frozen=True, slots=True)
class Ticket:
    """What lets a second connection in."""

    stream: str
    resume: str
    address: HubAddress
    chosen: bool
    """A person gave the address."""


class SecondLink:
    """Waits for a ticket of the first connection; then is there as often as it can be."""

    def __init__(
        self,
        dialer: Dialer,
        *,
        name: str,
        traits: UnitTraits,
        identity: Identity | None = None,
        packet_leaves: Callable[[], None],
        packet_came: Callable[[bytes, int], None],
        changed: Callable[[], None],
    ) -> None:
        """``packet_came`` gets each binary message and its arrival; ``changed`` is called when the
        connection begins or ends to carry packets."""
        self._dialer = dialer
        self._identity = identity
        self._name = name
        self._traits = traits
        self._packet_came = packet_came
        self._changed = changed
        self._ticket: Ticket | None = None
        self._renewed = asyncio.Event()
        self._wanted = asyncio.Event()
        self._wanted.set()
        self._connection: ClientConnection | None = None
        self.line = Line(packet_leaves)

    def use(self, stream: str, resume: str, address: HubAddress, *, chosen: bool) -> None:
        """The first connection was welcomed with these; another stream ends what is there."""
        was, self._ticket = self._ticket, Ticket(stream, resume, address, chosen)
        self._renewed.set()
        if was is not None and was.stream != stream and self._connection is not None:
            self._connection.transport.abort()

    def rest(self) -> None:
        """End at once and stay away; what waited is void, the first connection has it, too."""
        self._wanted.clear()
        self.line.forget_packets()
        if self._connection is not None:
            self._connection.transport.abort()

    def try_again(self) -> None:
        """Be there again."""
        self._wanted.set()

    async def run(self) -> None:
        """Stay connected until cancelled."""
        attempt = 0
        while True:
            await self._renewed.wait()
            await self._wanted.wait()
            carried = False
            try:
                await self._connect_once()
            except (OSError, InvalidHandshake, ConnectionClosed, ValueError) as error:
                carried = self._lost(error)
            attempt = 0 if carried else attempt
            await asyncio.sleep(delay_s(attempt))
            attempt += 1

    async def _connect_once(self) -> None:
        """One connection from joining to its end, which is always an exception."""
        assert self._ticket is not None
        ticket = self._ticket
        link, chosen = self._traits.link, ticket.chosen
        dialed = await self._dialer.dial(ticket.address, link, chosen=chosen)
        try:
            self._connection = dialed.connection
            await self._carry(dialed, ticket)
        finally:
            self._connection = None
            await close_connection(dialed.connection, self.line.close_by_s)

    async def _carry(self, dialed: Dialed, ticket: Ticket) -> None:
        connection, introduction = dialed.connection, None
        if self._identity is not None:
            introduction = Introduction(self._identity, ticket.address, dialed.wiring)
        join = join_message(
            ticket.address,
            self._name,
            self._traits,
            ticket.resume,
            ticket.stream,
            None if introduction is None else introduction.unit_key,
        )
        await connection.send(serialize(join))
        while True:
            frame = await connection.recv()
            if isinstance(frame, str):
                if not self.line.joined:
                    self._heard(frame, ticket, connection, introduction)
            elif self.line.joined:
                self._packet_came(frame, time.monotonic_ns())

    def _heard(
        self,
        text: str,
        ticket: Ticket,
        connection: ClientConnection,
        introduction: Introduction | None,
    ) -> None:
        message = parse_hub_message(text)
        if not self._wanted.is_set():
            connection.transport.abort()  # it was on its way when it was told to rest
        elif isinstance(message, Challenge) and introduction is not None:
            broadcast((connection,), serialize(introduction.answer(message)))
        elif isinstance(message, Welcome) and message.stream == ticket.stream:
            if introduction is not None:
                introduction.look_at_welcome()
            self.line.open(connection)
            _log.info("a second connection carries the same packets")
            self._changed()

    def _lost(self, error: Exception) -> bool:
        """Whether the connection had carried packets."""
        carried = self.line.joined
        self.line.shut()
        code = error.rcvd.code if isinstance(error, ConnectionClosed) and error.rcvd else None
        if code in _TICKET_VOID:
            self._renewed.clear()  # until the first connection is welcomed again
        if carried and self._wanted.is_set():
            _log.info("the second connection is lost; it is tried again")
        if carried:
            self._changed()
        return carried
