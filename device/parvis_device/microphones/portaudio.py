"""A sound card as a microphone, through PortAudio (sounddevice).

Theory of operation: PortAudio calls back from a thread of its own every 10 ms. The callback copies
the samples, stamps them with the time, puts them into a bounded deque and wakes the event loop;
nothing else. The stream stays open for the life of the process: opening and closing per turn is
what breaks small boards' USB. A device that vanishes often just stops calling back, so silence of
``STALL_S`` counts as unplugged; PortAudio sees a device that comes back only after it was started
anew, which is done once a second until the microphone is there.
"""

import asyncio
import contextlib
import logging
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np

from parvis_device.capture import (
    NS_PER_SECOND,
    SAMPLE_RATE_HZ,
    Block,
    MicrophoneEvents,
    Samples,
)
from parvis_device.errors import AudioThreadFailed, MicrophoneTrouble
from parvis_device.microphones import devices
from parvis_device.microphones.framing import Framer

STALL_S = 1.0
"""No callback for this long: the device is gone. The longest stall of a healthy one is 0.1 s."""
START_S = 3.0
"""A sound server may take this long to wake a device that slept."""
RETRY_S = 1.0
LATENCY_S = 0.02
"""Two blocks: PortAudio's own "low" can be too low on a Raspberry Pi and stutters."""

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

    def __init__(self, loop: asyncio.AbstractEventLoop, channels: int) -> None:
        """One for each opened stream."""
        self._loop = loop
        self._channels = channels
        self._held: deque[Raw] = deque(maxlen=HELD_BLOCKS)
        self.filled = asyncio.Event()
        self.ended = False
        """PortAudio says that the stream is over."""
        self.failure: Exception | None = None
        """Our own code failed in the audio thread."""
        self.overruns = 0
        """Blocks that gave way because the loop was late, or that PortAudio says it lost."""

    def callback(self, indata: Any, frames: int, when: Any, status: Any) -> None:
        """Called by PortAudio in its own thread: copy, stamp, hand over."""
        try:
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
            self._loop.call_soon_threadsafe(self.filled.set)

    def take(self) -> tuple[Samples, int] | None:
        """The oldest block's first channel and its arrival, or None."""
        if not self._held:
            return None
        raw = self._held.popleft()
        samples = np.frombuffer(raw.samples, dtype=np.float32)
        return samples[:: self._channels], raw.arrival_ns


class PortAudioMicrophone:
    """One sound card, found again when it comes back."""

    def __init__(self, selector: str, *, wait_at_start: bool) -> None:
        """``selector`` is a part of a name, an index, or ``default``."""
        self._selector = selector
        self._wait_at_start = wait_at_start
        self._count = 0
        """Samples at 48 kHz since the start of the process."""
        self._last_arrival_ns: int | None = None
        self._overruns = 0

    async def run(self, events: MicrophoneEvents) -> None:
        """Capture until cancelled.

        Raises:
            MicrophoneTrouble: at the start, unless told to wait for the microphone.
            UsageError: the selector fits several devices.
            AudioThreadFailed: our code failed in the audio thread, or PortAudio hangs.
        """
        may_wait = self._wait_at_start
        told = False
        while True:
            try:
                opened = await asyncio.to_thread(self._open, asyncio.get_running_loop())
                may_wait, told = True, False
                reason = await self._listen(opened, events)
            except MicrophoneTrouble as error:
                if not (may_wait and error.retryable):
                    raise
                reason = str(error)
            if not told:
                events.lost(reason)
                told = True
            await asyncio.sleep(RETRY_S)

    def _open(self, loop: asyncio.AbstractEventLoop) -> "_Opened":
        devices.rescan()
        device = devices.choose(devices.inputs(), self._selector)
        return _open_stream(loop, device)

    async def _listen(self, opened: "_Opened", events: MicrophoneEvents) -> str:
        """Hand over blocks until the device is gone; returns why."""
        try:
            framer = Framer(opened.rate_hz)
            self._skip_pause()
            patience_s = START_S
            while True:
                try:
                    async with asyncio.timeout(patience_s):
                        await opened.inbox.filled.wait()
                except TimeoutError:
                    return f"{opened.device.name} went silent: unplugged?"
                opened.inbox.filled.clear()
                if patience_s == START_S:
                    patience_s = STALL_S
                    events.opened(str(opened), int(opened.stream.latency * NS_PER_SECOND))
                self._drain(opened.inbox, framer, events)
                if opened.inbox.failure is not None:
                    raise AudioThreadFailed(
                        f"the audio thread failed: {opened.inbox.failure!r}"
                    ) from opened.inbox.failure
                if opened.inbox.ended:
                    return f"{opened.device.name} ended its stream: unplugged?"
        finally:
            await _close(opened)

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
        if inbox.overruns > self._overruns:
            _log.debug("%d blocks lost between microphone and unit", inbox.overruns)
        self._overruns = inbox.overruns


@dataclass(frozen=True, slots=True)
class _Opened:
    stream: Any
    device: devices.InputDevice
    rate_hz: int
    inbox: Inbox

    def __str__(self) -> str:
        converted = "" if self.rate_hz == SAMPLE_RATE_HZ else f", converted from {self.rate_hz} Hz"
        return f"{self.device.name}{converted}"


def _open_stream(loop: asyncio.AbstractEventLoop, device: devices.InputDevice) -> _Opened:
    """48 kHz mono if the device can, else its own rate, else its own channels."""
    refusal: MicrophoneTrouble | None = None
    for rate_hz in dict.fromkeys((SAMPLE_RATE_HZ, device.rate_hz)):
        for channels in dict.fromkeys((1, device.channels)):
            inbox = Inbox(loop, channels)
            try:
                stream = devices.open_stream(
                    device,
                    rate_hz=rate_hz,
                    channels=channels,
                    latency_s=LATENCY_S,
                    callback=inbox.callback,
                    finished=inbox.finished,
                )
            except devices.FormatRefused as error:
                refusal = error
                continue
            return _Opened(stream, device, rate_hz, inbox)
    raise refusal or MicrophoneTrouble(f"{device.name} cannot be opened")


async def _close(opened: _Opened) -> None:
    """Let go of the device; a PortAudio that hangs ends the process, systemd starts it again."""
    try:
        async with asyncio.timeout(3 * STALL_S):
            await asyncio.to_thread(devices.close_stream, opened.stream)
    except TimeoutError as error:
        raise AudioThreadFailed(f"PortAudio does not let go of {opened.device.name}") from error
