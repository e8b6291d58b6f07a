"""Delays in fixed bins, so that those of several processes and machines add up. Pure."""

from collections.abc import Mapping
from typing import Self

BIN_NS = 100_000
"""A tenth of a millisecond."""

BINS = 100_001
"""Up to ten seconds; the last bin is everything above."""

PLACES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}


class Histogram:
    """How often each delay was met."""

    __slots__ = ("counts", "greatest_ns")

    def __init__(self) -> None:
        """Nothing was measured yet."""
        self.counts = [0] * BINS
        self.greatest_ns = 0
        """Of those in the last bin."""

    def add(self, delay_ns: int) -> None:
        """One delay; below zero counts as zero."""
        place = max(delay_ns, 0) // BIN_NS
        if place >= BINS - 1:
            place = BINS - 1
            self.greatest_ns = max(self.greatest_ns, delay_ns)
        self.counts[place] += 1

    def merge(self, other: Self) -> None:
        """Add what somebody else measured."""
        self.counts = [a + b for a, b in zip(self.counts, other.counts, strict=True)]
        self.greatest_ns = max(self.greatest_ns, other.greatest_ns)

    def from_least(self) -> "Histogram":
        """The same, counted from the smallest delay."""
        least = next((place for place, count in enumerate(self.counts) if count), 0)
        moved = Histogram()
        moved.counts = self.counts[least:] + [0] * least
        if least and self.counts[-1]:  # the last bin stays the one of everything above
            moved.counts[-1 - least], moved.counts[-1] = 0, self.counts[-1]
        moved.greatest_ns = max(0, self.greatest_ns - least * BIN_NS)
        return moved

    @property
    def total(self) -> int:
        """How many delays were measured."""
        return sum(self.counts)

    def figures(self) -> dict[str, float] | None:
        """``p50``, ``p95``, ``p99``, ``max`` in ms, as upper edges of bins; None: nothing there."""
        total = self.total
        if not total:
            return None
        passed, found, ranks = 0, {}, list(PLACES.items())
        for place, count in enumerate(self.counts):
            passed += count
            while ranks and count and passed >= ranks[0][1] * total:
                found[ranks.pop(0)[0]] = self._edge_ms(place)
            if passed == total:
                return found | {"max": self._edge_ms(place)}
        raise AssertionError("the bins hold all that was counted")

    def _edge_ms(self, place: int) -> float:
        edge_ns = (place + 1) * BIN_NS if place < BINS - 1 else self.greatest_ns
        return round(edge_ns / 1e6, 1)

    def as_json(self) -> dict[str, int]:
        """The bins that are not empty, and the greatest delay of the last one."""
        filled = {str(place): count for place, count in enumerate(self.counts) if count}
        return filled | {"max_ns": self.greatest_ns}

    @classmethod
    def from_json(cls, told: Mapping[str, int]) -> Self:
        """What ``as_json`` gave; raises ``ValueError`` for what it cannot be."""
        made = cls()
        for place, count in told.items():
            if place == "max_ns":
                made.greatest_ns = int(count)
            elif 0 <= int(place) < BINS and count >= 0:
                made.counts[int(place)] = int(count)
            else:
                raise ValueError(f"there is no bin {place} of {count}")
        return made
