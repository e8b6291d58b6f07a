"""A sound card as a microphone, through PortAudio (sounddevice).

Theory of operation: PortAudio calls back from a thread of its own for each frame. The callback
copies the samples, stamps them with the time, puts them into a bounded deque and asks the event
loop to empty it; nothing else. The stream stays open for the life of the process: opening and
closing per turn is what breaks small boards' USB. A device that vanishes is looked for until it is
there again (``card_watch.py``).
"""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from parvis_device import sound_cards
from parvis_device.capture import (
    FRAME_SAMPLES,
    NS_PER_SECOND,
    SAMPLE_RATE_HZ,
    Block,
    MicrophoneEvents,
    Samples,
)
from parvis_device.card_watch import LOOK_S, STALL_S, START_S, let_go, set_within, use_for_ever
from parvis_device.errors import AudioThreadFailed, MicrophoneTrouble, SoundCardTrouble
from parvis_device.microphones.framing import Framer
from parvis_device.sound_cards import Side, SoundCard, SoundCards

LATENCY_BLOCKS = 2
"""PortAudio's own "low" can be too low on a Raspberry Pi and stutters."""

HELD_BLOCKS = 50
"""0.5 s between the audio thread and the loop: a loop that stalls for longer has lost the turn."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Raw:
    """What the callback hands over."""

    samples: bytes
    arrival_ns: int


class Inbox:
    """Between the audio thread and the event loop: a bounded deque and a wake-up."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        channels: int,
        begins: Callable[[], None] | None = None,
    ) -> None:
        """One for each opened stream; ``begins`` is called once in the audio thread."""
        self._begins = begins
        self._loop = loop
        self._channels = channels
        self._held: deque[Raw] = deque(maxlen=HELD_BLOCKS)
        self.filled: Callable[[], None] = _nothing
        """Called on the event loop after each block, and at the end."""
        self.ended = False
        """PortAudio says that the stream is over."""
        self.failure: Exception | None = None
        """Our own code failed in the audio thread."""
        self.overruns = 0
        """Blocks that gave way because the loop was late, or that PortAudio says it lost."""
        self.told_overruns = 0
        """As many of them are counted by whoever empties it."""

    def callback(self, indata: Any, frames: int, when: Any, status: Any) -> None:
        """Called by PortAudio in its own thread: copy, stamp, hand over."""
        try:
            if self._begins is not None:
                self._begins()
                self._begins = None
            if status or len(self._held) == HELD_BLOCKS:
                self.overruns += 1
            self._held.append(Raw(bytes(indata), time.monotonic_ns()))
        except Exception as error:
            self.failure = error
        self._wake()

    def finished(self) -> None:
        """Called by PortAudio in its own thread when the stream is over."""
        self.ended = True
        self._wake()

    def _wake(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the process is ending
            self._loop.call_soon_threadsafe(self.filled)

    def take(self) -> tuple[Samples, int] | None:
        """The oldest block's first channel and its arrival, or None."""
        if not self._held:
            return None
        raw = self._held.popleft()
        samples = np.frombuffer(raw.samples, dtype=np.float32)
        return samples[:: self._channels], raw.arrival_ns


def _nothing() -> None:
    """Before anybody listens."""


class PortAudioMicrophone:
    """One sound card, found again when it comes back."""

    def __init__(self, cards: SoundCards, selector: str, *, wait_at_start: bool) -> None:
        """``selector`` is a part of a name, an index, or ``default``."""
        self._cards = cards
        self._selector = selector
        self._wait_at_start = wait_at_start
        self.misses = 0
        self._frame_samples = FRAME_SAMPLES
        self._count = 0
        """Samples at 48 kHz since the start of the process."""
        self._last_arrival_ns: int | None = None
        self.overruns = 0
        """Blocks lost since the start, as the audio thread and PortAudio count them."""
        self._over = asyncio.Event()
        """Nothing more comes of the stream that is open."""

    def use_frame_samples(self, frame_samples: int) -> None:
        """Open the card anew with blocks of this length."""
        if frame_samples != self._frame_samples:
            self._frame_samples = frame_samples
            self._over.set()

    async def run(self, events: MicrophoneEvents) -> None:
        """Capture until cancelled.

        Raises:
            MicrophoneTrouble: at the start, unless told to wait for the microphone.
            UsageError: the selector fits several devices.
            AudioThreadFailed: our code failed in the audio thread, or PortAudio hangs.
        """

        async def capture(is_open: Callable[[], None]) -> str:
            self._over.clear()
            opened = await asyncio.to_thread(self._open, asyncio.get_running_loop())
            is_open()
            return await self._listen(opened, events)

        def missed() -> None:
            self.misses += 1

        waits = self._wait_at_start
        await use_for_ever(capture, wait_at_start=waits, lost=events.lost, missed=missed)

    def _open(self, loop: asyncio.AbstractEventLoop) -> "_Opened":
        def attempt(card: SoundCard) -> _Opened:
            return _open_stream(loop, card, self._frame_samples)

        opened: _Opened = self._cards.open(Side.MICROPHONE, self._selector, attempt)
        return opened

    async def _listen(self, opened: "_Opened", events: MicrophoneEvents) -> str:
        """Hand over blocks until the device is gone; returns why, or nothing: open it anew."""
        inbox = opened.inbox
        framer = Framer(opened.rate_hz, opened.frame_samples)
        self._skip_pause()
        first = True

        def filled() -> None:
            nonlocal first
            if first:
                first = False
                events.opened(str(opened), int(opened.stream.latency * NS_PER_SECOND))
            self._drain(inbox, framer, events)
            if inbox.ended or inbox.failure is not None:
                self._over.set()

        try:
            inbox.filled = filled
            begun_ns = time.monotonic_ns()
            while not await set_within(self._over, LOOK_S):
                since_ns = begun_ns if first else self._last_arrival_ns or begun_ns
                patience_s = START_S if first else STALL_S
                if time.monotonic_ns() - since_ns > patience_s * NS_PER_SECOND:
                    return f"{opened.card.name} went silent: unplugged?"
            if inbox.failure is not None:
                raise AudioThreadFailed(
                    f"the audio thread failed: {inbox.failure!r}"
                ) from inbox.failure
            return f"{opened.card.name} ended its stream: unplugged?" if inbox.ended else ""
        finally:
            inbox.filled = _nothing
            await let_go(self._cards, opened.stream, opened.card)

    def _skip_pause(self) -> None:
        """The sample counter runs on while there is no microphone."""
        if self._last_arrival_ns is not None:
            away_ns = time.monotonic_ns() - self._last_arrival_ns
            self._count += away_ns * SAMPLE_RATE_HZ // NS_PER_SECOND

    def _drain(self, inbox: Inbox, framer: Framer, events: MicrophoneEvents) -> None:
        while (taken := inbox.take()) is not None:
            samples, arrival_ns = taken
            self._last_arrival_ns = arrival_ns
            for frame in framer.feed(samples):
                events.block(Block(self._count, arrival_ns, frame))
                self._count += len(frame)
        if (new := inbox.overruns - inbox.told_overruns) > 0:
            _log.debug("%d blocks lost between microphone and unit", inbox.overruns)
            inbox.told_overruns += new
            self.overruns += new


@dataclass(frozen=True, slots=True)
class _Opened:
    stream: Any
    card: SoundCard
    rate_hz: int
    frame_samples: int
    inbox: Inbox

    def __str__(self) -> str:
        converted = "" if self.rate_hz == SAMPLE_RATE_HZ else f", converted from {self.rate_hz} Hz"
        return f"{self.card.name}{converted}"


def _open_stream(loop: asyncio.AbstractEventLoop, card: SoundCard, frame_samples: int) -> _Opened:
    """48 kHz mono if the device can, else its own rate, else its own channels."""
    refusal: SoundCardTrouble | None = None
    for rate_hz in dict.fromkeys((SAMPLE_RATE_HZ, card.rate_hz)):
        for channels in dict.fromkeys((1, card.channels)):
            inbox = Inbox(loop, channels, sound_cards.hurry)
            try:
                stream = sound_cards.open_stream(
                    Side.MICROPHONE,
                    card,
                    rate_hz=rate_hz,
                    channels=channels,
                    block_samples=round(frame_samples * rate_hz / SAMPLE_RATE_HZ),
                    latency_s=LATENCY_BLOCKS * frame_samples / SAMPLE_RATE_HZ,
                    callback=inbox.callback,
                    finished=inbox.finished,
                )
            except sound_cards.FormatRefused as error:
                refusal = error
                continue
            return _Opened(stream, card, rate_hz, frame_samples, inbox)
    raise refusal or MicrophoneTrouble(f"{card.name} cannot be opened")
