"""What a receiver asks of a decoder, and what it does about a decoder that fails or goes mad."""

from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from parvis_audio.level import energy
from parvis_audio.work import Job

Samples = NDArray[np.float32]

LOUDEST: Final = 4.0
"""12 dB over full scale: more than any decoder overshoots; from here on it is a fault."""
SURELY_SANE: Final = LOUDEST**2
"""With no greater sum of squares no sample is over the limit, and each is a number."""

FADE_AFTER_MS, SILENT_AFTER_MS = 40, 100
FADE_DB_PER_MS = 6 / 20


class SourceDecoder(Protocol):
    """What the chain needs of a decoder; see ``opus.Decoder``."""

    def decode_job(self, packet: bytes) -> Job[Samples]:
        """The packet's samples; ``BadPacket`` when it is none."""
        ...

    def conceal(self, samples: int) -> Samples:
        """So many samples in place of what did not come."""
        ...

    def reset(self) -> None:
        """Forget the past."""
        ...


def sane(samples: Samples) -> Samples:
    """The samples, or what is left of them when a decoder went mad: finite and bounded."""
    if energy(samples) <= SURELY_SANE:
        return samples
    if np.abs(samples).max() <= LOUDEST:
        return samples
    return np.clip(np.nan_to_num(samples, nan=0.0), -LOUDEST, LOUDEST)


def faded(concealed: Samples, begin: int) -> Samples:
    """A concealment from its sample ``begin`` on, made sane and under its fade."""
    gains = np.zeros(concealed.size, dtype=np.float32)
    known = _GAINS[begin : begin + concealed.size]
    gains[: known.size] = known
    return sane(concealed) * gains


def _concealment_gains() -> Samples:
    """The gain of each sample of a concealment, from its start to silence."""
    at_ms = np.arange(SILENT_AFTER_MS * 48) / 48
    gains = 10 ** (-FADE_DB_PER_MS * np.maximum(0, at_ms - FADE_AFTER_MS) / 20)
    gains *= np.clip((SILENT_AFTER_MS - at_ms) / 10, 0, 1)  # the last 10 ms come down to nothing
    return np.asarray(gains, dtype=np.float32)


_GAINS = _concealment_gains()
