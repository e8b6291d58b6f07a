"""Every bus of the room as one matrix: program, mix-minus, record, loudspeakers, assistive outputs.

Theory of operation. The gain-shared sources ``c_i = g_i x_i`` are the rows of one matrix, the buses
the rows of another, made of the sources by a matrix of routes R:

    bus_k = sum_i R[k, i] c_i        (buses, samples) = (buses, sources) @ (sources, samples)

Program: all ones. Mix-minus for talker k: T - c_k, all ones but a zero at k. Record bus: ones but
for who refused. Loudspeakers of a zone: the zone matrix's gains. Assistive: all ones. A source with
route 0 is left out of the sum, so a talker's own voice in their return is exactly 0.0, before any
dynamics, whoever else talks; taking it away from the finished sum would leave rounding, and taking
it away after a limiter would leave the talker. Routes that change move over one frame.

A sample that is not a number would cross the zeros (0 times NaN is NaN): sources are made finite
first, and a source that had to be is reported.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from parvis_server.media.zones import ZoneMatrix

Frames = NDArray[np.float32]
Routes = NDArray[np.float32]

Name = TypeVar("Name", bound=Hashable)

LARGEST = 4.0
"""12 dB over full scale: no decoder gives more, so it is a fault and is cut off here."""


@dataclass(frozen=True, slots=True)
class Source:
    """What the routes have to know about one open source."""

    ssrc: int
    zone: str | None = None
    """The zone whose people hear it without us, by air or by their desk; None: a remote speaker."""

    recorded: bool = True
    """Whether its talker agreed to the recording."""


def program_routes(sources: Sequence[Source]) -> Routes:
    """Everybody: for the listeners and for assistive outputs."""
    return np.ones(len(sources), dtype=np.float32)


def mix_minus_routes(sources: Sequence[Source], own_ssrc: int) -> Routes:
    """Everybody but the receiver."""
    return np.array([source.ssrc != own_ssrc for source in sources], dtype=np.float32)


def record_routes(sources: Sequence[Source]) -> Routes:
    """Everybody who agreed."""
    return np.array([source.recorded for source in sources], dtype=np.float32)


def loudspeaker_routes(
    sources: Sequence[Source],
    zone: str,
    matrix: ZoneMatrix,
    lifted: frozenset[str] = frozenset(),
    own_ssrc: int | None = None,
) -> Routes:
    """What the loudspeakers of a zone play: remote talkers, and other zones by the matrix.

    ``own_ssrc``: the microphone in the same box as the loudspeaker, which it never hears, lifted
    or not.
    """
    gains = [
        0.0
        if source.ssrc == own_ssrc
        else 1.0
        if source.zone is None
        else matrix.gain(source.zone, zone, lifted)
        for source in sources
    ]
    return np.array(gains, dtype=np.float32)


def finite(frames: Frames) -> tuple[Frames, NDArray[np.intp]]:
    """The frames without NaN, infinity and absurd values, and the rows that had any."""
    peaks = np.abs(frames).max(axis=1, initial=0.0)
    bad = np.flatnonzero(~(peaks <= LARGEST))
    if bad.size == 0:
        return frames, bad
    mended = frames.copy()
    cleaned = np.nan_to_num(frames[bad], nan=0.0, posinf=LARGEST, neginf=-LARGEST)
    mended[bad] = np.clip(cleaned, -LARGEST, LARGEST)
    return mended, bad


class Buses:
    """Makes all buses of one tick; remembers the routes of the last, to move from them."""

    def __init__(self, frame_samples: int = 480) -> None:
        """``frame_samples``: length of every frame."""
        self._rise = np.arange(1, frame_samples + 1, dtype=np.float32) / np.float32(frame_samples)
        self._sources: tuple[int, ...] = ()
        self._names: tuple[Hashable, ...] = ()
        self._routes = np.zeros((0, 0), dtype=np.float32)

    def mix(
        self, contributions: Frames, sources: Sequence[int], routes: Mapping[Name, Routes]
    ) -> dict[Name, Frames]:
        """One frame of each bus.

        ``contributions``: (sources, samples), each already at its gain and finite; ``sources``:
        their SSRCs; ``routes``: for each bus the factor of each source. A bus or a source that was
        not there in the last frame starts at its routes: its own gain has the fade.
        """
        names, order = tuple(routes), tuple(sources)
        wanted = np.stack(list(routes.values())) if routes else np.zeros((0, len(order)))
        wanted = wanted.astype(np.float32, copy=False)
        before = self._before(names, order, wanted)
        mixed = wanted @ contributions
        moving = np.flatnonzero((before != wanted).any(axis=1))
        if moving.size:
            last = before[moving] @ contributions
            mixed[moving] = last + (mixed[moving] - last) * self._rise
        self._names, self._sources, self._routes = names, order, wanted
        return dict(zip(names, mixed, strict=True))

    def _before(
        self, names: tuple[Hashable, ...], order: tuple[int, ...], wanted: Routes
    ) -> Routes:
        """The last frame's routes in this frame's order; new buses and sources as wanted."""
        if names == self._names and order == self._sources:
            return self._routes
        before = wanted.copy()
        column = {ssrc: at for at, ssrc in enumerate(self._sources)}
        row = {name: at for at, name in enumerate(self._names)}
        kept = [(at, column[ssrc]) for at, ssrc in enumerate(order) if ssrc in column]
        for at, name in enumerate(names):
            if name in row:
                for here, there in kept:
                    before[at, here] = self._routes[row[name], there]
        return before
