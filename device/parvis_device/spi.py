"""The first SPI bus of a Raspberry Pi, through the kernel's own device: a file that takes bytes."""

import fcntl
import os
import struct
from pathlib import Path

from parvis_device import pins
from parvis_device.errors import LightTrouble

SPI_DEVICE = Path("/dev/spidev0.0")

_SET_CLOCK_HZ = 0x40046B04
"""``SPI_IOC_WR_MAX_SPEED_HZ`` of the kernel's spidev.h."""


class SpiBus:
    """Write only: what hangs on it never answers."""

    def __init__(self, clock_hz: int, device: Path = SPI_DEVICE) -> None:
        """Open the bus and set its clock.

        Raises:
            LightTrouble: there is no such bus, or it may not be used.
        """
        self._device = device
        try:
            self._file = os.open(device, os.O_WRONLY)
        except OSError as error:
            raise LightTrouble(
                f"the ring's bus {device} (data on GPIO {pins.RING_DATA}, clock on "
                f"GPIO {pins.RING_CLOCK}) cannot be opened ({error.strerror}): switch SPI on "
                "(dtparam=spi=on) and let this user use it (group spi), or say --light gpio"
            ) from error
        try:
            fcntl.ioctl(self._file, _SET_CLOCK_HZ, struct.pack("=I", clock_hz))
        except OSError as error:
            os.close(self._file)
            raise LightTrouble(f"{device} is no SPI bus ({error.strerror})") from error

    def write(self, sent: bytes) -> None:
        """Send all of it, with no pause between two bytes: one call is one transfer.

        Raises:
            LightTrouble: the bus took none of it.
        """
        try:
            os.write(self._file, sent)
        except OSError as error:
            words = f"the ring's bus {self._device} takes nothing more ({error.strerror})"
            raise LightTrouble(words) from error

    def close(self) -> None:
        """Let go of the bus."""
        os.close(self._file)
