"""RTP packets: one Opus packet with its header, as carried in one binary WebSocket message.

Header RFC 3550 section 5.1, payload RFC 7587, header extensions RFC 8285 (one-byte form):
id 1 = audio level (RFC 6464), id 2 = talk flags (ours), id 3 = levels of the contributing
sources (RFC 6465). ``PROTOCOL.md`` has the byte tables.
"""

import struct
from dataclasses import dataclass
from enum import IntFlag

from parvis_wire.errors import BadPacket

PAYLOAD_TYPE_OPUS = 111
"""Dynamic payload type (RFC 3551 section 6) by which WebRTC stacks usually carry Opus."""

CLOCK_RATE_HZ = 48_000
"""RTP clock of Opus, whatever the coded bandwidth (RFC 7587 section 4.1)."""

MAX_PACKET_BYTES = 4096
"""Largest packet accepted: 120 ms of Opus at 128 kb/s is 1920 bytes; twice that is a flood."""

MAX_CSRCS = 15
"""The count field has four bits (RFC 3550)."""

SILENT_LEVEL_DBOV = -127
"""The lowest level that RFC 6464 can say; it also means digital silence."""

EXTENSION_AUDIO_LEVEL = 1
EXTENSION_TALK_FLAGS = 2
EXTENSION_CSRC_LEVELS = 3

_FIXED = struct.Struct("!BBHII")
_EXTENSION = struct.Struct("!HH")
_ONE_BYTE_PROFILE = 0xBEDE
_VERSION = 2


class TalkFlags(IntFlag):
    """What a unit says about its turn beside the sound."""

    FIRST = 1
    """First packet after the unit was armed."""
    LAST = 2
    """Last packet of this turn: what follows is silence, not loss."""


NO_FLAGS = TalkFlags(0)
_KNOWN_FLAGS = int(TalkFlags.FIRST | TalkFlags.LAST)


