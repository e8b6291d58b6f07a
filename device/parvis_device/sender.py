"""The queue between encoder and network: bounded, because old speech is worthless. Pure."""

from collections import deque

QUEUE_MS = 100
"""What came later would be too late for the hub's jitter buffer."""
QUEUE_PACKETS = QUEUE_MS // 10
"""Of packets of the usual length."""


class SendQueue:
    """Packets waiting for the network, oldest first; the oldest gives way."""

    __slots__ = ("_capacity", "_dropped", "_packets")

    def __init__(self) -> None:
        """Start empty."""
        self._packets: deque[bytes] = deque()
        self._dropped = 0
        self._capacity = QUEUE_PACKETS

    def use_packet_ms(self, packet_ms: int) -> None:
        """Packets have this length from now on; the bound in time stays."""
        self._capacity = QUEUE_MS // packet_ms

    def __len__(self) -> int:
        """Packets waiting."""
        return len(self._packets)

    @property
    def dropped(self) -> int:
        """Packets that gave way since the start."""
        return self._dropped

    def put(self, packet: bytes) -> None:
        """Add the newest packet; when the queue is full, its oldest one is dropped."""
        if len(self._packets) >= self._capacity:
            self._packets.popleft()
            self._dropped += 1
        self._packets.append(packet)

    def take(self) -> bytes | None:
        """The oldest packet, which leaves the queue; None when it is empty."""
        return self._packets.popleft() if self._packets else None

    def clear(self) -> None:
        """Forget what waits, for example because the turn is over; this is no drop."""
        self._packets.clear()
