"""A ring of LEDs on a bus that takes bytes.

A bus that fails ends the unit with a clear line, and systemd starts it again: a ring that stayed
red with nobody's sound leaving, or dark with somebody's, would lie.
"""

from typing import Protocol

from parvis_device.light import DARK, Lamps, Signal
from parvis_device.ring import RingChip, frame_of, sk9822, ws2812


class Bus(Protocol):
    """Where the ring hangs."""

    def write(self, sent: bytes) -> None:
        """Send all of it."""

    def close(self) -> None:
        """Let go of it."""


class RingLight:
    """All pixels of one ring."""

    def __init__(self, bus: Bus, chip: RingChip, pixels: int, brightness_percent: int) -> None:
        """Dark at first, whatever the ring showed when its last program ended.

        Raises:
            LightTrouble: the bus fails.
        """
        self._bus = bus
        self._chip = chip
        self._pixels = pixels
        self._brightness_percent = brightness_percent
        self._write(DARK)

    def show(self, signal: Signal, lamps: Lamps) -> None:
        """Write one frame."""
        self._write(lamps)

    def close(self) -> None:
        """Go dark and let go of the bus."""
        try:
            self._write(DARK)
        finally:
            self._bus.close()

    def _write(self, lamps: Lamps) -> None:
        encode = ws2812 if self._chip is RingChip.WS2812 else sk9822
        self._bus.write(encode(frame_of(lamps, self._pixels), self._brightness_percent))
