"""From a source's own rate and block length to frames of 480 samples at 48 kHz.

Pure but for soxr, which is imported only when a rate must be converted.
"""

from collections.abc import Iterator

import numpy as np

from parvis_device.capture import FRAME_SAMPLES, SAMPLE_RATE_HZ, Samples

_NOTHING: Samples = np.zeros(0, dtype=np.float32)

LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 8_000, 384_000
"""Telephone to the finest sound cards: anything else is no speech."""


class Framer:
    """Cuts a stream into frames, converting its rate where needed."""

    def __init__(self, rate_hz: int) -> None:
        """``rate_hz`` is the source's own.

        Raises:
            ValueError: no microphone and no speech file has this rate.
        """
        if not LOWEST_RATE_HZ <= rate_hz <= HIGHEST_RATE_HZ:
            raise ValueError(f"a sampling rate of {rate_hz} Hz, expected 8,000 to 384,000")
        self._resampler = None
        if rate_hz != SAMPLE_RATE_HZ:
            import soxr

            self._resampler = soxr.ResampleStream(
                rate_hz, SAMPLE_RATE_HZ, 1, dtype="float32", quality="HQ"
            )
        self._held = _NOTHING

    def feed(self, samples: Samples, *, last: bool = False) -> Iterator[Samples]:
        """The frames that ``samples`` complete; with ``last``, the rest is filled with silence."""
        if self._resampler is not None:
            samples = self._resampler.resample_chunk(samples, last=last)
        elif not len(self._held) and len(samples) == FRAME_SAMPLES:
            yield samples
            return
        held = np.concatenate((self._held, samples))
        if last:
            held = np.concatenate((held, np.zeros(-len(held) % FRAME_SAMPLES, dtype=np.float32)))
        whole = len(held) // FRAME_SAMPLES * FRAME_SAMPLES
        self._held = held[whole:]
        for start in range(0, whole, FRAME_SAMPLES):
            yield held[start : start + FRAME_SAMPLES]
