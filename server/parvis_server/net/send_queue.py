"""Sound that waits for the network: bounded in time, the oldest gives way. Pure."""

from collections import deque
from dataclasses import dataclass, field

from parvis_wire.stage import LinkKind

BOUND_NS = {
    LinkKind.WIRED: 100_000_000,
    LinkKind.WIFI: 200_000_000,
    LinkKind.REMOTE: 200_000_000,
}
"""Longest wait by link. What comes later than that would come after its playout: the jitter
buffers behind are at most 40 ms deep on a wire, and recover from 200 ms by leaving it out."""

MAX_PACKETS = 64
"""More than fit into any bound (40 packets of 5 ms): the memory of one connection, whatever
the clock says."""


@dataclass(slots=True)
class SendQueue:
    """Packets in their order, each with the moment from which on it waits."""

    bound_ns: int
    dropped: int = 0
    """Packets that gave way since the start."""
    most_packets: int = MAX_PACKETS
    _packets: deque[tuple[int, bytes]] = field(default_factory=deque)

    def __len__(self) -> int:
        """Packets waiting."""
        return len(self._packets)

    def put(self, packet: bytes, now_ns: int) -> None:
        """Add the newest packet; what has waited for too long goes."""
        self._packets.append((now_ns, packet))
        self.expire(now_ns)

    def expire(self, now_ns: int) -> None:
        """Drop what has waited for too long."""
        while self._packets and (
            now_ns - self._packets[0][0] >= self.bound_ns or len(self._packets) > self.most_packets
        ):
            self._packets.popleft()
            self.dropped += 1

    def take(self) -> bytes | None:
        """The oldest packet, which leaves the queue; None when it is empty."""
        return self._packets.popleft()[1] if self._packets else None
