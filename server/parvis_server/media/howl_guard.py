"""Stops a loudspeaker that begins to howl, and says so.

Theory of operation. When a microphone hears a loudspeaker that plays it, the loop's frequency of
highest gain grows into one steady tone. Each 85 ms the bus is looked at with a 4096 point FFT. A
howl is a peak 15 dB over the spectrum around it and 10 dB over its own second and third harmonics
and over any tone it could be a harmonic of (a voice or an instrument has harmonics, a young howl is
alone), at the same frequency and not falling for 400 ms. It gets a notch of -12 dB (Q 30, at most
six), and the whole bus 3 dB less, or 9 if the howl is loud; all is given back after 60 s. When the
six notches are used, only the level goes down: at the latest that ends every loop.

Notches are peaking filters after the Audio EQ Cookbook (Bristow-Johnson). A frame in which they
change is cross-faded, so that nothing clicks.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.fft import rfft
from numpy.typing import NDArray

from parvis_server.media.block_filter import BlockFilter

Frame = NDArray[np.float32]

SAMPLE_RATE_HZ = 48_000
WINDOW_SAMPLES = 4_096
"""85 ms: bins of 11.7 Hz."""

OVER_NEIGHBOURS_DB = 15.0
OVER_HARMONICS_DB = 10.0
SUSPICIONS = 5
"""Looks in a row with the same peak: 400 ms."""

FALLING_DB = 1.0
"""A peak that loses more than this from look to look is dying by itself."""

LEAST_DBFS = -50.0
"""Quieter tones are hum of the hall or whistles nobody minds."""

NOTCH_DB = -12.0
NOTCH_Q = 30.0
MOST_NOTCHES = 6
BUS_STEP_DB = -3.0
LOWEST_BUS_DB = -24.0
LOUD_DBFS = -20.0
"""A howl this loud costs three steps at once: the hall is suffering already."""

RELEASE_S = 60.0

_LOWEST_HZ: Final = 100.0
_HIGHEST_HZ: Final = 12_000.0
_NEIGHBOUR_BINS: Final = (4, 14)
"""Of the peak's surroundings: outside its own main lobe, inside a formant."""

_SAME_BINS: Final = 1.5
_CANDIDATES: Final = 3
_FUNDAMENTALS: Final = (2, 3, 4, 5, 6)


@dataclass(frozen=True, slots=True)
class Howl:
    """What was found and done, for the console's alarm."""

    hertz: float
    level_dbfs: float
    notches: int
    bus_db: float


@dataclass(slots=True)
class _Suspect:
    """A peak that has been there for some looks."""

    bin_at: float
    level_db: float
    looks: int = 1

    @property
    def howls(self) -> bool:
        """Whether it stayed long enough."""
        return self.looks >= SUSPICIONS


class HowlGuard:
    """Watches and mends one loudspeaker bus."""

    def __init__(self) -> None:
        """Start with no notch and the bus at its level."""
        self._window = np.hanning(WINDOW_SAMPLES)
        self._history = np.zeros(WINDOW_SAMPLES, dtype=np.float32)
        self._new_samples = 0
        self._samples = 0
        self._suspects: list[_Suspect] = []
        self._releases_at: list[int] = []
        self._notches: list[tuple[float, int]] = []
        self._filters: dict[float, BlockFilter] = {}
        self._bus_gain = 1.0
        self._changed = False
        self._before: tuple[tuple[BlockFilter, ...], float] = ((), self._bus_gain)

    @property
    def bus_db(self) -> float:
        """How much the whole bus is turned down now; 0 or less."""
        return max(BUS_STEP_DB * len(self._releases_at), LOWEST_BUS_DB)

    @property
    def notches_hz(self) -> tuple[float, ...]:
        """Where the notches are now."""
        return tuple(hertz for hertz, _ in self._notches)

    def process(self, frame: Frame) -> tuple[Frame, tuple[Howl, ...]]:
        """The frame, mended, and the howls found in it, if there are any."""
        self._samples += frame.size
        self._release()
        mended = self._mend(frame)
        self._history = np.concatenate((self._history, mended))[-WINDOW_SAMPLES:]
        self._new_samples += frame.size
        if self._new_samples < WINDOW_SAMPLES:
            return mended, ()
        self._new_samples -= WINDOW_SAMPLES
        return mended, self._look()

    def _look(self) -> tuple[Howl, ...]:
        """Follow the suspects; act against those that stayed or rose."""
        spectrum_db = _spectrum_db(self._history, self._window)
        suspects = [self._followed(*_interpolated(spectrum_db, at)) for at in _peaks(spectrum_db)]
        self._suspects = [suspect for suspect in suspects if not suspect.howls]
        return tuple(self._act(suspect) for suspect in suspects if suspect.howls)

    def _followed(self, place: float, level_db: float) -> _Suspect:
        """This peak, with its past if it was there at the last look and does not fall."""
        for past in self._suspects:
            same = abs(past.bin_at - place) <= _SAME_BINS
            if same and level_db >= past.level_db - FALLING_DB:
                return _Suspect(place, level_db, past.looks + 1)
        return _Suspect(place, level_db)

    def _act(self, howl: _Suspect) -> Howl:
        """Notch and turn down."""
        hertz = howl.bin_at * SAMPLE_RATE_HZ / WINDOW_SAMPLES
        ends = self._samples + int(RELEASE_S * SAMPLE_RATE_HZ)
        self._releases_at += [ends] * (3 if howl.level_db > LOUD_DBFS else 1)
        if len(self._notches) < MOST_NOTCHES:
            self._notches.append((hertz, ends))
        self._remake()
        return Howl(hertz, howl.level_db, len(self._notches), self.bus_db)

    def _release(self) -> None:
        """Give back what was done 60 s ago."""
        if self._releases_at and self._releases_at[0] <= self._samples:
            self._releases_at = [at for at in self._releases_at if at > self._samples]
            self._notches = [notch for notch in self._notches if notch[1] > self._samples]
            self._remake()

    def _remake(self) -> None:
        """New filters from the next frame on; the kept ones keep their memory."""
        if not self._changed:
            self._before = (tuple(f.copy() for f in self._filters.values()), self._bus_gain)
        self._filters = {
            hertz: self._filters.get(hertz) or BlockFilter(_notch(hertz)[None], 1, np.float64)
            for hertz in self.notches_hz
        }
        self._bus_gain = 10 ** (self.bus_db / 20)
        self._changed = True

    def _mend(self, frame: Frame) -> Frame:
        mended = _filtered(frame, tuple(self._filters.values()), self._bus_gain)
        if not self._changed:
            return mended
        self._changed = False
        last = _filtered(frame, *self._before)
        rise = np.arange(1, frame.size + 1, dtype=np.float32) / np.float32(frame.size)
        return np.asarray(last + (mended - last) * rise, dtype=np.float32)


