"""What the build makes and what it checks: one line for each, in the order in which they run.

A maker is a function ``(out: Path) -> list[Path]``: it writes below ``out`` and returns what it
wrote. A check is a function ``() -> list[str]``: one line for each disagreement, none when all is
well. Both are named by place and imported only when they run, so that a check of the tables does
not need the CAD library.
"""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parvis_hardware.errors import ToolMissing, UsageError

MakeFunction = Callable[[Path], list[Path]]
CheckFunction = Callable[[], list[str]]


@dataclass(frozen=True, slots=True)
class Maker:
    """Something that writes files."""

    name: str
    place: str
    """``module:function``."""
    what: str
    """What comes out, in a few words."""

    def load(self) -> MakeFunction:
        """The function; ``ToolMissing`` when a library that it needs is not installed."""
        function: MakeFunction = _load(self.place)
        return function


@dataclass(frozen=True, slots=True)
class Check:
    """Something that compares sources; light, so the tests run it as well."""

    name: str
    place: str
    what: str
    """What agrees when it finds nothing."""

    def load(self) -> CheckFunction:
        """The function; ``ToolMissing`` when a library that it needs is not installed."""
        function: CheckFunction = _load(self.place)
        return function


MAKERS: tuple[Maker, ...] = (
    Maker("bom", "parvis_hardware.builds.checks:make", "lists of parts with totals"),
    Maker(
        "schematic", "parvis_hardware.circuit.draw_schematic:make", "the sheets of the schematic"
    ),
    Maker("harness", "parvis_hardware.circuit.draw_harness:make", "each build's harness and wires"),
    Maker(
        "perfboard",
        "parvis_hardware.circuit.draw_perfboard:make",
        "parts and wires of the control board",
    ),
    Maker(
        "bring-up",
        "parvis_hardware.plans.make:make_bringup",
        "continuity and voltages before and at the first power, in French and English",
    ),
    Maker(
        "enclosure",
        "parvis_hardware.enclosure.make:make",
        "STEP, STL, table of checks and pictures of each enclosure",
    ),
    Maker("drawn", "parvis_hardware.guides.make:draw", "the guides' own pictures"),
    Maker(
        "example-label",
        "parvis_hardware.guides.example_label:make_example",
        "the picture of a label, with codes of nobody",
    ),
    Maker(
        "guides", "parvis_hardware.guides.make:make_guides", "every guide, in French and English"
    ),
)
"""Pictures come before the documents that show them."""

CHECKS: tuple[Check, ...] = (
    Check("pins", "parvis_hardware.pins:differences", "pins.toml is what the unit's program uses"),
    Check(
        "netlist pins",
        "parvis_hardware.circuit.sources:pin_differences",
        "the netlist wires each pin as pins.toml says",
    ),
    Check(
        "netlist rules",
        "parvis_hardware.circuit.sources:rule_findings",
        "every build keeps the rules of the netlist",
    ),
    Check(
        "cables",
        "parvis_hardware.circuit.sources:wiring_findings",
        "the cables bring every net together",
    ),
    Check(
        "schematic",
        "parvis_hardware.circuit.sources:schematic_differences",
        "what the schematic draws is the netlist",
    ),
    Check(
        "words",
        "parvis_hardware.circuit.spoken:differences",
        "every word in the circuit's drawings and tables has its French",
    ),
    Check(
        "power",
        "parvis_hardware.plans.sources:power_findings",
        "currents, supplies, fuses and heat keep their limits",
    ),
    Check(
        "first voltages",
        "parvis_hardware.plans.make:bringup_findings",
        "each contact reads as a zero while closed and a one while open",
    ),
    Check(
        "acoustics",
        "parvis_hardware.plans.sources:acoustic_findings",
        "a loud voice does not clip, and the microphones stand near enough",
    ),
    Check(
        "readme",
        "parvis_hardware.readme:differences",
        "the README's tables are what the sources make",
    ),
    Check(
        "lists of parts",
        "parvis_hardware.builds.checks:bom_differences",
        "each list has the netlist's parts and values, within what the build is to cost",
    ),
    Check(
        "enclosures",
        "parvis_hardware.builds.enclosure:differences",
        "screws, inserts, ballast, ring, control board and outside are the enclosures'",
    ),
    Check(
        "harness",
        "parvis_hardware.builds.checks:harness_differences",
        "each cable and housing is in its list of parts",
    ),
    Check(
        "program",
        "parvis_hardware.builds.checks:program_differences",
        "what the unit's program uses is what is wired",
    ),
    Check(
        "guides",
        "parvis_hardware.guides.make:differences",
        "every guide is whole: both languages, pictures, checks, commands that there are",
    ),
)


def chosen(names: Sequence[str]) -> tuple[Maker, ...]:
    """The makers of these names, in the order of the registry; all of them for no name.

    Raises:
        UsageError: a name that is none.
    """
    known = [maker.name for maker in MAKERS]
    for name in names:
        if name not in known:
            raise UsageError(f"nothing makes {name!r}: known are {', '.join(known)}")
    return tuple(maker for maker in MAKERS if not names or maker.name in names)


def _load(place: str) -> Any:
    module, _, function = place.partition(":")
    try:
        return getattr(importlib.import_module(module), function)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("parvis_"):
            raise
        raise ToolMissing(error.name or module) from error
