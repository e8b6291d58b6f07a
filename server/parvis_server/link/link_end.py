"""One end of the link: everything goes over each connection, and counts where it comes first. Pure.

Theory of operation. A *line* is one connection whose two ends have proven themselves. What is sent
gets a sequence number and is put into every line's queue; the first copy that arrives is handed on,
the second is not. Old sound must wait nowhere: a queue holds 200 ms, and a line takes no more
while the kernel has not sent what it has, or while the other end has not said for half a second
that anything of it arrived. The second bound holds also where a proxy stands between, which would
take megabytes. Ten times a second each end says on each line how many messages came over it; a line
that is silent for 0.9 s is ended, and whoever dialed dials again.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from parvis_server.link.packets import SEQUENCES, LinkPacket, beat, received_in
from parvis_server.link.window import SequenceWindow
from parvis_server.net.send_queue import SendQueue
from parvis_wire.errors import BadMessage

BOUND_NS = 200_000_000
"""What waited longer would come after its playout."""

MAX_QUEUED = 1_024
"""200 ms of what hundred relayed speakers and a few rooms send, and the memory of one line."""

UNSENT_BYTES = 4_096
"""What the kernel may hold that is not on the wire: 2 ms of a 16 Mbit/s uplink."""

IN_FLIGHT_NS = 500_000_000
"""Longest round trip, with the wait for the next beat, in which a line is not behind."""

BEAT_EVERY_NS = 100_000_000
SILENT_NS = 900_000_000
"""With the tick: a peer that is gone is noticed within a second."""

TICK_S = 0.05
STOOD_STILL_NS = 250_000_000
"""A tick later than that: this process stood still, and the other end's messages wait unread."""

SILENT = "nothing came over it for a second"


class Way(Protocol):
    """A connection, as far as a line needs it."""

    def write(self, message: bytes) -> None:
        """Write one binary message at once."""

    def unsent_bytes(self) -> int:
        """What was written and is not on the wire."""

    def end(self, why: str) -> None:
        """End the connection without waiting for anything."""


@dataclass(slots=True, eq=False)
class Line:
    """One proven connection."""

    way: Way
    heard_ns: int
    beat_ns: int
    """When the next beat is due."""
    queue: SendQueue = field(default_factory=lambda: SendQueue(BOUND_NS, most_packets=MAX_QUEUED))
    received: int = 0
    written: int = 0
    in_flight: deque[tuple[int, int]] = field(default_factory=deque)
    """Number and moment of each message that the other end has not said to have."""

    def put(self, message: bytes, now_ns: int) -> None:
        """Send a message behind those that wait."""
        self.queue.put(message, now_ns)
        self.pump(now_ns)

    def pump(self, now_ns: int) -> None:
        """Write what waits, as far as it leaves this machine and arrives."""
        self.queue.expire(now_ns)
        while len(self.queue) and not self._is_behind(now_ns):
            message = self.queue.take()
            if message is not None:
                self._write(message, now_ns)

    def acknowledge(self, received: int) -> None:
        """The other end has so many."""
        while self.in_flight and (received - self.in_flight[0][0]) % SEQUENCES < SEQUENCES // 2:
            self.in_flight.popleft()

    def tick(self, now_ns: int) -> None:
        """Beat when it is time, and write what found no room."""
        if now_ns >= self.beat_ns:
            self.beat_ns = now_ns + BEAT_EVERY_NS
            self.way.write(beat(self.received))
        self.pump(now_ns)

    def _is_behind(self, now_ns: int) -> bool:
        late = bool(self.in_flight) and now_ns - self.in_flight[0][1] > IN_FLIGHT_NS
        return late or self.way.unsent_bytes() > UNSENT_BYTES

    def _write(self, message: bytes, now_ns: int) -> None:
        self.written += 1
        self.in_flight.append((self.written % SEQUENCES, now_ns))
        self.way.write(message)


class LinkEnd:
    """The hub's end, or the edge's, for as long as both stay the same ones."""

    def __init__(self, receive: Callable[[LinkPacket], None]) -> None:
        """``receive`` gets every packet of the other end, once."""
        self._receive = receive
        self._window = SequenceWindow()
        self._sequence = 0
        self._lines: list[Line] = []
        self._dropped = 0
        self._ticked_ns: int | None = None
        self.repeated = 0
        """Second copies; with two lines about as many as first ones."""
        self.received = 0

    @property
    def lines(self) -> int:
        """Connections that carry sound now."""
        return len(self._lines)

    @property
    def dropped(self) -> int:
        """Packets that went over no line, and copies that gave way to newer ones in a queue."""
        return self._dropped + sum(line.queue.dropped for line in self._lines)

    def opened(self, way: Way, now_ns: int) -> Line:
        """A connection is proven: use it."""
        line = Line(way, heard_ns=now_ns, beat_ns=now_ns)
        self._lines.append(line)
        return line

    def closed(self, line: Line) -> bool:
        """A connection is over; what waited in it is void, the other one has it. False: it was over
        already."""
        if line not in self._lines:
            return False
        self._lines.remove(line)
        self._dropped += line.queue.dropped
        return True

    def send(self, packet: LinkPacket, now_ns: int) -> None:
        """Send over every line; without one it is worthless at once."""
        if not self._lines:
            self._dropped += 1
            return
        self._sequence = self._sequence % (SEQUENCES - 1) + 1
        message = packet.serialize(self._sequence)
        for line in tuple(self._lines):
            line.put(message, now_ns)

    def heard(self, line: Line, message: bytes, now_ns: int) -> None:
        """A message came over a line.

        Raises:
            BadMessage: it cannot be read.
        """
        line.heard_ns = now_ns
        received = received_in(message)
        if received is not None:
            line.acknowledge(received)
            line.pump(now_ns)
            return
        line.received += 1
        sequence, packet = LinkPacket.parse(message)
        if not self._window.is_new(sequence):
            self.repeated += 1
            return
        self.received += 1
        self._receive(packet)

    def tick(self, now_ns: int) -> None:
        """To be called every ``TICK_S``: beats, and ends what is silent."""
        late_ns = 0 if self._ticked_ns is None else now_ns - self._ticked_ns
        self._ticked_ns = now_ns
        for line in tuple(self._lines):
            if late_ns > STOOD_STILL_NS:
                line.heard_ns += late_ns
            if now_ns - line.heard_ns > SILENT_NS:
                self.closed(line)
                line.way.end(SILENT)
            else:
                line.tick(now_ns)

    def begin_anew(self, why: str) -> None:
        """The other end is another one now: end the connections to the old one, and count anew."""
        for line in tuple(self._lines):
            self.closed(line)
            line.way.end(why)
        self._window = SequenceWindow()


def take(end: LinkEnd, line: Line, message: str | bytes, now_ns: int) -> None:
    """A message of the other end, of whatever kind; what cannot be read ends its connection."""
    try:
        if isinstance(message, str):
            raise BadMessage("text after the handshake")
        end.heard(line, message, now_ns)
    except BadMessage as error:
        end.closed(line)
        line.way.end(str(error))
