"""Gain sharing: many open microphones, the noise and the loudness of one.

Theory of operation. Each source gets the square root of its share of the power (Dugan's principle):

    g_i = sqrt(w_i / max(E_sum, max_j w_j)),   w_i = p_i E_i,   E_sum = power of sum_j sqrt(p_j) x_j

``E_i`` is the power of source i in the speech band, ``p_i`` its priority. The denominator is the
power of the *actual* sum, not the sum of the powers (as Rane describes it): two microphones that
hear the same voice add in voltage, and 0.0 dB comes out instead of +3; and when one talker follows
another the sum does not change, so the new one is at -0.7 dB after 20 ms instead of -3. Where
sources cancel in the sum, the loudest power takes its place, so that no gain passes one. Nor can
the sum be louder than all sources in step: that bound forgets at once what a source brought that
was closed, muted or turned down by hand, where the slow decay would duck those who stay.

Powers follow within 8 ms upwards and 150 ms downwards, in steps of one frame. A source in
concealment keeps its power: a lost packet is not a talker who stopped, and must not hand the room
to the noise of the others. Its frozen power stands for it in the sum.

One group serves local and remote talkers alike: whoever talks ducks the echo of the others.
Gains are for the end of the frame; between two frames they move along a straight line (`ramps`).
"""

import math
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from parvis_server.media.block_filter import BlockFilter

Frames = NDArray[np.float32]
"""One frame of each source: (sources, samples)."""
Gains = NDArray[np.float32]
Powers = NDArray[np.float64]

SAMPLE_RATE_HZ = 48_000

SIDE_CHAIN_HZ = (200.0, 6_000.0)
"""Where speech differs from rumble and hiss; only the detector hears this band."""

_RUMBLE: Final = (0.9816582684032612, -1.9633165368065224, 0.9816582684032612)
_RUMBLE_FEEDBACK: Final = (1.0, -1.9629800893893397, 0.9636529842237055)
_HISS: Final = (0.09763107293781749, 0.19526214587563498, 0.09763107293781749)
_HISS_FEEDBACK: Final = (1.0, -0.9428090415820632, 0.3333333333333332)
SIDE_CHAIN: Final = np.array([_RUMBLE + _RUMBLE_FEEDBACK, _HISS + _HISS_FEEDBACK])
"""Butterworth of second order at both ends (scipy's ``butter``), as second order sections."""

ATTACK_S = 0.008
"""With 10 ms frames: -2.2 dB after the first frame of a talker, -0.7 after the second."""

RELEASE_S = 0.150
"""Over the gaps between syllables, under the pause between two talkers."""

FLOOR_DB = -40.0
"""A source is never wholly shut: its talker's first syllable starts from here."""

PRIORITY_RANGE_DB = (-12.0, 12.0)

_SILENCE: Final = 1e-12
"""Power (-120 dBFS) that every source has: in total silence all shares are then one, so that
the first talker does not begin under the floor."""


class GainSharing:
    """The gain law over numbered rows, one row for each source that may be open.

    Its side chain is for detectors only; nobody hears it.
    """

    def __init__(self, rows: int, frame_samples: int = 480) -> None:
        """``rows``: how many sources at most; ``frame_samples``: length of each frame."""
        step_s = frame_samples / SAMPLE_RATE_HZ
        self._attack = 1 - math.exp(-step_s / ATTACK_S)
        self._release = 1 - math.exp(-step_s / RELEASE_S)
        self._floor = 10 ** (FLOOR_DB / 20)
        self._power = np.zeros(rows)
        self._sum_power = 0.0
        self._side_chain = BlockFilter(SIDE_CHAIN, rows, np.float32)
        self.band: Frames = np.zeros((0, frame_samples), dtype=np.float32)
        """The last frame's speech band, in the order of its rows: for guard and gates."""
        self.band_powers: Powers = np.zeros(0)
        """Its mean squares."""

    def gains(
        self,
        frames: Frames,
        rows: NDArray[np.intp],
        priority: Powers,
        concealed: NDArray[np.bool_],
    ) -> Gains:
        """Linear gain of each open source at the end of this frame.

        ``frames``: (open sources, samples); ``rows``: the row of each; ``priority``: its factor in
        power (priority, guard's weight, and the square of a gain that comes before sharing; 0: it
        is in nobody's sum); ``concealed``: whose power stays as it was.
        """
        band = self.band = np.asarray(self._side_chain.filter(frames, rows), dtype=np.float32)
        now = np.einsum("ij,ij->i", band, band).astype(np.float64) / band.shape[1]
        self.band_powers = now
        before = self._power[rows]
        power = before + np.where(now > before, self._attack, self._release) * (now - before)
        heard, frozen = np.sqrt(priority).astype(np.float32), 0.0
        if concealed.any():
            power[concealed], heard[concealed] = before[concealed], 0.0
            frozen = float((priority * power)[concealed].sum())
        self._power[rows] = power
        mixed = heard @ band
        self._follow_sum(float(mixed @ mixed) / band.shape[1] + frozen)
        claim = priority * (power + _SILENCE)
        most = float(np.sqrt(claim).sum()) ** 2
        whole = max(min(self._sum_power, most), float(claim.max(initial=0.0)))
        shares = np.sqrt(claim / whole) if whole > 0.0 else np.zeros_like(claim)
        return np.asarray(np.maximum(shares, self._floor), dtype=np.float32)

    def forget(self, row: int) -> None:
        """Start a row anew for another source."""
        self._power[row] = 0.0
        self._side_chain.forget(row)

    def _follow_sum(self, now: float) -> None:
        rate = self._attack if now > self._sum_power else self._release
        self._sum_power += rate * (now - self._sum_power)


@cache
def _rise(samples: int) -> Gains:
    return np.asarray(np.arange(1, samples + 1) / samples, dtype=np.float32)


def ramps(frames: Frames, before: Gains, after: Gains) -> Frames:
    """Each frame times a straight line from its last gain to its new one, reached at the end."""
    if (before == after).all():
        return np.asarray(frames * after[:, None], dtype=np.float32)
    lines = before[:, None] + (after - before)[:, None] * _rise(frames.shape[1])
    return np.asarray(frames * lines, dtype=np.float32)
