"""Whether a listener got everything: by sequence number, and by timestamp from tier to tier. Pure.

Each packet-time tier is an RTP stream of its own with the same timestamps. Within a stream the
sequence numbers say what never came; from one stream to the next only the timestamps can. Sound
that the source itself left out (an engine that was replaced) shows as timestamps that jump while
the sequence goes on: a gap, but nothing that was lost on the way.
"""

from dataclasses import dataclass

from parvis_server.bench.listening.program import Numbers, ProgramPacket
from parvis_wire import serial


@dataclass(frozen=True, slots=True)
class Step:
    """What one packet that was not simply the next one means."""

    expected: Numbers
    """What comes next."""
    lost: int = 0
    """Packets that never came."""
    gap_samples: int = 0
    """Sound that is missing before it."""
    repeated: bool = False
    """It brought what was there already."""
    changed: bool = False
    """It begins another stream."""


def step(expected: Numbers | None, packet: ProgramPacket) -> Step:
    """A packet, where ``expected`` was to come; None: it is the first one."""
    if expected is None:
        return Step(packet.successor)
    gap = serial.distance(expected[1], packet.numbers[1], serial.TIMESTAMP_BITS)
    changed = packet.numbers[2] != expected[2]
    if changed:
        ahead = serial.distance(expected[1], packet.end, serial.TIMESTAMP_BITS)
        if ahead <= 0:  # the other stream's older sound: go on with this one
            return Step(expected, repeated=True)
        missing = -(-gap // packet.samples) if gap > 0 else 0
        return Step(packet.successor, missing, max(gap, 0), repeated=gap < 0, changed=True)
    missing = serial.distance(expected[0], packet.numbers[0], serial.SEQUENCE_BITS)
    if missing < 0:
        return Step(expected, repeated=True)
    return Step(packet.successor, missing, max(gap, 0), repeated=gap < 0)


def missing_at_end(expected: Numbers | None, end: int, samples: int) -> int:
    """Packets of ``samples`` that had still to come before the timestamp ``end``."""
    if expected is None:
        return 0
    behind = serial.distance(expected[1], end, serial.TIMESTAMP_BITS)
    return -(-behind // samples) if behind > 0 else 0
