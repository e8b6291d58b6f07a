"""What a microphone delivered, block by block, and the figures of it. Pure.

Levels are RMS of 10 ms blocks. The noise floor is their 10th percentile: a door or a cough does not
raise it. Times are the blocks' own arrivals and sample counts.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np

from parvis_audio.drift import DriftEstimator
from parvis_audio.level import SILENT_DBFS, level_dbfs
from parvis_device.capture import NS_PER_SECOND, SAMPLE_RATE_HZ, Block, Samples

FLOOR_PERCENTILE = 10
"""Nine of ten blocks are louder: what the room gives when nobody makes a noise."""

VOICE_PERCENTILE = 90
"""Speech is loud for half of the time; one block of ten is a vowel."""

FULL_SCALE = 0.999
"""A sample beyond it was cut off by the converter."""

MAX_BLOCKS = 720_000
"""Two hours, the longest that is asked for and what comes before it."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """The figures of some time."""

    blocks: int
    floor_dbfs: float
    voice_dbfs: float
    """RMS level that the loudest tenth exceeds."""
    peak_dbfs: float
    """The highest sample."""
    clipped: bool
    """Samples at full scale."""

    @property
    def silent(self) -> bool:
        """Nothing but zeros."""
        return self.peak_dbfs <= SILENT_DBFS


@dataclass(frozen=True, slots=True)
class Delivery:
    """How well the blocks came."""

    seconds: float
    """Of sound."""
    errors: int | None
    """Blocks that were lost on the way; None: what delivers does not count them."""
    losses: int
    """Times that the device went away."""
    longest_pause_ms: float


@dataclass(frozen=True, slots=True)
class Clock:
    """The device's crystal against the system's clock."""

    ppm: float
    """Positive: the device is fast."""
    sigma_ppm: float
    alarming: bool


class Hearing:
    """Everything since the microphone was opened."""

    def __init__(self) -> None:
        """Nothing was heard."""
        self.description = ""
        """What the microphone calls itself."""
        self._levels: deque[float] = deque(maxlen=MAX_BLOCKS)
        self._peaks: deque[float] = deque(maxlen=MAX_BLOCKS)
        self._samples = 0
        self._last_ns: int | None = None
        self._longest_pause_ns = 0
        self._losses = 0
        self._drift = DriftEstimator()

    @property
    def blocks(self) -> int:
        """How many came: the place of what comes next, for ``stretch``."""
        return len(self._levels)

    @property
    def seconds(self) -> float:
        """How much sound came."""
        return self._samples / SAMPLE_RATE_HZ

    def opened(self, description: str) -> None:
        """Sound comes (again)."""
        self.description = description
        if self._last_ns is not None:
            self._drift.restart()
            self._last_ns = None

    def block(self, block: Block) -> None:
        """One more."""
        self._levels.append(level_dbfs(block.samples))
        self._peaks.append(float(np.abs(block.samples).max(initial=0.0)))
        self._samples += len(block.samples)
        if self._last_ns is not None:
            pause_ns = block.arrival_ns - self._last_ns
            self._longest_pause_ns = max(self._longest_pause_ns, pause_ns)
        self._last_ns = block.arrival_ns
        self._drift.arrived(block.first_sample, block.arrival_ns)

    def lost(self) -> None:
        """The device went away."""
        self._losses += 1

    def stretch(self, since: int = 0, until: int | None = None) -> Stretch | None:
        """The figures of the blocks from this place to that; None: there are none."""
        levels = list(self._levels)[since:until]
        peaks = list(self._peaks)[since:until]
        if not levels:
            return None
        floor, voice = np.percentile(levels, (FLOOR_PERCENTILE, VOICE_PERCENTILE))
        peak = max(peaks)
        return Stretch(
            blocks=len(levels),
            floor_dbfs=float(floor),
            voice_dbfs=float(voice),
            peak_dbfs=peak_dbfs(peak),
            clipped=peak >= FULL_SCALE,
        )

    def delivery(self, errors: int | None) -> Delivery:
        """How well they came; ``errors`` as whoever delivers them counts."""
        return Delivery(
            seconds=self.seconds,
            errors=errors,
            losses=self._losses,
            longest_pause_ms=self._longest_pause_ns * 1000 / NS_PER_SECOND,
        )

    def clock(self) -> Clock:
        """The crystal, as far as it is known by now."""
        drift = self._drift
        return Clock(drift.skew_ppm, drift.drift_sigma * 1e6, drift.alarming)


def peak_dbfs(sample: float) -> float:
    """The level of one sample's magnitude; 0 dBFS is full scale."""
    single: Samples = np.array([sample], dtype=np.float32)
    return level_dbfs(single)
