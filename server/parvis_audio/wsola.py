"""Sound a little shorter or longer, joined where it is like itself.

Waveform-similarity overlap-add (W. Verhelst and M. Roelands, "An overlap-add technique based on
waveform similarity (WSOLA) for high quality time-scale modification of speech", ICASSP 1993): of
all pieces near the wished place, the one that looks most like the natural continuation is cross-
faded in, so that a voice keeps its pitch periods whole. Alike is what has the greatest normalised
cross-correlation (their equation for the cross-correlation coefficient):

    c(s) = sum x[n] y[n + s] / sqrt(sum x[n]^2 * sum y[n + s]^2),    n = 0 ... OVERLAP - 1

One join moves the play point by 5 to 15 ms, about 10: the period of a low voice (80 Hz) fits in the
range. A join every 50 ms plays 1.2 times as fast, or as slowly.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from parvis_audio.splice import rising

Samples = NDArray[np.float32]

OVERLAP_SAMPLES: Final = 480
"""10 ms."""
SEARCH_SAMPLES: Final = 240
"""5 ms to either side."""
LEAST_SHIFT_SAMPLES: Final = OVERLAP_SAMPLES - SEARCH_SAMPLES
GREATEST_SHIFT_SAMPLES: Final = OVERLAP_SAMPLES + SEARCH_SAMPLES

AHEAD_SAMPLES: Final = GREATEST_SHIFT_SAMPLES + OVERLAP_SAMPLES
"""What ``shorter`` looks at."""

_RISING = rising(OVERLAP_SAMPLES)
_LEAST_ENERGY = 1e-9
"""Of 10 ms at -117 dBFS: silence is like silence."""


def best_shift(pattern: Samples, among: Samples) -> int:
    """Where in ``among`` (longer than ``pattern``) it is most like ``pattern``.

    Of places that are equally alike the one nearest the middle counts, so that silence and steady
    noise move by what was wished.
    """
    products = np.correlate(among.astype(np.float64), pattern.astype(np.float64), "valid")
    sums = np.cumsum(np.concatenate(([0.0], among.astype(np.float64) ** 2)))
    energies = np.maximum(sums[pattern.size :] - sums[: -pattern.size], _LEAST_ENERGY)
    alike = products / np.sqrt(energies)
    middle = alike.size // 2
    best = int(alike.argmax())
    tolerance = 1e-6 * math.sqrt(float(np.dot(pattern, pattern))) + 1e-12
    return middle if alike[best] - alike[middle] <= tolerance else best


def shorter(ahead: Samples) -> tuple[int, Samples]:
    """How many samples to leave out, and how the ``OVERLAP_SAMPLES`` from there on become.

    ``ahead``: the next ``AHEAD_SAMPLES`` samples. 5 to 15 ms are left out.
    """
    pattern = ahead[:OVERLAP_SAMPLES]
    shift = LEAST_SHIFT_SAMPLES + best_shift(pattern, ahead[LEAST_SHIFT_SAMPLES:])
    return shift, joined(pattern, ahead[shift : shift + OVERLAP_SAMPLES])


def longer(past: Samples, ahead: Samples) -> tuple[int, Samples]:
    """How many samples to go back, and how the ``OVERLAP_SAMPLES`` from there on become.

    ``past``: the last ``GREATEST_SHIFT_SAMPLES`` samples; ``ahead``: the next ``OVERLAP_SAMPLES``.
    5 to 15 ms are heard again.
    """
    around = np.concatenate((past, ahead))
    pattern = ahead[:OVERLAP_SAMPLES]
    begin = best_shift(
        pattern, around[: GREATEST_SHIFT_SAMPLES - LEAST_SHIFT_SAMPLES + pattern.size]
    )
    return past.size - begin, joined(pattern, around[begin : begin + OVERLAP_SAMPLES])


def joined(outgoing: Samples, incoming: Samples) -> Samples:
    """One piece that begins as the one and ends as the other, both ``OVERLAP_SAMPLES`` long."""
    piece: Samples = outgoing + _RISING * (incoming - outgoing)
    return piece
