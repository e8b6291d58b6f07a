"""The power plan of each build: currents on every rail, the supply, PoE, heat.

Sources: netlist (what each part takes, fuses, resistors of the lamps) and ``power.toml``. All
figures are computed from makers' data; nothing is measured.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, ValidationError

from parvis_hardware.circuit.netlist import Load, Netlist, Part
from parvis_hardware.circuit.parts import PinType
from parvis_hardware.errors import SourceError

SOURCE = "power.toml"

POE_CLASSES = ((1, 3.84), (2, 6.49), (3, 12.95), (4, 25.5))
"""IEEE 802.3af (1 to 3) and 802.3at (4): class, and the watts a device may draw."""

GPIO_V = 3.3

Size = tuple[float, float, float]
"""Width, depth, mean height, in millimetres."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Computer(_Table):
    """What a computer takes by itself, and the warmest air it may stand in."""

    title: str
    typical_w: float
    most_w: float
    air_max_c: float


class Header(_Table):
    """Limits of the computer's header, in milliamperes."""

    gpio_pin_ma: float
    gpio_all_ma: float
    rail_3v3_ma: float


class Supply(_Table):
    """A power supply of 5 V."""

    title: str
    amperes: float


class Heat(_Table):
    """How heat leaves a closed case."""

    film_w_per_m2_k: float
    wall_mm: float
    plastic_w_per_m_k: float


class PowerTable(_Table):
    """``power.toml``."""

    room_c: float
    reserve: float
    splitter_efficiency: float
    computers: Mapping[str, Computer]
    header: Header
    supplies: Mapping[str, Supply]
    heat: Heat


@dataclass(frozen=True, slots=True)
class Budget:
    """The plan of one build; currents in milliamperes, power in watts."""

    build: str
    computer: str
    board_5v: Load
    """Behind the control board's fuse."""
    fuse_ma: float
    usb_ma: float
    rail_3v3_ma: float
    gpio_pin_ma: float
    gpio_all_ma: float
    typical_w: float
    most_w: float
    fault_w: float
    supply_w: float
    usable_w: float
    poe_w: float
    poe_class: int | None
    air_rise_k: float | None
    """Of the air in the closed case over the room, at typical power; None without a case."""
    warmest_room_c: float | None
    """Above this the computer would stand in warmer air than its maker allows."""


