"""Whether netlist, harness, lists of parts and the unit's program say the same of each build.

Every function is pure and returns one line for each disagreement.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from parvis_device.config import ButtonKind, BuzzerKind, LightKind, UnitConfig
from parvis_device.make_pins import Pin
from parvis_hardware.builds.bom import Line, totals
from parvis_hardware.builds.build import Build
from parvis_hardware.circuit.netlist import Netlist
from parvis_hardware.errors import SourceError

ELECTRICAL = frozenset(
    {"A", "PS", "M", "MK", "J", "F", "U", "C", "R", "LR", "D", "S", "Q", "BZ", "IF"}
)
"""Letters of references that are in the netlist; the others (E, X, W, P ...) are not."""

WITHOUT_NET = frozenset({"J7", "PS2"})
"""Bought without a net of their own: the computer's own header, the other supply."""

_HOUSING = re.compile(r"JST (XHP-[0-9])")
_PIN_IN_PROGRAM = re.compile(r"\bpins\.([A-Z_]+)\b")


def bom_and_netlist(build: Build, lines: Iterable[Line], netlist: Netlist) -> list[str]:
    """Every part of the netlist is bought, with its value, and nothing electrical beyond them."""
    bought = {reference: line for line in lines for reference in line.references}
    found = []
    for reference, part in netlist.parts.items():
        line = bought.get(reference)
        if line is None and reference not in build.not_bought:
            found.append(f"{reference} is in the netlist and not in the list of parts")
        if line is not None and line.value != part.value:
            found.append(
                f"{reference} is {part.value or 'without value'} in the netlist and "
                f"{line.value or 'without value'} in the list of parts"
            )
    for reference in bought:
        letters = reference.rstrip("0123456789")
        known = reference in netlist.parts or reference in WITHOUT_NET
        if letters in ELECTRICAL and not known:
            found.append(f"{reference} is in the list of parts and not in the netlist")
    return found


def bom_and_harness(build: Build, lines: Iterable[Line], netlist: Netlist) -> list[str]:
    """Every cable is bought or made from bought wire, and each housing fits its header."""
    bought = {reference: line for line in lines for reference in line.references}
    found = [
        f"cable {reference} is in the harness and not in the list of parts"
        for reference in netlist.cables
        if reference not in bought and reference not in build.not_bought
    ]
    found += [
        f"cable {reference} is in the list of parts and not in the harness"
        for reference in bought
        if reference.startswith("W") and reference not in netlist.cables
    ]
    for cable in netlist.cables.values():
        if housing := _HOUSING.search(" ".join(cable.ends)):
            header = cable.wires[0].first.partition(".")[0]
            found += _housing(bought, cable.reference, header, housing[1])
    return found


def _housing(bought: Mapping[str, Line], cable: str, header: str, housing: str) -> Iterable[str]:
    plug = header.replace("J", "P")
    line = bought.get(plug)
    if line is None or line.part_number != housing:
        said = "nothing" if line is None else line.part_number
        yield f"cable {cable} ends in {housing}, the list of parts has {said} as {plug}"
    wanted = f"B{housing[-1]}B-XH-A"
    if header in bought and bought[header].part_number != wanted:
        yield f"{housing} fits {wanted}, the list of parts has {bought[header].part_number}"


def within_limits(build: Build, lines: tuple[Line, ...], source: str) -> list[str]:
    """The totals are at most what the build is to cost."""
    sums = totals(lines, source)
    wanted = (
        ("without the computer", sums.parts, build.limits.without_computer_eur),
        ("with the computer", sums.together, build.limits.with_computer_eur),
    )
    return [
        f"the parts {words} cost {price} {sums.currency}, over {limit:g}"
        for words, price, limit in wanted
        if limit is not None and price > limit
    ]


def program_and_netlist(build: Build, netlist: Netlist) -> list[str]:
    """What the unit's program is told to use is wired in this build, each pin to its part, and a
    ring that is wired is used; with the settings for three lamps as well."""
    if build.program is None:
        return []
    reference = _config(build.program)
    found = _unwired(reference, netlist)
    if "LR1" in netlist.parts and reference.light_kind is not LightKind.RING:
        found.append(f"a ring is wired, and the program's light is {reference.light_kind.value}")
    if build.without_ring:
        lamps = _config({**build.program, **build.without_ring})
        if lamps.light_kind is not LightKind.GPIO:
            found.append(f"without a ring the program's light is {lamps.light_kind.value}")
        found += [line for line in _unwired(lamps, netlist) if line not in found]
    return found


def _unwired(told: UnitConfig, netlist: Netlist) -> list[str]:
    wanted: list[tuple[str, str]] = []
    if told.button is ButtonKind.GPIO:
        wanted.append(("HAND", "S1"))
    if told.light_kind is LightKind.GPIO:
        wanted += [("LIGHT_RED", "D2"), ("LIGHT_GREEN", "D3"), ("LIGHT_WHITE", "D4")]
    if told.light_kind is LightKind.RING:
        wanted += [("RING_DATA", "U1"), ("RING_DATA_5V", "LR1")]
    if told.buzzer is BuzzerKind.GPIO:
        wanted.append(("BUZZER", "Q1"))
    pixels, ring = f"{told.ring_pixels} pixels", netlist.parts.get("LR1")
    found = []
    if told.light_kind is LightKind.RING and ring is not None and ring.value != pixels:
        found.append(f"the program lights {pixels}, the ring has {ring.value}")
    return found + [
        f"the program uses {net}, and no wire leads from that pin to {reference}"
        for net, reference in wanted
        if net not in netlist.nets or not _reaches(netlist, net, reference)
    ]


def _reaches(netlist: Netlist, net: str, reference: str) -> bool:
    nets = [net, *(behind for _, behind in netlist.joined(net))]
    return any(pin.startswith(f"{reference}.") for name in nets for pin in netlist.nets[name])


def _config(program: Mapping[str, Any]) -> UnitConfig:
    try:
        return UnitConfig(**program)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        entry = ".".join(("program", *map(str, first["loc"])))
        raise SourceError("a build's file", entry, first["msg"]) from error


def program_and_pins(pins: Iterable[Pin], sources: Iterable[str]) -> list[str]:
    """``used`` in ``pins.toml`` is what the unit's sources really name; ``sources`` are texts."""
    named = {name for text in sources for name in _PIN_IN_PROGRAM.findall(text)}
    found = []
    known = {pin.name.upper(): pin.used for pin in pins}
    for name, used in known.items():
        if used and name not in named:
            found.append(f"{name} is used in pins.toml, and no source of the program names it")
        if not used and name in named:
            found.append(f"{name} is not used in pins.toml, and the program names it")
    found += [
        f"the program names pin {name}, which pins.toml has not" for name in named - set(known)
    ]
    return found
