"""Where a chirp was at which moment between a unit's microphone and everybody's ears. Pure.

Every moment is measured: when the unit's input callback got the chirp and when the loudspeaker
unit's output callback gave it away (both print it), where it lies on the room clock (a speaker's
return, decoded once more), how long the hub held it and how long encoding took (the hub's metrics),
when the return's packet arrived, and when a listener heard it. Moments of callbacks are moved to
the sample, so that the differences are delays. The stages between them add up to the total.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from parvis_audio.measure import chirp, find_chirps

Samples = NDArray[np.float32]

RATE_HZ = 48_000
NS_PER_SAMPLE = 1e9 / RATE_HZ
LONGEST_NS = 950_000_000
"""A chirp that comes later than this could be the next one."""

ONSET_LEVEL = 0.05
"""At which a unit says that a sound begins."""

PATH_STAGES = (
    *("unit_to_hub_ms", "hub_buffer_ms", "mix_encode_ms", "lookahead_ms", "loudspeaker_ms"),
)
"""Add up to ``total_ms``."""

NAMES = (*PATH_STAGES, "total_ms", "return_ms", "listener_ms")


@dataclass(frozen=True, slots=True)
class Onset:
    """A unit says: a sound began."""

    at_ns: int
    """The callback's moment, moved to the sample."""
    callback_ns: int
    latency_ns: int = 0
    """What the sound card says it holds outside of the callback."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One packet at the remote speaker."""

    timestamp: int
    """Unwrapped: samples of the room clock."""
    arrival_ns: int
    sound: Samples


@dataclass(frozen=True, slots=True)
class HubReading:
    """What the hub's metrics said."""

    at_ns: int
    hold_ms: float
    encode_ms: float


@dataclass(frozen=True, slots=True)
class Lookahead:
    """How much later than at the mixer's input a sound lies behind the codecs, in samples."""

    to_return: int
    """On the return's time line: the unit's encoder, limiter, the return's encoder."""
    to_loudspeaker: int
    """At the loudspeaker: the same with its bus's encoder."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that was recorded in one run."""

    spoken: Sequence[Onset]
    """At the microphone unit's input callback."""
    played: Sequence[Onset]
    """At the loudspeaker unit's output callback."""
    returned: Sequence[Arrival]
    heard_ns: Sequence[float]
    """When a listener heard a chirp's beginning."""
    room_origin_ns: float
    """Monotonic time of room clock 0."""
    readings: Sequence[HubReading]
    lookahead: Lookahead


def measure(evidence: Evidence) -> dict[str, list[float]]:
    """Milliseconds of each stage, one for each chirp that was found at every station."""
    line = _Line(evidence.returned)
    stages: dict[str, list[float]] = {}
    for spoken in evidence.spoken:
        for name, value_ms in _stages(evidence, line, spoken).items():
            stages.setdefault(name, []).append(value_ms)
    return stages


class _Line:
    """The return, decoded, on the room clock."""

    def __init__(self, arrivals: Sequence[Arrival]) -> None:
        self.chirps: tuple[int, ...] = ()
        """Their beginnings on the room clock."""
        self._arrivals = sorted(arrivals, key=lambda arrival: arrival.timestamp)
        self._timestamps = [arrival.timestamp for arrival in self._arrivals]
        if not self._arrivals:
            return
        first, last = self._arrivals[0], self._arrivals[-1]
        sound = np.zeros(last.timestamp + last.sound.size - first.timestamp, dtype=np.float32)
        for arrival in self._arrivals:
            at = arrival.timestamp - first.timestamp
            sound[at : at + arrival.sound.size] = arrival.sound
        found = find_chirps(sound)
        self.chirps = tuple(first.timestamp + round(chirp.at_samples) for chirp in found)

    def arrival_ns(self, sample: int) -> int | None:
        """When the packet that holds this sample came."""
        place = int(np.searchsorted(self._timestamps, sample, side="right")) - 1
        if place < 0:
            return None
        arrival = self._arrivals[place]
        return arrival.arrival_ns if sample < arrival.timestamp + arrival.sound.size else None


def _stages(evidence: Evidence, line: _Line, spoken: Onset) -> dict[str, float]:
    begin_ns = spoken.at_ns - onset_samples() * NS_PER_SAMPLE
    mixed = _mixed(evidence, line, begin_ns)
    played = _after(spoken.at_ns, [onset.at_ns for onset in evidence.played])
    if mixed is None or played is None or not evidence.readings:
        return {}
    mixed_ns, returned_ns = mixed
    reading = min(evidence.readings, key=lambda reading: abs(reading.at_ns - mixed_ns))
    lookahead_ns = evidence.lookahead.to_loudspeaker * NS_PER_SAMPLE
    hold_ns, encode_ns = reading.hold_ms * 1e6, reading.encode_ms * 1e6
    total_ns = played - spoken.at_ns
    spans_ns = {
        "unit_to_hub_ms": mixed_ns - hold_ns - begin_ns,
        "hub_buffer_ms": hold_ns,
        "mix_encode_ms": encode_ns,
        "lookahead_ms": lookahead_ns,
        "loudspeaker_ms": begin_ns + total_ns - mixed_ns - encode_ns - lookahead_ns,
        "total_ms": total_ns,
        "return_ms": returned_ns - spoken.callback_ns,
    }
    heard_ns = _after(begin_ns, evidence.heard_ns)
    if heard_ns is not None:
        spans_ns["listener_ms"] = heard_ns - begin_ns
    return {name: span_ns / 1e6 for name, span_ns in spans_ns.items()}


def _mixed(evidence: Evidence, line: _Line, begin_ns: float) -> tuple[float, int] | None:
    """When the chirp was mixed, and when the return's packet with its beginning arrived."""
    for chirp_at in line.chirps:
        mixed_at = chirp_at - evidence.lookahead.to_return
        mixed_ns = evidence.room_origin_ns + mixed_at * NS_PER_SAMPLE
        arrival_ns = line.arrival_ns(chirp_at)
        if arrival_ns is not None and 0 <= mixed_ns - begin_ns < LONGEST_NS:
            return mixed_ns, arrival_ns
    return None


@cache
def onset_samples() -> int:
    """How long after a chirp's beginning a unit says that a sound begins."""
    return int(np.argmax(np.abs(chirp()) >= ONSET_LEVEL))


def _after(moment_ns: float, moments_ns: Sequence[float]) -> float | None:
    later = [m for m in moments_ns if 0 <= m - moment_ns < LONGEST_NS]
    return min(later, default=None)


def reports_sum_ms(
    capture_ms: Mapping[str, float], output_ms: Mapping[str, float], lookahead_ms: float
) -> float:
    """What the programs say of themselves, from input callback to output callback.

    Args:
        capture_ms: ``delay`` from the converter to the mix, of which ``block`` and ``latency`` lie
            before the callback.
        output_ms: ``delay`` from the room clock to the converter, of which ``latency`` lies after
            the callback.
        lookahead_ms: of limiter and encoders, which no time stamp shows.
    """
    before_ms = capture_ms["delay"] - capture_ms["block"] - capture_ms["latency"]
    return before_ms + lookahead_ms + output_ms["delay"] - output_ms["latency"]
