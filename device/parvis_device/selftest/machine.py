"""What the machine itself says: its supply, its disk."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from parvis_device.selftest.findings import Finding, found
from parvis_device.selftest.judging import disk, power, throttled_bits
from parvis_device.selftest.says import Says

MODEL = Path("/proc/device-tree/model")
RASPBERRY = "Raspberry Pi"
FIRMWARE = "devices/platform/soc*/soc*:firmware/get_throttled"
"""The same figure from the kernel, below /sys: for a service that may not open the processor's
own device."""
ASK_S = 5.0


async def supply(model: Path = MODEL, system: Path = Path("/sys")) -> Finding:
    """Whether a Raspberry Pi is or was held back by its supply or its heat."""
    if not is_raspberry(model):
        return found(Says.NO_RASPBERRY)
    return power(await asyncio.to_thread(_ask, system))


def is_raspberry(model: Path = MODEL) -> bool:
    """Whether the device tree says so."""
    with contextlib.suppress(OSError):
        return RASPBERRY in model.read_text(encoding="utf-8", errors="replace")
    return False


def _ask(system: Path) -> int | None:
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        asked = subprocess.run(
            ["vcgencmd", "get_throttled"],
            capture_output=True,
            text=True,
            timeout=ASK_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        bits = throttled_bits(asked.stdout)
        if bits is not None:
            return bits
    for path in system.glob(FIRMWARE):
        with contextlib.suppress(OSError):
            return throttled_bits(f"throttled={path.read_text(encoding='ascii').strip()}")
    return None


def storage(folder: Path) -> Finding:
    """Whether there is room where the unit keeps its state, and whether it can be written to."""
    there = _nearest(folder)
    try:
        if there == folder:
            _write(there)
        return disk(shutil.disk_usage(there).free)
    except OSError as error:
        if error.errno == 28:  # ENOSPC, which the figure says better
            return disk(0)
        return found(Says.DISK_UNWRITABLE, folder=str(there), why=error.strerror or str(error))


def _write(folder: Path) -> None:
    """A file of 4 kB, on the card before this returns, and gone after it."""
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        file.write(bytes(4096))
        file.flush()
        os.fsync(file.fileno())


def _nearest(folder: Path) -> Path:
    """The folder, or the first one above it that is there."""
    return next((path for path in (folder, *folder.parents) if path.is_dir()), Path("/"))
