"""Sound whose every sample tells its own number, and an encoder and a filter that keep it."""

from __future__ import annotations

import numpy as np

from parvis_device.capture import FRAME_SAMPLES, SAMPLE_RATE_HZ, Block, Samples

EXACT = 1 << 24
"""float32 holds whole numbers exactly up to here: 349 s of sound."""


def ramp_block(first_sample: int, arrival_ns: int) -> Block:
    """A block in which the value of each sample is its number."""
    assert first_sample + FRAME_SAMPLES < EXACT
    numbers = np.arange(first_sample, first_sample + FRAME_SAMPLES, dtype=np.float32)
    return Block(first_sample, arrival_ns, numbers)


def capture_ns(sample: int) -> int:
    """When a perfect device captures a sample, counted from 0."""
    return sample * 1_000_000_000 // SAMPLE_RATE_HZ


class KeepingEncoder:
    """ "Encodes" by remembering what it was given since its last reset."""

    def __init__(self) -> None:
        self.sent: list[Samples] = []
        self.since_reset: list[Samples] = []
        self.resets = 0

    def encode(self, samples: Samples) -> bytes:
        self.sent.append(samples.copy())
        self.since_reset.append(samples.copy())
        return b"opus"

    def reset(self) -> None:
        self.since_reset = []
        self.resets += 1


class PassingFilter:
    """Changes nothing, and counts its resets."""

    def __init__(self) -> None:
        self.resets = 0

    def process(self, samples: Samples) -> Samples:
        return samples

    def reset(self) -> None:
        self.resets += 1
