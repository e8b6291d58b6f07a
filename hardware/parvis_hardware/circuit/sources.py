"""Reads the checkout's netlist and runs its checks: the adapter from files to the pure modules."""

import functools
import tomllib

from parvis_hardware import pins
from parvis_hardware.circuit import netlist as netlists
from parvis_hardware.circuit import perfboard, rules, schematic, wiring
from parvis_hardware.circuit.netlist import BUILDS, Netlist
from parvis_hardware.circuit.parts import Kind, read_kinds
from parvis_hardware.circuit.perfboard import Board
from parvis_hardware.circuit.schematic import Sheet
from parvis_hardware.places import HARDWARE


def reserved() -> dict[str, list[int]]:
    """The pins that ``pins.toml`` keeps free, and for whom."""
    table: dict[str, list[int]] = tomllib.loads(pins.SOURCE.read_text("utf-8"))["reserved"]
    return table


@functools.cache
def kinds() -> dict[str, Kind]:
    """The kinds of the checkout."""
    kept = [gpio for gpios in reserved().values() for gpio in gpios]
    return read_kinds((HARDWARE / "parts.toml").read_text("utf-8"), pins.load(), kept)


@functools.cache
def netlist() -> Netlist:
    """The netlist of the checkout, all builds."""
    return netlists.parse((HARDWARE / "netlist.toml").read_text("utf-8"), kinds())


@functools.cache
def sheets() -> tuple[Sheet, ...]:
    """The schematic of the checkout."""
    return schematic.parse((HARDWARE / "schematic.toml").read_text("utf-8"), netlist())


@functools.cache
def board() -> Board:
    """The control board of the checkout."""
    text = (HARDWARE / "perfboard.toml").read_text("utf-8")
    return perfboard.parse(text, netlist())


def schematic_differences() -> list[str]:
    """Where the schematic does not say what the netlist says."""
    return schematic.differences(sheets(), netlist())


def rule_findings() -> list[str]:
    """What the rules say about each build."""
    return [
        f"{build}: {line}" for build in BUILDS for line in rules.findings(netlist().of_build(build))
    ]


def wiring_findings() -> list[str]:
    """Where the cables of a build do not bring its nets together."""
    return [
        f"{build}: {line}"
        for build in BUILDS
        for line in wiring.findings(netlist().of_build(build))
    ]


def pin_differences() -> list[str]:
    """Where the netlist wires a pin of the computer otherwise than ``pins.toml`` says."""
    whole = netlist()
    found = []
    for pin in pins.load():
        net = whole.net_of(f"A1.{pin.header_pin}")
        if net != pin.name.upper():
            found.append(f"{pin.name} is header pin {pin.header_pin}: the netlist has {net} there")
    codec = {
        pin.partition(".")[2]
        for net in whole.nets.values()
        for pin in net
        if pin.startswith("A1.") and any(other.startswith("A2.") for other in net)
    }
    for pin in pins.load():
        if str(pin.header_pin) in codec:
            found.append(f"{pin.name}: header pin {pin.header_pin} is the codec's")
    return found
