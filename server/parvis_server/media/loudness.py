"""Loudness after ITU-R BS.1770-4, as it goes along: momentary, short-term, integrated.

Theory of operation. The sound passes two biquads (the head's high shelf, then a high-pass: the
"K" weighting); its mean square in dB, less 0.691, is its loudness. Mean squares are kept in blocks
of 100 ms: the last 4 are the momentary loudness, the last 30 the short-term one (EBU Tech 3341).
Each 100 ms the last 400 ms are one gating block of the integrated loudness: blocks above -70 LUFS
count, and of them those not more than 10 LU below their mean. They are kept as a histogram of
0.01 LU, so that a day of sound takes no more memory than a minute.

Our program is one channel. It is measured as one: a sine of -20 dBFS peak reads -23.0 LUFS, and a
listener who plays it on two loudspeakers hears 3 LU more. Tools read a mono file in the same way.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from parvis_server.media.block_filter import BlockFilter

Frame = NDArray[np.float32]
Frames = NDArray[np.float32]
Powers = NDArray[np.float64]

SAMPLE_RATE_HZ = 48_000
_SHELF: Final = (1.53512485958697, -2.69169618940638, 1.19839281085285)
_SHELF_FEEDBACK: Final = (1.0, -1.69065929318241, 0.73248077421585)
_HIGH_PASS: Final = (1.0, -2.0, 1.0)
_HIGH_PASS_FEEDBACK: Final = (1.0, -1.99004745483398, 0.99007225036621)
K_WEIGHTING: Final = np.array([_SHELF + _SHELF_FEEDBACK, _HIGH_PASS + _HIGH_PASS_FEEDBACK])
"""BS.1770-4, annex 1, tables 1 and 2: both filters at 48 kHz, as second order sections."""

OFFSET_LUFS: Final = -0.691
"""Makes 1 kHz read its level: the shelf lifts it by as much."""

BLOCK_SAMPLES = 4_800
"""100 ms."""
MOMENTARY_BLOCKS = 4
SHORT_TERM_BLOCKS = 30

ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0

SILENCE_LUFS = -120.0
"""What silence reads; a number, because minus infinity is not JSON."""

_BINS_PER_LU: Final = 100
_HIGHEST_LUFS: Final = 20.0


def lufs(power: float) -> float:
    """Loudness of a K-weighted mean square."""
    return max(OFFSET_LUFS + 10 * float(np.log10(max(power, 1e-15))), SILENCE_LUFS)


def power_of(loudness_lufs: float) -> float:
    """The K-weighted mean square that reads so."""
    return float(10 ** ((loudness_lufs - OFFSET_LUFS) / 10))


class KWeighting:
    """K-weighted power of each of many channels, frame by frame."""

    def __init__(self, rows: int) -> None:
        """``rows``: how many channels."""
        self._filter = BlockFilter(K_WEIGHTING, rows, np.float64)

    def powers(self, frames: Frames, rows: NDArray[np.intp]) -> Powers:
        """Mean square of each frame after the weighting; ``frames``: (channels, samples)."""
        weighted = self._filter.filter(frames, rows)
        return np.asarray(np.einsum("ij,ij->i", weighted, weighted) / frames.shape[1])

    def forget(self, row: int) -> None:
        """Start a row anew for another channel."""
        self._filter.forget(row)


class GatedHistogram:
    """Integrated loudness of all blocks so far."""

    def __init__(self) -> None:
        """Start with nothing heard."""
        bins = round((_HIGHEST_LUFS - ABSOLUTE_GATE_LUFS) * _BINS_PER_LU)
        self._counts = np.zeros(bins, dtype=np.int64)
        self._powers = np.zeros(bins)

    def add(self, power: float) -> None:
        """One gating block's K-weighted mean square."""
        loudness = lufs(power)
        if loudness > ABSOLUTE_GATE_LUFS:
            bin_at = min(self._bin(loudness), self._counts.size - 1)
            self._counts[bin_at] += 1
            self._powers[bin_at] += power

    @property
    def integrated_lufs(self) -> float:
        """Gated loudness; ``SILENCE_LUFS`` before anything passed the absolute gate."""
        blocks = int(self._counts.sum())
        if blocks == 0:
            return SILENCE_LUFS
        gate = lufs(float(self._powers.sum()) / blocks) + RELATIVE_GATE_LU
        first = self._bin(gate) + 1 if gate > ABSOLUTE_GATE_LUFS else 0
        first = min(first, self._counts.size - 1)  # the highest bin also holds what is above
        return lufs(float(self._powers[first:].sum()) / int(self._counts[first:].sum()))

    @staticmethod
    def _bin(loudness_lufs: float) -> int:
        return int((loudness_lufs - ABSOLUTE_GATE_LUFS) * _BINS_PER_LU)


class LoudnessMeter:
    """Momentary, short-term and integrated loudness of one channel."""

    def __init__(self, frame_samples: int = 480) -> None:
        """Start in silence; ``frame_samples``: length of each frame, a whole part of a block."""
        self._block_frames = BLOCK_SAMPLES // frame_samples
        self._weighting = KWeighting(1)
        self._row = np.zeros(1, dtype=np.intp)
        self._block_power = 0.0
        self._frames = 0
        self._blocks = np.zeros(SHORT_TERM_BLOCKS)
        self._histogram = GatedHistogram()

    def add(self, frame: Frame) -> None:
        """Hear one frame."""
        self._block_power += float(self._weighting.powers(frame[None], self._row)[0])
        self._frames += 1
        if self._frames % self._block_frames == 0:
            self._close_block()

    @property
    def momentary_lufs(self) -> float:
        """The last 400 ms."""
        return lufs(float(self._blocks[-MOMENTARY_BLOCKS:].mean()))

    @property
    def short_term_lufs(self) -> float:
        """The last 3 s."""
        return lufs(float(self._blocks.mean()))

    @property
    def integrated_lufs(self) -> float:
        """Everything since the start, gated."""
        return self._histogram.integrated_lufs

    def _close_block(self) -> None:
        self._blocks = np.roll(self._blocks, -1)
        self._blocks[-1] = self._block_power / self._block_frames
        self._block_power = 0.0
        if self._frames >= self._block_frames * MOMENTARY_BLOCKS:
            self._histogram.add(float(self._blocks[-MOMENTARY_BLOCKS:].mean()))
