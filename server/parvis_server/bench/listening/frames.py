"""WebSocket frames as a listener reads and writes them (RFC 6455 section 5.2). Pure.

A server's frames are read where they were received; only what the end of a read cut off is copied.
"""

import struct
from collections.abc import Iterator

from parvis_server.errors import PeerFault
from parvis_wire.close_codes import CloseCode

TEXT, BINARY, CLOSE, PING, PONG = 0x81, 0x82, 0x88, 0x89, 0x8A
"""First bytes of whole frames: FIN and the opcode. A hub's messages are never in parts."""

KNOWN = frozenset((TEXT, BINARY, CLOSE, PING, PONG))

MAX_FRAME_BYTES = 1 << 20
"""A snapshot of the fullest room is a quarter of it."""

_LENGTH_16, _LENGTH_64 = struct.Struct("!H"), struct.Struct("!Q")
_MASK = b"\0\0\0\0"
"""A mask protects proxies from scripts in browsers (RFC 6455 section 10.3); this is none."""

Frame = tuple[int, int, int]
"""First byte, and where the payload begins and ends."""


def frame_at(received: bytearray, at: int, end: int) -> Frame | None:
    """The frame that begins at ``at`` when it is whole before ``end``, else None.

    Raises:
        PeerFault: no frame of a hub begins like this.
    """
    if end - at < 2:
        return None
    first, length = received[at], received[at + 1]
    begin = at + 2
    if first not in KNOWN or length > 127:
        raise PeerFault(CloseCode.MALFORMED, f"a frame that begins with {first:#x} {length:#x}")
    if length == 126:
        begin += 2
        if end < begin:
            return None
        (length,) = _LENGTH_16.unpack_from(received, at + 2)
    elif length == 127:
        begin += 8
        if end < begin:
            return None
        (length,) = _LENGTH_64.unpack_from(received, at + 2)
        if length > MAX_FRAME_BYTES:
            raise PeerFault(CloseCode.TOO_BIG, f"a frame of {length} bytes")
    return (first, begin, begin + length) if begin + length <= end else None


class FrameReader:
    """Cuts what one connection receives into frames, however the reads split it."""

    __slots__ = ("rest",)

    def __init__(self) -> None:
        """Nothing was received yet."""
        self.rest = bytearray()
        """The beginning of a frame whose end is still to come."""

    def feed(self, received: bytearray, size: int) -> Iterator[tuple[bytearray, Frame]]:
        """The frames that are whole by the first ``size`` bytes of ``received``.

        Each is told by the bytes in which it lies, and its place there; look before asking for
        the next one. Raises ``PeerFault`` as ``frame_at``.
        """
        source, end = received, size
        if self.rest:
            self.rest += received[:size]
            source, end = self.rest, len(self.rest)
        at = 0
        while (frame := frame_at(source, at, end)) is not None:
            yield source, frame
            at = frame[2]
        if self.rest or at < end:
            self.rest = source[at:end]


def client_frame(first: int, payload: bytes) -> bytes:
    """A frame from a client to a server: masked, as it has to be."""
    size = len(payload)
    if size < 126:
        head = bytes((first, 0x80 | size))
    elif size < 1 << 16:
        head = bytes((first, 0x80 | 126)) + _LENGTH_16.pack(size)
    else:
        head = bytes((first, 0x80 | 127)) + _LENGTH_64.pack(size)
    return head + _MASK + payload