@dataclass(frozen=True, slots=True)
class AudioLevel:
    """Level of the packet's own sound (RFC 6464)."""

    level_dbov: int
    """0 (overload) to -127 (silence)."""
    voice: bool
    """Whether the sender believes that the packet holds speech."""

    def __post_init__(self) -> None:
        """Refuse a level that the byte cannot carry."""
        _check_level(self.level_dbov)


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """One Opus packet and its RTP header."""

    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    marker: bool = False
    """First packet of a talkspurt (RFC 3551 section 4.1)."""
    csrcs: tuple[int, ...] = ()
    """Sources that contribute to a mix, loudest first."""
    level: AudioLevel | None = None
    flags: TalkFlags = NO_FLAGS
    csrc_levels: tuple[int, ...] = ()
    """dBov of each contributing source, in the order of ``csrcs``; empty when not known."""
    payload_type: int = PAYLOAD_TYPE_OPUS

    def __post_init__(self) -> None:
        """Refuse values that the header cannot carry."""
        for name, value, limit in (
            ("sequence", self.sequence, 0xFFFF),
            ("timestamp", self.timestamp, 0xFFFF_FFFF),
            ("ssrc", self.ssrc, 0xFFFF_FFFF),
            ("payload type", self.payload_type, 0x7F),
        ):
            if not 0 <= value <= limit:
                raise BadPacket(f"{name} {value} does not fit {limit.bit_length()} bits")
        for csrc in self.csrcs:
            if not 0 <= csrc <= 0xFFFF_FFFF:
                raise BadPacket(f"csrc {csrc} does not fit 32 bits")
        if len(self.csrcs) > MAX_CSRCS:
            raise BadPacket(f"{len(self.csrcs)} contributing sources, at most {MAX_CSRCS}")
        if self.csrc_levels and len(self.csrc_levels) != len(self.csrcs):
            raise BadPacket(f"{len(self.csrc_levels)} levels for {len(self.csrcs)} sources")
        for level in self.csrc_levels:
            _check_level(level)

    def serialize(self) -> bytes:
        """The packet as bytes; ``parse`` gives the same packet back."""
        extensions = self._serialize_extensions()
        first = _VERSION << 6 | (0x10 if extensions else 0) | len(self.csrcs)
        second = (0x80 if self.marker else 0) | self.payload_type
        return b"".join(
            (
                _FIXED.pack(first, second, self.sequence, self.timestamp, self.ssrc),
                struct.pack(f"!{len(self.csrcs)}I", *self.csrcs),
                extensions,
                self.payload,
            )
        )

    def _serialize_extensions(self) -> bytes:
        elements = bytearray()
        if self.level is not None:
            octet = (0x80 if self.level.voice else 0) | -self.level.level_dbov
            elements += bytes((EXTENSION_AUDIO_LEVEL << 4, octet))
        if self.flags:
            elements += bytes((EXTENSION_TALK_FLAGS << 4, int(self.flags)))
        if self.csrc_levels:
            count = len(self.csrc_levels)
            elements.append(EXTENSION_CSRC_LEVELS << 4 | count - 1)
            elements += bytes(-level for level in self.csrc_levels)
        if not elements:
            return b""
        elements += bytes(-len(elements) % 4)
        return _EXTENSION.pack(_ONE_BYTE_PROFILE, len(elements) // 4) + bytes(elements)

    @classmethod
    def parse(cls, message: bytes) -> "RtpPacket":
        """Read one binary message; unknown extensions are skipped as RFC 8285 asks.

        Raises:
            BadPacket: it is truncated, too large, not RTP version 2, not Opus, or empty.
        """
        if len(message) > MAX_PACKET_BYTES:
            raise BadPacket(f"packet of {len(message)} bytes, at most {MAX_PACKET_BYTES}")
        if len(message) < _FIXED.size:
            raise BadPacket(f"packet of {len(message)} bytes, an RTP header has {_FIXED.size}")
        first, second, sequence, timestamp, ssrc = _FIXED.unpack_from(message)
        if first >> 6 != _VERSION:
            raise BadPacket(f"RTP version {first >> 6}, expected {_VERSION}")
        if second & 0x7F != PAYLOAD_TYPE_OPUS:
            raise BadPacket(f"payload type {second & 0x7F}, expected {PAYLOAD_TYPE_OPUS}")
        count = first & 0x0F
        offset = _FIXED.size + 4 * count
        if len(message) < offset:
            raise BadPacket(f"header names {count} contributing sources but ends before them")
        csrcs = struct.unpack_from(f"!{count}I", message, _FIXED.size) if count else ()
        elements: dict[int, bytes] = {}
        if first & 0x10:
            elements, offset = _parse_extensions(message, offset)
        payload = _strip_padding(message[offset:], padded=bool(first & 0x20))
        if not payload:
            raise BadPacket("packet without a payload")
        return cls(
            sequence=sequence,
            timestamp=timestamp,
            ssrc=ssrc,
            payload=payload,
            marker=bool(second & 0x80),
            csrcs=csrcs,
            level=_read_level(elements.get(EXTENSION_AUDIO_LEVEL)),
            flags=_read_flags(elements.get(EXTENSION_TALK_FLAGS)),
            csrc_levels=_read_csrc_levels(elements.get(EXTENSION_CSRC_LEVELS), count),
        )

    def __str__(self) -> str:
        """Short form for logs."""
        return (
            f"rtp ssrc={self.ssrc:08x} seq={self.sequence} ts={self.timestamp}"
            f"{' M' if self.marker else ''} {len(self.payload)} B"
        )


def _check_level(level_dbov: int) -> None:
    if not SILENT_LEVEL_DBOV <= level_dbov <= 0:
        raise BadPacket(f"level {level_dbov} dBov, expected -127 to 0")


def _parse_extensions(message: bytes, offset: int) -> tuple[dict[int, bytes], int]:
    """Elements by id, and where the payload starts. Other profiles than one-byte are skipped."""
    if len(message) < offset + _EXTENSION.size:
        raise BadPacket("header extension is truncated")
    profile, words = _EXTENSION.unpack_from(message, offset)
    start = offset + _EXTENSION.size
    end = start + 4 * words
    if len(message) < end:
        raise BadPacket(f"header extension of {words} words ends after the packet")
    if profile != _ONE_BYTE_PROFILE:
        return {}, end
    return _parse_elements(message[start:end]), end


def _parse_elements(block: bytes) -> dict[int, bytes]:
    elements: dict[int, bytes] = {}
    at = 0
    while at < len(block):
        identifier, length = block[at] >> 4, (block[at] & 0x0F) + 1
        if identifier == 15:  # reserved: stop reading (RFC 8285 section 4.2)
            break
        if identifier == 0:  # padding is one byte, whatever its low bits say
            at += 1
            continue
        if at + 1 + length > len(block):
            raise BadPacket(f"header extension element {identifier} is truncated")
        elements[identifier] = block[at + 1 : at + 1 + length]
        at += 1 + length
    return elements


def _strip_padding(payload: bytes, *, padded: bool) -> bytes:
    if not padded:
        return payload
    if not payload or not 1 <= payload[-1] <= len(payload):
        raise BadPacket("padding is longer than the packet")
    return payload[: -payload[-1]]


def _read_level(element: bytes | None) -> AudioLevel | None:
    if element is None:
        return None
    return AudioLevel(level_dbov=-(element[0] & 0x7F), voice=bool(element[0] & 0x80))


def _read_flags(element: bytes | None) -> TalkFlags:
    """Known flags only, so that a later version may add some."""
    if element is None:
        return NO_FLAGS
    return TalkFlags(element[0] & _KNOWN_FLAGS)


def _read_csrc_levels(element: bytes | None, count: int) -> tuple[int, ...]:
    """One level for each contributing source; a list of another length says nothing."""
    if element is None or len(element) != count:
        return ()
    return tuple(-(octet & 0x7F) for octet in element)
