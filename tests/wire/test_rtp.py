"""RTP packets: the vectors that the page reads too, and what no packet may do."""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis_wire.errors import BadPacket
from parvis_wire.rtp import (
    MAX_PACKET_BYTES,
    AudioLevel,
    RtpPacket,
    TalkFlags,
)

VECTORS = Path(__file__).parents[1] / "vectors"
VALID: list[dict[str, Any]] = json.loads((VECTORS / "rtp_valid.json").read_text("utf-8"))
INVALID: list[dict[str, str]] = json.loads((VECTORS / "rtp_invalid.json").read_text("utf-8"))


def from_fields(fields: dict[str, Any]) -> RtpPacket:
    return RtpPacket(
        sequence=fields["sequence"],
        timestamp=fields["timestamp"],
        ssrc=fields["ssrc"],
        payload=bytes.fromhex(fields["payload_hex"]),
        marker=fields["marker"],
        csrcs=tuple(fields["csrcs"]),
        level=None if fields["level"] is None else AudioLevel(**fields["level"]),
        flags=TalkFlags(fields["flags"]),
        csrc_levels=tuple(fields["csrc_levels"]),
        payload_type=fields["payload_type"],
    )


@pytest.mark.parametrize("case", VALID, ids=lambda case: case["name"])
def test_valid_vector_is_read(case: dict[str, Any]) -> None:
    assert RtpPacket.parse(bytes.fromhex(case["hex"])) == from_fields(case["packet"])


@pytest.mark.parametrize(
    "case", [c for c in VALID if c["canonical"]], ids=lambda case: case["name"]
)
def test_canonical_vector_is_written(case: dict[str, Any]) -> None:
    assert from_fields(case["packet"]).serialize().hex() == case["hex"]


@pytest.mark.parametrize("case", INVALID, ids=lambda case: case["name"])
def test_invalid_vector_is_refused(case: dict[str, str]) -> None:
    with pytest.raises(BadPacket):
        RtpPacket.parse(bytes.fromhex(case["hex"]))


def test_header_bytes_are_those_of_rfc_3550() -> None:
    packet = RtpPacket(0x0102, 0x03040506, 0x0708090A, b"\xf8", marker=True)
    assert packet.serialize().hex(" ") == "80 ef 01 02 03 04 05 06 07 08 09 0a f8"


def test_extension_bytes_are_those_of_rfc_8285() -> None:
    packet = RtpPacket(0, 0, 0, b"\xf8", level=AudioLevel(-27, True), flags=TalkFlags.FIRST)
    assert packet.serialize()[12:].hex(" ") == "be de 00 01 10 9b 20 01 f8"


def test_too_large_a_packet_is_refused() -> None:
    whole = RtpPacket(0, 0, 0, bytes(MAX_PACKET_BYTES - 12))
    assert RtpPacket.parse(whole.serialize()) == whole
    with pytest.raises(BadPacket, match="4097 bytes"):
        RtpPacket.parse(whole.serialize() + b"\0")


levels = st.integers(-127, 0)
u32 = st.integers(0, 0xFFFFFFFF)


@st.composite
def packets(draw: st.DrawFn) -> RtpPacket:
    csrcs = tuple(draw(st.lists(u32, max_size=15)))
    named = draw(st.booleans())
    return RtpPacket(
        sequence=draw(st.integers(0, 0xFFFF)),
        timestamp=draw(u32),
        ssrc=draw(u32),
        payload=draw(st.binary(min_size=1, max_size=1275)),
        marker=draw(st.booleans()),
        csrcs=csrcs,
        level=draw(st.none() | st.builds(AudioLevel, levels, st.booleans())),
        flags=draw(st.sampled_from([TalkFlags(value) for value in range(4)])),
        csrc_levels=tuple(draw(levels) for _ in csrcs) if named else (),
    )


@given(packets())
def test_every_packet_survives_the_journey(packet: RtpPacket) -> None:
    assert RtpPacket.parse(packet.serialize()) == packet


@given(packets(), st.data())
def test_a_packet_cut_short_is_refused_or_loses_payload_only(
    packet: RtpPacket, data: st.DataObject
) -> None:
    whole = packet.serialize()
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    try:
        parsed = RtpPacket.parse(cut)
    except BadPacket:
        assert len(cut) <= len(whole) - len(packet.payload) or len(packet.payload) == 1
    else:
        assert packet.payload.startswith(parsed.payload)
        assert parsed.ssrc == packet.ssrc


@given(st.binary(max_size=80))
def test_any_bytes_are_a_packet_or_a_bad_packet(message: bytes) -> None:
    try:
        packet = RtpPacket.parse(message)
    except BadPacket:
        return
    assert RtpPacket.parse(packet.serialize()) == packet


@given(packets(), st.data())
def test_a_damaged_packet_never_breaks_the_parser(packet: RtpPacket, data: st.DataObject) -> None:
    damaged = bytearray(packet.serialize())
    for _ in range(data.draw(st.integers(1, 6))):
        damaged[data.draw(st.integers(0, min(len(damaged), 40) - 1))] = data.draw(
            st.integers(0, 255)
        )
    with contextlib.suppress(BadPacket):
        RtpPacket.parse(bytes(damaged))


@pytest.mark.parametrize(
    "fields",
    [
        {"sequence": 65536},
        {"sequence": -1},
        {"timestamp": 1 << 32},
        {"ssrc": 1 << 32},
        {"payload_type": 128},
        {"csrcs": tuple(range(16))},
        {"csrcs": (1 << 32,)},
        {"csrcs": (1, 2), "csrc_levels": (-3,)},
        {"csrcs": (1,), "csrc_levels": (-128,)},
    ],
    ids=str,
)
def test_a_packet_that_cannot_be_written_cannot_be_made(fields: dict[str, Any]) -> None:
    base: dict[str, Any] = {"sequence": 0, "timestamp": 0, "ssrc": 0, "payload": b"\xf8"}
    with pytest.raises(BadPacket):
        RtpPacket(**{**base, **fields})


@pytest.mark.parametrize("level", [1, -128])
def test_a_level_outside_the_byte_is_refused(level: int) -> None:
    with pytest.raises(BadPacket):
        AudioLevel(level, False)


def test_text_for_logs() -> None:
    packet = RtpPacket(5, 960, 0xABC, b"12", marker=True)
    assert str(packet) == "rtp ssrc=00000abc seq=5 ts=960 M 2 B"
