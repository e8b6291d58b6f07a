"""Sounds to send through the real thing: recorded speech, a chirp that is found again, a tone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy.ndimage import maximum_filter1d

from fakes.hearing import Sound, correlation

RATE_HZ = 48_000

ALSA_SPEECH = Path("/usr/share/sounds/alsa")
"""Eight spoken words at 48 kHz, from the Debian package alsa-utils."""

CHIRP_S = 0.05
CHIRP_LOW_HZ, CHIRP_HIGH_HZ = 600.0, 6000.0
"""Inside what Opus and every loudspeaker carry; swept, so that its place is sharp."""

PITCH_HZ = 440.0


def speech() -> Sound:
    """Eleven seconds of recorded speech, levelled to a peak of -6 dBFS, ends cut to the words."""
    paths = sorted(path for path in ALSA_SPEECH.glob("*.wav") if path.stem != "Noise")
    if len(paths) < 8:
        pytest.fail("alsa-utils' recorded speech is missing: run scripts/setup test")
    clips = [soundfile.read(path, dtype="float32")[0] for path in paths]
    joined = np.concatenate(clips)
    return np.asarray(joined * (0.5 / np.max(np.abs(joined))), dtype=np.float32)


def silence(seconds: float) -> Sound:
    """Digital silence."""
    return np.zeros(round(seconds * RATE_HZ), dtype=np.float32)


def chirp() -> Sound:
    """A short sweep, faded at both ends."""
    at_s = np.arange(round(CHIRP_S * RATE_HZ)) / RATE_HZ
    sweep_hz_s = (CHIRP_HIGH_HZ - CHIRP_LOW_HZ) / CHIRP_S
    phase = 2 * np.pi * (CHIRP_LOW_HZ * at_s + sweep_hz_s * at_s**2 / 2)
    return np.asarray(0.5 * np.sin(phase) * np.hanning(len(at_s)), dtype=np.float32)


def chirp_train(count: int, every_s: float) -> Sound:
    """Chirps at regular times, each at the start of its own stretch of silence."""
    return np.tile(np.concatenate([chirp(), silence(every_s - CHIRP_S)]), count)


def tone(seconds: float) -> Sound:
    """A steady tone at -17 dBFS."""
    at_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return np.asarray(0.2 * np.sin(2 * np.pi * PITCH_HZ * at_s), dtype=np.float32)


def find_chirps(
    recording: Sound, count: int, every_s: float, tolerance_s: float = 0.1
) -> list[float]:
    """Where in the recording (seconds) each chirp of a train begins.

    The train is found as a whole, so that no click can pass for a chirp, but loosely, since playout
    may stretch it; then each chirp is found near its place.
    """
    likeness = np.abs(correlation(chirp(), recording))
    loose = maximum_filter1d(likeness, round(tolerance_s * RATE_HZ))
    step = round(every_s * RATE_HZ)
    starts = len(loose) - (count - 1) * step
    whole = np.sum([loose[n * step : n * step + starts] for n in range(count)], axis=0)
    plateau = np.flatnonzero(whole >= whole.max() * 0.999)
    first = int(plateau[len(plateau) // 2])
    found = []
    for number in range(count):
        low = max(first + number * step - round(tolerance_s * RATE_HZ), 0)
        near = likeness[low : first + number * step + round(tolerance_s * RATE_HZ)]
        found.append((low + int(np.argmax(near))) / RATE_HZ)
    return found
