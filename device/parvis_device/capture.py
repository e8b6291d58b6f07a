"""A block of captured sound, the seam of all microphones, and when a sample was captured.

Samples are counted by the capture device itself: block after block, running on for the life of the
process, also while nothing is sent and across a replugged microphone.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 48_000
FRAME_SAMPLES = 480
"""10 ms: one Opus packet of a unit, one tick of the hub."""
FRAME_NS = 10_000_000
NS_PER_SECOND = 1_000_000_000

CLOCK_WINDOW_NS = 5_000_000_000
"""How long a quickest delivery stays valid: two crystals 200 ppm apart drift by 1 ms in it."""

SETTLED_DELIVERIES = 20
"""200 ms: after a stall the blocks that waited come in one go, so one of twenty is in time."""

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Block:
    """One frame of mono sound, float32 samples in [-1, 1], as a microphone delivers it: 480, or 240
    where the hub ticks every 5 ms."""

    first_sample: int
    """The capture device's own count of samples before this block."""
    arrival_ns: int
    """When the block was handed over (monotonic)."""
    samples: Samples

    @property
    def end_sample(self) -> int:
        """Count of samples after this block."""
        return self.first_sample + len(self.samples)


class MicrophoneEvents(Protocol):
    """Whom a microphone tells, always on the event loop."""

    def block(self, block: Block) -> None:
        """One more block."""

    def opened(self, description: str, latency_ns: int) -> None:
        """Sound comes (again); ``latency_ns`` is what the device holds back."""

    def lost(self, reason: str) -> None:
        """No sound comes; the microphone tries again by itself."""


class Microphone(Protocol):
    """Anything that captures: a sound card, a file."""

    misses: int
    """How often one that is not there was looked for."""

    def use_frame_samples(self, frame_samples: int) -> None:
        """Deliver blocks of this length, soon."""

    async def run(self, events: MicrophoneEvents) -> None:
        """Capture until cancelled. Returns only when the sound has an end, as a file has."""


class CaptureClock:
    """Tells which samples were captured after a moment, erring to the late side.

    A block arrives some time after its last sample was captured: at least the device's latency,
    plus whatever the machine was busy with. The quickest of the last seconds' deliveries is the
    true clock; a late one says nothing. Two windows of ``CLOCK_WINDOW_NS`` let the answer follow
    the drift between the device's crystal and the machine's.
    """

    __slots__ = (
        "_current_ns",
        "_deliveries",
        "_end_sample",
        "_latency_ns",
        "_previous_ns",
        "_window_start_ns",
    )

    def __init__(self) -> None:
        """Start with nothing delivered."""
        self._latency_ns = 0
        self._current_ns: int | None = None
        self._previous_ns: int | None = None
        self._window_start_ns = 0
        self._end_sample = 0
        self._deliveries = 0

    @property
    def end_sample(self) -> int:
        """Count of samples delivered so far."""
        return self._end_sample

    def reset(self, latency_ns: int) -> None:
        """A device begins to deliver; ``latency_ns`` is what it says it holds back."""
        self._latency_ns = latency_ns
        self._current_ns = self._previous_ns = None
        self._deliveries = 0

    def delivered(self, block: Block) -> None:
        """Take note of a block."""
        offset_ns = block.arrival_ns - samples_ns(block.end_sample)
        if self._current_ns is None:
            self._window_start_ns = block.arrival_ns
            self._current_ns = offset_ns
        elif block.arrival_ns - self._window_start_ns >= CLOCK_WINDOW_NS:
            self._window_start_ns = block.arrival_ns
            self._previous_ns, self._current_ns = self._current_ns, offset_ns
        else:
            self._current_ns = min(self._current_ns, offset_ns)
        self._end_sample = block.end_sample
        self._deliveries += 1

    @property
    def latency_ns(self) -> int:
        """What the device says it holds back."""
        return self._latency_ns

    def captured_ns(self, sample: int) -> int | None:
        """When this sample was captured; None before the first block."""
        quickest_ns = self._quickest_ns()
        return None if quickest_ns is None else samples_ns(sample) + quickest_ns - self._latency_ns

    def first_sample_after(self, now_ns: int) -> int | None:
        """The first sample that is sure to have been captured after ``now_ns``.

        None until ``SETTLED_DELIVERIES`` blocks came: before that a late one could mislead.
        """
        quickest_ns = self._quickest_ns()
        if quickest_ns is None or self._deliveries < SETTLED_DELIVERIES:
            return None
        since_ns = now_ns - quickest_ns + self._latency_ns
        return -(-since_ns * SAMPLE_RATE_HZ // NS_PER_SECOND)

    def _quickest_ns(self) -> int | None:
        if self._current_ns is None or self._previous_ns is None:
            return self._current_ns
        return min(self._current_ns, self._previous_ns)


def samples_ns(samples: int) -> int:
    """How long ``samples`` last."""
    return samples * NS_PER_SECOND // SAMPLE_RATE_HZ
