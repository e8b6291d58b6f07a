"""A room as the database keeps it, and whether its clock goes on after a pause of the hub. Pure."""

from dataclasses import dataclass, replace

NS_PER_MS = 1_000_000

ROOM_OVER_AFTER_MS = 6 * 3600 * 1000
"""A hub that was down for longer opens a new evening: the room clock starts again."""


@dataclass(frozen=True, slots=True)
class StoredRoom:
    """One line of the table of rooms."""

    name: str
    created_utc_ms: int
    clock_origin_utc_ns: int
    """When the room clock was 0."""
    last_running_utc_ms: int
    """When a hub had it open, to the minute."""

    @classmethod
    def new(cls, name: str, utc_ns: int) -> "StoredRoom":
        """A room whose clock begins now."""
        utc_ms = utc_ns // NS_PER_MS
        return cls(name, utc_ms, utc_ns, utc_ms)

    @classmethod
    def before_the_database(
        cls, name: str, live_since_utc_ns: int, last_running_utc_ns: int
    ) -> "StoredRoom":
        """A room of which only its clock was kept so far."""
        created_utc_ms = live_since_utc_ns // NS_PER_MS
        return cls(name, created_utc_ms, live_since_utc_ns, last_running_utc_ns // NS_PER_MS)

    def reopened(self, utc_ns: int) -> "StoredRoom":
        """The room as it is when a hub opens it now.

        Its clock goes on, unless the pause was long or the wall clock lies before its beginning.
        """
        utc_ms = utc_ns // NS_PER_MS
        over = utc_ms - self.last_running_utc_ms > ROOM_OVER_AFTER_MS
        begins_anew = over or utc_ns < self.clock_origin_utc_ns
        origin = utc_ns if begins_anew else self.clock_origin_utc_ns
        return replace(self, clock_origin_utc_ns=origin, last_running_utc_ms=utc_ms)

    def origin_ns(self, now_ns: int, utc_ns: int) -> int:
        """Monotonic time at which the room clock was 0, perhaps before this machine started.

        Args:
            now_ns: monotonic time.
            utc_ns: UTC at the same moment, ns since 1970.
        """
        return now_ns - (utc_ns - self.clock_origin_utc_ns)
