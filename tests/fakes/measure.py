"""What tests need to judge sound beside `parvis_audio.measure`: a voice, delay, intelligibility."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pystoi import stoi as _stoi

from parvis_audio.measure import SAMPLE_RATE_HZ, Samples, aligned

FORMANTS_HZ = ((700, 1_220, 2_600), (300, 2_300, 3_000), (400, 800, 2_600), (500, 1_800, 2_500))


def voice_like(seconds: float, seed: int = 1, peak: float = 0.5) -> Samples:
    """A made-up talker: vowels of 200 ms on a moving pitch, 60 ms of pause after every third."""
    random = np.random.default_rng(seed)
    syllables: list[NDArray[np.float64]] = []
    length, pitch_hz = 0, 120.0
    while length < seconds * SAMPLE_RATE_HZ:
        pitch_hz = float(np.clip(pitch_hz * random.uniform(0.85, 1.18), 90, 220))
        syllables.append(_vowel(FORMANTS_HZ[random.integers(len(FORMANTS_HZ))], pitch_hz))
        if len(syllables) % 3 == 0:
            syllables.append(np.zeros(2_880))
        length += syllables[-1].size
    voice = np.concatenate(syllables)[: round(seconds * SAMPLE_RATE_HZ)]
    return np.asarray(peak * voice / np.abs(voice).max(), dtype=np.float32)


def _vowel(formants_hz: tuple[int, ...], pitch_hz: float) -> NDArray[np.float64]:
    """Harmonics of a pitch, loud near the formants, with soft ends."""
    count = 9_600
    at_s = np.arange(count) / SAMPLE_RATE_HZ
    vowel = np.zeros(count)
    for harmonic in range(1, int(4_000 / pitch_hz)):
        hz = harmonic * pitch_hz
        gain = sum(1 / (1 + ((hz - formant) / 90) ** 2) for formant in formants_hz) / harmonic**0.5
        vowel += gain * np.sin(2 * np.pi * hz * at_s + harmonic**2)
    ends = np.minimum(1, np.minimum(np.arange(count), np.arange(count)[::-1]) / 960)
    softened: NDArray[np.float64] = vowel * ends
    return softened


def delayed(sound: Samples, samples: float) -> Samples:
    """``sound`` later, also by a fraction of a sample, with silence before it."""
    size = sound.size + int(np.ceil(samples)) + 64
    padded = 1 << (size - 1).bit_length()
    turn = np.exp(-2j * np.pi * np.fft.rfftfreq(padded) * samples)
    shifted = np.fft.irfft(np.fft.rfft(sound, padded) * turn, padded)[:size]
    return np.asarray(shifted, dtype=np.float32)


def stoi(recording: Samples, reference: Samples) -> float:
    """Intelligibility (STOI, 0 to 1) of ``recording``, aligned with ``reference`` first."""
    return float(_stoi(reference, aligned(recording, reference), SAMPLE_RATE_HZ))
