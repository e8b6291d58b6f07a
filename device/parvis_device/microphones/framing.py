"""From a source's own rate and block length to frames at 48 kHz, 480 samples or 240.

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

    def __init__(self, rate_hz: int, frame_samples: int = FRAME_SAMPLES) -> None:
        """``rate_hz`` is the source's own; ``frame_samples`` may be changed at any time.

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
        self.frame_samples = frame_samples

    def feed(self, samples: Samples, *, last: bool = False) -> Iterator[Samples]:
        """The frames that ``samples`` complete; with ``last``, the rest is filled with silence."""
        if self._resampler is not None:
            samples = self._resampler.resample_chunk(samples, last=last)
        elif not len(self._held) and len(samples) == self.frame_samples:
            yield samples
            return
        frame = self.frame_samples
        held = np.concatenate((self._held, samples))
        if last:
            held = np.concatenate((held, np.zeros(-len(held) % frame, dtype=np.float32)))
        whole = len(held) // frame * frame
        self._held = held[whole:]
        for start in range(0, whole, frame):
            yield held[start : start + frame]
