"""Gain sharing: many open microphones, the noise and the loudness of one.

Theory of operation. Each source gets the square root of its share of the power (Dugan's principle):

    g_i = sqrt(w_i / max(E_sum, max_j w_j)),   w_i = p_i E_i,   E_sum = power of sum_j sqrt(p_j) x_j

``E_i`` is the power of source i in the speech band, ``p_i`` its priority. The denominator is the
power of the *actual* sum, not the sum of the powers (as Rane describes it): two microphones that
hear the same voice add in voltage, and 0.0 dB comes out instead of +3; and when one talker follows
another the sum does not change, so the new one is at -0.7 dB after 20 ms instead of -3. Where
sources cancel in the sum, the loudest power takes its place, so that no gain passes one.

Powers follow within 8 ms upwards and 150 ms downwards, in steps of one frame. A source in
concealment keeps its power: a lost packet is not a talker who stopped, and must not hand the room
to the noise of the others. Its frozen power stands for it in the sum.

One group serves local and remote talkers alike: whoever talks ducks the echo of the others.
Gains are for the end of the frame; between two frames they move along a straight line (`ramps`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from parvis_server.media.pickup_guard import PickupGuard

Frame = NDArray[np.float32]
Frames = NDArray[np.float32]
"""One frame of each source: (sources, samples)."""
Gains = NDArray[np.float32]
Powers = NDArray[np.float64]

SAMPLE_RATE_HZ = 48_000

SIDE_CHAIN_HZ = (200.0, 6_000.0)
"""Where speech differs from rumble and hiss; only the detector hears this band."""

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

_DENORMAL: Final = 1e-20
"""The filters' memory below this is set to zero: denormal numbers cost fifty times the time."""


@dataclass(frozen=True, slots=True)
class SourceState:
    """What the gain law has to know about one open source, besides its sound."""

    priority_db: float = 0.0
    """As if the source were so much louder; -12 to +12."""

    concealed: bool = False
    """Whether this frame was made up because its packet is missing."""

    weight: float = 1.0
    """Factor on the source's claim, 0 to 1; the double-pickup guard multiplies its own."""

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for a priority out of range or a negative weight."""
        low, high = PRIORITY_RANGE_DB
        if not low <= self.priority_db <= high:
            raise ValueError(f"priority is {self.priority_db} dB; it must be {low} to {high}")
        if not 0.0 <= self.weight <= 1.0:
            raise ValueError(f"weight is {self.weight}; it must be 0 to 1")


class SideChain:
    """The speech band of each source, for detectors only; nobody hears it."""

    def __init__(self, rows: int) -> None:
        """``rows``: how many sources at most."""
        high_pass = butter(2, SIDE_CHAIN_HZ[0], "highpass", fs=SAMPLE_RATE_HZ, output="sos")
        low_pass = butter(2, SIDE_CHAIN_HZ[1], "lowpass", fs=SAMPLE_RATE_HZ, output="sos")
        self._sections = np.concatenate((high_pass, low_pass)).astype(np.float32)
        self._state = np.zeros((len(self._sections), rows, 2), dtype=np.float32)

    def filter(self, frames: Frames, rows: NDArray[np.intp]) -> Frames:
        """Filter ``frames``; ``rows`` says which source each belongs to."""
        filtered, state = sosfilt(self._sections, frames, axis=1, zi=self._state[:, rows])
        state[np.abs(state) < _DENORMAL] = 0.0
        self._state[:, rows] = state
        band: Frames = filtered
        return band

    def forget(self, row: int) -> None:
        """Start a row anew for another source."""
        self._state[:, row] = 0.0


class GainSharing:
    """The gain law over numbered rows, one row for each source that may be open."""

    def __init__(self, rows: int, frame_samples: int = 480) -> None:
        """``rows``: how many sources at most; ``frame_samples``: length of each frame."""
        step_s = frame_samples / SAMPLE_RATE_HZ
        self._attack = 1 - np.exp(-step_s / ATTACK_S)
        self._release = 1 - np.exp(-step_s / RELEASE_S)
        self._floor = 10 ** (FLOOR_DB / 20)
        self._power = np.zeros(rows)
        self._sum_power = 0.0
        self._side_chain = SideChain(rows)
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
        power (priority and guard's weight); ``concealed``: whose power stays as it was.
        """
        band = self.band = self._side_chain.filter(frames, rows)
        now = np.einsum("ij,ij->i", band, band, dtype=np.float64) / band.shape[1]
        self.band_powers = now
        power = np.where(concealed, self._power[rows], self._follow(self._power[rows], now))
        self._power[rows] = power
        claim = priority * (power + _SILENCE)
        heard = np.where(concealed, 0.0, np.sqrt(priority)).astype(np.float32)
        mixed = heard @ band
        sum_now = float(mixed @ mixed) / band.shape[1] + float(claim[concealed].sum())
        self._sum_power = float(self._follow(np.float64(self._sum_power), np.float64(sum_now)))
        whole = max(self._sum_power, float(claim.max(initial=0.0)))
        shares = np.sqrt(claim / whole) if whole > 0.0 else np.zeros_like(claim)
        return np.maximum(shares, self._floor).astype(np.float32)

    def forget(self, row: int) -> None:
        """Start a row anew for another source."""
        self._power[row] = 0.0
        self._side_chain.forget(row)

    def _follow(self, before: Powers | np.float64, now: Powers | np.float64) -> Powers:
        """One-pole, quick upwards and slow downwards."""
        rate = np.where(now > before, self._attack, self._release)
        followed: Powers = before + rate * (now - before)
        return followed


