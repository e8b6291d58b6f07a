"""Sequence numbers of an output's packets, made from their timestamps. Pure.

An engine that replaces another one begins to count anew; the room clock goes on. A receiver should
see neither: so the hub writes the sequence number, one more for each packet time that has passed.
What was not sent meanwhile is missing from the count, as any lost packet is, and the SSRC of
``welcome`` stays true for as long as the output is known.
"""

from dataclasses import dataclass

SEQUENCE_AT = slice(2, 4)
TIMESTAMP_AT = slice(4, 8)
"""Bytes of an RTP header (RFC 3550 section 5.1)."""

MAX_BACK_SAMPLES = 480_000
"""A timestamp up to 10 s back was sent already; one further back is another clock."""


@dataclass(slots=True)
class Numbering:
    """Numbers the packets of one output."""

    packet_samples: int
    sequence: int = 0
    """Of the last packet; RFC 3550 wants the first one at random."""
    _timestamp: int | None = None

    def numbered(self, rtp: bytes) -> bytes | None:
        """The packet with its sequence number; None for one whose moment was sent already."""
        timestamp = int.from_bytes(rtp[TIMESTAMP_AT])
        packets = self._packets_since(timestamp)
        if packets is None:
            return None
        self._timestamp = timestamp
        self.sequence = (self.sequence + packets) % (1 << 16)
        return rtp[: SEQUENCE_AT.start] + self.sequence.to_bytes(2) + rtp[SEQUENCE_AT.stop :]

    def _packets_since(self, timestamp: int) -> int | None:
        if self._timestamp is None:
            return 1
        passed = (timestamp - self._timestamp + (1 << 31)) % (1 << 32) - (1 << 31)
        if -MAX_BACK_SAMPLES <= passed <= 0:
            return None
        return max(1, round(passed / self.packet_samples))
