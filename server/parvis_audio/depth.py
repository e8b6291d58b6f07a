"""What is done about a source that is held too long or too short: nothing, a step, or a new start.

Theory of operation. The resampler takes back what is up to 30 ms off, by 0.5 % at most. Beyond that
it would need 15 s and more, so there the sound itself is left out or played twice, about 10 ms at a
time. Where nobody speaks, blindly and every 20 ms; where somebody has spoken on for too long, every
50 ms and where the sound is like itself (``wsola.py``), which is 1.2 times the speed. Once begun,
steps go on until less than one is missing. What is over 100 ms too much is a burst after a stall:
it goes at once, in one cross-fade.
"""

from enum import Enum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from parvis_audio.level import SILENT_DBFS, level_dbfs
from parvis_audio.noise_floor import NoiseFloor
from parvis_audio.relative_delay import FRAME_SAMPLES, NS_PER_MS

Samples = NDArray[np.float32]

TOO_FAR_OFF_NS: Final = 30 * NS_PER_MS
"""The resampler takes 15 s and more for that."""
NEAR_ENOUGH_NS: Final = 10 * NS_PER_MS
"""Less than a step."""
FAR_TOO_DEEP_NS: Final = 100 * NS_PER_MS

PERSISTENT_MS: Final = 1_000
"""Longer than any wobble of the depth."""
PATIENCE_MS: Final = 2_000
"""Most people pause in that; for who does not, the sound is stretched."""
STRETCH_EVERY_MS: Final = 50
"""About 10 ms in 50: 1.2 times the speed, the middle of what stays natural (1.15 to 1.25)."""

STEP_EVERY_MS: Final = 20
"""Where nobody speaks: 10 ms played over and over would be a hum."""

OVER_NOISE_DB: Final = 6.0
"""Under this much over the noise floor there is no speech to spoil."""
SURELY_QUIET_DBFS: Final = -60.0
"""Under this a microphone hears only itself, however quiet the room."""


class Step(Enum):
    """What to do with the sound before the next frame is taken."""

    NONE = "none"
    SKIP = "skip"
    """Leave out 10 ms."""
    REPEAT = "repeat"
    """Play 10 ms again."""
    SHORTEN = "shorten"
    """Leave out 5 to 15 ms where the sound is like itself."""
    LENGTHEN = "lengthen"
    """Play 5 to 15 ms again where the sound is like itself."""
    RESYNC = "resync"
    """Leave out all that is too much."""


class DepthSteps:
    """One source's decisions, one for each frame."""

    def __init__(self, frame_samples: int = FRAME_SAMPLES) -> None:
        """``frame_samples``: length of a tick."""
        self._frame_ms = frame_samples * 10 / FRAME_SAMPLES
        self._noise = NoiseFloor(SURELY_QUIET_DBFS, self._frame_ms)
        self._off_ms = 0.0
        self._since_step_ms = 0.0

    def heard(self, level_dbfs: float) -> None:
        """The level of the frame last played."""
        if level_dbfs > SILENT_DBFS:
            self._noise.follow(level_dbfs)

    def step(self, error_ns: int | None, ahead: Samples) -> Step:
        """What the depth asks for.

        ``error_ns``: so much too long is it held, None: nothing to go by; ``ahead``: the sound that
        would be played next.
        """
        if error_ns is None:
            self._off_ms = 0.0
            return Step.NONE
        if error_ns > FAR_TOO_DEEP_NS:
            return Step.RESYNC
        correcting = self._off_ms >= PERSISTENT_MS
        limit_ns = NEAR_ENOUGH_NS if correcting else TOO_FAR_OFF_NS
        self._off_ms = self._off_ms + self._frame_ms if abs(error_ns) > limit_ns else 0.0
        self._since_step_ms += self._frame_ms
        if self._off_ms <= PERSISTENT_MS:
            return Step.NONE
        quiet_dbfs = max(SURELY_QUIET_DBFS, self._noise.dbfs + OVER_NOISE_DB)
        return self._now(error_ns > 0, level_dbfs(ahead) < quiet_dbfs)

    def _now(self, deep: bool, quiet: bool) -> Step:
        if quiet:
            step, every_ms = Step.SKIP if deep else Step.REPEAT, STEP_EVERY_MS
        else:
            step, every_ms = Step.SHORTEN if deep else Step.LENGTHEN, STRETCH_EVERY_MS
        patient = quiet or self._off_ms >= PATIENCE_MS
        if not patient or self._since_step_ms < every_ms:
            return Step.NONE
        self._since_step_ms = 0.0
        return step