class States(Protocol):
    """Where the law asks about its sources at each frame."""

    def __call__(self, ssrc: int) -> SourceState:
        """The state of an open source."""
        ...


def ordinary(ssrc: int) -> SourceState:
    """No priority, nothing concealed."""
    return SourceState()


class AutomixLaw:
    """Gain sharing and double-pickup guard as the mixer's gain law.

    By SSRC; rows are given out and taken back. The guard's findings count from the next frame on.
    """

    def __init__(
        self, capacity: int = 64, frame_samples: int = 480, states: States = ordinary
    ) -> None:
        """``capacity``: most sources open at once; ``states``: asked for each at each frame."""
        self._sharing = GainSharing(capacity, frame_samples)
        self._guard = PickupGuard(capacity)
        self._guarded = np.ones(capacity)
        self._free = list(range(capacity - 1, -1, -1))
        self._row: dict[int, int] = {}
        self._states = states

    def __call__(self, frames: Mapping[int, Frame]) -> Mapping[int, float]:
        """Gain by SSRC. Raises ``ValueError`` when more are open than ``capacity``."""
        self._give_rows(frames)
        if not frames:
            return {}
        states = [self._states(ssrc) for ssrc in frames]
        rows = np.array([self._row[ssrc] for ssrc in frames])
        claims = np.array([state.weight * 10 ** (state.priority_db / 10) for state in states])
        gains = self._sharing.gains(
            np.stack(list(frames.values())),
            rows,
            claims * self._guarded[rows],
            np.array([state.concealed for state in states]),
        )
        self._guarded[rows] = self._guard.weights(self._sharing.band, rows)
        return dict(zip(frames, gains.tolist(), strict=True))

    def _give_rows(self, open_sources: Collection[int]) -> None:
        for ssrc in [ssrc for ssrc in self._row if ssrc not in open_sources]:
            self._free.append(self._row.pop(ssrc))
        for ssrc in open_sources:
            if ssrc in self._row:
                continue
            if not self._free:
                raise ValueError(f"{len(open_sources)} sources are open; too many for the mix")
            self._row[ssrc] = self._free.pop()
            self._sharing.forget(self._row[ssrc])
            self._guard.forget(self._row[ssrc])
            self._guarded[self._row[ssrc]] = 1.0


def ramps(frames: Frames, before: Gains, after: Gains) -> Frames:
    """Each frame times a straight line from its last gain to its new one, reached at the end."""
    samples = frames.shape[1]
    rise = np.arange(1, samples + 1, dtype=np.float32) / np.float32(samples)
    moving = before != after
    if not moving.any():
        return np.asarray(frames * after[:, None], dtype=np.float32)
    lines = before[:, None] + (after - before)[:, None] * rise
    return np.asarray(frames * lines, dtype=np.float32)
