"""Names of the keys that a USB or Bluetooth button is likely to send. Pure.

The numbers are those of Linux's ``input-event-codes.h``. A phone's remote shutter says volumeup or
enter, a presenter pageup and pagedown, a foot switch often a letter, and a button that is made for
it one of f13 to f24, which no keyboard has.
"""

from collections.abc import Mapping

KEYS: Mapping[str, int] = {
    "space": 57,
    "enter": 28,
    "tab": 15,
    "escape": 1,
    "a": 30,
    "b": 48,
    "c": 46,
    "up": 103,
    "down": 108,
    "left": 105,
    "right": 106,
    "pageup": 104,
    "pagedown": 109,
    "volumeup": 115,
    "volumedown": 114,
    "playpause": 164,
    "camera": 212,
    "mouse": 272,
    **{f"f{number}": 170 + number for number in range(13, 25)},
}

LARGEST_CODE = 767
"""``KEY_MAX``."""


def code_of(name: str) -> int | None:
    """The number of a key by its name, or of a number; None: there is no such key."""
    if name.isascii() and name.isdecimal() and len(name) <= 3:
        number = int(name)
        return number if 0 < number <= LARGEST_CODE else None
    return KEYS.get(name.lower())
