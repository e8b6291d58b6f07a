"""WebSocket frames made once, for any number of receivers (RFC 6455 section 5.2).

A server's frames are not masked and, without compression, the same for everybody: the bytes can
be shared.
"""

from websockets.frames import Frame, Opcode

from parvis_wire.base import Wire
from parvis_wire.messages import serialize


def text_frame(message: Wire) -> bytes:
    """A control message as the bytes of one frame."""
    return Frame(Opcode.TEXT, serialize(message).encode()).serialize(mask=False)


def message_frame(text: str) -> bytes:
    """A message that is serialised already as the bytes of one frame."""
    return Frame(Opcode.TEXT, text.encode()).serialize(mask=False)


def binary_frame(packet: bytes) -> bytes:
    """A packet as the bytes of one frame."""
    return Frame(Opcode.BINARY, packet).serialize(mask=False)
