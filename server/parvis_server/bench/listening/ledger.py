"""The packets that anybody got, when each left the engine, and in which window it counts. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, field

from parvis_server.bench.listening.course import missing_at_end, step
from parvis_server.bench.listening.program import NUMBERS, SAMPLES_PER_MS, Numbers, ProgramPacket
from parvis_server.bench.listening.room_clock import RoomClock
from parvis_server.bench.listening.tally import Tally
from parvis_wire import serial
from parvis_wire.errors import WireError

MOST_KNOWN = 4096
"""Packets that are remembered: more than a minute."""


@dataclass(slots=True, eq=False)
class Window:
    """A time in which packets count."""

    begin_ns: int
    end_ns: int
    tally: Tally = field(default_factory=Tally)
    newest_end: int | None = None
    """Timestamp at the end of the newest packet that somebody got in it."""

    def holds(self, moment_ns: int) -> bool:
        """Whether a packet that left then counts here."""
        return self.begin_ns <= moment_ns < self.end_ns


@dataclass(slots=True, eq=False)
class Known:
    """A packet that somebody got."""

    successor: Numbers
    packet: ProgramPacket
    left_ns: int
    window: Window | None
    counts: list[int]
    """Of the delays in its window."""


class Ledger:
    """Judges the packets of all listeners of a process."""

    def __init__(self) -> None:
        """Nothing was heard yet, and no window is open."""
        self.outside = Tally()
        """What is counted outside of windows."""
        self.clock = RoomClock()
        self.window: Window | None = None
        self.known: dict[Numbers, Known] = {}
        self.on_known: Callable[[Known], None] = lambda known: None
        """Called with each packet that was not met before."""
        self._samples = 20 * SAMPLES_PER_MS
        """In the newest packet."""

    @property
    def tally(self) -> Tally:
        """Where things are counted now that belong to no packet."""
        return self.outside if self.window is None else self.window.tally

    def take(self, message: bytes, expected: Numbers | None, now_ns: int) -> Numbers | None:
        """Count a packet; what this listener expects after it."""
        known = self._meet(message, now_ns)
        if known is None:
            self.tally.unreadable += 1
            return expected
        taken = step(expected, known.packet)
        tally = self.outside if known.window is None else known.window.tally
        tally.lost += taken.lost
        tally.gaps += taken.gap_samples > 0
        tally.gap_ms += taken.gap_samples / SAMPLES_PER_MS
        tally.repeated += taken.repeated
        tally.tier_changes += taken.changed
        if known.window is not None and not taken.repeated:
            tally.delays.add(now_ns - known.left_ns)
        return taken.expected

    def is_behind(self, expected: Numbers | None) -> bool:
        """Whether a listener has still to get packets of the window."""
        return self._missing(expected) > 0

    def close_window(self, listening: list[Numbers | None]) -> Window:
        """No longer wait for what these have not got; the window, which is over."""
        window = self.window
        assert window is not None, "a window is open"
        for expected in listening:
            missing = self._missing(expected)
            window.tally.lost += missing
            window.tally.gaps += missing > 0
            window.tally.gap_ms += missing * self._samples / SAMPLES_PER_MS
        self.window = None
        return window

    def _missing(self, expected: Numbers | None) -> int:
        if self.window is None or not self.clock.runs:
            return 0
        # Nobody knows a packet that nobody got: one that left just before the end may be missing.
        end = self.clock.end_at(self.window.end_ns)
        last = serial.add(end, -self._samples, serial.TIMESTAMP_BITS)
        newest = self.window.newest_end
        if newest is not None and serial.is_later(newest, last, serial.TIMESTAMP_BITS):
            last = newest
        return missing_at_end(expected, last, self._samples)

    def _meet(self, message: bytes, now_ns: int) -> Known | None:
        """The packet as it is known from now on; None when it is none."""
        if len(message) >= NUMBERS.size:
            known = self.known.get(NUMBERS.unpack_from(message))
            if known is not None and known.packet.size == len(message):
                return known
        try:
            packet = ProgramPacket.parse(message)
        except WireError:
            return None
        if not self.clock.runs:
            self.clock.begin(packet.end, now_ns)
        left_ns = self.clock.left_ns(packet.end)
        window = self.window if self.window is not None and self.window.holds(left_ns) else None
        counts = [] if window is None else window.tally.delays.counts
        known = Known(packet.successor, packet, left_ns, window, counts)
        self.known[packet.numbers] = known
        self.on_known(known)
        self._samples = packet.samples
        if window is not None:
            window.tally.packet_ms[packet.samples // SAMPLES_PER_MS] += 1
            newest = window.newest_end
            if newest is None or serial.is_later(packet.end, newest, serial.TIMESTAMP_BITS):
                window.newest_end = packet.end
        if len(self.known) > MOST_KNOWN:
            del self.known[next(iter(self.known))]
        return known
