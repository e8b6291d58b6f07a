"""One source's sound on its way to a file: in order, each sample in its place. Pure.

Packets come in order but for a few, which overtook others on the second connection. The one that
is expected goes through at once; one that is ahead waits until those before it are there, 250 ms at
most, the longest that the engine's jitter buffer waits for a remote speaker. Then what is missing
is taken as lost and its place filled.
"""

import heapq
from dataclasses import dataclass, field
from typing import Final

from parvis_audio.errors import BadPacket
from parvis_audio.opus_packet import packet_duration_samples
from parvis_server.record.ogg_opus import GAP_STEP_SAMPLES, OpusTail, OpusWriter
from parvis_wire import serial

HOLD_NS: Final = 250_000_000

MAX_WAITING: Final = 128
"""Packets ahead of a lost one: 250 ms of 2.5 ms packets, and some."""

MAX_GAP_SAMPLES: Final = 480_000
"""Ten seconds: a source that was away for longer, or says so, goes on in a file of its own."""

MAX_MIX_GAP_SAMPLES: Final = 24 * 3600 * 48_000
"""A day: the mix stays one file, whatever became of engine and recorder meanwhile."""


@dataclass(slots=True)
class SoundCounts:
    """What was not as it should be."""

    late: int = 0
    bad: int = 0
    lost_samples: int = 0


@dataclass(frozen=True, slots=True, order=True)
class _Ahead:
    at: int
    since_ns: int = field(compare=False)
    payload: bytes = field(compare=False)


class TrackSound:
    """The pages of one file."""

    def __init__(self, writer: OpusWriter, first_timestamp: int, counts: SoundCounts) -> None:
        """``first_timestamp``: of the sample behind what ``writer`` has."""
        self._writer = writer
        self._counts = counts
        self._line = serial.Unwrapper(serial.TIMESTAMP_BITS)
        self._next = self._line.unwrap(first_timestamp)
        self._ahead: list[_Ahead] = []
        self._page = [writer.head]

    @classmethod
    def go_on(cls, tail: OpusTail, next_timestamp: int, counts: SoundCounts) -> "TrackSound":
        """A file that was written before, up to ``next_timestamp``."""
        return cls(tail.go_on(), next_timestamp, counts)

    @property
    def next_timestamp(self) -> int:
        """Where the next packet is expected."""
        return self._next % (1 << serial.TIMESTAMP_BITS)

    def fits(self, timestamp: int, most_gap: int = MAX_GAP_SAMPLES) -> bool:
        """Whether a packet of this timestamp can be in this file: on its grid, and not far off."""
        step = serial.distance(self.next_timestamp, timestamp, serial.TIMESTAMP_BITS)
        return step % GAP_STEP_SAMPLES == 0 and -MAX_GAP_SAMPLES <= step <= most_gap

    def put(self, timestamp: int, payload: bytes, now_ns: int) -> None:
        """Take a packet that ``fits``; one that is late or no Opus is counted and dropped."""
        try:
            samples = packet_duration_samples(payload)
        except BadPacket:
            self._counts.bad += 1
            return
        if not self._ahead and timestamp == self._next & 0xFFFF_FFFF:  # nearly every packet
            self._write(payload, samples)
            return
        step = serial.distance(self.next_timestamp, timestamp, serial.TIMESTAMP_BITS)
        if step < 0:
            self._counts.late += 1
            return
        heapq.heappush(self._ahead, _Ahead(self._next + step, now_ns, payload))
        self._follow(now_ns, most_waiting=MAX_WAITING)

    def pages(self, now_ns: int) -> bytes:
        """Everything that can be written now."""
        self._follow(now_ns, most_waiting=MAX_WAITING)
        self._page.append(self._writer.flush())
        return self._taken()

    def end(self) -> bytes:
        """Everything that is left, and the end of the stream."""
        self._follow(0, most_waiting=0)
        self._page.append(self._writer.end())
        return self._taken()

    def _taken(self) -> bytes:
        taken, self._page = b"".join(self._page), []
        return taken

    def _follow(self, now_ns: int, *, most_waiting: int) -> None:
        """Write what has its turn, and what others have been waited for in vain."""
        while self._ahead:
            first = self._ahead[0]
            oldest_ns = min(one.since_ns for one in self._ahead)
            waited = now_ns - oldest_ns >= HOLD_NS or len(self._ahead) > most_waiting
            if first.at > self._next and not waited:
                return
            heapq.heappop(self._ahead)
            if first.at < self._next:
                self._counts.late += 1
                continue
            if first.at > self._next:
                self._counts.lost_samples += first.at - self._next
                self._page.append(self._writer.add_gap(first.at - self._next))
                self._next = first.at
            self._write(first.payload, packet_duration_samples(first.payload))

    def _write(self, payload: bytes, samples: int) -> None:
        self._next += samples
        page = self._writer.add(payload)
        if page:
            self._page.append(page)
