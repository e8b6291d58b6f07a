"""When the engine ticks: absolute deadlines that advance by the period, whatever happened before.

Pure: the time comes in as an argument.
"""

from dataclasses import dataclass

from parvis_server.engine.boundary import TICK_NS

PACKET_NS = 20_000_000
"""A program packet: its ticks belong together."""

MAX_CATCH_UP_NS = 100_000_000
"""As much as the boundary holds. After a longer standstill the sound in between is stale,
and running its ticks would only make the next ones late too."""


@dataclass(frozen=True, slots=True)
class DueTicks:
    """What to run now."""

    ticks: range
    skipped: int
    """Ticks before them that will never run."""


class TickSchedule:
    """Numbers the ticks of the room clock: tick ``k`` is due at ``origin_ns + k * tick_ns``."""

    def __init__(self, origin_ns: int, now_ns: int, tick_ns: int = TICK_NS) -> None:
        """Begin with the first tick of the next program packet; ``tick_ns``: length of a tick."""
        self._origin_ns = origin_ns
        self._tick_ns = tick_ns
        self._most = MAX_CATCH_UP_NS // tick_ns
        self._next = -(-(now_ns - origin_ns) // PACKET_NS) * (PACKET_NS // tick_ns)

    @property
    def next_deadline_ns(self) -> int:
        """When the next tick is due."""
        return self.deadline_ns(self._next)

    def deadline_ns(self, tick: int) -> int:
        """When a tick is due."""
        return self._origin_ns + tick * self._tick_ns

    def take(self, now_ns: int) -> DueTicks:
        """The ticks that are due, those of the last ``MAX_CATCH_UP_NS``; they count as run."""
        end = max((now_ns - self._origin_ns) // self._tick_ns + 1, self._next)
        start = max(self._next, end - self._most)
        due = DueTicks(ticks=range(start, end), skipped=start - self._next)
        self._next = end
        return due
