"""Where the state is shown: one file per kind of light, and the seam they share."""

from typing import Protocol

from parvis_device.light import Lamps, Signal


class Light(Protocol):
    """Anything that can show a signal."""

    def show(self, signal: Signal, lamps: Lamps) -> None:
        """Show ``lamps``, which belong to ``signal``; called at every change of either."""

    def close(self) -> None:
        """Go dark and let go of the hardware."""
