"""Makes ``pins.py`` from ``hardware/pins.toml``, the one source of pin numbers.

``python -m parvis_device.make_pins`` writes it; ``--check`` only says whether it is fresh (exit
code 1 when it is not). Runs in a checkout: an installed unit has the made file.
"""

import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "hardware" / "pins.toml"
TARGET = Path(__file__).with_name("pins.py")

HEADER_PINS_BY_GPIO = {
    **{2: 3, 3: 5, 4: 7, 14: 8, 15: 10, 17: 11, 18: 12, 27: 13, 22: 15, 23: 16, 24: 18},
    **{10: 19, 9: 21, 25: 22, 11: 23, 8: 24, 7: 26, 0: 27, 1: 28, 5: 29, 6: 31, 12: 32},
    **{13: 33, 19: 35, 16: 36, 26: 37, 20: 38, 21: 40},
}
"""Where each BCM number lies on the 40-pin header (every Raspberry Pi since the B+)."""


@dataclass(frozen=True, slots=True)
class Pin:
    """One row of the source; refuses what cannot be wired."""

    name: str
    gpio: int
    header_pin: int
    direction: str
    role: str
    wiring: str
    used: bool
    pull_up: bool = False

    def __post_init__(self) -> None:
        """Refuse a number that is not on the header, or not at that place."""
        if HEADER_PINS_BY_GPIO.get(self.gpio) != self.header_pin:
            raise ValueError(
                f"{self.name}: GPIO {self.gpio} is not header pin {self.header_pin} "
                f"but {HEADER_PINS_BY_GPIO.get(self.gpio, 'nowhere')}"
            )
        if self.direction not in ("input", "output"):
            raise ValueError(f"{self.name}: direction {self.direction!r}: say input or output")


def read_pins(text: str) -> tuple[Pin, ...]:
    """The pins of a source text.

    Raises:
        ValueError: a pin is used twice, is reserved, or does not exist.
    """
    table = tomllib.loads(text)
    pins = tuple(Pin(name=name, **row) for name, row in table["pins"].items())
    _refuse_clashes(pins, table["reserved"])
    return pins


def _refuse_clashes(pins: tuple[Pin, ...], reserved: Mapping[str, list[int]]) -> None:
    taken = {gpio: f"reserved for {owner}" for owner, gpios in reserved.items() for gpio in gpios}
    for pin in pins:
        if pin.gpio in taken:
            raise ValueError(f"{pin.name}: GPIO {pin.gpio} is {taken[pin.gpio]}")
        taken[pin.gpio] = f"taken by {pin.name}"


def render(pins: tuple[Pin, ...]) -> str:
    """The text of ``pins.py``."""
    lines = [
        '"""What is wired where, as BCM numbers.',
        "",
        "Made from hardware/pins.toml by parvis_device.make_pins: change that file, not this one.",
        '"""',
    ]
    for pin in pins:
        planned = "" if pin.used else " Planned: this version does not use it."
        lines += [
            "",
            f"{pin.name.upper()} = {pin.gpio}",
            f'"""{pin.role[0].upper() + pin.role[1:]}.{planned}',
            "",
            f"Header pin {pin.header_pin}, {pin.direction}. {pin.wiring[0].upper()}"
            f"{pin.wiring[1:]}.",
            '"""',
        ]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Write the module, or with ``--check`` compare it; returns the exit code."""
    text = render(read_pins(SOURCE.read_text(encoding="utf-8")))
    if arguments == ["--check"]:
        fresh = TARGET.exists() and TARGET.read_text(encoding="utf-8") == text
        if not fresh:
            print("pins.py is stale: run python -m parvis_device.make_pins", file=sys.stderr)
        return 0 if fresh else 1
    if arguments:
        print("usage: python -m parvis_device.make_pins [--check]", file=sys.stderr)
        return 2
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
