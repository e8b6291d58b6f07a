"""What a bench looks at in a program packet: its numbers, and how much sound it holds. Pure."""

import struct
from dataclasses import dataclass

from parvis_wire import serial
from parvis_wire.errors import BadPacket
from parvis_wire.rtp import RtpPacket

NUMBERS = struct.Struct("!2xHII")
"""Sequence number, timestamp and SSRC of an RTP header (RFC 3550 section 5.1)."""

Numbers = tuple[int, int, int]

SAMPLES_PER_MS = 48

_SILK_MS, _CELT_MS = (10, 20, 40, 60), (2.5, 5, 10, 20)


def opus_samples(payload: bytes) -> int:
    """How much sound is in an Opus packet, in samples of 48 kHz (RFC 6716 section 3.1).

    Raises:
        BadPacket: it is not one.
    """
    if not payload:
        raise BadPacket("an empty Opus packet")
    configuration, code = payload[0] >> 3, payload[0] & 3
    if configuration < 12:
        frame_ms: float = _SILK_MS[configuration % 4]
    elif configuration < 16:
        frame_ms = (10, 20)[configuration % 2]
    else:
        frame_ms = _CELT_MS[configuration % 4]
    if code == 3 and len(payload) < 2:
        raise BadPacket("an Opus packet without the count of its frames")
    frames = (1, 2, 2)[code] if code < 3 else payload[1] & 63
    samples = int(frames * frame_ms * SAMPLES_PER_MS)
    if not 0 < samples <= 120 * SAMPLES_PER_MS:
        raise BadPacket(f"an Opus packet of {samples} samples")
    return samples


@dataclass(frozen=True, slots=True)
class ProgramPacket:
    """One packet of the program, the same for everybody."""

    numbers: Numbers
    samples: int
    size: int
    """In bytes, with its RTP header."""

    @classmethod
    def parse(cls, message: bytes) -> "ProgramPacket":
        """Read a whole packet; raises ``BadPacket``."""
        packet = RtpPacket.parse(message)
        numbers = (packet.sequence, packet.timestamp, packet.ssrc)
        return cls(numbers, opus_samples(packet.payload), len(message))

    @property
    def end(self) -> int:
        """Timestamp of the first sample after it."""
        return serial.add(self.numbers[1], self.samples, serial.TIMESTAMP_BITS)

    @property
    def successor(self) -> Numbers:
        """The numbers of the packet that follows it in the same stream."""
        sequence, _, ssrc = self.numbers
        return serial.add(sequence, 1, serial.SEQUENCE_BITS), self.end, ssrc
