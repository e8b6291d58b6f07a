"""Runs the agreement of the checkout's own sources, and writes the lists: the adapter to files."""

import csv
from collections.abc import Callable
from pathlib import Path

from parvis_device import make_pins
from parvis_hardware import pins
from parvis_hardware.builds import agreement, bom
from parvis_hardware.builds.bom import Line
from parvis_hardware.builds.build import Build, bom_source, load_all, load_bom
from parvis_hardware.circuit import sources
from parvis_hardware.circuit.netlist import Netlist

Compare = Callable[[Build, tuple[Line, ...], Netlist], list[str]]


def _in_each(compare: Compare) -> list[str]:
    return [
        f"{name}: {line}"
        for name, build in load_all().items()
        for line in compare(build, load_bom(name), sources.netlist().of_build(name))
    ]


def bom_differences() -> list[str]:
    """Where netlist and list of parts differ, or a build costs more than it is to."""
    over = [
        f"{name}: {line}"
        for name, build in load_all().items()
        for line in agreement.within_limits(build, load_bom(name), bom_source(name))
    ]
    return _in_each(agreement.bom_and_netlist) + over


def harness_differences() -> list[str]:
    """Where harness and list of parts differ."""
    return _in_each(agreement.bom_and_harness)


def program_differences() -> list[str]:
    """Where the unit's program uses other pins than are wired."""
    folder = make_pins.TARGET.parent
    texts = [path.read_text("utf-8") for path in sorted(folder.rglob("*.py"))]
    return agreement.program_and_pins(pins.load(), texts) + _in_each(
        lambda build, _, netlist: agreement.program_and_netlist(build, netlist)
    )


def make(out: Path) -> list[Path]:
    """Each build's list with line prices and totals, as CSV."""
    made = []
    for name in load_all():
        path = out / "bom" / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows_with_totals(load_bom(name), bom_source(name)))
        made.append(path)
    return made


def rows_with_totals(lines: tuple[Line, ...], source: str) -> list[list[str]]:
    """The list as rows of text: each line with its price, then the sums."""
    header = ["reference", "quantity", "description", "value", "manufacturer", "part number"]
    header += ["substitutes", "unit price", "price", "currency", "date", "group", "verified"]
    rows = [header]
    for line in lines:
        what = [" ".join(line.references), str(line.quantity), line.description, line.value]
        whose = [line.manufacturer, line.part_number, line.substitutes]
        price = [str(line.unit_price), str(line.price), line.currency, line.date]
        rows.append([*what, *whose, *price, line.group.value, line.verified])
    sums = bom.totals(lines, source)
    for words, price_sum in (
        ("parts without the computer", sums.parts),
        ("parts with the computer", sums.together),
        ("options, in no sum", sums.options),
    ):
        rows.append(["", "", words, *[""] * 5, str(price_sum), sums.currency, sums.date, "", ""])
    rows.append(["", "", "estimated street prices with VAT for ten units; not quoted", *[""] * 10])
    return rows
