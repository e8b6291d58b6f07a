"""The recorder's core: what the hub says and the time in, what to do with files out. Pure.

Theory of operation. Sound is collected and written as pages every 500 ms, and brought to the disk
every second: with the 250 ms for which a packet may wait for others, at most 2 s are lost to a
power cut. A recording that cannot be written is ended, in good order as far as the disk allows, and
told as a fault as long as the hub does not end it; the others go on.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final

from parvis_server.engine.tap import Tap
from parvis_server.errors import BadDatagram
from parvis_server.record.disk import DiskUse, DiskVerdict, judge
from parvis_server.record.effects import Effect, Sync
from parvis_server.record.messages import (
    Begin,
    End,
    Fault,
    Happened,
    Report,
    Retention,
    Sound,
    Tapped,
    Voices,
)
from parvis_server.record.take import Found, Take
from parvis_server.record.track import SoundCounts

WRITE_EVERY_NS: Final = 500_000_000
SYNC_EVERY_NS: Final = 1_000_000_000
RATE_OVER_NS: Final = 10_000_000_000

MAX_TAKES: Final = 32
"""Four times as many as rooms sound at a time."""


class Recorder:
    """All recordings of a hub."""

    def __init__(self, budget_bytes: int | None = None) -> None:
        """``budget_bytes``: how much all recordings may take; None: what the disk has."""
        self.counts = SoundCounts()
        self._budget = budget_bytes
        self._takes: dict[int, Take] = {}
        self._faults: dict[int, Fault] = {}
        self._written: deque[tuple[int, int]] = deque()
        self._due_write_ns = 0
        self._due_sync_ns = 0
        self._use: DiskUse | None = None

    @property
    def takes(self) -> tuple[Take, ...]:
        """Those that run."""
        return tuple(self._takes.values())

    def begin(self, begin: Begin, found: Found | None) -> Iterator[Effect]:
        """Record from now on; ``found``: what is there of it already."""
        running = self._takes.get(begin.number)
        if running is not None and running.recording.recording == begin.recording.recording:
            return
        verdict = self._verdict(0)
        if verdict is not None and verdict.is_full:
            self._fail(begin.number, "the disk, or the budget for recordings, is full")
            return
        if running is not None or len(self._takes) >= MAX_TAKES:
            self._fail(begin.number, "too many recordings at a time")
            return
        if found is not None and found.mix is not None and found.mix.is_ended:
            self._fail(begin.number, "this recording is over: begin another")
            return
        self._faults.pop(begin.number, None)
        take = Take(begin, self.counts, found)
        self._takes[begin.number] = take
        yield take.describe()

    def handle(
        self, said: Voices | Retention | Sound | Tapped | Happened | End, now_ns: int
    ) -> Iterator[Effect]:
        """What the hub says of a recording; of one that does not run, nothing follows."""
        take = self._takes.get(said.number)
        if isinstance(said, End):
            self._faults.pop(said.number, None)
        if take is None:
            return
        match said:
            case Sound():
                for packet in said.packets:
                    yield from take.put(packet, now_ns)
            case Tapped():
                yield from self._tapped(take, said.tap)
            case Happened():
                take.happened(said.line)
            case Voices():
                yield from take.set_voices(said)
            case Retention(days=days):
                yield from take.keep_for(days)
            case End():
                del self._takes[said.number]
                yield from take.end(said.room_clock, said.utc_ms, now_ns)

    def _tapped(self, take: Take, tap: bytes) -> Iterator[Effect]:
        try:
            parsed = Tap.parse(tap)
        except BadDatagram:
            self.counts.bad += 1
            return
        yield from take.tapped(parsed)

    def tick(self, now_ns: int) -> Iterator[Effect]:
        """What is due with time; several times a second."""
        if now_ns >= self._due_write_ns:
            self._due_write_ns = now_ns + WRITE_EVERY_NS
            size = 0
            for take in self.takes:
                for effect in take.write(now_ns):
                    size += len(effect.content)
                    if effect.content:
                        yield effect
            self._note_rate(size, now_ns)
        if now_ns >= self._due_sync_ns:
            self._due_sync_ns = now_ns + SYNC_EVERY_NS
            yield Sync()

    def disk(self, use: DiskUse, now_ns: int, utc_ms: int) -> Iterator[Effect]:
        """How full it is; recordings end before it is."""
        self._use = use
        verdict = self._verdict(now_ns)
        if verdict is not None and verdict.is_full:
            for take in self.takes:
                yield from self._give_up(
                    take, "the disk, or the budget for recordings, is full", now_ns, utc_ms
                )

    def failed(self, path: str, why: str, now_ns: int, utc_ms: int) -> Iterator[Effect]:
        """A file could not be written for so long that its recording cannot go on."""
        for take in self.takes:
            if path.startswith(take.folder + "/"):
                yield from self._give_up(take, why, now_ns, utc_ms)

    def stuck(self, faults: Iterable[tuple[str, str]]) -> None:
        """Files that cannot be written at the moment, each with the reason; the rest can."""
        paths = dict(faults)
        for take in self.takes:
            mine = [why for path, why in paths.items() if path.startswith(take.folder + "/")]
            if mine:
                self._faults[take.number] = Fault(number=take.number, text=mine[0][:400])
            else:
                self._faults.pop(take.number, None)

    def leave(self, now_ns: int) -> Iterator[Effect]:
        """The recorder stops, and another goes on with what runs."""
        for take in self.takes:
            yield from take.write(now_ns)
        yield Sync()

    def report(self, now_ns: int) -> Report:
        """How it is."""
        verdict = self._verdict(now_ns)
        return Report(
            faults=tuple(self._faults.values())[:64],
            free_bytes=None if self._use is None else self._use.free_bytes,
            minutes_left=None if verdict is None or not self._takes else verdict.minutes_left,
            is_low=verdict is not None and verdict.is_low,
            late_packets=self.counts.late,
            lost_samples=self.counts.lost_samples,
            bad=self.counts.bad,
        )

    def _give_up(self, take: Take, why: str, now_ns: int, utc_ms: int) -> Iterator[Effect]:
        del self._takes[take.number]
        self._fail(take.number, why)
        yield from take.end(0, utc_ms, now_ns)

    def _fail(self, number: int, why: str) -> None:
        self._faults[number] = Fault(number=number, text=why[:400], over=True)

    def _note_rate(self, size: int, now_ns: int) -> None:
        self._written.append((now_ns, size))
        while self._written and now_ns - self._written[0][0] > RATE_OVER_NS:
            self._written.popleft()

    def _verdict(self, now_ns: int) -> DiskVerdict | None:
        if self._use is None:
            return None
        rate = sum(size for _, size in self._written) / (RATE_OVER_NS / 1e9)
        return judge(self._use, self._budget, rate)
