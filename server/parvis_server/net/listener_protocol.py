"""``/ws/listen``: one object for each listener, and nothing else that would cost memory or time.

Theory of operation. ``HubHttpProtocol`` hands a connection over once it asks for this path; every
other socket goes to ``HubWebSocketProtocol``. The handshake passes the same checks as every
request (``Entrance``). After it the connection is this object: websockets' sans-IO protocol reads
its frames, the first message is the join, and what comes later goes straight to the ``Session``
that the door (``listener_hall.ListenerDoor``) gave. Frames to the listener are made once elsewhere
and written as they are: by the fan-out itself (``direct``) while nothing waits,
by the transport otherwise. Time passes for all listeners together, in ``ListenerHall``.

A peer's flood costs little: what a read brings is parsed in pieces, nothing is parsed after the
close, and who says much at once is heard again only at the hall's next sweep.
"""

import asyncio
import logging
import time
from functools import partial
from typing import Any, cast

from starlette.types import Scope
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

from parvis_server.errors import PeerFault
from parvis_server.net import sockets, websocket_protocol
from parvis_server.net.connection import INTERNAL_ERROR, TOO_MUCH, Connection, guarded
from parvis_server.net.endpoints import Session, parse_join, peer_of
from parvis_server.net.entrance import Entrance, response_of
from parvis_server.net.listener_hall import MOST_UNANSWERED, ListenerHall, Slot
from parvis_server.net.outlet import Outlet, hold
from parvis_server.net.websocket_protocol import (
    FIRST_MESSAGE_BYTES,
    INVALID_TEXT,
    MAX_FRAGMENTS,
    MAX_REASON_BYTES,
    MAX_UNSENT_BYTES,
    Receiver,
)
from parvis_wire.close_codes import CloseCode
from parvis_wire.messages import MAX_LISTENER_MESSAGE_BYTES
from parvis_wire.stage import LinkKind

log = logging.getLogger(__name__)
_wire_log = logging.getLogger("uvicorn.error")

PIECE_BYTES = 2_048
"""Parsed at once: 340 of the smallest frames, a millisecond."""

MOST_FRAMES = 128
"""In one read; a listener says ten messages a second, and may say twenty at once."""

MANY_FRAMES = 8
"""In one read: more than these, and the next is read at the hall's next sweep."""

MOST_CONTROLS = 50
"""Pings, and pongs that nobody asked for, between two of our own pings. No browser sends any."""

MAX_CLOSING_BYTES = 4_096
"""In one read during the closing handshake, where a close frame is expected."""