def _filtered(frame: Frame, filters: tuple[BlockFilter, ...], gain: float) -> Frame:
    if filters:
        only = np.zeros(1, dtype=np.intp)
        mended = frame[None]
        for one in filters:
            mended = one.filter(mended, only)
        return np.asarray(mended[0] * gain, dtype=np.float32)
    return frame if gain == 1.0 else np.asarray(frame * np.float32(gain))


def _notch(hertz: float) -> NDArray[np.float64]:
    """Peaking filter of -12 dB, Audio EQ Cookbook, as one second order section."""
    amplitude = 10 ** (NOTCH_DB / 40)
    angle = 2 * math.pi * hertz / SAMPLE_RATE_HZ
    alpha = math.sin(angle) / (2 * NOTCH_Q)
    cosine = -2 * math.cos(angle)
    forward = np.array([1 + alpha * amplitude, cosine, 1 - alpha * amplitude])
    feedback = np.array([1 + alpha / amplitude, cosine, 1 - alpha / amplitude])
    return np.asarray(np.concatenate((forward, feedback)) / feedback[0], dtype=np.float64)


def _spectrum_db(samples: Frame, window: NDArray[np.float64]) -> NDArray[np.float64]:
    """Level of each bin as the RMS of a sine in it, in dBFS."""
    amplitude = np.abs(rfft(samples * window)) * (2 / window.sum())
    return np.asarray(10 * np.log10(np.maximum(amplitude**2 / 2, 1e-15)))


def _peaks(spectrum_db: NDArray[np.float64]) -> list[int]:
    """The loudest bins that stand alone: over their surroundings and over their harmonics."""
    low = int(_LOWEST_HZ * WINDOW_SAMPLES / SAMPLE_RATE_HZ)
    high = int(_HIGHEST_HZ * WINDOW_SAMPLES / SAMPLE_RATE_HZ)
    middle = spectrum_db[low:high]
    highest = (middle > spectrum_db[low - 1 : high - 1]) & (
        middle >= spectrum_db[low + 1 : high + 1]
    )
    places = low + np.flatnonzero(highest & (middle > LEAST_DBFS))
    loudest = places[np.argsort(-spectrum_db[places])][:_CANDIDATES]
    return [int(at) for at in loudest if _stands_alone(spectrum_db, int(at))]


def _stands_alone(spectrum_db: NDArray[np.float64], at: int) -> bool:
    near, far = _NEIGHBOUR_BINS
    sides = (spectrum_db[max(at - far, 0) : max(at - near, 0)], spectrum_db[at + near : at + far])
    around = np.concatenate(sides)
    mean_db = 10 * np.log10(np.mean(10 ** (around / 10)))
    relatives = [spectrum_db[n * at - n : n * at + n + 1].max(initial=-150.0) for n in (2, 3)]
    relatives += [spectrum_db[at // n - 1 : at // n + 3].max() for n in _FUNDAMENTALS]
    over_harmonics = spectrum_db[at] - max(relatives)
    return bool(
        spectrum_db[at] - mean_db > OVER_NEIGHBOURS_DB and over_harmonics > OVER_HARMONICS_DB
    )


def _interpolated(spectrum_db: NDArray[np.float64], at: int) -> tuple[float, float]:
    """Place and height of a peak between bins: a parabola through three of them."""
    left, middle, right = spectrum_db[at - 1 : at + 2]
    curve = left - 2 * middle + right
    shift = 0.5 * (left - right) / curve if curve < 0 else 0.0
    return at + float(shift), float(middle - 0.25 * (left - right) * shift)
