"""Where a chirp was at which moment between a unit's microphone and a listener. Pure.

Every moment is measured: when the rig heard the chirp, where it lies on the program's time line
(the listener's packets, decoded once more), which tick mixed it (the room clock), how long the hub
held it and how long encoding took (the hub's metrics), when its packet arrived and when it was
played. The stages between these moments add up to the total.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parvis_audio.measure import find_chirps

Samples = NDArray[np.float32]

RATE_HZ = 48_000
TICK_SAMPLES = 480
PACKET_SAMPLES = 960
NS_PER_SAMPLE = 1e9 / RATE_HZ
LONGEST_NS = 950_000_000
"""A chirp that comes later than this could be the next one."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One program packet at the listener."""

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
class Evidence:
    """All that was recorded in one run."""

    arrivals: Sequence[Arrival]
    played: Samples
    """What the listener heard."""
    played_start_ns: int
    room_origin_ns: float
    """Monotonic time of room clock 0."""
    readings: Sequence[HubReading]
    codec_samples: int
    """How much later than at the mixer's input a sound lies on the program's time line: limiter
    and encoders look ahead."""


@dataclass(frozen=True, slots=True)
class _Program:
    """The program, decoded, and its chirps."""

    chirps: tuple[int, ...]
    """Their beginnings on the room clock."""
    arrival_ns: Mapping[int, int]
    """By the timestamp of the packet."""


def measure(evidence: Evidence, captured_ns: Sequence[int] | None) -> dict[str, list[float]]:
    """Milliseconds of each stage, one for each chirp that was heard at every station.

    ``captured_ns``: when the microphone heard the chirps; None when nobody knows (a file plays the
    microphone): then there is no ``unit_to_hub_ms``, and the total lacks it.
    """
    program = _decode(evidence.arrivals)
    played_ns = [evidence.played_start_ns + at * NS_PER_SAMPLE for at in _chirps(evidence.played)]
    stages: dict[str, list[float]] = {}
    for chirp in program.chirps:
        for name, value_ms in _stages(evidence, program, chirp, played_ns, captured_ns).items():
            stages.setdefault(name, []).append(value_ms)
    return stages


def _stages(
    evidence: Evidence,
    program: _Program,
    chirp: int,
    played_ns: Sequence[float],
    captured_ns: Sequence[int] | None,
) -> dict[str, float]:
    mixed = chirp - evidence.codec_samples
    tick_ns = evidence.room_origin_ns + mixed // TICK_SAMPLES * TICK_SAMPLES * NS_PER_SAMPLE
    packet = _packet_of(program, chirp)
    heard_ns = _after(tick_ns, played_ns)
    if packet is None or heard_ns is None or not evidence.readings:
        return {}
    reading = min(evidence.readings, key=lambda reading: abs(reading.at_ns - tick_ns))
    at_hub_ns = tick_ns - reading.hold_ms * 1e6
    complete_ns = evidence.room_origin_ns + (packet + TICK_SAMPLES) * NS_PER_SAMPLE
    sent_ns = complete_ns + reading.encode_ms * 1e6
    block_ns = (TICK_SAMPLES - mixed % TICK_SAMPLES) * NS_PER_SAMPLE
    spans = {
        "capture_block_ms": block_ns,
        "hub_buffer_ms": reading.hold_ms * 1e6,
        "mix_encode_ms": sent_ns - tick_ns,
        "network_ms": program.arrival_ns[packet] - sent_ns,
        "playout_ms": heard_ns - program.arrival_ns[packet],
        "total_ms": heard_ns - at_hub_ns + block_ns,
    }
    if captured_ns is not None:
        began_ns = _before(heard_ns, captured_ns)
        if began_ns is None:
            return {}
        spans["unit_to_hub_ms"] = at_hub_ns - block_ns - began_ns
        spans["total_ms"] = heard_ns - began_ns
    return {name: span_ns / 1e6 for name, span_ns in spans.items()}


def _decode(arrivals: Sequence[Arrival]) -> _Program:
    if not arrivals:
        return _Program((), {})
    first = arrivals[0].timestamp
    length = max(arrival.timestamp + arrival.sound.size for arrival in arrivals) - first
    sound = np.zeros(length, dtype=np.float32)
    for arrival in arrivals:
        at = arrival.timestamp - first
        sound[at : at + arrival.sound.size] = arrival.sound
    return _Program(
        chirps=tuple(first + at for at in _chirps(sound)),
        arrival_ns={arrival.timestamp: arrival.arrival_ns for arrival in arrivals},
    )


def _chirps(recording: Samples) -> list[int]:
    return [round(found.at_samples) for found in find_chirps(recording)]


def _packet_of(program: _Program, sample: int) -> int | None:
    """Timestamp of the packet that holds a sample of the program."""
    timestamp = sample - sample % PACKET_SAMPLES
    return timestamp if timestamp in program.arrival_ns else None


def _after(moment_ns: float, moments_ns: Sequence[float]) -> float | None:
    later = [m for m in moments_ns if 0 <= m - moment_ns < LONGEST_NS]
    return min(later, default=None)


def _before(moment_ns: float, moments_ns: Sequence[int]) -> float | None:
    earlier = [m for m in moments_ns if 0 <= moment_ns - m < LONGEST_NS]
    return max(earlier, default=None)
