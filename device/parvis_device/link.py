"""The connection to the hub: joins, sends, receives, and comes back for ever.

Theory of operation: old sound is worthless, so nothing below us may queue it. The socket's buffer
is small, and before each packet the kernel is asked how much it has not sent yet; while that is
more than a packet or two, packets wait in our own queue, where the oldest gives way. Control
messages are never held back and never dropped: those that have no connection are the seat's to
send again.
"""

import array
import asyncio
import fcntl
import logging
import socket
from collections import deque
from collections.abc import Callable
from typing import Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from parvis_device.address import HubAddress
from parvis_device.light import LinkState
from parvis_device.sender import SendQueue
from parvis_device.trouble import Trouble, explain
from parvis_wire.close_codes import CloseCode
from parvis_wire.errors import BadMessage
from parvis_wire.messages import (
    PROTOCOL_VERSION,
    Failure,
    HubMessage,
    Join,
    ResumeCredential,
    Role,
    Snapshot,
    Welcome,
    parse_hub_message,
    serialize,
)
from parvis_wire.reconnect import delay_s
from parvis_wire.room_view import Wire
from parvis_wire.stage import LinkKind, UnitTraits

CONNECT_TIMEOUT_S = 5.0
PING_INTERVAL_S = 2.0
PING_TIMEOUT_S = 5.0
"""A hub that answers no ping for this long is gone, whatever the socket says."""
CLOSE_TIMEOUT_S = 1.0

MAX_HUB_MESSAGE_BYTES = 1 << 20
"""A snapshot with 500 hands is about 60 kB."""

SEND_BUFFER_BYTES = {LinkKind.WIRED: 16_384, LinkKind.WIFI: 32_768, LinkKind.REMOTE: 65_536}
"""What may be on its way unacknowledged: a 100-byte packet costs the kernel about 1 kB, so this
carries the stream over round trips of 100, 200 and 400 ms (Linux doubles the value)."""

UNSENT_BYTES = 512
"""Two packets: more than that not yet on the wire means that the network is behind."""

USER_TIMEOUT_MS = 5000
"""TCP_USER_TIMEOUT: unacknowledged for this long, the connection counts as dead."""

_SIOCOUTQNSD = 0x894B
"""Linux' ioctl for the bytes of a TCP socket that were not sent yet (tcp(7))."""

TRYING_AGAIN = "trying again every second, later every 8 seconds"

_log = logging.getLogger(__name__)


class LinkEvents(Protocol):
    """Whom the link tells."""

    def hub_said(self, message: HubMessage) -> None:
        """One message of the hub, in order."""

    def link_changed(self, state: LinkState) -> None:
        """Joined, or why not; every loss of a joined connection is told."""

    def packet_leaves(self) -> None:
        """The next thing that is done is to give a packet to the network."""


