"""Which sequence numbers came already, when the same message comes on two connections. Pure."""

from parvis_server.link.packets import SEQUENCES

WINDOW = 4096
"""Four seconds of a thousand packets a second; a connection whose messages are later is ended."""


class SequenceWindow:
    """Remembers the last numbers in one integer, bit 0 the highest."""

    def __init__(self) -> None:
        """The first number that comes begins the window."""
        self._highest: int | None = None
        self._seen = 0

    def is_new(self, sequence: int) -> bool:
        """Whether this number comes for the first time, and is not older than the window."""
        if self._highest is None:
            self._highest, self._seen = sequence, 1
            return True
        ahead = (sequence - self._highest) % SEQUENCES
        if 0 < ahead < SEQUENCES // 2:
            kept = self._seen << ahead if ahead < WINDOW else 0
            self._highest, self._seen = sequence, (kept | 1) & ((1 << WINDOW) - 1)
            return True
        behind = (self._highest - sequence) % SEQUENCES
        if behind >= WINDOW or self._seen >> behind & 1:
            return False
        self._seen |= 1 << behind
        return True
