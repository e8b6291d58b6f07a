"""The hub's WebSocket protocol: uvicorn's, with a short way in and a short way out.

Theory of operation. uvicorn drives websockets' sans-IO protocol and hands every message to the
application through a queue and a task. That is kept for the handshake and the ``join``. After
it, the application takes the connection itself, which it finds in
``scope["extensions"]["parvis.raw"]`` (a ``RawSocket``): incoming messages go straight to a
receiver, in the moment in which they came and with that moment's time; outgoing frames are made
once elsewhere and written to the transport as they are. No queue is left that a peer could fill.
"""

import asyncio
import random
import time
from asyncio.transports import BaseTransport
from collections.abc import Callable
from typing import Any, Final, Protocol, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request
from websockets.protocol import State

from parvis_server.net import sockets
from parvis_server.net.outlet import Outlet
from parvis_wire.close_codes import CloseCode
from parvis_wire.messages import MAX_LISTENER_MESSAGE_BYTES, MAX_UNIT_MESSAGE_BYTES
from parvis_wire.stage import LinkKind

EXTENSION = "parvis.raw"

MAX_LINK_MESSAGE_BYTES = MAX_UNIT_MESSAGE_BYTES + 256
"""Of a hub that publishes: the largest packet of a unit or speaker with the link's head."""

MAX_BUS_MESSAGE_BYTES = 2_097_152
"""What a hub writes to the bus of a public edge at once: an answer of a megabyte, and what waits
with it."""

MESSAGE_LIMIT_BYTES = {
    "/ws/listen": MAX_LISTENER_MESSAGE_BYTES,
    "/ws/unit": MAX_UNIT_MESSAGE_BYTES,
    "/ws/speak": MAX_UNIT_MESSAGE_BYTES,
    "/ws/link": MAX_LINK_MESSAGE_BYTES,
    "/bus": MAX_BUS_MESSAGE_BYTES,
}
"""Largest message by endpoint; any other path gets the smallest."""

FIRST_MESSAGE_BYTES = 2_048
"""Of a join, a proof, or what a unit says while it is paired: nothing is known of the peer yet."""

MAX_UNREAD_MESSAGES = 64
"""Messages that may wait before the application took the connection. A join is one message."""

MAX_FRAGMENTS = 64
"""Frames of one message. The size limit does not count empty ones."""

MAX_UNSENT_BYTES = 262_144
"""Pongs are not written beyond this: a peer that pings and never reads is cut off."""

CLOSE_TIMEOUT_S = 1.5
"""From our close frame to the end of the connection, whether the peer answers or not."""

MAX_REASON_BYTES = 120
"""A close frame carries 125 bytes, two of them the code."""

INVALID_TEXT = 1007
"""A text message that is not UTF-8 (RFC 6455 section 7.4.1)."""

Receiver = Callable[[str | bytes, int], None]
"""Takes one message and the monotonic time in nanoseconds at which it was read."""


class RawSocket(Protocol):
    """What the application may do with a connection beyond ASGI."""

    def set_receiver(self, receiver: Receiver) -> None:
        """Hand every message to ``receiver`` from now on, those that wait already first."""

    @property
    def direct(self) -> Outlet | None:
        """The short way of frames to the kernel; None: ``write_frame`` is the only one."""

    def write_frame(self, frame: bytes) -> None:
        """Write the bytes of a finished frame; does nothing once the connection is closing."""

    def buffered_bytes(self) -> int:
        """Bytes that wait in this process because the kernel took no more."""

    def unsent_bytes(self) -> int:
        """Bytes that wait in this process or in the kernel and are not on the wire yet."""

    def carry_sound(self, link: LinkKind) -> None:
        """Let nothing old wait in the kernel: this connection carries an output's packets."""

    def close(self, code: int, reason: str = "") -> None:
        """Start the closing handshake; the connection ends soon, whatever the peer does."""

    @property
    def closing(self) -> bool:
        """Whether nothing more can be sent."""


