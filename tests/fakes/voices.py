"""Voices made of numbers: pitch pulses through formants, in syllables, with consonants of noise.

Not for the ear. They have what detectors look at: a spectrum like speech, syllables and gaps, and
no two alike.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, lfilter, sosfilt

RATE = 48_000
Samples = NDArray[np.float32]


def voice(seconds: float, seed: int = 1, level_dbfs: float = -20.0, pauses: bool = True) -> Samples:
    """Speech-like sound of this RMS level, measured while it sounds."""
    random = np.random.default_rng(seed)
    samples = int(seconds * RATE)
    tract = _formants(_pulses(samples, random), random)
    hiss = sosfilt(
        butter(2, (2_500, 7_000), "bandpass", fs=RATE, output="sos"), random.normal(size=samples)
    )
    voiced, fricative = _syllables(samples, random) if pauses else (np.ones(samples), 0.0)
    sound = tract / tract.std() * voiced + 0.25 * hiss / hiss.std() * fricative
    active = np.abs(sound) > 0.01 * np.abs(sound).max()
    sound *= 10 ** (level_dbfs / 20) / np.sqrt(np.mean(sound[active] ** 2))
    return np.asarray(sound, dtype=np.float32)


def noise(seconds: float, level_dbfs: float, seed: int = 1) -> Samples:
    """White noise of this RMS level."""
    random = np.random.default_rng(seed)
    sound = random.normal(size=int(seconds * RATE)) * 10 ** (level_dbfs / 20)
    return np.asarray(sound, dtype=np.float32)


def delayed(sound: Samples, samples: int, gain_db: float = 0.0) -> Samples:
    """The same sound later and quieter, of the same length."""
    late = np.concatenate((np.zeros(samples, dtype=np.float32), sound))[: sound.size]
    return np.asarray(late * 10 ** (gain_db / 20), dtype=np.float32)


def room(reverberation_s: float, seed: int, delay_s: float = 0.005, direct: float = 1.0) -> Samples:
    """A room's impulse response: the direct sound and an exponential tail (RT60)."""
    random = np.random.default_rng(seed)
    at = np.arange(int(reverberation_s * RATE)) / RATE
    tail = random.normal(size=at.size) * 10 ** (-3 * at / reverberation_s)
    tail *= 0.7 / np.sqrt(np.sum(tail**2))
    tail[0] += direct
    response = np.concatenate((np.zeros(int(delay_s * RATE)), tail))
    return np.asarray(response / np.sqrt(np.sum(response**2)), dtype=np.float32)


def dbfs(sound: Samples) -> float:
    """RMS level."""
    return float(10 * np.log10(np.mean(sound.astype(np.float64) ** 2) + 1e-30))


def _pulses(samples: int, random: np.random.Generator) -> NDArray[np.float64]:
    """A glottis at 90 to 220 Hz whose pitch glides, with some breath."""
    at = np.arange(samples) / RATE
    base, glide_hz = random.uniform(90, 220), random.uniform(0.4, 0.9)
    phase = np.cumsum(base * (1 + 0.12 * np.sin(2 * np.pi * glide_hz * at)) / RATE)
    train = np.diff(np.floor(phase), prepend=0.0)
    return np.asarray(train + 0.01 * random.normal(size=samples), dtype=np.float64)


def _formants(source: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.float64]:
    total = np.zeros(source.size)
    for center, gain in ((550, 1.0), (1_500, 0.5), (2_500, 0.3), (3_600, 0.15)):
        hertz = center * random.uniform(0.85, 1.15)
        radius = np.exp(-np.pi * 90 / RATE)
        denominator = [1, -2 * radius * np.cos(2 * np.pi * hertz / RATE), radius**2]
        resonance = lfilter([1 - radius], denominator, source)
        total += gain * resonance / (resonance.std() + 1e-12)
    return np.asarray(lfilter([1, -0.95], [1], total) + 0.3 * total, dtype=np.float64)


def _syllables(
    samples: int, random: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Envelopes of vowels and of consonants: 3 to 6 syllables a second, a breath now and then."""
    vowel, consonant = np.zeros(samples), np.zeros(samples)
    at = 0
    while at < samples:
        hiss, tone = (int(random.uniform(*span) * RATE) for span in ((0.02, 0.07), (0.1, 0.22)))
        gap = int((0.4 if random.random() < 0.12 else random.uniform(0.01, 0.05)) * RATE)
        _bump(consonant, at, hiss, random.uniform(0.5, 1.0))
        _bump(vowel, at + hiss, tone, random.uniform(0.5, 1.0))
        at += hiss + tone + gap
    return vowel, consonant


def _bump(envelope: NDArray[np.float64], at: int, length: int, height: float) -> None:
    part = envelope[at : at + length]
    edge = np.minimum(np.arange(length), np.arange(length)[::-1]) / (0.012 * RATE)
    part += height * np.minimum(edge, 1.0)[: part.size]
