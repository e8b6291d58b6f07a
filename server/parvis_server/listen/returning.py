"""The return of a remote speaker: packets of a mix-minus in, sound out. Pure: time comes in.

The same receiving chain as in hub and loudspeaker units, with a remote speaker's small playout
target. What comes on two connections counts once, by its first copy.
"""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from parvis_audio.clock_sync import ClockReading
from parvis_audio.receiver import Receiver
from parvis_audio.relative_delay import Link
from parvis_server.net.duplicates import Duplicates
from parvis_wire.errors import BadPacket
from parvis_wire.messages import Time
from parvis_wire.rtp import RtpPacket

Frame = NDArray[np.float32]

MAX_ARRIVALS = 200_000
"""An hour of packets of 20 ms."""

NS_PER_SAMPLE = 1e9 / 48_000


class ReturnPlayback:
    """Holds, decodes and counts what the hub sends to a speaker."""

    def __init__(self) -> None:
        """Nothing has come."""
        self.receiver = Receiver(Link.REMOTE)
        self.received = 0
        """Packets, each counted once."""
        self.repeated = 0
        """Second copies."""
        self.malformed = 0
        self.engines = 0
        """Buses that were heard one after the other: each mixer has one of its own."""
        self.played_samples = 0
        self.arrivals: deque[tuple[int, int]] = deque(maxlen=MAX_ARRIVALS)
        """Timestamp and arrival of each first copy."""
        self._ssrc: int | None = None
        self._known = Duplicates()

    @property
    def playing(self) -> bool:
        """Whether there is something to hear."""
        return self.receiver.active

    @property
    def buffer_ms(self) -> float:
        """How long after its quickest arrival the sound is heard."""
        return self.receiver.held_ns / 1e6

    def receive(self, message: bytes, arrival_ns: int) -> None:
        """Take a packet; what cannot be used is counted."""
        try:
            packet = RtpPacket.parse(message)
        except BadPacket:
            self.malformed += 1
            return
        if packet.ssrc != self._ssrc:
            self._ssrc, self._known = packet.ssrc, Duplicates()
            self.engines += 1
        if not self._known.is_new(packet.sequence):
            self.repeated += 1
            return
        self.received += 1
        self.arrivals.append((packet.timestamp, arrival_ns))
        self.receiver.put(packet, arrival_ns)

    def pull(self, now_ns: int) -> Frame:
        """The next 10 ms to hear."""
        frame = self.receiver.frame(now_ns)
        self.played_samples += frame.size
        return frame

    def arrivals_ms(self, room: Time | None, hub: ClockReading | None) -> list[float]:
        """From the room clock of each packet's first sample to its arrival, while both clocks are
        known."""
        if room is None or hub is None:
            return []
        return [
            arrival_ms(timestamp, arrived_ns, room, hub) for timestamp, arrived_ns in self.arrivals
        ]


def arrival_ms(timestamp: int, arrival_ns: int, room: Time, hub: ClockReading) -> float:
    """How long after the room clock's ``timestamp`` (32 bit) a packet came, on the hub's clock."""
    since = (timestamp - room.room_clock + (1 << 31)) % (1 << 32) - (1 << 31)
    return (hub.hub_ns(arrival_ns) - room.hub_ns - since * NS_PER_SAMPLE) / 1e6
