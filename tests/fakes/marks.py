"""The long marks of receiving, in virtual time: drift by link, and Wi-Fi that freezes.

The suite runs them short. ``python -m fakes.marks --minutes 60`` (with ``tests`` and ``server`` on
the path) runs them in full and prints a table; it ends with 1 when a mark is missed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pystoi import stoi

from fakes import clock_loop
from fakes.clock_loop import CountingResampler, Crystal
from fakes.packet_path import NS_PER_MS, Unit, played
from fakes.sounds import speech
from parvis_audio import relative_delay
from parvis_audio.receiver import Receiver
from parvis_wire.rtp import RtpPacket

CONSTANT_PPM = (20, -20, 50, -50, 200, -200, 1000, -1000)
LINKS = {
    "ethernet": (clock_loop.ETHERNET, 0.014),
    "wifi": (clock_loop.WIFI, 0.085),
    "bad wifi": (clock_loop.BAD_WIFI, 0.26),
}
"""And how much is held: what the jitter buffer would ask for, without its clamps."""


@dataclass(frozen=True, slots=True)
class DriftMark:
    """What a link and a crystal gave, from the 60th second on."""

    underruns: int
    depth_p99_ms: float
    drift_p99_ppm: float
    drift_max_ppm: float

    def missed(self, *, wanders: bool) -> bool:
        """Whether it falls short of what is asked."""
        within_ppm = 6.0 if wanders else 0.5
        return self.underruns > 0 or self.depth_p99_ms >= 3 or self.drift_p99_ppm > within_ppm


def drift_mark(link: str, crystal: Crystal, minutes: float, seed: int = 1) -> DriftMark:
    """Run the closed loop of estimator, ratio and resampler."""
    kind, target_s = LINKS[link]
    outcome = clock_loop.run(crystal, kind, target_s, minutes, CountingResampler(), seed)
    drift = np.abs(outcome.after(60, outcome.drift_error_ppm))
    depth_s = np.abs(outcome.after(60, outcome.depth_error_s))
    return DriftMark(
        outcome.underruns,
        1e3 * float(np.percentile(depth_s, 99)),
        float(np.percentile(drift, 99)),
        float(drift.max()),
    )


@dataclass(frozen=True, slots=True)
class Freezes:
    """Wi-Fi: 2 ms of exponential jitter, and times at which nothing passes."""

    spans_ms: tuple[tuple[float, float], ...]

    @classmethod
    def every_three_seconds(cls, seconds: float, seed: int = 5) -> Freezes:
        """40 to 150 ms about every 3 s."""
        random = np.random.default_rng(seed)
        starts = np.arange(3_000.0, seconds * 1_000, 3_000.0)
        starts += random.uniform(-500, 500, starts.size)
        ends = starts + random.uniform(40, 150, starts.size)
        return cls(tuple(zip(starts.tolist(), ends.tolist(), strict=True)))

    def path(self, seed: int = 6) -> _FreezingPath:
        """As a path for ``packet_path.played``."""
        return _FreezingPath(self.spans_ms, seed)

    def during(self, at_ms: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which moments lie in a freeze, or in the 20 ms after one in which its burst comes."""
        frozen = np.zeros(at_ms.size, dtype=np.bool_)
        for begin, end in self.spans_ms:
            frozen |= (at_ms >= begin) & (at_ms <= end + 20)
        return frozen


class _FreezingPath:
    """In order, as TCP delivers."""

    def __init__(self, spans_ms: tuple[tuple[float, float], ...], seed: int) -> None:
        self._spans_ms, self._random = spans_ms, np.random.default_rng(seed)
        self._last_ms = 0.0

    def __call__(self, number: int, packet: RtpPacket) -> Iterator[tuple[float, RtpPacket]]:
        sent_ms = (number + 1) * 10.0
        at_ms = sent_ms + 1 + float(self._random.exponential(2.0))
        for begin, end in self._spans_ms:
            if begin <= at_ms < end:
                at_ms = end
        self._last_ms = max(at_ms, self._last_ms)
        yield self._last_ms - sent_ms, packet


@dataclass(slots=True)
class WifiMark:
    """What was heard through freezing Wi-Fi."""

    concealed_outside: float
    """Share of the frames outside the freezes in which something was made up."""
    stoi_outside: float
    off_target_ms: NDArray[np.float64]
    """How far what is held lay from where it aims, each 10 ms."""

    def recovered_s(self, after_s: float, within_ms: float = 15.0) -> float:
        """How long after that moment it was off for the last time."""
        off = np.flatnonzero(np.abs(self.off_target_ms) > within_ms)
        return max(0.0, (int(off[-1]) + 1) / 100 - after_s) if off.size else 0.0


def wifi_mark(freezes: Freezes, seconds: float) -> WifiMark:
    """Speech through codec, freezing Wi-Fi and receiver, against what was said."""
    said = speech()
    made_up: list[int] = []
    off_ms: list[float] = []
    places: list[int | None] = []

    def note(_now_ns: int, receiver: Receiver) -> None:
        made_up.append(receiver.counters.concealed_samples)
        off_ms.append(receiver.held_ns / NS_PER_MS - receiver.target_ms - 4.9)
        places.append(receiver.playout_position)

    receiver = Receiver(relative_delay.Link.WIFI)
    _, heard = played(
        seconds, freezes.path(), unit=Unit(sound=said), receiver=receiver, on_tick=note
    )
    frames = heard.reshape(-1, 480)
    frozen = freezes.during(np.arange(len(frames), dtype=np.float64) * 10 + 3)
    concealed = np.diff(made_up, prepend=0) > 0
    kept = [n for n, place in enumerate(places) if place is not None and not frozen[n] and n > 20]
    meant = [np.take(said, _samples_at(places[n]), mode="wrap") for n in kept]
    return WifiMark(
        float(np.mean(concealed[~frozen])),
        float(stoi(np.concatenate(meant), frames[kept].ravel(), 48_000)),
        np.array(off_ms),
    )


def _samples_at(place: int | None) -> NDArray[np.int64]:
    """Which samples of the source sound in the frame at this timestamp: the codec is 120 late."""
    assert place is not None
    first = (place + 4_800) % 2**32 - 120  # the unit's timestamps begin 4800 before the wrap
    return np.arange(first, first + 480)


def main() -> int:
    """Print every figure; 1 when one misses its mark."""
    parser = argparse.ArgumentParser(prog="marks", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="virtual minutes of each run")
    minutes = parser.parse_args().minutes
    missed = False
    crystals = [(Crystal(ppm), False) for ppm in CONSTANT_PPM] + [(Crystal(30, 10), True)]
    for link in LINKS:
        for crystal, wanders in crystals:
            mark = drift_mark(link, crystal, minutes)
            missed |= mark.missed(wanders=wanders)
            print(f"{link}, {crystal.ppm:+.0f} ppm{', 10 ppm/min' if wanders else ''}: {mark}")
    seconds = minutes * 60
    wifi = wifi_mark(Freezes.every_three_seconds(seconds), seconds)
    missed |= wifi.concealed_outside >= 0.005 or wifi.stoi_outside < 0.97
    print(f"freezing Wi-Fi: concealed {wifi.concealed_outside:.3%}, STOI {wifi.stoi_outside:.4f}")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
