"""Fake parts of a unit, with verbs: a microphone to unplug, a button to press, a light to read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import numpy as np

from parvis_device.buttons import ButtonEvents
from parvis_device.capture import (
    FRAME_NS,
    FRAME_SAMPLES,
    SAMPLE_RATE_HZ,
    Block,
    MicrophoneEvents,
    Samples,
)
from parvis_device.light import Lamps, Signal
from parvis_device.loudspeakers import LoudspeakerEvents

TONE_HZ = 1000.0


class FakeMicrophone:
    """Hears a tone in real time until it is unplugged."""

    def __init__(self) -> None:
        self._plugged = asyncio.Event()
        self._plugged.set()
        self._unplug_reason = ""
        self.frame_samples = FRAME_SAMPLES
        self._flowing = asyncio.Event()
        self._flowing.set()
        self.misses = 0
        self._end = asyncio.Event()
        self.failure: Exception | None = None
        """Raised from ``run`` at the next block, as an error of the audio thread is."""

    def unplug(self, reason: str = "the microphone was unplugged") -> None:
        self._unplug_reason = reason
        self._plugged.clear()

    def plug(self) -> None:
        self._plugged.set()

    def stall(self) -> None:
        """Deliver nothing for a while, and say nothing about it."""
        self._flowing.clear()

    def go_on(self) -> None:
        self._flowing.set()

    def end(self) -> None:
        """The sound is over, as a file's is."""
        self._end.set()

    def use_frame_samples(self, frame_samples: int) -> None:
        self.frame_samples = frame_samples

    async def run(self, events: MicrophoneEvents) -> None:
        start_ns = time.monotonic_ns()
        opened = False
        while not self._end.is_set():
            if self.failure is not None:
                raise self.failure
            if not self._plugged.is_set():
                events.lost(self._unplug_reason)
                opened = False
                await self._plugged.wait()
            await self._flowing.wait()
            if not opened:
                opened = True
                events.opened("a fake microphone", 0)
            samples = self.frame_samples
            frame_ns = FRAME_NS * samples // FRAME_SAMPLES
            number = (time.monotonic_ns() - start_ns) // frame_ns + 1
            await asyncio.sleep((start_ns + number * frame_ns - time.monotonic_ns()) / 1e9)
            events.block(Block((number - 1) * samples, time.monotonic_ns(), _tone(samples)))


def _tone(samples: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """One frame with whole periods, so that frames join without a click."""
    phase = 2 * np.pi * TONE_HZ / SAMPLE_RATE_HZ * np.arange(samples)
    tone: np.ndarray[tuple[int], np.dtype[np.float32]] = (0.3 * np.sin(phase)).astype(np.float32)
    return tone


class FakeLoudspeaker:
    """Plays in real time and remembers what it played; may be unplugged."""

    def __init__(self) -> None:
        self.played: list[Samples] = []
        self.misses = 0
        self.frames = 0
        """Times it was told that blocks have another length."""
        self.latency_ns = 0
        self._plugged = asyncio.Event()
        self._plugged.set()

    def unplug(self) -> None:
        self._plugged.clear()

    def plug(self) -> None:
        self._plugged.set()

    @property
    def level(self) -> float:
        """RMS of the last 50 ms."""
        last = np.concatenate(self.played[-5:]) if self.played else np.zeros(1)
        return float(np.sqrt(np.mean(np.square(last))))

    def use_frame_samples(self) -> None:
        self.frames += 1

    async def run(self, events: LoudspeakerEvents) -> None:
        start_ns, samples = time.monotonic_ns(), 0
        events.loudspeaker_opened("a fake loudspeaker")
        while True:
            if not self._plugged.is_set():
                events.loudspeaker_lost("the loudspeaker was unplugged")
                await self._plugged.wait()
                events.loudspeaker_opened("a fake loudspeaker")
            due_ns = start_ns + samples * FRAME_NS // FRAME_SAMPLES
            await asyncio.sleep(max(0, due_ns - time.monotonic_ns()) / 1e9)
            block = events.block(time.monotonic_ns(), self.latency_ns)
            samples += len(block)
            self.played.append(block)


class FakeButton:
    """Pressed by the test."""

    def __init__(self) -> None:
        self._events: ButtonEvents | None = None

    def press(self) -> None:
        """A short one."""
        self.hold()
        self.release()

    def hold(self) -> None:
        assert self._events is not None, "the unit does not watch its button yet"
        self._events.pressed()

    def release(self) -> None:
        assert self._events is not None
        self._events.released()

    def ask_to_quit(self) -> None:
        assert self._events is not None
        self._events.quit()

    async def run(self, events: ButtonEvents) -> None:
        self._events = events
        await asyncio.Event().wait()


class FakeBuzzer:
    """Remembers how often it sounded."""

    def __init__(self) -> None:
        self.notes: list[int] = []
        self._chimed = asyncio.Event()

    def chime(self, times: int) -> None:
        self.notes.append(times)
        self._chimed.set()

    async def until(self, notes: list[int]) -> None:
        async with asyncio.timeout(20):
            while self.notes != notes:
                self._chimed.clear()
                await self._chimed.wait()

    def close(self) -> None:
        pass


class FakeLight:
    """Remembers what it showed."""

    def __init__(self) -> None:
        self.signal: Signal | None = None
        self.lamps = Lamps()
        self.history: list[Signal] = []
        self.closed = False
        self._changed = asyncio.Event()

    def show(self, signal: Signal, lamps: Lamps) -> None:
        if signal is not self.signal:
            self.history.append(signal)
        self.signal, self.lamps = signal, lamps
        self._changed.set()

    def close(self) -> None:
        self.closed = True

    async def until(self, signal: Signal, timeout_s: float = 20.0) -> None:
        """Wait until this signal is shown."""
        await self.until_true(lambda: self.signal is signal, timeout_s)

    async def until_true(self, condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
        async with asyncio.timeout(timeout_s):
            while not condition():
                self._changed.clear()
                await self._changed.wait()
