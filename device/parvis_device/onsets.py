"""Where a sound begins after silence: what a measurement of delays goes by. Pure.

A rig plays short sounds with silence between them into a microphone; the units print for each its
moment in the input's and in the output's callback, and the difference is the delay between the
two, without any ear in between.
"""

import json
from dataclasses import dataclass
from typing import Final

import numpy as np

from parvis_device.capture import NS_PER_SECOND, SAMPLE_RATE_HZ, Samples

LOUD: Final = 0.05
"""-26 dBFS: over any hall's noise and the mix's comfort noise."""

QUIET_SAMPLES: Final = 9_600
"""200 ms of silence make the next sound a new one."""


@dataclass(frozen=True, slots=True)
class Onset:
    """A sound began."""

    callback_ns: int
    """When the block that it begins in was handed over (monotonic)."""
    sample: int
    """Of that block."""
    latency_ns: int = 0
    """What the card says it holds: before a microphone's callback, after a loudspeaker's."""

    @property
    def at_ns(self) -> int:
        """The callback's moment moved to the sample: differences of it are delays."""
        return self.callback_ns + self.sample * NS_PER_SECOND // SAMPLE_RATE_HZ


class OnsetDetector:
    """One stream of blocks."""

    def __init__(self) -> None:
        """Start as after silence."""
        self._quiet_samples = QUIET_SAMPLES

    def find(self, samples: Samples, callback_ns: int, latency_ns: int = 0) -> Onset | None:
        """The onset in this block, if a sound begins in it; ``latency_ns`` is handed on."""
        loud = np.flatnonzero(np.abs(samples) >= LOUD)
        if not loud.size:
            self._quiet_samples += len(samples)
            return None
        first = int(loud[0])
        begins = self._quiet_samples + first >= QUIET_SAMPLES
        self._quiet_samples = len(samples) - 1 - int(loud[-1])
        return Onset(callback_ns, first, latency_ns) if begins else None


def print_onset(side: str, onset: Onset | None) -> None:
    """One JSON line for a sound that began, if one did."""
    if onset is not None:
        line = {"onset": side, "at_ns": onset.at_ns, "callback_ns": onset.callback_ns}
        print(json.dumps(line | {"latency_ns": onset.latency_ns}), flush=True)