class HubWebSocketProtocol(WebSocketsSansIOProtocol):
    """One WebSocket connection of the hub; a ``RawSocket``."""

    _receiver: Receiver | None = None
    _beneath: asyncio.WriteTransport | None = None
    """What carries the connection's TLS."""

    direct: Final = None
    """Hosts, units and speakers are few: their frames go through the transport."""

    # ``RawSocket``

    def set_receiver(self, receiver: Receiver) -> None:
        """Hand every message to ``receiver`` from now on, those that wait already first."""
        self._receiver = receiver
        arrival_ns = time.monotonic_ns()
        waiting = [self.queue.get_nowait() for _ in range(self.queue.qsize())]
        for event in waiting:
            if event["type"] != "websocket.receive":
                self.queue.put_nowait(event)
            elif not self.close_sent:
                text = event.get("text")
                receiver(cast(bytes, event.get("bytes")) if text is None else text, arrival_ns)
        self._resume_reading()

    def write_frame(self, frame: bytes) -> None:
        """Write the bytes of a finished frame; does nothing once the connection is closing."""
        if not self.closing:
            self.transport.write(frame)

    def buffered_bytes(self) -> int:
        """Bytes that wait in this process because the kernel took no more."""
        if self.transport.is_closing():
            return 0  # nothing more will be sent, and a TLS transport may have let go of its parts
        below = 0 if self._beneath is None else self._beneath.get_write_buffer_size()
        return self.transport.get_write_buffer_size() + below

    def unsent_bytes(self) -> int:
        """Bytes that wait in this process or in the kernel and are not on the wire yet."""
        return self.buffered_bytes() + sockets.unsent_bytes(self.transport)

    def carry_sound(self, link: LinkKind) -> None:
        """Let nothing old wait in the kernel: this connection carries an output's packets."""
        sockets.tune_for_sound(self.transport, link)

    @property
    def closing(self) -> bool:
        """Whether nothing more can be sent."""
        # The peer's close frame may stand behind messages that are still being handed over.
        handshaking = self.conn.state is not State.OPEN
        return handshaking or self.close_sent or self.transport.is_closing()

    def close(self, code: int, reason: str = "") -> None:
        """Start the closing handshake; the connection ends soon, whatever the peer does."""
        if self.closing:
            return
        self.stop_keepalive()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        brief = reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore")
        self.conn.send_close(code, brief)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self._resume_reading()  # to see the peer's half of the handshake
        self.close_timer = self.loop.call_later(CLOSE_TIMEOUT_S, self.transport.abort)

    # What uvicorn calls

    def connection_made(self, transport: BaseTransport) -> None:
        """Tune the socket for sound that must not wait."""
        super().connection_made(transport)
        self._beneath = sockets.beneath(transport)
        sockets.tune_live(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the application go."""
        self._receiver = None
        super().connection_lost(exc)

    def handle_connect(self, event: Request) -> None:
        """Set the endpoint's message limit and offer the short ways to the application."""
        path = event.path.partition("?")[0]
        smallest = min(MESSAGE_LIMIT_BYTES.values())
        self.conn.max_message_size = MESSAGE_LIMIT_BYTES.get(path, smallest)
        super().handle_connect(event)
        if self.response.status_code == 101:
            extensions = cast(dict[str, Any], self.scope["extensions"])
            extensions[EXTENSION] = self

    def handle_cont(self, event: Frame) -> None:
        """Refuse a message of endless empty fragments."""
        if len(self.frames) >= MAX_FRAGMENTS:
            self.frames = []
            self.close(CloseCode.TOO_BIG, f"more than {MAX_FRAGMENTS} fragments")
            return
        super().handle_cont(event)

    def handle_ping(self) -> None:
        """Answer, unless the peer does not read the answers."""
        if self.buffered_bytes() > MAX_UNSENT_BYTES:
            self.transport.abort()
            return
        super().handle_ping()

    def send_receive_event_to_app(self) -> None:
        """Hand a complete message to the receiver, or queue it while there is none."""
        if self._receiver is None:
            self._queue_message()
            return
        message, self.frames = b"".join(self.frames), []
        if self.close_sent:
            return
        arrival_ns = time.monotonic_ns()
        if self.curr_msg_data_type == "bytes":
            self._receiver(message, arrival_ns)
            return
        try:
            text = message.decode()
        except UnicodeDecodeError:
            self.close(INVALID_TEXT, "a text message must be UTF-8")
            return
        self._receiver(text, arrival_ns)

    def _queue_message(self) -> None:
        if self.queue.qsize() >= MAX_UNREAD_MESSAGES:
            self.frames = []
            self.close(CloseCode.RATE, "too many messages before the welcome")
            return
        if sum(map(len, self.frames)) > FIRST_MESSAGE_BYTES:
            self.frames = []
            self.close(
                CloseCode.TOO_BIG, f"more than {FIRST_MESSAGE_BYTES} bytes before the welcome"
            )
            return
        if self.curr_msg_data_type == "text" and not _is_utf8(b"".join(self.frames)):
            self.frames = []
            self.close(INVALID_TEXT, "a text message must be UTF-8")
            return
        super().send_receive_event_to_app()

    def start_keepalive(self) -> None:
        """Start the pings at a random moment, so that those of thousands are spread."""
        if self.ping_interval is not None and self.ping_interval > 0:
            first = random.uniform(0, self.ping_interval)
            self.ping_timer = self.loop.call_later(first, self.send_keepalive_ping)

    def keepalive_timeout(self) -> None:
        """No pong: the peer is gone, and what waits for it with it."""
        super().keepalive_timeout()
        self.transport.abort()

    def shutdown(self) -> None:
        """The hub stops: tell the peer to come back."""
        if self.handshake_complete:
            self.close(CloseCode.GOING_AWAY, "the hub stops")
        else:
            super().shutdown()

    def _resume_reading(self) -> None:
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()


def _is_utf8(message: bytes) -> bool:
    try:
        message.decode()
    except UnicodeDecodeError:
        return False
    return True
