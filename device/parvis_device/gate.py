"""The gate between microphone and network: sound passes only while the unit is armed.

**Must**: no sample captured before arming ever leaves the unit. A block passes only as a whole,
only when it began after every sample that had been delivered at arming, and only when the capture
clock says that its first sample was captured after arming: sound that waited in the device's
buffers at that moment stays, too.
"""

from enum import Enum

from parvis_device.capture import Block, CaptureClock


class Passage(Enum):
    """What becomes of a block."""

    STAYS = "stays"
    FIRST = "first"
    """It passes, the first since arming: everything that remembers earlier sound starts anew."""
    PASSES = "passes"


class Gate:
    """Closed at the start; armed at a moment, disarmed at once."""

    __slots__ = ("_armed_end_sample", "_armed_ns", "_clock", "_passed")

    def __init__(self, clock: CaptureClock) -> None:
        """Start disarmed. The gate shows every block to ``clock``."""
        self._clock = clock
        self._armed_ns: int | None = None
        self._armed_end_sample = 0
        self._passed = False

    @property
    def armed(self) -> bool:
        """Whether sound may leave."""
        return self._armed_ns is not None

    @property
    def passed(self) -> bool:
        """Whether anything has passed since arming."""
        return self._passed

    def arm(self, now_ns: int) -> None:
        """Open for what is captured from now on; an armed gate stays armed as it was."""
        if self._armed_ns is None:
            self._armed_ns = now_ns
            self._armed_end_sample = self._clock.end_sample
            self._passed = False

    def disarm(self) -> None:
        """Close."""
        self._armed_ns = None
        self._passed = False

    def admit(self, block: Block) -> Passage:
        """Judge one block; blocks come in order."""
        self._clock.delivered(block)
        if self._armed_ns is None:
            return Passage.STAYS
        if self._passed:
            return Passage.PASSES
        if not self._is_after(block, self._armed_ns):
            return Passage.STAYS
        self._passed = True
        return Passage.FIRST

    def _is_after(self, block: Block, armed_ns: int) -> bool:
        first_sample = self._clock.first_sample_after(armed_ns)
        return first_sample is not None and block.first_sample >= max(
            first_sample, self._armed_end_sample
        )
