"""Whether a second connection does good, or has to rest for a while. Pure.

Theory of operation. Two connections need twice the bandwidth. On a link with room for one, both
queues overflow again and again, now the one and now the other, as TCP finds its pace, and nearly
everything comes late that would be in time alone. So the packets of both connections are counted
for each second of sound (one in which nothing leaves says nothing of the bandwidth): when
``CROWDED`` of the last ``WINDOW`` seconds had packets that gave way, and each connection its share
of them, the second connection rests. A network that stands still for a moment crowds a second or
two. It is tried again, after a longer time each time that it did harm; once it carried sound well
for ``PROVEN_SECONDS``, all that is forgotten.
"""

from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import Final

SECOND_NS: Final = 1_000_000_000

WINDOW: Final = 10
CROWDED: Final = 5
"""A link of 200 kbit/s makes six of ten; Wi-Fi that freezes for 300 ms every 3 s three or four, and
one for 500 ms every 15 s one or two."""
CROWDED_EACH: Final = 2
"""Where only one connection is behind, the other is what two are for."""

RESTS_S: Final = (60, 120, 300)
"""The last one holds from then on: every five minutes the sound suffers for ten seconds."""

PROVEN_SECONDS: Final = 60
"""Of sound over both."""


class Verdict(Enum):
    """What becomes of the second connection."""

    REST = "rest"
    TRY_AGAIN = "try again"


@dataclass(frozen=True, slots=True)
class Traffic:
    """What one connection did with packets since the start."""

    left: int = 0
    dropped: int = 0

    def since(self, before: "Traffic") -> "Traffic":
        """What it did meanwhile."""
        return Traffic(self.left - before.left, self.dropped - before.dropped)


class SecondGuard:
    """Watches both connections of one unit."""

    __slots__ = ("_before", "_counted_ns", "_proven", "_rests", "_seconds", "_until_ns")

    def __init__(self) -> None:
        """Start with a second connection that is wanted."""
        self._before = (Traffic(), Traffic())
        self._counted_ns: int | None = None
        self._seconds: deque[tuple[bool, bool]] = deque(maxlen=WINDOW)
        """Of the last seconds of sound: whether the first, and the second, had to drop any."""
        self._proven = 0
        self._rests = 0
        self._until_ns: int | None = None

    @property
    def rest_s(self) -> int:
        """How long the rest lasts that began last, or would begin now."""
        return RESTS_S[min(max(self._rests - 1, 0), len(RESTS_S) - 1)]

    def look(self, now_ns: int, first: Traffic, second: Traffic) -> Verdict | None:
        """Take the counts of both, a few times a second; what is to be done now, if anything."""
        if self._until_ns is not None:
            return self._try_again(now_ns, (first, second))
        if self._counted_ns is None:
            self._begin(now_ns, (first, second))
        elif now_ns - self._counted_ns >= SECOND_NS:
            both = first.since(self._before[0]), second.since(self._before[1])
            self._begin(now_ns, (first, second))
            return self._judge(now_ns, *both)
        return None

    def _begin(self, now_ns: int, counts: tuple[Traffic, Traffic]) -> None:
        self._counted_ns, self._before = now_ns, counts

    def _try_again(self, now_ns: int, counts: tuple[Traffic, Traffic]) -> Verdict | None:
        if self._until_ns is None or now_ns < self._until_ns:
            return None
        self._until_ns = None
        self._begin(now_ns, counts)
        return Verdict.TRY_AGAIN

    def _judge(self, now_ns: int, first: Traffic, second: Traffic) -> Verdict | None:
        if not (first.left or second.left):
            return None  # nobody speaks, or the network stands still: no second of sound
        self._seconds.append((first.dropped > 0, second.dropped > 0))
        if not self._too_crowded():
            self._went_well(second)
            return None
        self._seconds.clear()
        self._proven = 0
        self._rests += 1
        self._until_ns = now_ns + self.rest_s * SECOND_NS
        return Verdict.REST

    def _too_crowded(self) -> bool:
        on_first, on_second = (sum(which) for which in zip(*self._seconds, strict=True))
        either = sum(any(second) for second in self._seconds)
        return either >= CROWDED and min(on_first, on_second) >= CROWDED_EACH

    def _went_well(self, second: Traffic) -> None:
        if second.left:
            self._proven += 1
        if self._proven >= PROVEN_SECONDS:
            self._rests = 0
