"""The sum of some sources, as the record bus had it: each on the room clock, at its gains. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from parvis_server.replay.placing import Place, SourceSound, placed

Samples = NDArray[np.float32]


MUTE_FADE_SAMPLES: Final = 480


@dataclass(frozen=True, slots=True)
class Track:
    """One source while its microphone was open once."""

    name: str
    places: tuple[Place, ...]
    sound: SourceSound
    begin: int
    """Room clock at which it was opened; it may have sounded before its first place."""
    end: int
    """Room clock at which it was closed."""

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
