"""Finds two open microphones that hear the same voice, and lets only the nearer one count.

Theory of operation. Gain sharing alone gives two microphones at the same talker half each; with
different paths, that is a comb, and with units whose buffers differ, a flutter echo. Ten times a
second the sources within 10 dB of the loudest are compared with it by GCC-PHAT (Knapp and Carter
1976): the cross spectrum, each bin scaled to length one, back in time. If both hear one voice, the
phases line up at one lag and the peak is high; 1.0 is a pure delay. A peak above 0.35 within 25 ms
says that a voice is heard by both. It may still be two talkers who bleed into each other's
microphones and talk at once: then the peak is high too (0.36 to 0.46 at -12 dB), but the plain
correlation at that lag is low, 0.24, where one voice in a room gives 0.6. Only with both is the
quieter source's claim cut to a sixteenth for half a second (the weight of ``automix``'s states).
The winner changes only for one that is 3 dB louder, so that a talker between
two microphones does not make them flicker.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.fft import irfft, rfft
from numpy.typing import NDArray

Frames = NDArray[np.float32]
Rows = NDArray[np.intp]
Powers = NDArray[np.float64]

SAMPLE_RATE_HZ = 48_000
WINDOW_SAMPLES = 4_320
"""90 ms: some pitch periods and a change of vowel, so that only one lag fits."""

PERIOD_SAMPLES = 4_800
"""Comparisons every 100 ms."""

PEAK_SAME_VOICE = 0.35
CORRELATION_SAME_VOICE = 0.5
"""Two talkers whose bleed is -6 dB each way reach 0.4; the 3:1 rule gives -9 dB."""

MAX_COMPARED = 8
"""Bound of one comparison round: 0.3 ms; the loudest ones matter."""

MAX_LAG_S = 0.025
"""8.5 m of air, or two buffers one frame and a half apart."""

NEAR_LOUDEST_DB = 10.0
"""Quieter sources are ducked enough by sharing itself."""

LEAST_DBFS = -60.0
"""Below this there is no voice to compare."""

CHANGE_DB = 3.0
DUCKED_WEIGHT = 1 / 16
HOLD_SAMPLES = 24_000
"""0.5 s after the last comparison that found the same voice."""

_BAND_HZ: Final = (200.0, 6_000.0)
_TRANSFORM: Final = 5_760
"""The window and 25 ms of zeros on it, of small prime factors."""

_LAG_TRANSFORM: Final = 2_880
"""The band fits into half of the transform: lags in steps of 1/24000 s."""

_LAG_RATE_HZ: Final = SAMPLE_RATE_HZ * _LAG_TRANSFORM // _TRANSFORM


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two sources are."""

    peak: float
    """Of GCC-PHAT; 1 when one is the other, delayed."""

    correlation: float
    """Of the sounds themselves at that lag, 0 to 1."""

    lag_s: float
    """Positive when the second source is later."""

    @property
    def same_voice(self) -> bool:
        """Whether one voice is most of both."""
        return self.peak > PEAK_SAME_VOICE and self.correlation > CORRELATION_SAME_VOICE


