"""One source's sound as it went into the mix: its samples laid on the room clock, with its gains.

Pure. The recorder notes a ``Place`` only where something changed: the source's sample that was
played, or its gain. Between two notes samples follow each other one for one. Where the line of
samples breaks (the playout stretched, skipped or ran dry) the old line goes on for 5 ms under the
new one, so that the seam does not click.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

SEAM_SAMPLES: Final = 240
"""5 ms: shorter than a phoneme's edge, long enough not to click."""

RAMP_SAMPLES: Final = 480
"""The engine moves a gain within one tick."""


@dataclass(frozen=True, slots=True)
class Place:
    """From this moment on."""

    room_clock: int
    position: int | None
    """Sample of the source's own line that is played at ``room_clock``; None: nothing of it."""
    gain: float
    """Linear, reached one tick after ``room_clock``."""


class SourceSound(Protocol):
    """The decoded sound of one source, by its own line of samples."""

    def read(self, begin: int, end: int) -> Samples:
        """Samples ``begin`` to ``end``; silence where there are none."""
        ...


def placed(sound: SourceSound, places: Sequence[Place], begin: int, end: int) -> Samples:
    """What the source gave to the mix from room clock ``begin`` to ``end``.

    ``places`` are in the order of their room clocks; before the first there is silence.
    """
    mixed = np.zeros(end - begin, dtype=np.float32)
    if not places or end <= begin:
        return mixed
    clocks = [place.room_clock for place in places]
    first = max(bisect_right(clocks, begin) - 1, 0)
    while first > 0 and clocks[first] > begin - RAMP_SAMPLES:
        first -= 1  # a ramp or a seam may reach into the window
    for at in range(first, len(places)):
        if clocks[at] >= end:
            break
        until = clocks[at + 1] if at + 1 < len(places) else end
        _add_run(mixed, begin, sound, places, at, until)
    return mixed * gain_line(places, begin, end)


def _add_run(
    mixed: Samples, begin: int, sound: SourceSound, places: Sequence[Place], at: int, until: int
) -> None:
    """One run of samples, faded in where the line broke before it, out where it breaks next."""
    place = places[at]
    if place.position is None:
        return
    breaks_before = at == 0 or not _goes_on(places[at - 1], place)
    breaks_after = at + 1 < len(places) and not _goes_on(place, places[at + 1])
    tail = until + SEAM_SAMPLES if breaks_after else until
    low, high = max(place.room_clock, begin), min(tail, begin + mixed.size)
    if high <= low:
        return
    line = place.position + low - place.room_clock
    run = sound.read(line, line + high - low).astype(np.float32)
    clock = np.arange(low, high)
    if breaks_before:
        run *= np.clip((clock - place.room_clock + 0.5) / SEAM_SAMPLES, 0, 1)
    if breaks_after:
        run *= np.clip((tail - clock - 0.5) / SEAM_SAMPLES, 0, 1)
    mixed[low - begin : high - begin] += run


def _goes_on(before: Place, after: Place) -> bool:
    if before.position is None or after.position is None:
        return before.position is after.position
    return after.position - before.position == after.room_clock - before.room_clock


def gain_line(places: Sequence[Place], begin: int, end: int) -> Samples:
    """The gain of each sample from ``begin`` to ``end``: held, and moved within a tick.

    A step that is averaged over the tick after it is that tick's ramp, also where ticks of 5 ms
    bring the next step before the ramp is over.
    """
    clocks = np.asarray([place.room_clock for place in places], dtype=np.int64)
    gains = np.asarray([0.0, *(place.gain for place in places)])
    held = np.searchsorted(clocks, np.arange(begin - RAMP_SAMPLES, end), side="right")
    summed = np.concatenate(([0.0], np.cumsum(gains[held])))
    line = (summed[RAMP_SAMPLES + 1 :] - summed[1:-RAMP_SAMPLES]) / RAMP_SAMPLES
    return np.asarray(line, dtype=np.float32)
