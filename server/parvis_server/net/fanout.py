"""One frame to everybody: built once, written as the same bytes to each receiver.

Theory of operation. A frame is *sound* (a program packet, worthless when late) or *control* (a
message, never left out). Small audiences are served at once, in the call that publishes; a large
one by ``run``, which gives way to the event loop every ``SLICE_NS``. Frames that wait for it are
bounded: the oldest sound goes. A message goes before all sound that waits, and before the rest of
a packet's audience: on a machine that is late, a press is told at once. What nobody waits for (how
many listen, once a second) is told *at leisure*: sound goes before the rest of its audience. A
receiver who joins while frames wait gets only those that were published after: its snapshot holds
the rest already.

The program may come in packets of two lengths (``Pace``); each receiver gets those of one. Longer
packets begin at different moments for different parts of the audience (``Phase``): so what is to be
written at once is never more than 20 ms of program brings for everybody.

Nearly every receiver keeps up, and then nothing waits between us and its kernel: the frame goes
there with one call of the system (``Outlet``), and nothing else of the receiver is touched. Whoever
does not take a frame whole is served the long way, by its sink, until everything is drained.

A receiver is *behind* when more than a second of program waits for it in this process. From then
on it gets no sound until everything is drained (*skip to live*); behind for too long or by too
much, it is closed with ``CloseCode.SLOW``.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from parvis_server.net.receivers import Pace, Phase, Receiver, Receivers, Row, Sink
from parvis_wire.close_codes import CloseCode

BEHIND_FLOOR_BYTES = 4096
"""A second of program is at least this: below it, one late moment would already skip."""

MAX_BEHIND_NS = 10_000_000_000
"""Behind for this long: the connection is too slow for the program, not just late."""

MAX_BUFFERED_BYTES = 262_144
"""A stuck receiver costs no more memory than this."""

INLINE_RECEIVERS = 128
"""Up to this many are served at once: about 1 ms at 8 µs for each."""

SLICE_NS = 2_000_000
"""Nothing else waits longer than this for a fan-out."""

SLICE_RECEIVERS = 32
"""Receivers between two looks at the clock: a quarter of a millisecond."""

SLOW_REASON = "too far behind for too long: come back to the live edge"

MAX_WAITING_SOUND = 50
"""Program packets that wait for a large audience: a second, of each pace, as for one receiver."""

MAX_AT_LEISURE = 12
"""The clocks come after ten pulses: of each the newest is among them. A process that is late for a
minute tells everybody how many listen now, not sixty times how many listened."""

WRITE_SHARE = 1 / 16
"""Weight of writing one frame to everybody in ``Fanout.write_ns``, and of a part of them that part
of it: it settles within two seconds of program."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    number: int
    frame: bytes
    sound: bool
    pace: Pace | None = None
    """Whose packet or message it is; None: everybody's."""
    phase: Phase | None = None
    """Of those of the bundled pace."""


@dataclass(slots=True)
class FanoutCounts:
    """What became of the frames."""

    sound_frames: int = 0
    control_frames: int = 0
    skipped_sound: int = 0
    """Sound left out for receivers who were behind."""
    skips: int = 0
    """Times that a receiver fell behind."""
    closed_slow: int = 0
    overrun_sound: int = 0
    """Sound dropped for everybody because the fan-out itself was late."""


@dataclass(slots=True)
class _ProgramRate:
    """Bytes of one second of program, as it is now."""

    bytes_per_s: float = 0.0

    def saw(self, frame: bytes, ptime_ms: int) -> None:
        now = len(frame) * 1000 / ptime_ms
        share = ptime_ms / 1000  # settles within a second
        self.bytes_per_s += (now - self.bytes_per_s) * share


