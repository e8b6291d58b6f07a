"""The room clock: 48 kHz samples since the room went live, 64 bit."""

from dataclasses import dataclass

from parvis_wire.rtp import CLOCK_RATE_HZ

NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class RoomClock:
    """Maps the hub's monotonic time to the room clock."""

    origin_ns: int
    """Monotonic time of sample 0. May be negative: the room is older than this machine's boot."""

    def samples(self, now_ns: int) -> int:
        """Samples that have passed at ``now_ns``; 0 before the origin."""
        return max(0, (now_ns - self.origin_ns) * CLOCK_RATE_HZ // NS_PER_S)

    def live_ms(self, now_ns: int) -> int:
        """Milliseconds since the room went live."""
        return max(0, (now_ns - self.origin_ns) // 1_000_000)
