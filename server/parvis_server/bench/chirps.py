"""Chirps: sounds whose moment can be found in a recording, sample by sample. Pure."""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve

Samples = NDArray[np.float32]

SAMPLE_RATE_HZ = 48_000
PERIOD_SAMPLES = SAMPLE_RATE_HZ
"""One chirp a second: further apart than any delay worth measuring."""

LENGTH_SAMPLES = 1_440
"""30 ms: long for a click, short for a delay."""

LOWEST_HZ, HIGHEST_HZ = 300.0, 3_000.0
"""Where both codecs keep the waveform: likeness after them is 0.98; up to 7 kHz it is 0.8."""
AMPLITUDE = 0.5

FOUND_ABOVE = 0.5
"""Likeness to the chirp (1 = identical) from which it is one; noise and speech stay under 0.3."""


def chirp() -> Samples:
    """One chirp, from low to high, with soft ends."""
    seconds = np.arange(LENGTH_SAMPLES) / SAMPLE_RATE_HZ
    length_s = LENGTH_SAMPLES / SAMPLE_RATE_HZ
    slope = (HIGHEST_HZ - LOWEST_HZ) / length_s
    phase = 2 * np.pi * (LOWEST_HZ * seconds + slope * seconds**2 / 2)
    shaped: Samples = (AMPLITUDE * np.sin(phase) * np.hanning(LENGTH_SAMPLES)).astype(np.float32)
    return shaped


def chirp_train(seconds: float) -> Samples:
    """One chirp at the beginning of each second."""
    train = np.zeros(int(seconds) * SAMPLE_RATE_HZ, dtype=np.float32)
    for start in range(0, train.size, PERIOD_SAMPLES):
        train[start : start + LENGTH_SAMPLES] = chirp()
    return train


def find_chirps(recording: Samples) -> list[int]:
    """Where chirps begin in a recording, in order; the likeness is normalised by loudness."""
    if recording.size < 2 * LENGTH_SAMPLES:
        return []
    wide, pattern = recording.astype(np.float64), chirp().astype(np.float64)
    matched = np.abs(fftconvolve(wide, pattern[::-1], mode="valid"))
    energy = np.cumsum(np.concatenate(([0.0], wide**2)))
    local = np.sqrt(np.maximum(energy[LENGTH_SAMPLES:] - energy[:-LENGTH_SAMPLES], 1e-9))
    likeness = matched / (local * np.sqrt(pattern @ pattern))
    found: list[int] = []
    while (best := int(np.argmax(likeness))) >= 0 and likeness[best] > FOUND_ABOVE:
        found.append(best)
        likeness[max(0, best - PERIOD_SAMPLES // 2) : best + PERIOD_SAMPLES // 2] = 0
    return sorted(found)