def parse(text: str) -> PowerTable:
    """The table of a source text.

    Raises:
        SourceError: it is no TOML, a key is unknown or missing.
    """
    try:
        return PowerTable.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SourceError(SOURCE, "the file", f"it is no TOML: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise SourceError(SOURCE, ".".join(map(str, first["loc"])), first["msg"]) from error


def budget(
    build: str, computer: str, netlist: Netlist, table: PowerTable, case_mm: Size | None = None
) -> Budget:
    """The plan of one build with one computer, in a closed case of this size or in none."""
    known = table.computers[computer]
    board = _sum_of(netlist, "5V_BOARD")
    codec = _sum_of(netlist, "5V")
    usb = _sum_of(netlist, "USB_5V")
    lamps = lamp_currents_ma(netlist)
    rail_3v3 = _sum_of(netlist, "3V3").most + sum(lamps.values()) + _pulled_ma(netlist)
    fault = max(board.fault, board.most)
    most_w = known.most_w + 5.0 * (board.most + rail_3v3 + codec.most + usb.most) / 1000
    typical = board.typical + codec.typical + usb.typical + _sum_of(netlist, "3V3").typical
    typical_w = known.typical_w + 5.0 * (typical + max(lamps.values(), default=0.0)) / 1000
    supply_w = 5.0 * table.supplies[build].amperes
    poe_w = most_w / table.splitter_efficiency
    rise = None if case_mm is None else air_rise_k(typical_w, case_mm, table.heat)
    return Budget(
        build=build,
        computer=known.title,
        board_5v=board,
        fuse_ma=next(
            (part.hold_ma for part in netlist.parts.values() if part.reference == "F1"), 0
        ),
        usb_ma=usb.most,
        rail_3v3_ma=rail_3v3,
        gpio_pin_ma=max(lamps.values(), default=0.0),
        gpio_all_ma=sum(lamps.values()),
        typical_w=typical_w,
        most_w=most_w,
        fault_w=most_w + 5.0 * (fault - board.most) / 1000,
        supply_w=supply_w,
        usable_w=supply_w * table.reserve,
        poe_w=poe_w,
        poe_class=next((number for number, watts in POE_CLASSES if poe_w <= watts), None),
        air_rise_k=rise,
        warmest_room_c=None if rise is None else known.air_max_c - rise,
    )


def findings(plan: Budget, table: PowerTable) -> list[str]:
    """What of a plan does not keep its limits."""
    limits = (
        ("the control board's 5 V", plan.board_5v.most, plan.fuse_ma, "mA", "its fuse holds"),
        ("a GPIO pin", plan.gpio_pin_ma, table.header.gpio_pin_ma, "mA", "a pin gives"),
        ("all GPIO pins", plan.gpio_all_ma, table.header.gpio_all_ma, "mA", "all pins give"),
        ("the 3.3 V rail", plan.rail_3v3_ma, table.header.rail_3v3_ma, "mA", "the header gives"),
        ("the supply", plan.most_w, plan.usable_w, "W", "four fifths of it are"),
        ("the supply with a ring at full white", plan.fault_w, plan.supply_w, "W", "it gives"),
    )
    found = [
        f"{plan.build} with {plan.computer}: {what}: {taken:.1f} {unit}, and {words} {most:.1f}"
        for what, taken, most, unit, words in limits
        if taken > most
    ]
    if plan.warmest_room_c is not None and plan.warmest_room_c < table.room_c:
        found.append(
            f"{plan.build} with {plan.computer}: the air in the closed case passes what the "
            f"computer may stand in when the room is over {plan.warmest_room_c:.0f} °C"
        )
    return found


def lamp_currents_ma(netlist: Netlist) -> dict[str, float]:
    """The current of each lamp through its resistor, from a pin of 3.3 V."""
    currents = {}
    for part in netlist.parts.values():
        if part.kind.name == "lamp":
            net = netlist.net_of(f"{part.reference}.A")
            resistor = next((by for by, _ in netlist.joined(net or "") if by.value), None)
            if resistor is None:
                raise SourceError("netlist.toml", f"parts.{part.reference}", "it has no resistor")
            currents[part.reference] = 1000 * (GPIO_V - part.forward_v) / ohms(resistor)
    return currents


def _pulled_ma(netlist: Netlist) -> float:
    """Through the pull-ups of 3.3 V while every contact is closed."""
    return sum(
        1000 * GPIO_V / ohms(part)
        for part, _ in (netlist.joined("3V3") if "3V3" in netlist.nets else ())
        if part.kind.name == "resistor"
    )


def ohms(part: Part) -> float:
    """The value of a resistor.

    Raises:
        SourceError: it is not written like ``330 ohm`` or ``10 kohm``.
    """
    number, _, unit = part.value.partition(" ")
    if unit not in ("ohm", "kohm") or not number.replace(".", "", 1).isdigit():
        entry = f"parts.{part.reference}"
        raise SourceError("netlist.toml", entry, f"value {part.value!r}: say 330 ohm or 10 kohm")
    return float(number) * (1000 if unit == "kohm" else 1)


def _sum_of(netlist: Netlist, net: str) -> Load:
    """What the parts of a net take."""
    feeds = netlist.of_type(net, PinType.FEED) if net in netlist.nets else []
    loads = [netlist.part_of(pin).loads.get(pin.partition(".")[2]) for pin in feeds]
    known = [load for load in loads if load is not None]
    return Load(
        typical=sum(load.typical for load in known),
        most=sum(load.most for load in known),
        fault=sum(max(load.most, load.fault) for load in known),
    )


def air_rise_k(watts: float, case_mm: Size, heat: Heat) -> float:
    """How much warmer the air in a closed case is than the room.

    Heat passes the air at the inner side of lid and walls, the plastic, and the air outside; the
    floor stands on a table and counts for nothing.
    """
    width, depth, height = (length / 1000 for length in case_mm)
    area_m2 = width * depth + 2 * (width + depth) * height
    film = 1 / heat.film_w_per_m2_k
    plastic = heat.wall_mm / 1000 / heat.plastic_w_per_m_k
    return watts * (2 * film + plastic) / area_m2
