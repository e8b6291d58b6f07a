"""When the engine ticks: absolute deadlines that advance by the period, whatever happened before.

Pure: the time comes in as an argument.
"""

from dataclasses import dataclass

from parvis_server.engine.boundary import TICK_NS

MAX_CATCH_UP_TICKS = 10
"""100 ms: as much as the boundary holds. After a longer standstill the sound in between is stale,
and running its ticks would only make the next ones late too."""


@dataclass(frozen=True, slots=True)
class DueTicks:
    """What to run now."""

    ticks: range
    skipped: int
    """Ticks before them that will never run."""


class TickSchedule:
    """Numbers the ticks of the room clock: tick ``k`` is due at ``origin_ns + k * TICK_NS``."""

    def __init__(self, origin_ns: int, now_ns: int) -> None:
        """Begin with the first even tick after now: a program packet is an even and an odd one."""
        self._origin_ns = origin_ns
        first = -(-(now_ns - origin_ns) // TICK_NS)
        self._next = first + first % 2

    @property
    def next_deadline_ns(self) -> int:
        """When the next tick is due."""
        return self.deadline_ns(self._next)

    def deadline_ns(self, tick: int) -> int:
        """When a tick is due."""
        return self._origin_ns + tick * TICK_NS

    def take(self, now_ns: int) -> DueTicks:
        """The ticks that are due, the newest ``MAX_CATCH_UP_TICKS`` of them; they count as run."""
        end = max((now_ns - self._origin_ns) // TICK_NS + 1, self._next)
        start = max(self._next, end - MAX_CATCH_UP_TICKS)
        due = DueTicks(ticks=range(start, end), skipped=start - self._next)
        self._next = end
        return due
