"""A sound card as a loudspeaker, through PortAudio (sounddevice).

Theory of operation: PortAudio asks for each block from a thread of its own, and gets it there: the
player decodes and resamples inside the callback, which takes a fiftieth of the block's time and
spares the block of delay that a queue before it would cost. Nothing in it waits. A device that
vanishes is looked for until it is there again (``card_watch.py``).
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np

from parvis_device import sound_cards
from parvis_device.capture import NS_PER_SECOND, SAMPLE_RATE_HZ
from parvis_device.card_watch import LOOK_S, STALL_S, START_S, let_go, set_within, use_for_ever
from parvis_device.errors import AudioThreadFailed
from parvis_device.loudspeakers import LoudspeakerEvents
from parvis_device.sound_cards import Side, SoundCard, SoundCards

LEAST_LATENCY_BLOCKS, MOST_LATENCY_BLOCKS = 1, 4
"""PortAudio adds the block that is being filled. It begins with the least, and a card that runs dry
again and again gets one more: a Raspberry Pi's may need three."""
DRY_TIMES = 4
DRY_WITHIN_NS = 10_000_000_000
"""So often in so short a time is no accident."""

MOST_CHANNELS = 2
"""The same sound on both; a card with more gets it on its front pair."""

_LATENCY_RISE, _LATENCY_FALL = 0.1, 0.001
"""What a late asking tells of the latency is too little, by its lateness: believe the longer."""

_log = logging.getLogger(__name__)


class Feed:
    """What the audio thread has: it asks the events, and remembers what it saw."""

    def __init__(
        self,
        events: LoudspeakerEvents,
        channels: int,
        begins: Callable[[], None] = lambda: None,
    ) -> None:
        """One for each opened stream; ``begins`` is called once in the audio thread."""
        self._begins = begins
        self._events = events
        self._channels = channels
        self._latency_s = 0.0
        self._dry_ns: deque[int] = deque(maxlen=DRY_TIMES)
        self.asked_ns: int | None = None
        self.ended = False
        self.failure: Exception | None = None
        self.longest_ns = 0
        """The longest that a block took to make."""

    def callback(self, outdata: Any, frames: int, when: Any, status: Any) -> None:
        """Called by PortAudio in its own thread: make the block, count, return."""
        now_ns = time.monotonic_ns()
        try:
            if self.asked_ns is None:
                self._begins()
            if status:
                self._dry_ns.append(now_ns)
                self._events.ran_dry()
            self._see_latency(when.outputBufferDacTime - when.currentTime)
            samples = self._events.block(now_ns, round(self._latency_s * NS_PER_SECOND))
            room = np.frombuffer(outdata, dtype=np.float32).reshape(-1, self._channels)
            if len(samples) == frames:
                room[:] = samples[:, np.newaxis]
            else:
                room[:] = 0.0
            self.longest_ns = max(self.longest_ns, time.monotonic_ns() - now_ns)
        except Exception as error:
            self.failure = error
            outdata[:] = bytes(len(outdata))
        self.asked_ns = now_ns

    @property
    def runs_dry(self) -> bool:
        """Whether it keeps running dry."""
        dry = self._dry_ns
        return len(dry) == DRY_TIMES and dry[-1] - dry[0] < DRY_WITHIN_NS

    def finished(self) -> None:
        """Called by PortAudio in its own thread when the stream is over."""
        self.ended = True

    def _see_latency(self, latency_s: float) -> None:
        if 0.0 < latency_s < 1.0:
            weight = _LATENCY_RISE if latency_s > self._latency_s else _LATENCY_FALL
            self._latency_s += weight * (latency_s - self._latency_s)


class PortAudioLoudspeaker:
    """One sound card, found again when it comes back."""

    def __init__(self, cards: SoundCards, selector: str, *, wait_at_start: bool) -> None:
        """``selector`` is a part of a name, an index, or ``default``."""
        self._cards = cards
        self._selector = selector
        self._wait_at_start = wait_at_start
        self.misses = 0
        self._reopen = asyncio.Event()
        self._latency_blocks = LEAST_LATENCY_BLOCKS

    def use_frame_samples(self) -> None:
        """Open the card anew."""
        self._reopen.set()

    async def run(self, events: LoudspeakerEvents) -> None:
        """Play until cancelled.

        Raises:
            LoudspeakerTrouble: at the start, unless told to wait for it.
            UsageError: the selector fits several devices.
            AudioThreadFailed: our code failed in the audio thread, or PortAudio hangs.
        """

        async def play(is_open: Callable[[], None]) -> str:
            self._reopen.clear()
            opened = await asyncio.to_thread(self._open, events)
            is_open()
            return await self._play(*opened, events)

        def missed() -> None:
            self.misses += 1

        waits, lost = self._wait_at_start, events.loudspeaker_lost
        await use_for_ever(play, wait_at_start=waits, lost=lost, missed=missed)

    def _open(self, events: LoudspeakerEvents) -> tuple[Any, SoundCard, Feed]:
        def attempt(card: SoundCard) -> tuple[Any, SoundCard, Feed]:
            return _open_stream(card, events, self._latency_blocks)

        opened: tuple[Any, SoundCard, Feed] = self._cards.open(
            Side.LOUDSPEAKER, self._selector, attempt
        )
        return opened

    async def _play(
        self, stream: Any, card: SoundCard, feed: Feed, events: LoudspeakerEvents
    ) -> str:
        """Watch until the device is gone; returns why, or nothing: open it anew."""
        begun_ns = time.monotonic_ns()
        told = False
        try:
            while not self._reopen.is_set():
                if feed.failure is not None:
                    raise AudioThreadFailed(
                        f"the audio thread failed: {feed.failure!r}"
                    ) from feed.failure
                if feed.ended:
                    return f"{card.name} ended its stream: unplugged?"
                if feed.asked_ns is not None and not told:
                    told = True
                    events.loudspeaker_opened(card.name)
                if feed.runs_dry and self._latency_blocks < MOST_LATENCY_BLOCKS:
                    self._latency_blocks += 1
                    _log.info("%s runs dry: it gets one block more", card.name)
                    events.stopped()
                    return ""
                since_ns = begun_ns if feed.asked_ns is None else feed.asked_ns
                patience_s = START_S if feed.asked_ns is None else STALL_S
                if time.monotonic_ns() - since_ns > patience_s * NS_PER_SECOND:
                    return f"{card.name} asks for no sound: unplugged?"
                await set_within(self._reopen, LOOK_S)
            return ""
        finally:
            await let_go(self._cards, stream, card)


def _open_stream(
    card: SoundCard, events: LoudspeakerEvents, latency_blocks: int
) -> tuple[Any, SoundCard, Feed]:
    """48 kHz mono if the device can, else the same on two channels.

    Raises:
        SoundCardTrouble: it plays no 48 kHz, is busy or gone.
    """
    block_samples = events.frame_samples
    for channels in dict.fromkeys((1, min(card.channels, MOST_CHANNELS))):
        feed = Feed(events, channels, sound_cards.hurry)
        try:
            stream = sound_cards.open_stream(
                Side.LOUDSPEAKER,
                card,
                rate_hz=SAMPLE_RATE_HZ,
                channels=channels,
                block_samples=block_samples,
                latency_s=latency_blocks * block_samples / SAMPLE_RATE_HZ,
                callback=feed.callback,
                finished=feed.finished,
            )
        except sound_cards.FormatRefused:
            continue
        return stream, card, feed
    raise Side.LOUDSPEAKER.trouble(f"{card.name} does not play 48,000 Hz")
