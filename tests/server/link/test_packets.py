"""What travels on the link: read as it was written, and refused when it is something else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis_server.link.packets import Kind, LinkPacket, beat, received_in
from parvis_wire.errors import BadMessage

NAMES = st.text(st.characters(min_codepoint=45, max_codepoint=122), min_size=1, max_size=64)
PACKETS = st.builds(
    LinkPacket, st.sampled_from([kind for kind in Kind if kind]), NAMES, st.binary(max_size=200)
)


@given(PACKETS, st.integers(1, 2**32 - 1))
def test_what_is_written_is_read(packet: LinkPacket, sequence: int) -> None:
    message = packet.serialize(sequence)
    assert LinkPacket.parse(message) == (sequence, packet)
    assert received_in(message) is None


@given(st.binary(max_size=80))
def test_anything_else_is_refused_and_breaks_nothing(message: bytes) -> None:
    try:
        if received_in(message) is None:
            sequence, packet = LinkPacket.parse(message)
            assert packet.serialize(sequence) == message
    except BadMessage as fault:
        assert str(fault)


@given(st.integers(0, 2**33))
def test_a_beat_says_how_many_came(received: int) -> None:
    assert received_in(beat(received)) == received % 2**32


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\0\0\0\1\1",
        b"\0\0\0\1\1\0rest",  # no name
        b"\0\0\0\1\1\5ab",  # half a name
        b"\0\0\0\1\1\2\xff\xffrest",  # not ASCII
        b"\0\0\0\1\x2a\1arest",  # no such kind
        b"\0\0\0\1\1\x41" + 65 * b"a",  # too long
    ],
)
def test_what_cannot_be_read_is_told(message: bytes) -> None:
    with pytest.raises(BadMessage):
        LinkPacket.parse(message)


def test_a_short_beat_is_told() -> None:
    with pytest.raises(BadMessage, match="a beat of 6 bytes"):
        received_in(bytes(6))


def test_a_log_line_names_it() -> None:
    assert str(LinkPacket(Kind.PROGRAM, "main", b"abc")) == "program main, 3 bytes"
