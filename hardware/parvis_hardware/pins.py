"""The pins of ``pins.toml`` and how they agree with the unit's program.

The reader is the unit's own (``parvis_device.make_pins``), so that there is one.
"""

from parvis_device import make_pins, pins
from parvis_device.make_pins import Pin, read_pins
from parvis_hardware.errors import SourceError
from parvis_hardware.places import HARDWARE

SOURCE = HARDWARE / "pins.toml"


def load() -> tuple[Pin, ...]:
    """The pins of the checkout.

    Raises:
        SourceError: a pin is used twice, reserved, or not on the header.
    """
    return parse(SOURCE.read_text(encoding="utf-8"))


def parse(text: str) -> tuple[Pin, ...]:
    """The pins of a source text; errors as in ``load``."""
    try:
        return read_pins(text)
    except (ValueError, TypeError, KeyError) as error:
        entry, _, wrong = str(error).partition(": ")
        if not wrong:
            entry, wrong = "a pin", str(error)
        raise SourceError(SOURCE, entry, wrong) from error


def differences() -> list[str]:
    """Where the unit's program (``pins.py``) is not what ``pins.toml`` says."""
    wanted = {pin.name.upper(): pin.gpio for pin in load()}
    used = {name: value for name, value in vars(pins).items() if name.isupper()}
    found = [
        f"{name} is GPIO {wanted.get(name, 'nothing')} in pins.toml and "
        f"{used.get(name, 'nothing')} in the unit's program"
        for name in sorted(wanted.keys() | used.keys())
        if wanted.get(name) != used.get(name)
    ]
    if make_pins.render(load()) != make_pins.TARGET.read_text(encoding="utf-8"):
        found.append("pins.py is not what pins.toml makes: run python -m parvis_device.make_pins")
    return found
