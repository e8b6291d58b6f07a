"""Kinds of parts and their pins, from ``parts.toml``, and the computer's, from ``pins.toml``."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from parvis_device.make_pins import HEADER_PINS_BY_GPIO, Pin
from parvis_hardware.errors import SourceError

SOURCE = "parts.toml"

HEADER_GROUNDS = (6, 9, 14, 20, 25, 30, 34, 39)
HEADER_3V3 = (1, 17)
HEADER_5V = (2, 4)
HEADER_PINS = 40

PI_MAX_V = 3.6
"""What a GPIO pin stands: its feed of 3.3 V and a tenth (a Raspberry Pi's pins take no 5 V)."""
PI_HIGH_V = 2.0
"""What a GPIO pin surely reads as a one."""


class PinType(StrEnum):
    """What a pin does electrically; ``parts.toml`` says it in words."""

    PASSIVE = "passive"
    GROUND = "ground"
    SUPPLY = "supply"
    FEED = "feed"
    OUTPUT = "output"
    INPUT = "input"


@dataclass(frozen=True, slots=True)
class Terminal:
    """One pin of a kind of part; what does not belong to its type is 0 or empty."""

    type: PinType
    volts: float = 0.0
    min_v: float = 0.0
    max_v: float = 0.0
    high_v: float = 0.0
    pull: str = ""
    with_feed: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of part."""

    name: str
    pins: Mapping[str, Terminal]
    joins: tuple[tuple[str, str], ...] = ()
    open: frozenset[str] = field(default_factory=frozenset)
    """Pins that may stay unconnected."""


def read_kinds(text: str, pins: Iterable[Pin], reserved: Iterable[int]) -> dict[str, Kind]:
    """Every kind of ``text``, and ``computer`` and ``header_40``.

    Raises:
        SourceError: a pin type that is none, a value that does not belong there.
    """
    table = tomllib.loads(text)["kinds"]
    kinds = {name: _kind(name, row) for name, row in table.items()}
    kinds["computer"] = _computer(pins, reserved)
    header = {str(number): Terminal(PinType.PASSIVE) for number in range(1, HEADER_PINS + 1)}
    kinds["header_40"] = Kind("header_40", header, open=frozenset(header))
    return kinds


def _kind(name: str, row: Mapping[str, Any]) -> Kind:
    pins = {pin: _terminal(f"kinds.{name}.pins.{pin}", said) for pin, said in row["pins"].items()}
    joins = tuple((first, second) for first, second in row.get("joins", ()))
    for pin in {pin for pair in joins for pin in pair} | set(row.get("open", ())):
        if pin not in pins:
            raise SourceError(SOURCE, f"kinds.{name}", f"it has no pin {pin!r}")
    return Kind(name, pins, joins, frozenset(row.get("open", ())))


def _terminal(entry: str, said: str | Mapping[str, Any]) -> Terminal:
    values = {"type": said} if isinstance(said, str) else dict(said)
    try:
        return Terminal(PinType(values.pop("type")), **values)
    except (ValueError, TypeError, KeyError) as error:
        known = ", ".join(PinType)
        raise SourceError(SOURCE, entry, f"{error}; types are {known}") from error


def _computer(pins: Iterable[Pin], reserved: Iterable[int]) -> Kind:
    """A Raspberry Pi: on its header only what ``pins.toml`` uses or reserves, and its supplies."""
    found = {str(number): Terminal(PinType.GROUND) for number in HEADER_GROUNDS}
    found |= {str(number): Terminal(PinType.SUPPLY, volts=3.3) for number in HEADER_3V3}
    found |= {str(number): Terminal(PinType.SUPPLY, volts=5.0) for number in HEADER_5V}
    for gpio in reserved:
        found[str(HEADER_PINS_BY_GPIO[gpio])] = Terminal(PinType.PASSIVE)
    for pin in pins:
        pull = "its own pull-up" if pin.pull_up else ""
        driven = Terminal(PinType.OUTPUT, volts=3.3)
        read = Terminal(PinType.INPUT, max_v=PI_MAX_V, high_v=PI_HIGH_V, pull=pull)
        found[str(pin.header_pin)] = read if pin.direction == "input" else driven
    found["5V_IN"] = Terminal(PinType.FEED, min_v=4.75, max_v=5.25)
    found["GND_IN"] = Terminal(PinType.GROUND)
    found["USB_5V"] = Terminal(PinType.SUPPLY, volts=5.0)
    found["USB_GND"] = Terminal(PinType.GROUND)
    found["USB"] = Terminal(PinType.PASSIVE)
    return Kind("computer", found, open=frozenset(found) - {"5V_IN"})
