"""Which of the things that act as keys is the button of a unit without pins. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

NO_PINS = "this is no Raspberry Pi, and the unit does not start before it has a button: "
NO_KEYS = (
    NO_PINS + "plug in one that acts as a keyboard and install again, or write into {path}: "
    'button = "keyboard", key_device = "/dev/input/by-id/…-event-kbd", light = "none"'
)
MANY_KEYS = NO_PINS + "say which of these is it, with --key-device PATH: {which}"
ONE_KEY = "{which} is the button: no other program hears its keys while the unit runs"


@dataclass(frozen=True, slots=True)
class Keys:
    """One thing with keys."""

    path: Path
    name: str
    is_sure: bool
    """It was plugged in, and its path stays its own: may be taken unasked where it is the only one.
    A laptop's own keyboard is not: whoever takes it takes it from everybody else."""

    def __str__(self) -> str:
        """For a list."""
        return f"{self.path} ({self.name})"


def button_of(found: Sequence[Keys], path: str) -> tuple[dict[str, str], str]:
    """The settings of the button on a machine without pins, and what to say; none where a person
    has to choose. ``path``: of the settings."""
    sure = [keys for keys in found if keys.is_sure]
    if len(sure) == 1:
        return button_settings(sure[0].path), ONE_KEY.format(which=sure[0])
    if not found:
        return {}, NO_KEYS.format(path=path)
    return {}, MANY_KEYS.format(which=", ".join(map(str, found)))


def button_settings(path: Path) -> dict[str, str]:
    """Of a button that acts as keys, on a machine without pins."""
    return {"button": "keyboard", "key_device": str(path), "light": "none"}
