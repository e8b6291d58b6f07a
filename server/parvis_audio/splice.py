"""Click-free joins between pieces of sound."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

CROSS_FADE_SAMPLES: Final = 240
"""5 ms at 48 kHz: long against a click, short against a syllable."""


def rising(samples: int) -> Samples:
    """The gain of what comes in, ``(samples,)``; what goes out gets one minus it.

    Raised cosine: the two gains add up to 1, right for pieces that are alike, as these mostly are.
    """
    at = (np.arange(samples) + 0.5) / samples
    return (0.5 - 0.5 * np.cos(np.pi * at)).astype(np.float32)


_RISING = rising(CROSS_FADE_SAMPLES)


def cross_fade(outgoing: Samples, incoming: Samples, samples: int = CROSS_FADE_SAMPLES) -> Samples:
    """``incoming``, a copy, faded in over ``outgoing`` at its start.

    ``outgoing`` is how the sound before would have gone on. The fade lasts ``samples``, or as long
    as the shorter of the two.
    """
    length = min(samples, outgoing.size, incoming.size)
    gain = _RISING if length == CROSS_FADE_SAMPLES else rising(length) if length else _RISING[:0]
    joined = incoming.copy()
    joined[:length] = outgoing[:length] + gain * (incoming[:length] - outgoing[:length])
    return joined
