"""Whether somebody copied a unit's key: it comes from two places, again and again. Pure.

The newest connection of a key wins, and the older one is told; both are honest about the key, so
nothing else can be decided. A unit whose network broke also comes back while its older connection
seems to stand: that one has said nothing for a while. Only an older connection that was just heard
is a second unit.
"""

from collections import deque
from dataclasses import dataclass, field

NS_PER_S = 1_000_000_000

HEARD_NS = 1_500_000_000
"""A unit says something each second, and one that hears nothing for 1.7 s looks for the hub."""

CLONED_TIMES = 3
CLONED_WINDOW_NS = 60 * NS_PER_S

SHOWN_NS = 600 * NS_PER_S
"""Hosts see the alarm for ten minutes after the last time."""


@dataclass(slots=True)
class CloneWatch:
    """Counts for each key how often a live connection of it was taken over."""

    _taken_ns: dict[str, deque[int]] = field(default_factory=dict)
    _alarm_ns: dict[str, int] = field(default_factory=dict)

    def taken_over(self, unit: str, heard_ns: int, now_ns: int) -> bool:
        """A connection was taken over by a newer one of the same key.

        Args:
            unit: fingerprint.
            heard_ns: when the older one last said something.
            now_ns: monotonic time.

        Returns: whether this makes it an alarm that was none before.
        """
        if now_ns - heard_ns > HEARD_NS:
            return False
        times = self._taken_ns.setdefault(unit, deque(maxlen=CLONED_TIMES))
        times.append(now_ns)
        if len(times) < CLONED_TIMES or now_ns - times[0] > CLONED_WINDOW_NS:
            return False
        is_news = unit not in self.alarms(now_ns)
        self._alarm_ns[unit] = now_ns
        return is_news

    def alarms(self, now_ns: int) -> tuple[str, ...]:
        """Units whose keys were copied, as far as can be seen."""
        since = self._alarm_ns.items()
        return tuple(unit for unit, at_ns in since if now_ns - at_ns < SHOWN_NS)

    def forget(self, unit: str) -> None:
        """The key is trusted no more."""
        self._taken_ns.pop(unit, None)
        self._alarm_ns.pop(unit, None)
