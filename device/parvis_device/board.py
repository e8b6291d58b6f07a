"""Which computer this is, by the serial number that its maker burnt into it.

A Raspberry Pi tells it through the device tree. A PC tells it to root alone, and a virtual machine
has none: for those there is no mark, and nothing is held against it.
"""

import hashlib
from pathlib import Path

SERIAL = Path("/proc/device-tree/serial-number")

_CONTEXT = b"parvis 1 board\0"
"""The mark lies beside a key that may be copied: it is not to tell the serial number itself."""

_ONES_TOO_MANY = {"", "0" * 16}
"""What boards without a number of their own say."""


def board_mark(serial: Path = SERIAL) -> str | None:
    """Sixteen digits that are this computer's alone; None: it has no number that can be read."""
    try:
        number = serial.read_bytes()[:100].strip(b"\0 \n").decode("ascii", "replace")
    except OSError:
        return None
    if number in _ONES_TOO_MANY:
        return None
    return hashlib.sha256(_CONTEXT + number.encode()).hexdigest()[:16]
