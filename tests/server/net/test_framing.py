"""Frames made once are what any WebSocket client reads."""

import pytest
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from parvis_server.net.framing import binary_frame, text_frame
from parvis_wire.messages import Ack, parse_hub_message


def read(frame: bytes) -> Frame:
    """What a client makes of these bytes."""
    reader = StreamReader()
    reader.feed_data(frame)
    parsing = Frame.parse(reader.read_exact, mask=False, max_size=None)
    with pytest.raises(StopIteration) as parsed:
        next(parsing)
    assert isinstance(parsed.value.value, Frame)
    return parsed.value.value


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
def test_packets_of_every_length(size: int) -> None:
    frame = read(binary_frame(bytes(size)))
    assert (frame.opcode, bytes(frame.data)) == (Opcode.BINARY, bytes(size))


def test_messages() -> None:
    frame = read(text_frame(Ack(id="a", text="é")))
    assert frame.opcode is Opcode.TEXT
    assert parse_hub_message(bytes(frame.data)) == Ack(id="a", text="é")
