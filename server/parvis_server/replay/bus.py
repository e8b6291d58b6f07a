"""The mix as the record bus made it, and as it would have been from some of the sources alone.

Pure. The recorder keeps each source's gains; what the bus did to their sum (its loudness servo) is
read from the mix itself: how much louder it is than the sum of all sources, every 200 ms, smoothed
as slowly as the servo moves.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from parvis_server.media.limiter import Limiter
from parvis_server.replay.placing import Place, SourceSound, placed

Samples = NDArray[np.float32]
Powers = NDArray[np.float64]

STEP_SAMPLES: Final = 9_600
"""Of the bus's gain: 200 ms."""

SMOOTH_STEPS: Final = 15
"""3 s to either side: the servo takes longer for a decibel."""

MUTE_FADE_SAMPLES: Final = 480

LEAST_POWER: Final = 1e-9
"""-90 dBFS: below this the sum says nothing of the bus's gain."""

LEAST_LIKENESS: Final = 0.6
"""Of mix and sum in a step: coding leaves 0.8 and more; under this a source is missing."""

LIMITED_AGAIN: Final = 3
"""After so many rounds the gain is within 0.2 dB of the servo's."""

_LEAST: Final = 0.25
_MOST: Final = 4.0
"""12 dB: nothing that a servo does is outside; a sum that lacks a source might be."""


@dataclass(frozen=True, slots=True)
class Track:
    """One source while its microphone was open once."""

    name: str
    places: tuple[Place, ...]
    sound: SourceSound
    end: int
    """Room clock at which it was closed."""

    @property
    def begin(self) -> int:
        """Room clock at which it was opened."""
        return self.places[0].room_clock if self.places else self.end

    def mixed(self, begin: int, end: int) -> Samples:
        """What it gave to the mix."""
        return placed(self.sound, self._until_closed, begin, end)

    def captured(self, begin: int, end: int) -> Samples:
        """The same without the gains: as its microphone heard it."""
        plain = tuple(Place(p.room_clock, p.position, 1.0) for p in self._until_closed)
        return placed(self.sound, plain, begin, end)

    @property
    def _until_closed(self) -> tuple[Place, ...]:
        return (*self.places, Place(self.end, None, self.places[-1].gain)) if self.places else ()


@dataclass(frozen=True, slots=True)
class Muted:
    """A stretch in which a track is left out because it picked a voice up."""

    track: str
    begin: int
    end: int


def summed(tracks: Sequence[Track], begin: int, end: int, muted: Sequence[Muted] = ()) -> Samples:
    """The sum of the tracks before the bus, without what is muted."""
    total = np.zeros(end - begin, dtype=np.float32)
    for track in tracks:
        if track.begin < end and track.end > begin:
            silent = [one for one in muted if one.track == track.name]
            total += track.mixed(begin, end) * _opening(silent, begin, end)
    return total


def _opening(muted: Sequence[Muted], begin: int, end: int) -> Samples | float:
    """1 where a track is heard, 0 where it is muted, 10 ms between them, outside the stretch."""
    if not muted:
        return 1.0
    clock = np.arange(begin, end)
    heard = np.ones(end - begin, dtype=np.float32)
    for one in muted:
        distance = np.maximum(one.begin - clock, clock - one.end)
        heard = np.minimum(heard, np.clip(distance / MUTE_FADE_SAMPLES, 0, 1))
    return np.asarray(heard, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class BusGain:
    """What the bus did to the sum, over a stretch."""

    begin: int
    steps: Powers
    """Linear, each holding in the middle of its step."""

    def line(self, begin: int, end: int) -> Samples:
        """The gain of each sample."""
        middles = self.begin + STEP_SAMPLES * (np.arange(self.steps.size) + 0.5)
        line = np.interp(np.arange(begin, end), middles, self.steps)
        return np.asarray(line, dtype=np.float32)


def bus_gain(
    mix: Callable[[int, int], Samples],
    tracks: Sequence[Track],
    begin: int,
    end: int,
    limiter: Callable[[], Limiter],
) -> BusGain:
    """Compare the mix with the sum of all tracks from ``begin`` to ``end``.

    The limiter is no part of the bus's gain: a voice that was turned down because another one was
    loud comes back up without it. So the sum is limited as it was, and compared again.

    Args:
        mix: what came out of the bus, by room clock; it lags by the limiter's look-ahead.
        tracks: every source that was in it.
        begin: room clock.
        end: room clock.
        limiter: a new one of the bus's kind.
    """
    count = max(-(-(end - begin) // STEP_SAMPLES), 1)
    gain = BusGain(begin, np.ones(count))
    for _ in range(LIMITED_AGAIN):
        heard, own = _compared(mix, tracks, gain, limiter())
        gain = BusGain(begin, np.clip(gain.steps * _ratio(heard, own), _LEAST, _MOST))
    return gain


def _compared(
    mix: Callable[[int, int], Samples], tracks: Sequence[Track], gain: BusGain, limiter: Limiter
) -> tuple[Powers, Powers]:
    """For each step the power of the mix and of the sum; none where they are not alike."""
    heard, own = np.zeros(gain.steps.size), np.zeros(gain.steps.size)
    for step in range(gain.steps.size):
        low = gain.begin + step * STEP_SAMPLES
        high = low + STEP_SAMPLES
        total = limiter.process(summed(tracks, low, high) * gain.line(low, high))
        out = mix(low, high)
        powers = float(out @ out), float(total @ total)
        if float(total @ out) > LEAST_LIKENESS * np.sqrt(powers[0] * powers[1]):
            heard[step], own[step] = powers
    return heard, own


def _ratio(heard: Powers, own: Powers) -> Powers:
    window = np.hanning(2 * SMOOTH_STEPS + 3)[1:-1]
    over = np.convolve(own, window, mode="full")[SMOOTH_STEPS : SMOOTH_STEPS + own.size]
    under = np.convolve(heard, window, mode="full")[SMOOTH_STEPS : SMOOTH_STEPS + own.size]
    known = over > LEAST_POWER * STEP_SAMPLES
    if not known.any():
        return np.ones(own.size)
    ratio = np.clip(np.sqrt(under[known] / over[known]), _LEAST, _MOST)
    steps: Powers = np.interp(np.arange(own.size), np.flatnonzero(known), ratio)
    return steps
