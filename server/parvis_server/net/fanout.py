"""One frame to everybody: built once, written as the same bytes to each receiver.

Theory of operation. A frame is *sound* (a program packet, worthless when late) or *control* (a
message, never left out). Small audiences are served at once, in the call that publishes; a large
one by ``run``, which gives way to the event loop every ``SLICE_NS``. Frames that wait for it are
bounded: the oldest sound goes. A message goes before all sound that waits, and before the rest of
a packet's audience: on a machine that is late, a press is told at once. A receiver who joins while
frames wait gets only those that were published after: its snapshot holds the rest already.

A receiver is *behind* when more than a second of program waits for it in this process. From then
on it gets no sound until everything is drained (*skip to live*); behind for too long or by too
much, it is closed with ``CloseCode.SLOW``.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

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

MAX_WAITING_SOUND = 25
"""Program packets that wait for a large audience: half a second."""


class Sink(Protocol):
    """Where frames are written: see ``websocket_protocol.RawSocket``."""

    def write_frame(self, frame: bytes) -> None:
        """Write the bytes of a finished frame."""

    def buffered_bytes(self) -> int:
        """Bytes that wait because the network took no more."""

    def close(self, code: int, reason: str = "") -> None:
        """End the connection with a reason."""


@dataclass(slots=True, eq=False)
class Receiver:
    """One listener, host or unit on the receiving end."""

    sink: Sink
    wants_sound: bool
    since: int
    """Number of the first frame that is for this receiver."""
    behind_since_ns: int | None = None


@dataclass(frozen=True, slots=True)
class _Waiting:
    number: int
    frame: bytes
    sound: bool


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


@dataclass(slots=True, eq=False)
class Fanout:
    """Everybody who gets the same bytes."""

    now_ns: Callable[[], int]
    counts: FanoutCounts = field(default_factory=FanoutCounts)
    _receivers: dict[Receiver, None] = field(default_factory=dict)
    _messages: deque[_Waiting] = field(default_factory=deque)
    _sound: deque[_Waiting] = field(default_factory=deque)
    _published: int = 0
    _rate: _ProgramRate = field(default_factory=_ProgramRate)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _serving: bool = False

    def __len__(self) -> int:
        """How many receivers there are."""
        return len(self._receivers)

    def __contains__(self, receiver: Receiver) -> bool:
        """Whether this one is served."""
        return receiver in self._receivers

    def add(self, sink: Sink, *, wants_sound: bool) -> Receiver:
        """Serve ``sink`` from the next published frame on."""
        receiver = Receiver(sink, wants_sound, since=self._published)
        self._receivers[receiver] = None
        return receiver

    def remove(self, receiver: Receiver) -> None:
        """Serve it no more; does nothing when it is not served."""
        self._receivers.pop(receiver, None)

    def publish_sound(self, frame: bytes, ptime_ms: int) -> None:
        """A program packet for everybody who wants sound and is not behind."""
        self.counts.sound_frames += 1
        self._rate.saw(frame, ptime_ms)
        self._publish(frame, sound=True)

    def publish_control(self, frame: bytes) -> None:
        """A message for everybody."""
        self.counts.control_frames += 1
        self._publish(frame, sound=False)

    async def run(self) -> None:
        """Serve large audiences, in slices; runs until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            self._serving = True
            try:
                while self._messages or self._sound:
                    await self._serve_messages()
                    if self._sound:
                        await self._serve_in_slices(self._sound.popleft())
            finally:
                self._serving = False

    async def _serve_messages(self) -> None:
        while self._messages:
            await self._serve_in_slices(self._messages.popleft())

    def _publish(self, frame: bytes, *, sound: bool) -> None:
        waiting = _Waiting(self._published, frame, sound)
        self._published += 1
        busy = self._messages or self._sound or self._serving
        if len(self._receivers) <= INLINE_RECEIVERS and not busy:
            now_ns = self.now_ns()
            for receiver in tuple(self._receivers):
                self._serve(receiver, waiting, now_ns)
            return
        (self._sound if sound else self._messages).append(waiting)
        while len(self._sound) > MAX_WAITING_SOUND:
            self._sound.popleft()
            self.counts.overrun_sound += 1
        self._wake.set()

    async def _serve_in_slices(self, waiting: _Waiting) -> None:
        started_ns = now_ns = self.now_ns()
        for count, receiver in enumerate(tuple(self._receivers), start=1):
            if receiver in self._receivers:
                self._serve(receiver, waiting, now_ns)
            if count % SLICE_RECEIVERS == 0:
                now_ns = self.now_ns()
                if now_ns - started_ns >= SLICE_NS:
                    await asyncio.sleep(0)
                    if waiting.sound:
                        await self._serve_messages()
                    started_ns = now_ns = self.now_ns()

    def _serve(self, receiver: Receiver, waiting: _Waiting, now_ns: int) -> None:
        if waiting.number < receiver.since or (waiting.sound and not receiver.wants_sound):
            return
        buffered = receiver.sink.buffered_bytes()
        if buffered > MAX_BUFFERED_BYTES:
            self._close_slow(receiver)
        elif not waiting.sound or self._keeps_up(receiver, buffered, now_ns):
            receiver.sink.write_frame(waiting.frame)
        else:
            self.counts.skipped_sound += 1

    def _keeps_up(self, receiver: Receiver, buffered: int, now_ns: int) -> bool:
        """Whether this receiver gets sound now; a receiver behind for too long is closed."""
        if receiver.behind_since_ns is None:
            if buffered <= max(BEHIND_FLOOR_BYTES, self._rate.bytes_per_s):
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
        self.remove(receiver)
        self.counts.closed_slow += 1
        receiver.sink.close(CloseCode.SLOW, SLOW_REASON)