class PickupGuard:
    """Weights for the gain law, one for each numbered row."""

    def __init__(self, rows: int, frame_samples: int = 480) -> None:
        """``rows``: how many sources at most; ``frame_samples``: of each frame, 240 or 480."""
        self.most_compared = MAX_COMPARED
        """Sources compared with the loudest in a round; 0: the guard rests."""
        self._window_frames = WINDOW_SAMPLES // frame_samples
        self._period_frames = PERIOD_SAMPLES // frame_samples
        self._hold_frames = HOLD_SAMPLES // frame_samples
        self._history = np.zeros((rows, self._window_frames, frame_samples), dtype=np.float32)
        self._energies = np.zeros((rows, self._window_frames))
        """Of each frame in the history: adding them up anew takes 1.3 ms for 70 sources."""
        self._held_frames = np.zeros(rows, dtype=np.int64)
        self._winner: int | None = None
        self._frame = 0
        self._window = np.hanning(WINDOW_SAMPLES).astype(np.float32)

    def weights(
        self, band: Frames, rows: Rows, claims: Powers | None = None
    ) -> NDArray[np.float64]:
        """Take one frame of the open sources; answer their weights, 1 or ``DUCKED_WEIGHT``.

        ``band``: (open sources, samples), the side chain's output; ``rows``: the row of each;
        ``claims``: factors on their powers, where the loudness that counts is not the band's own:
        with 0 a source takes no part.
        """
        slot = self._frame % self._window_frames
        self._history[rows, slot] = band
        self._energies[rows, slot] = np.einsum("ij,ij->i", band, band)
        self._frame += 1
        np.maximum(self._held_frames - 1, 0, out=self._held_frames)
        if self._frame % self._period_frames == 0 and rows.size > 1 and self.most_compared:
            self._compare(rows, np.ones(rows.size) if claims is None else claims)
        return np.where(self._held_frames[rows] > 0, DUCKED_WEIGHT, 1.0)

    def forget(self, row: int) -> None:
        """Start a row anew for another source."""
        self._history[row] = 0.0
        self._energies[row] = 0.0
        self._held_frames[row] = 0
        if self._winner == row:
            self._winner = None

    def _compare(self, rows: Rows, claims: Powers) -> None:
        """Compare every loud source with the winner; duck those that hear the same."""
        level_db = self._levels_db(rows, claims)
        winner = self._choose_winner(rows, level_db)
        if level_db[winner] < LEAST_DBFS:
            return
        self._held_frames[rows[winner]] = 0
        near = np.flatnonzero(level_db >= level_db[winner] - NEAR_LOUDEST_DB)
        near = near[near != winner]
        near = near[np.argsort(-level_db[near])][: self.most_compared]
        if near.size == 0:
            return
        found = likeness(self._recent(rows[[winner]]), self._recent(rows[near]), self._window)
        same = np.array([one.same_voice for one in found])
        self._held_frames[rows[near[same]]] = self._hold_frames

    def _choose_winner(self, rows: Rows, level_db: NDArray[np.float64]) -> int:
        """Position of the loudest, or of the last winner if nobody is 3 dB above it."""
        loudest = int(level_db.argmax())
        stays = np.flatnonzero(rows == self._winner)
        if stays.size and level_db[loudest] < level_db[stays[0]] + CHANGE_DB:
            return int(stays[0])
        self._winner = int(rows[loudest])
        return loudest

    def _levels_db(self, rows: Rows, claims: Powers) -> NDArray[np.float64]:
        power = claims * (self._energies[rows].sum(axis=1) / WINDOW_SAMPLES) + 1e-12
        return np.asarray(10 * np.log10(power), dtype=np.float64)

    def _recent(self, rows: Rows) -> Frames:
        """The last 90 ms of these rows, oldest first."""
        at = self._frame % self._window_frames
        order = np.roll(np.arange(self._window_frames), -at)
        return self._history[rows][:, order].reshape(rows.size, -1)


def likeness(first: Frames, others: Frames, window: Frames) -> list[Likeness]:
    """GCC-PHAT of one source, (1, samples), with each of others, (sources, samples)."""
    spectrum = rfft(first * window, _TRANSFORM)
    spectra = rfft(others * window, _TRANSFORM)
    low, high = (int(hertz * _TRANSFORM / SAMPLE_RATE_HZ) for hertz in _BAND_HZ)
    cross = np.zeros((others.shape[0], _LAG_TRANSFORM // 2 + 1), dtype=spectra.dtype)
    product = spectra[:, low:high] * spectrum[:, low:high].conj()
    cross[:, low:high] = product / np.maximum(np.abs(product), 1e-20)
    lags = irfft(cross, _LAG_TRANSFORM) * (_LAG_TRANSFORM / (2 * (high - low)))
    reach = int(MAX_LAG_S * _LAG_RATE_HZ)
    near = np.abs(np.concatenate((lags[:, -reach:], lags[:, : reach + 1]), axis=1))
    best = near.argmax(axis=1)
    seconds = (best - reach) / _LAG_RATE_HZ
    hertz = np.arange(low, high) * (SAMPLE_RATE_HZ / _TRANSFORM)
    aligned = (product * np.exp(2j * np.pi * hertz * seconds[:, None])).sum(axis=1)
    powers = (np.abs(spectra[:, low:high]) ** 2).sum(axis=1)
    power = (np.abs(spectrum[:, low:high]) ** 2).sum()
    correlation = np.abs(aligned) / np.sqrt(np.maximum(power * powers, 1e-30))
    return [
        Likeness(float(row[at]), float(alike), float(lag))
        for row, at, alike, lag in zip(near, best, correlation, seconds, strict=True)
    ]
