"""Finds where another microphone in the room picked a voice up.

Pure. The voice's own track is known sample for sample, so the question is only whether it is also
in the other track, at any delay: generalised cross-correlation with phase transform (Knapp and
Carter 1976), in windows of half a second, each with its neighbours. For sounds that have nothing to
do with each other the likeness at the best of all lags stays under ``PEAK_PICKED_UP``.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.fft import irfft, rfft
from numpy.typing import NDArray

Samples = NDArray[np.float32]

WINDOW_SAMPLES: Final = 24_000
HOP_SAMPLES: Final = 12_000

MAX_LAG_SAMPLES: Final = 4_800
"""100 ms: 17 m of air and the difference of two playout buffers."""

PEAK_PICKED_UP: Final = 0.1
"""Two voices that have nothing to do with each other reach 0.07; one voice 20 dB under another
talker 0.15 to 0.22, in a microphone that is silent otherwise 0.24 and more down to -40 dB."""

WINDOWS_TO_BELIEVE: Final = 2

LEAST_DBFS: Final = -65.0
"""Where the voice is softer than this, nobody can pick it up."""

_BAND_HZ: Final = (150.0, 7_000.0)
_SIZE: Final = 32_768
_RATE_HZ: Final = 48_000


def picked_up(voice: Samples, other: Samples) -> list[tuple[int, int]]:
    """Stretches of ``other``, in samples, in which ``voice`` is heard.

    Both are of the same length and lie on the same clock, as they were captured. A microphone that
    heard the voice in two windows heard it in all: under its own talker the voice can be found
    down to -20 dB only, and would be left there.
    """
    heard = list(_peaks(voice, other))
    if sum(peak >= PEAK_PICKED_UP for _, peak in heard) < WINDOWS_TO_BELIEVE:
        return []
    found: list[tuple[int, int]] = []
    for begin, _ in heard:
        end = min(begin + WINDOW_SAMPLES, other.size)
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], end)
        else:
            found.append((begin, end))
    return found


def _peaks(voice: Samples, other: Samples) -> Iterator[tuple[int, float]]:
    """The likeness of each window; the phases of three windows are added before it is judged."""
    starts = range(0, max(voice.size - HOP_SAMPLES, 0) + 1, HOP_SAMPLES)
    phases = [_phases(_cut(voice, begin), _cut(other, begin)) for begin in starts]
    for at, begin in enumerate(starts):
        near = [one for one in phases[max(at - 1, 0) : at + 2] if one is not None]
        if phases[at] is not None and near:
            yield begin, _peak(np.sum(near, axis=0) / len(near))


def _cut(sound: Samples, begin: int) -> Samples:
    window = np.zeros(WINDOW_SAMPLES, dtype=np.float32)
    part = sound[begin : begin + WINDOW_SAMPLES]
    window[: part.size] = part
    return window


def _phases(voice: Samples, other: Samples) -> NDArray[np.complex128] | None:
    """The cross spectrum with every bin of length one; None: nothing to compare."""
    least = 10 ** (LEAST_DBFS / 10)
    if float(np.mean(voice**2)) < least or not other.any():
        return None
    hann = np.hanning(WINDOW_SAMPLES)
    crossed = rfft(other * hann, _SIZE) * np.conj(rfft(voice * hann, _SIZE))
    hertz = np.arange(crossed.size) * _RATE_HZ / _SIZE
    inside = (hertz >= _BAND_HZ[0]) & (hertz <= _BAND_HZ[1])
    lengths = np.maximum(np.abs(crossed), 1e-30)
    scaled: NDArray[np.complex128] = np.where(inside, crossed / lengths, 0.0)
    return scaled


def _peak(phases: NDArray[np.complex128]) -> float:
    """The highest likeness at any lag, 1.0 for a pure delay."""
    lags = irfft(phases, _SIZE)
    inside = np.concatenate((lags[: MAX_LAG_SAMPLES + 1], lags[-MAX_LAG_SAMPLES:]))
    bins = max(int(np.count_nonzero(phases)), 1)
    return float(np.abs(inside).max()) * _SIZE / (2 * bins)