class HubLink:
    """One unit's connection to its hub."""

    def __init__(
        self, address: HubAddress, *, name: str, traits: UnitTraits, events: LinkEvents
    ) -> None:
        """Nothing happens before ``run``."""
        self._address = address
        self._name = name
        self._traits = traits
        self._events = events
        self._queue = SendQueue()
        self._messages: deque[str] = deque()
        self._wake = asyncio.Event()
        self._sent = asyncio.Event()
        self._joined = False
        self._resume: str | None = None
        self._trouble: Trouble | None = None
        self._told = ""
        self.rounds = 0
        """How often the sending or the trying side has run: food for the watchdog."""

    @property
    def dropped_packets(self) -> int:
        """Packets that gave way to newer ones."""
        return self._queue.dropped

    def send_packet(self, packet: bytes) -> None:
        """Queue one packet; without a connection it is worthless at once."""
        if self._joined:
            self._queue.put(packet)
            self._wake.set()

    def forget_packets(self) -> None:
        """Drop the sound that has not left yet: the turn is over."""
        self._queue.clear()

    def send_message(self, message: Wire) -> None:
        """Queue one control message, when there is a connection."""
        if self._joined:
            self._messages.append(serialize(message))
            self._wake.set()

    async def flush(self) -> None:
        """Wait until everything queued was given to the network; at once without a connection."""
        while self._joined and (len(self._queue) or self._messages):
            self._wake.set()
            self._sent.clear()
            await self._sent.wait()

    async def run(self) -> None:
        """Stay connected until cancelled."""
        attempt = 0
        while True:
            self.rounds += 1
            was_joined = False
            try:
                await self._connect_once()
            except (OSError, InvalidHandshake, ConnectionClosed, ValueError) as error:
                was_joined = self._joined
                self._lost(error)
            attempt = 0 if was_joined else attempt
            await self._pause(delay_s(attempt))
            attempt += 1

    async def _connect_once(self) -> None:
        """One connection from joining to its end, which is always an exception."""
        self._told = ""
        connection = await connect(
            self._address.url,
            proxy=None,
            compression=None,
            open_timeout=CONNECT_TIMEOUT_S,
            ping_interval=PING_INTERVAL_S,
            ping_timeout=PING_TIMEOUT_S,
            close_timeout=CLOSE_TIMEOUT_S,
            max_size=MAX_HUB_MESSAGE_BYTES,
        )
        try:
            tcp = connection.transport.get_extra_info("socket")
            _tune(tcp, self._traits.link)
            await connection.send(serialize(self._join()))
            await self._converse(connection, lambda: _unsent_bytes(tcp))
        finally:
            await _close(connection)

    async def _converse(self, connection: ClientConnection, unsent: Callable[[], int]) -> None:
        async with asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(self._send(connection, unsent))
            try:
                while True:
                    self._received(await connection.recv())
            except (ConnectionClosed, ValueError) as error:
                sending.cancel()
                ended: Exception = error
        raise ended

    async def _send(self, connection: ClientConnection, unsent: Callable[[], int]) -> None:
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                self.rounds += 1
                while len(self._queue) and unsent() <= UNSENT_BYTES:
                    packet = self._queue.take()
                    if packet is not None:
                        self._events.packet_leaves()
                        await connection.send(packet)
                while self._messages:
                    await connection.send(self._messages.popleft())
                self._sent.set()
        except ConnectionClosed:
            return  # the receiving side sees the same, and why

    def _received(self, frame: str | bytes) -> None:
        if isinstance(frame, bytes):
            return  # a later version may send a return; this one has no loudspeaker
        message = parse_hub_message(frame)
        if isinstance(message, Failure):
            self._told = message.text
            return
        if isinstance(message, Welcome):
            self._resume = message.resume
        elif not (self._joined or isinstance(message, Snapshot)):
            raise BadMessage(f"{message.type} came before the snapshot")
        elif not self._joined:
            self._have_joined()
        self._events.hub_said(message)
        if isinstance(message, Snapshot):
            self._events.link_changed(LinkState.JOINED)

    def _have_joined(self) -> None:
        """What waited for the lost connection is void; the seat says again what counts."""
        self._queue.clear()
        self._messages.clear()
        self._joined = True
        self._trouble = None
        _log.info("joined room %s at %s as %s", self._address.room, self._address, self._name)

    def _lost(self, error: Exception) -> None:
        """Tell once what is wrong, and what the hub's reason means for coming back."""
        self._joined = False
        self._sent.set()
        code = error.rcvd.code if isinstance(error, ConnectionClosed) and error.rcvd else None
        if code in (CloseCode.UNAUTHORISED, CloseCode.SUPERSEDED):
            self._resume = None  # come back as somebody new
        trouble = explain(error, self._address, self._told)
        if trouble != self._trouble:
            self._trouble = trouble
            _log.warning("%s; %s", trouble.words, TRYING_AGAIN)
        self._events.link_changed(trouble.link)

    async def _pause(self, seconds: float) -> None:
        """Wait, and let the watchdog see that this side is alive."""
        while seconds > 0:
            self.rounds += 1
            await asyncio.sleep(min(seconds, 1.0))
            seconds -= 1.0

    def _join(self) -> Join:
        credential = None if self._resume is None else ResumeCredential(token=self._resume)
        return Join(
            version=PROTOCOL_VERSION,
            role=Role.UNIT,
            room=self._address.room,
            credential=credential,
            name=self._name,
            unit=self._traits,
        )


def _tune(tcp: socket.socket, link: LinkKind) -> None:
    """Let nothing old wait in the kernel, and notice soon when the other side is gone."""
    tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES[link])
    tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
    tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)


def _unsent_bytes(tcp: socket.socket) -> int:
    """Bytes given to the kernel that it has not put on the wire; a closed socket has none."""
    if tcp.fileno() < 0:
        return 0
    answer = array.array("i", [0])
    fcntl.ioctl(tcp.fileno(), _SIOCOUTQNSD, answer)
    return answer[0]


async def _close(connection: ClientConnection) -> None:
    """Say goodbye; on a network that stands still there is nobody to say it to."""
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            await connection.close()
    except TimeoutError:
        connection.transport.abort()
