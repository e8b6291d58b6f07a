"""Relayed connections that only one end still has, because a message of the other's was lost. Pure.

Theory of operation. Every second the edge says which it has. What one end alone has in two beats in
a row has ended, and its end is made up for: by then, what was under way when the edge spoke has
arrived. A number that the edge had not given yet when it spoke is not judged, however late its beat
is read.
"""

from collections.abc import Collection
from dataclasses import dataclass

APART_NS = 500_000_000
"""Beats that are read at once, after this process stood still, are one."""


@dataclass(frozen=True, slots=True)
class OneSided:
    """What one end alone has."""

    hub: frozenset[int] = frozenset()
    edge: frozenset[int] = frozenset()


NOTHING = OneSided()


class Ghosts:
    """Of one edge."""

    def __init__(self) -> None:
        """Nothing was said yet."""
        self._before = NOTHING
        self._before_ns: int | None = None

    def told(
        self, at_edge: frozenset[int], last: int, here: Collection[int], now_ns: int
    ) -> OneSided:
        """A beat; which connections have to end where.

        Args:
            at_edge: the numbers that the edge has.
            last: the highest that it ever gave.
            here: those that the hub has.
            now_ns: monotonic.
        """
        if self._before_ns is not None and now_ns - self._before_ns < APART_NS:
            return NOTHING
        known = frozenset(here)
        alone = OneSided(
            hub=frozenset(one for one in known - at_edge if one <= last), edge=at_edge - known
        )
        before, self._before, self._before_ns = self._before, alone, now_ns
        return OneSided(alone.hub & before.hub, alone.edge & before.edge)
