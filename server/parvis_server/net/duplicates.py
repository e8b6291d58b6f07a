"""The same packet on two connections: the first copy counts. Pure."""

from collections import deque
from dataclasses import dataclass, field

REMEMBERED = 512
"""Five seconds of 10 ms packets: no copy comes later, and the sequence wraps after 655 s."""


@dataclass(slots=True)
class Duplicates:
    """Remembers the sequence numbers that came lately."""

    _order: deque[int] = field(default_factory=deque)
    _seen: set[int] = field(default_factory=set)

    def is_new(self, sequence: int) -> bool:
        """Whether this sequence number comes for the first time."""
        if sequence in self._seen:
            return False
        self._seen.add(sequence)
        self._order.append(sequence)
        if len(self._order) > REMEMBERED:
            self._seen.discard(self._order.popleft())
        return True
