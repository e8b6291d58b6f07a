"""A peer's WebSocket whose other end is at an edge; for everybody here it is a ``RawSocket``."""

from collections.abc import Callable
from typing import Final, Protocol

from parvis_server.net.websocket_protocol import Receiver
from parvis_wire.messages import MAX_FAULT_CHARACTERS
from parvis_wire.stage import LinkKind

TEXT, BINARY = 0x81, 0x82
"""First bytes of whole frames (RFC 6455 section 5.2)."""


class FarEnd(Protocol):
    """What carries the connection to its edge."""

    def tell(self, connection: int, text: str) -> None:
        """Send a text message to the peer."""

    def send(self, connection: int, packet: bytes) -> None:
        """Send a packet to the peer."""

    def close(self, connection: int, code: int, reason: str) -> None:
        """Close the peer's connection."""


def unframed(frame: bytes) -> tuple[int, bytes]:
    """First byte and payload of a frame that was made by ``framing``."""
    length, begins = frame[1], 2
    if length == 126:
        begins = 4
    elif length == 127:
        begins = 10
    return frame[0], frame[begins:]


class RelayedSocket:
    """One relayed connection; a ``RawSocket``."""

    direct: Final = None

    def __init__(
        self, far: FarEnd, connection: int, on_close: Callable[["RelayedSocket"], None]
    ) -> None:
        """``connection`` is its number at the edge; ``on_close`` is called once we end it."""
        self.connection = connection
        self.receiver: Receiver | None = None
        self._far = far
        self._on_close = on_close
        self._closing = False

    def set_receiver(self, receiver: Receiver) -> None:
        """Hand every message to ``receiver`` from now on."""
        self.receiver = receiver

    def write_frame(self, frame: bytes) -> None:
        """Pass on what a finished frame holds; does nothing once the connection is closing."""
        if self._closing:
            return
        kind, payload = unframed(frame)
        if kind == TEXT:
            self._far.tell(self.connection, payload.decode())
        elif kind == BINARY:
            self._far.send(self.connection, payload)

    def buffered_bytes(self) -> int:
        """Nothing waits here: the edge closes who is behind."""
        return 0

    def unsent_bytes(self) -> int:
        """Nothing waits here."""
        return 0

    def carry_sound(self, link: LinkKind) -> None:
        """The edge sees to its own connection."""

    def close(self, code: int, reason: str = "") -> None:
        """End the connection with a reason."""
        if self._closing:
            return
        self._closing = True
        self._far.close(self.connection, code, reason[:MAX_FAULT_CHARACTERS])
        self._on_close(self)

    def gone(self) -> None:
        """The peer's connection has ended."""
        self._closing = True

    @property
    def closing(self) -> bool:
        """Whether nothing more can be sent."""
        return self._closing
