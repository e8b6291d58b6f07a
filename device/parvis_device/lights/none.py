"""No light, for a unit that nobody looks at."""

from parvis_device.light import Lamps, Signal


class NoLight:
    """Shows nothing."""

    def show(self, signal: Signal, lamps: Lamps) -> None:
        """Nothing to show."""

    def close(self) -> None:
        """Nothing to close."""