class ListenerProtocol(asyncio.Protocol):
    """One connection of a listener, host or screen; a ``RawSocket``."""

    __slots__ = (
        "_beneath",
        "_closing",
        "_connection",
        "_connections",
        "_controls",
        "_fragments",
        "_frames",
        "_gathered",
        "_hall",
        "_is_text",
        "_receive",
        "_resting",
        "_session",
        "_slot",
        "_unanswered",
        "_waits",
        "_wire",
        "direct",
        "transport",
    )

    def __init__(self, hall: ListenerHall, connections: set[Any]) -> None:
        """``connections`` are those of the port's server, which ends them when it stops."""
        self._hall = hall
        self._connections = connections
        self._beneath: asyncio.WriteTransport | None = None
        self._closing = False
        self._connection: Connection | None = None
        self._controls = 0
        self._fragments: list[bytes] | None = None
        self._frames = 0
        self._gathered: list[bytes] | None = None
        """Frames of the welcome, which go as one."""
        self._is_text = False
        self._receive: Receiver | None = None
        self._resting = False
        self._session: Session | None = None
        self._slot: Slot | None = None
        self._unanswered = 0
        self._waits = False
        # Open from the start: the request was read by uvicorn, and is not to come again.
        self._wire = ServerProtocol(
            state=State.OPEN, max_size=MAX_LISTENER_MESSAGE_BYTES, logger=_wire_log
        )
        self.direct: Outlet | None = None

    # ``RawSocket``

    def set_receiver(self, receiver: Receiver) -> None:
        """Hand every message to ``receiver`` from now on."""
        self._receive = receiver

    def write_frame(self, frame: bytes) -> None:
        """Write the bytes of a finished frame; does nothing once the connection is closing."""
        if self._gathered is not None:
            self._gathered.append(frame)
        elif not self.closing:
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
        closes = self._closing or self._wire.state is not State.OPEN
        return closes or self.transport.is_closing()

    def close(self, code: int, reason: str = "") -> None:
        """Start the closing handshake; the connection ends soon, whatever the peer does."""
        if self.closing:
            return
        self._send_gathered()
        brief = reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore")
        self._wire.send_close(code, brief)
        self._flush()
        self._closing = True
        hold(self.direct)
        self.hear_again()  # to see the peer's half of the handshake
        self._hall.ends(self, websocket_protocol.CLOSE_TIMEOUT_S)

    # ``listener_hall.Guest``

    def is_late(self) -> None:
        """It has not joined in time, if it has not."""
        if self._waits and self._connection is not None and not self.closing:
            within_s = self._hall.door.join_timeout_s
            text = f"no join within {within_s:g} s"
            self._turn_away(self._connection, CloseCode.JOIN_TIMEOUT, text)

    def ping(self, frame: bytes) -> None:
        """Send a ping; who has not answered those before it is dropped."""
        self._controls = 0
        if self._unanswered >= MOST_UNANSWERED:
            self.cut()
        else:
            self._unanswered += 1
            self.write_frame(frame)

    def hear_again(self) -> None:
        """Read on after too much at once."""
        if self._resting:
            self._resting = False
            self.transport.resume_reading()

    def cut(self) -> None:
        """End it, whatever waits."""
        hold(self.direct)
        self.transport.abort()

    # The handshake

    def upgrade(
        self, transport: asyncio.Transport, request: Request, scope: Scope, entrance: Entrance
    ) -> None:
        """Take a connection over whose request is ``request``, as ASGI in ``scope``."""
        self.transport = transport
        self._connections.add(self)
        self._hall.entered(self)
        self._beneath = sockets.beneath(transport)
        sockets.tune_live(transport)
        response = self._wire.accept(request)
        if response.status_code == 101:
            refused = entrance.refusal(scope)
            if refused:
                response = response_of(refused)
        transport.write(response.serialize())
        if response.status_code != 101:
            self._closing = True
            transport.close()
            return
        descriptor = sockets.descriptor_of(transport)
        self.direct = Outlet(descriptor) if descriptor >= 0 else None
        self._connection = Connection(self, peer_of(scope))
        self._wait()

    def _wait(self) -> None:
        """It may join now, unless too many are about to."""
        connection = self._known()
        if self._hall.door.waiting.enter(connection.peer.address):
            self._waits = True
        else:
            text = "too many are coming in at once: try again"
            self._turn_away(connection, CloseCode.RATE, text)

    def _known(self) -> Connection:
        if self._connection is None:
            raise AssertionError("who said something has passed the handshake")
        return self._connection

    def _turn_away(self, connection: Connection, code: CloseCode, text: str) -> None:
        self._hall.door.turned_away(connection.peer, code, text)
        connection.fail(code, text)

    def _waits_no_more(self) -> None:
        if self._waits:
            self._waits = False
            self._hall.door.waiting.leave(self._known().peer.address)

    def _join(self, message: str | bytes) -> None:
        """The first message. What is said to it goes in one piece: one call of the system here, and
        one moment of the phone's radio there."""
        self._waits_no_more()
        self._gathered = []
        self._come_in(message)
        self._send_gathered()

    def _send_gathered(self) -> None:
        gathered, self._gathered = self._gathered, None
        if gathered and not self.closing:
            self.transport.write(b"".join(gathered))

    def _come_in(self, message: str | bytes) -> None:
        connection = self._known()
        try:
            join = parse_join(message if isinstance(message, str) else None)
            self._hall.check_room(join)
            session = self._hall.door.came(connection, join)
        except PeerFault as fault:
            self._turn_away(connection, fault.code, fault.text)
        except Exception:
            log.exception("a join could not be handled; its connection is closed")
            self.close(INTERNAL_ERROR, "the server made a mistake")
        else:
            self._session = session
            on_fault = partial(self._hall.door.turned_away, connection.peer)
            self.set_receiver(guarded(connection, session.receive, on_fault))
            self._slot = self._hall.seated(self)

    # What the transport calls

    def connection_lost(self, exc: Exception | None) -> None:
        """Let everything go: the descriptor is closed after this."""
        hold(self.direct)
        self._closing = True
        self._connections.discard(self)
        self._waits_no_more()
        self._hall.left(self._slot, self)
        session, self._session = self._session, None
        self._receive = self._connection = self._slot = None
        if session is not None:
            session.end()

    def pause_writing(self) -> None:
        """Something waits: frames have to go behind it."""
        hold(self.direct)

    def resume_writing(self) -> None:
        """Nothing waits any more."""
        if self.direct is not None and not self._closing:
            self.direct.drained()

    def data_received(self, data: bytes) -> None:
        """Read frames, in pieces: the rest of a flood is not looked at."""
        self._frames = 0
        if self._closing and len(data) > MAX_CLOSING_BYTES:
            self.cut()
        for first in range(0, len(data), PIECE_BYTES):
            if self.transport.is_closing():
                return
            self._take(data[first : first + PIECE_BYTES])
        if self._frames > MANY_FRAMES and not self.closing and not self._resting:
            self._resting = True
            self.transport.pause_reading()
            self._hall.rests(self)

    def shutdown(self) -> None:
        """The server stops: tell the peer to come back."""
        self.close(CloseCode.GOING_AWAY, "the hub stops")

    # Frames

    def _take(self, piece: bytes) -> None:
        self._wire.receive_data(piece)
        if self._wire.parser_exc is None:
            for event in self._wire.events_received():
                self._frame(cast(Frame, event))
            return
        self._flush()  # a close frame with the reason, unless there was one before
        self._closing = True
        hold(self.direct)
        self.transport.close()

    def _frame(self, frame: Frame) -> None:
        self._frames += 1
        if frame.opcode is Opcode.CLOSE:
            self._peer_closes()
        elif self._closing or self.transport.is_closing():
            return  # by us; what stands before the peer's own close frame still counts
        elif self._frames > MOST_FRAMES:
            self._turn_away(self._known(), CloseCode.RATE, TOO_MUCH)
        elif frame.opcode is Opcode.PING or frame.opcode is Opcode.PONG:
            self._control(frame)
        else:
            self._fragment(frame)

    def _control(self, frame: Frame) -> None:
        slot = self._slot
        if frame.opcode is Opcode.PONG and slot is not None and bytes(frame.data) in slot.tokens:
            self._unanswered = 0
            return
        self._controls += 1
        if self._controls > MOST_CONTROLS:
            self._turn_away(self._known(), CloseCode.RATE, "too many pings")
        elif self.buffered_bytes() > MAX_UNSENT_BYTES:
            self.cut()  # it pings and does not read
        else:
            self._flush()

    def _fragment(self, frame: Frame) -> None:
        if frame.opcode is not Opcode.CONT:
            self._is_text = frame.opcode is Opcode.TEXT
            self._fragments = None
        before = self._fragments
        payload = bytes(frame.data)
        if before is None and frame.fin:
            self._message(payload)
            return
        if before is not None and len(before) >= MAX_FRAGMENTS:
            self._fragments = None
            self.close(CloseCode.TOO_BIG, f"more than {MAX_FRAGMENTS} fragments")
            return
        fragments = [payload] if before is None else [*before, payload]
        self._fragments = None if frame.fin else fragments
        if frame.fin:
            self._message(b"".join(fragments))

    def _message(self, payload: bytes) -> None:
        receive, arrival_ns = self._receive, time.monotonic_ns()
        if receive is None and len(payload) > FIRST_MESSAGE_BYTES:
            text = f"more than {FIRST_MESSAGE_BYTES} bytes before the welcome"
            self.close(CloseCode.TOO_BIG, text)
            return
        message: str | bytes = payload
        if self._is_text:
            try:
                message = payload.decode()
            except UnicodeDecodeError:
                self.close(INVALID_TEXT, "a text message must be UTF-8")
                return
        if receive is None:
            self._join(message)
        else:
            receive(message, arrival_ns)

    def _peer_closes(self) -> None:
        """The peer's close frame: the answer to ours, or the beginning."""
        if self.transport.is_closing():
            return
        self._flush()
        self._closing = True
        hold(self.direct)
        self.transport.close()

    def _flush(self) -> None:
        """Write what the protocol wants to say: answers to pings and closes."""
        said = b"".join(self._wire.data_to_send())
        if said and not self.transport.is_closing():
            self.transport.write(said)
