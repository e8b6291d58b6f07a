"""Whatever the reads split, the frames are the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.sly_server import server_frame
from parvis_server.bench.listening.frames import (
    BINARY,
    CLOSE,
    MAX_FRAME_BYTES,
    PING,
    TEXT,
    FrameReader,
    client_frame,
)
from parvis_server.errors import PeerFault

FRAMES = st.lists(
    st.tuples(st.sampled_from((TEXT, BINARY, PING, CLOSE)), st.binary(max_size=300)), max_size=12
)


def read(reader: FrameReader, received: bytes) -> list[tuple[int, bytes]]:
    buffer = bytearray(4096)
    buffer[: len(received)] = received
    return [
        (first, bytes(source[begin:end]))
        for source, (first, begin, end) in reader.feed(buffer, len(received))
    ]


@given(FRAMES, st.data())
def test_any_split_gives_the_same_frames(
    frames: list[tuple[int, bytes]], data: st.DataObject
) -> None:
    whole = b"".join(server_frame(first, payload) for first, payload in frames)
    places = data.draw(st.lists(st.integers(0, len(whole)), max_size=20).map(sorted))
    reader, found = FrameReader(), []
    for begin, end in zip([0, *places], [*places, len(whole)], strict=True):
        if end > begin:
            found += read(reader, whole[begin:end])
    assert found == frames
    assert not reader.rest


def test_byte_by_byte_a_long_frame_comes_once() -> None:
    reader, payload = FrameReader(), bytes(range(256)) * 4
    found = [
        frame for octet in server_frame(BINARY, payload) for frame in read(reader, bytes((octet,)))
    ]
    assert found == [(BINARY, payload)]


def test_a_frame_longer_than_64_kb_is_read() -> None:
    payload = bytes(70_000)
    whole = bytes((TEXT, 127)) + len(payload).to_bytes(8) + payload
    reader, found = FrameReader(), []
    for begin in range(0, len(whole), 4096):
        found += read(reader, whole[begin : begin + 4096])
    assert found == [(TEXT, payload)]


@pytest.mark.parametrize(
    ("received", "told"),
    [
        (bytes((0x02, 1, 0)), "begins with 0x2"),
        (bytes((BINARY, 0x81)), "begins with 0x82"),
        (bytes((BINARY, 127)) + (MAX_FRAME_BYTES + 1).to_bytes(8), "a frame of"),
    ],
)
def test_what_no_hub_sends_is_refused(received: bytes, told: str) -> None:
    with pytest.raises(PeerFault, match=told):
        read(FrameReader(), received)


@given(st.binary(max_size=300) | st.just(bytes(70_000)))
def test_a_client_masks_as_it_has_to(payload: bytes) -> None:
    frame = client_frame(TEXT, payload)
    assert frame[0] == TEXT
    assert frame[1] & 0x80
    assert frame.endswith(bytes(4) + payload)
