"""From Opus packets to RTP: numbering, timestamps, marker, talk flags, audio level. Pure.

The timestamp is the capture device's sample counter (plus a random start, RFC 3550 section 5.1): it
runs on while the unit is silent, so the hub can tell a pause from a loss.
"""

from parvis_wire import serial
from parvis_wire.rtp import NO_FLAGS, AudioLevel, RtpPacket, TalkFlags


class Packetizer:
    """The packets of one source."""

    __slots__ = ("_sequence", "_ssrc", "_timestamp_origin")

    def __init__(self, *, first_sequence: int, timestamp_origin: int, ssrc: int = 0) -> None:
        """Start numbering at random values that the caller drew (RFC 3550 section 5.1)."""
        self._sequence = first_sequence
        self._timestamp_origin = timestamp_origin
        self._ssrc = ssrc

    def use_ssrc(self, ssrc: int) -> None:
        """Send as the source that the hub named."""
        self._ssrc = ssrc

    def timestamp(self, sample: int) -> int:
        """The RTP timestamp of a sample of the device's count."""
        return serial.add(self._timestamp_origin, sample, serial.TIMESTAMP_BITS)

    def packet(
        self,
        payload: bytes,
        *,
        first_sample: int,
        level: AudioLevel,
        marker: bool = False,
        flags: TalkFlags = NO_FLAGS,
    ) -> RtpPacket:
        """The next packet, for sound that begins at ``first_sample`` of the device's count."""
        packet = RtpPacket(
            sequence=self._sequence,
            timestamp=self.timestamp(first_sample),
            ssrc=self._ssrc,
            payload=payload,
            marker=marker,
            level=level,
            flags=flags,
        )
        self._sequence = serial.add(self._sequence, 1, serial.SEQUENCE_BITS)
        return packet
