"""When a program packet left the engine, by the clock of whoever reads it. Pure.

The hub's ``time`` messages pair a moment of the room clock with one of the hub's monotonic clock.
On one machine that is the reader's clock too. The engine makes a packet at the tick that holds its
last sample, which is due one tick before the room clock's end of the packet; what the tick itself
took is part of the delay. Elsewhere the first packet says when packets are due, less a second of
reserve, and only differences mean something.
"""

from parvis_wire import serial
from parvis_wire.rtp import CLOCK_RATE_HZ

TICK_NS = 10_000_000
NS_PER_SAMPLE = 1e9 / CLOCK_RATE_HZ

RESERVE_NS = 1_000_000_000
"""How much earlier than the first packet another one may come, where there are two clocks."""

SAME_CLOCK_NS = 5_000_000_000
"""A first packet is delayed by less, on one clock."""

BEFORE_NS = -5_000_000
"""Nothing arrives before it left; the room clock is told to a sample, and ticks are not later."""


class RoomClock:
    """Maps timestamps of the program to moments."""

    def __init__(self, tick_ns: int = TICK_NS) -> None:
        """``tick_ns``: length of the engine's tick."""
        self._tick_ns = tick_ns
        self._told: tuple[int, int] | None = None
        self._anchor: tuple[int, float] | None = None
        """A timestamp, not wrapped, and its moment."""
        self.shared = False
        """Whether the reader's clock is the hub's: delays are absolute."""

    @property
    def runs(self) -> bool:
        """Whether a timestamp can be mapped."""
        return self._anchor is not None

    def tell(self, room_clock: int, hub_ns: int) -> None:
        """Take a ``time`` message of a hub on this machine."""
        if self._told is None:
            self._told = (room_clock, hub_ns)

    def begin(self, end: int, now_ns: int) -> None:
        """Take the first packet, which ends before the timestamp ``end``."""
        if self._told is not None:
            room_clock, hub_ns = self._told
            self._anchor = (room_clock, float(hub_ns))
            if BEFORE_NS <= now_ns - self.left_ns(end) <= SAME_CLOCK_NS:
                self.shared = True
                return
        self._anchor = (end, float(now_ns + self._tick_ns - RESERVE_NS))

    def left_ns(self, end: int) -> int:
        """When the packet that ends before this timestamp left the engine."""
        assert self._anchor is not None, "begin() comes first"
        timestamp, moment_ns = self._anchor
        modulus = 1 << serial.TIMESTAMP_BITS
        ahead = serial.distance(timestamp % modulus, end, serial.TIMESTAMP_BITS)
        return round(moment_ns + ahead * NS_PER_SAMPLE) - self._tick_ns

    def end_at(self, left_ns: int) -> int:
        """The timestamp that a packet would end with, had it left at this moment."""
        assert self._anchor is not None, "begin() comes first"
        timestamp, moment_ns = self._anchor
        ahead = round((left_ns + self._tick_ns - moment_ns) / NS_PER_SAMPLE)
        return serial.add(timestamp, ahead, serial.TIMESTAMP_BITS)
