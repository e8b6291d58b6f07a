"""Packet time (RTP's *ptime*): how much of the program one packet holds, and the streams by length.

The program is coded in packets of 20 ms. For many listeners several of them go as one, under an
SSRC of its own with its own sequence numbers, on the same line of timestamps. That SSRC is the
program's with the number of further parts in its low three bits (XOR), so that whoever sees two
SSRCs knows whether one coder made both: its decoder goes on, the sound is the same.

Imported by ``messages``, which knows every type that may cross.
"""

from typing import Final, Literal

from pydantic import Field

from parvis_wire.base import Wire
from parvis_wire.fields import Ssrc

PROGRAM_PTIME_MS: Final = 20

PacketMs = Literal[20, 40, 60, 80, 100, 120]
PACKET_TIMES_MS: Final[tuple[PacketMs, ...]] = (20, 40, 60, 80, 100, 120)
"""One Opus packet holds at most 120 ms (RFC 6716 section 3.2.5)."""

RISE_MS_PER_MS: Final = 0.005
"""A listener's playout may slow down by this much without being heard (9 cents): what is announced
early enough is waited for, and no packet of the longer time comes too late."""

_PARTS_BITS = 0b111


class PacketTime(Wire):
    """To listeners: from a sample on, packets hold so much; sent ahead, and to newcomers."""

    type: Literal["packet_time"] = "packet_time"
    ptime_ms: PacketMs
    ssrc: Ssrc
    """Of the packets from then on."""
    from_timestamp: int = Field(ge=0, lt=1 << 32)
    """RTP timestamp of the first sample that comes so; may lie in the past."""


def stream_ssrc(program_ssrc: int, ptime_ms: int) -> int:
    """The SSRC of the program's packets of this length; of 20 ms: the program's own."""
    return program_ssrc ^ (ptime_ms // PROGRAM_PTIME_MS - 1)


def is_same_program(ssrc: int, other: int) -> bool:
    """Whether one coder made what these two streams carry."""
    return (ssrc ^ other) <= _PARTS_BITS


def rise_ms(before_ms: int, after_ms: int) -> int:
    """How long listeners need until they wait for packets that hold so much more; 0 for less."""
    return round(max(0, after_ms - before_ms) / RISE_MS_PER_MS)
