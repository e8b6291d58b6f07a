"""A gentle melody for a table without a voice: plucked notes, pure numpy."""

import numpy as np
from numpy.typing import NDArray

A3_HZ = 220.0
NOTE_S = 0.7
DECAY_S = 0.35
"""Each note fades to a third in this time, like a plucked string."""

HARMONICS = ((1, 1.0), (2, 0.4), (3, 0.15))
"""Multiple of the fundamental and its share: soft, but heard on a phone's loudspeaker."""

ATTACK_S = 0.01
"""A note that starts at once clicks."""

Sound = NDArray[np.float32]
"""One channel of samples within ±1."""


def melody(semitones: tuple[int, ...], sample_rate_hz: int) -> Sound:
    """The notes, given as semitones above A3, one after the other."""
    return np.concatenate([_note(note, sample_rate_hz) for note in semitones])


def silence(seconds: float, sample_rate_hz: int) -> Sound:
    """Digital silence."""
    return np.zeros(round(seconds * sample_rate_hz), dtype=np.float32)


def levelled(sound: Sound, rms_dbfs: float) -> Sound:
    """The sound at this RMS level, but never clipped; silence stays silence."""
    rms = float(np.sqrt(np.mean(np.square(sound, dtype=np.float64)))) if len(sound) else 0.0
    if rms == 0.0:
        return sound
    loudest = float(np.max(np.abs(sound)))
    return sound * np.float32(min(10 ** (rms_dbfs / 20) / rms, 1.0 / loudest))


def _note(semitones: int, sample_rate_hz: int) -> Sound:
    seconds = np.arange(round(NOTE_S * sample_rate_hz)) / sample_rate_hz
    pitch_hz = A3_HZ * 2 ** (semitones / 12)
    tone = sum(share * np.sin(2 * np.pi * pitch_hz * n * seconds) for n, share in HARMONICS)
    attack = np.minimum(seconds / ATTACK_S, 1.0)
    release = np.minimum((NOTE_S - seconds) / ATTACK_S, 1.0)
    fade = attack * np.exp(-seconds / DECAY_S) * release
    return np.asarray(tone * fade * 0.4, dtype=np.float32)
