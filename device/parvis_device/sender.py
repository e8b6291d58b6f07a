"""The queue between encoder and network: bounded, because old speech is worthless. Pure."""

from collections import deque

QUEUE_PACKETS = 10
"""100 ms of 10 ms packets: what came later would be too late for the hub's jitter buffer."""


class SendQueue:
    """Packets waiting for the network, oldest first; the oldest gives way."""

    __slots__ = ("_dropped", "_packets")

    def __init__(self) -> None:
        """Start empty."""
        self._packets: deque[bytes] = deque()
        self._dropped = 0

    def __len__(self) -> int:
        """Packets waiting."""
        return len(self._packets)

    @property
    def dropped(self) -> int:
        """Packets that gave way since the start."""
        return self._dropped

    def put(self, packet: bytes) -> None:
        """Add the newest packet; when the queue is full, its oldest one is dropped."""
        if len(self._packets) >= QUEUE_PACKETS:
            self._packets.popleft()
            self._dropped += 1
        self._packets.append(packet)

    def take(self) -> bytes | None:
        """The oldest packet, which leaves the queue; None when it is empty."""
        return self._packets.popleft() if self._packets else None

    def clear(self) -> None:
        """Forget what waits, for example because the turn is over; this is no drop."""
        self._packets.clear()