class Fanout:
    """Everybody who gets the same bytes."""

    def __init__(self, now_ns: Callable[[], int]) -> None:
        """Nobody is served yet."""
        self.now_ns = now_ns
        self.counts = FanoutCounts()
        self.write_ns = 0.0
        """What writing one frame to one receiver costs, measured and smoothed: a whole audience's
        time by its receivers, without what others did in between. 0: nothing was written yet."""
        self._receivers = Receivers()
        self._rates = {pace: _ProgramRate() for pace in Pace}
        self._messages: deque[_Waiting] = deque()
        self._leisurely: deque[_Waiting] = deque(maxlen=MAX_AT_LEISURE)
        self._sound: deque[_Waiting] = deque()
        self._published = 0
        self._newest_since = 0
        """The highest ``since`` of anybody: frames from this number on are for all who are here."""
        self._wake = asyncio.Event()
        self._serving = False

    def __len__(self) -> int:
        """How many receivers there are."""
        return len(self._receivers)

    def __contains__(self, receiver: Receiver) -> bool:
        """Whether this one is served."""
        return receiver.is_among(self._receivers)

    @property
    def paces(self) -> Mapping[Pace, int]:
        """How many get the program at each pace."""
        return self._receivers.paces

    def add(self, sink: Sink, *, wants_sound: bool, pace: Pace = Pace.QUICK) -> Receiver:
        """Serve ``sink`` from the next published frame on."""
        since = self._published
        receiver = Receiver(self._receivers, sink, since, wants_sound=wants_sound, pace=pace)
        self._newest_since = since
        self._receivers.enter(receiver)
        return receiver

    def remove(self, receiver: Receiver) -> None:
        """Serve it no more; does nothing when it is not served."""
        if receiver in self:
            receiver.dismiss()

    def publish_sound(
        self, frame: bytes, ptime_ms: int, pace: Pace | None = None, phase: Phase | None = None
    ) -> None:
        """A program packet for everybody of this pace, or of any, who is not behind; ``phase``: for
        this part of the bundled pace alone."""
        if pace is not None and not self._receivers.hearing(pace, phase):
            return
        waiting = _Waiting(self._published, frame, sound=True, pace=pace, phase=phase)
        self.counts.sound_frames += 1
        for one in Pace if pace is None else (pace,):
            self._rates[one].saw(frame, ptime_ms)
        self._publish(waiting, self._sound)

    def publish_control(
        self, frame: bytes, pace: Pace | None = None, *, at_leisure: bool = False
    ) -> None:
        """A message for everybody, or for those who get the program at this pace.

        ``at_leisure``: after whatever waits, and after the sound that comes meanwhile.
        """
        self.counts.control_frames += 1
        waiting = _Waiting(self._published, frame, sound=False, pace=pace)
        self._publish(waiting, self._leisurely if at_leisure else self._messages)

    async def run(self) -> None:
        """Serve large audiences, in slices; runs until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            self._serving = True
            try:
                while self._messages or self._sound or self._leisurely:
                    await self._serve_pressing()
                    if self._leisurely:
                        await self._serve_in_slices(self._leisurely.popleft(), at_leisure=True)
            finally:
                self._serving = False

    async def _serve_pressing(self) -> None:
        """Messages and sound; what is at leisure stands back."""
        while self._messages or self._sound:
            await self._serve_messages()
            if self._sound:
                await self._serve_in_slices(self._sound.popleft())

    async def _serve_messages(self) -> None:
        while self._messages:
            await self._serve_in_slices(self._messages.popleft())

    def _publish(self, waiting: _Waiting, line: deque[_Waiting]) -> None:
        self._published += 1
        busy = self._messages or self._sound or self._leisurely or self._serving
        if not busy and len(self) <= INLINE_RECEIVERS:
            rows, started_ns = self._meant(waiting), self.now_ns()
            for row in rows:
                self._serve_some(row, 0, len(row.ways), waiting, started_ns)
            self._took(self.now_ns() - started_ns, sum(len(row.ways) for row in rows))
            return
        line.append(waiting)
        self._bound_sound(waiting.pace)
        self._wake.set()

    def _bound_sound(self, pace: Pace | None) -> None:
        """The oldest goes, of those that are for this pace."""
        if len(self._sound) > MAX_WAITING_SOUND:
            same = [one for one in self._sound if one.pace is pace]
            for oldest in same[:-MAX_WAITING_SOUND]:
                self._sound.remove(oldest)
                self.counts.overrun_sound += 1

    def _meant(self, waiting: _Waiting) -> list[Row]:
        """Those whom a frame is for, now."""
        rows = self._receivers.hearing(waiting.pace, waiting.phase)
        if not waiting.sound and waiting.pace is None:
            rows = self._receivers.silent() + rows
        if waiting.number < self._newest_since:
            rows = [row.since(waiting.number) for row in rows]
        return rows

    async def _serve_in_slices(self, waiting: _Waiting, *, at_leisure: bool = False) -> None:
        rows, spent_ns = self._meant(waiting), 0
        started_ns = now_ns = self.now_ns()
        for row in rows:
            for first in range(0, len(row.ways), SLICE_RECEIVERS):
                self._serve_some(row, first, first + SLICE_RECEIVERS, waiting, now_ns)
                now_ns = self.now_ns()
                if now_ns - started_ns >= SLICE_NS:
                    spent_ns += now_ns - started_ns
                    await asyncio.sleep(0)
                    if waiting.sound:
                        await self._serve_messages()
                    elif at_leisure:
                        await self._serve_pressing()
                    started_ns = now_ns = self.now_ns()
        self._took(spent_ns + now_ns - started_ns, sum(len(row.ways) for row in rows))

    def _took(self, spent_ns: int, receivers: int) -> None:
        if receivers:
            each_ns = spent_ns / receivers
            share = WRITE_SHARE * min(1, receivers / max(1, len(self))) if self.write_ns else 1
            self.write_ns += (each_ns - self.write_ns) * share

    def _serve_some(self, row: Row, first: int, end: int, waiting: _Waiting, now_ns: int) -> None:
        """The inner loop: all that a listener who keeps up costs is in it."""
        frame, size = waiting.frame, len(waiting.frame)
        for place, send in enumerate(row.ways[first:end], first):
            try:
                written = send(frame)
            except OSError:  # full, gone, or something waits: the sink knows which
                written = -1
            if written != size:
                self._serve(row.receivers[place], waiting, written, now_ns)

    def _serve(self, receiver: Receiver, waiting: _Waiting, written: int, now_ns: int) -> None:
        """One whom something waits for, or who has no short way."""
        sink = receiver.sink
        buffered = sink.buffered_bytes()
        if written > 0:
            sink.write_frame(waiting.frame[written:])
        elif buffered > MAX_BUFFERED_BYTES:
            self._close_slow(receiver)
        elif not waiting.sound or self._keeps_up(receiver, buffered, now_ns):
            if buffered == 0 and sink.direct is not None and receiver.behind_since_ns is None:
                sink.direct.reopen()
            sink.write_frame(waiting.frame)
        else:
            self.counts.skipped_sound += 1

    def _keeps_up(self, receiver: Receiver, buffered: int, now_ns: int) -> bool:
        """Whether this receiver gets sound now; a receiver behind for too long is closed."""
        if receiver.behind_since_ns is None:
            rate = self._rates[receiver.pace].bytes_per_s
            if buffered <= max(BEHIND_FLOOR_BYTES, rate):
                return True
            receiver.behind_since_ns = now_ns
            self.counts.skips += 1
            return False
        if buffered == 0:
            receiver.behind_since_ns = None
            return True
        if now_ns - receiver.behind_since_ns > MAX_BEHIND_NS:
            self._close_slow(receiver)
        return False

    def _close_slow(self, receiver: Receiver) -> None:
        sink = receiver.sink
        self.remove(receiver)
        self.counts.closed_slow += 1
        sink.close(CloseCode.SLOW, SLOW_REASON)
