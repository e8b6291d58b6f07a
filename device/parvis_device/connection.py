"""One WebSocket to the hub: opened, tuned, written to at once, closed.

Theory of operation: old sound is worthless, so nothing below us may queue it. The socket's buffer
is small, and before each packet the kernel is asked how much it has not sent yet; while that is
more than a packet or two, packets wait in a queue of ours, where the oldest gives way. While the
network keeps up, a packet goes from the encoder to the kernel without a task in between. Control
messages are never held back and never dropped.
"""

import array
import asyncio
import fcntl
import logging
import socket
import ssl
from collections.abc import Callable

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.connection import broadcast

from parvis_device.address import HubAddress
from parvis_device.second_guard import Traffic
from parvis_device.sender import SendQueue
from parvis_wire.messages import PROTOCOL_VERSION, Join, ResumeCredential, Role
from parvis_wire.pairing import UnitKey
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

FLUSH_STEP_S = 0.01
"""A packet's time: the network makes room by itself, which nobody announces."""

_SIOCOUTQNSD = 0x894B
"""Linux' ioctl for the bytes of a TCP socket that were not sent yet (tcp(7))."""

# A connection that just closed is noticed by its reader, who says why.
logging.getLogger("websockets.client").setLevel(logging.ERROR)


async def open_connection(
    address: HubAddress, link: LinkKind, tls: ssl.SSLContext | None = None
) -> ClientConnection:
    """A connected WebSocket, tuned for sound; ``tls`` exactly for an address that is secure.

    Raises:
        OSError, InvalidHandshake: nobody is there, or no hub.
    """
    connection = await connect(
        address.url,
        ssl=tls,
        proxy=None,
        compression=None,
        open_timeout=CONNECT_TIMEOUT_S,
        ping_interval=PING_INTERVAL_S,
        ping_timeout=PING_TIMEOUT_S,
        close_timeout=CLOSE_TIMEOUT_S,
        max_size=MAX_HUB_MESSAGE_BYTES,
    )
    _tune(connection.transport.get_extra_info("socket"), link)
    return connection


async def close_connection(connection: ClientConnection, by_s: float | None = None) -> None:
    """Say goodbye; on a network that stands still there is nobody to say it to.

    ``by_s``: not later than that on the loop's clock, since the whole unit is being stopped. What
    the kernel has by then is still sent.
    """
    until_s = asyncio.get_running_loop().time() + CLOSE_TIMEOUT_S
    try:
        async with asyncio.timeout_at(until_s if by_s is None else min(until_s, by_s)):
            await connection.close()
    except TimeoutError:
        connection.transport.abort()


def join_message(
    address: HubAddress,
    name: str,
    traits: UnitTraits,
    resume: str | None,
    stream: str | None = None,
    unit_key: UnitKey | None = None,
) -> Join:
    """The first message of a connection; with ``stream``, of a source's second one."""
    return Join(
        version=PROTOCOL_VERSION,
        role=Role.UNIT,
        room=address.room,
        credential=None if resume is None else ResumeCredential(token=resume),
        stream=stream,
        name=name,
        unit=traits,
        unit_key=unit_key,
    )


class Line:
    """What goes into one connection, while there is one."""

    def __init__(self, packet_leaves: Callable[[], None]) -> None:
        """``packet_leaves`` is called right before each packet is given to the network."""
        self._packet_leaves = packet_leaves
        self._queue = SendQueue()
        self._connection: ClientConnection | None = None
        self._left = 0
        self.close_by_s: float | None = None
        """When, on the loop's clock, nobody waits for a goodbye any more; None: no hurry."""

    @property
    def joined(self) -> bool:
        """Whether there is a connection that takes packets."""
        return self._connection is not None

    @property
    def dropped_packets(self) -> int:
        """Packets that gave way to newer ones."""
        return self._queue.dropped

    @property
    def traffic(self) -> Traffic:
        """Packets that left, and that gave way, since the start."""
        return Traffic(self._left, self._queue.dropped)

    def open(self, connection: ClientConnection) -> None:
        """Use this connection; what waited for the last one is void."""
        self._queue.clear()
        self._connection = connection

    def shut(self) -> None:
        """The connection is gone."""
        self._connection = None
        self._queue.clear()

    def use_packet_ms(self, packet_ms: int) -> None:
        """Packets have this length from now on."""
        self._queue.use_packet_ms(packet_ms)

    def send_packet(self, packet: bytes) -> None:
        """One packet, at once or as soon as there is room; without a connection it is worthless."""
        if self._connection is not None:
            self._queue.put(packet)
            self.pump()

    def send_message(self, text: str) -> None:
        """One control message, at once, when there is a connection."""
        if self._connection is not None:
            broadcast((self._connection,), text)

    def forget_packets(self) -> None:
        """Drop the sound that has not left yet."""
        self._queue.clear()

    async def flush(self) -> None:
        """Wait until everything was given to the network; at once without a connection."""
        while self._connection is not None and len(self._queue):
            self.pump()
            await asyncio.sleep(FLUSH_STEP_S)

    def pump(self) -> None:
        """Give the network what waits, as far as there is room for it."""
        if self._connection is not None and len(self._queue):
            self._pump(self._connection)

    def _pump(self, connection: ClientConnection) -> None:
        tcp = connection.transport.get_extra_info("socket")
        while len(self._queue) and _unsent_bytes(tcp) <= UNSENT_BYTES:
            packet = self._queue.take()
            if packet is not None:
                self._left += 1
                self._packet_leaves()
                broadcast((connection,), packet)


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
