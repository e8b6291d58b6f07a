"""The sheets of the schematic, and what they say is connected.

Theory of operation: a sheet is places only. Ends of parts, lines and names lie at points; what
touches is one net, a line's end on another line joins it (two lines that cross do not), and equal
names join across all sheets. The nets found so must be those of the netlist: ``differences``.
"""

import itertools
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from parvis_hardware.circuit.netlist import Netlist, Part
from parvis_hardware.errors import SourceError
from parvis_hardware.words import Speaker

SOURCE = "schematic.toml"

Point = tuple[float, float]

BOX_LEAD = 1.0
"""Length of the lines that stand out of a box."""
NPN_ENDS: Mapping[str, Point] = {"B": (0.0, 0.0), "C": (0.75, 1.0), "E": (0.75, -1.0)}
"""Where a transistor's ends lie from its base."""
SUPPLIES = ("3V3", "5V", "5V_BOARD")
"""Nets whose name is drawn as a supply."""


@dataclass(frozen=True, slots=True)
class PlacedPart:
    """A part with two ends."""

    reference: str
    pins: tuple[str, str]
    start: Point
    end: Point


@dataclass(frozen=True, slots=True)
class Transistor:
    """An NPN transistor, its base at ``base``."""

    reference: str
    base: Point


@dataclass(frozen=True, slots=True)
class Box:
    """A part as a box with its pins at both sides, one unit apart; an empty name leaves a gap."""

    references: tuple[str, ...]
    title: str
    corner: Point
    wide: float
    left: tuple[str, ...] = ()
    right: tuple[str, ...] = ()

    @property
    def high(self) -> float:
        """Height."""
        return float(max(len(self.left), len(self.right)) + 1)

    def ends(self) -> Iterator[tuple[str, Point, Point]]:
        """Each pin's name, where its lead leaves the box, and where it ends."""
        for side, x, reach in (
            (self.left, self.corner[0], -BOX_LEAD),
            (self.right, self.corner[0] + self.wide, BOX_LEAD),
        ):
            for place, pin in enumerate(side, start=1):
                y = self.corner[1] - place
                if pin:
                    yield pin, (x, y), (x + reach, y)


@dataclass(frozen=True, slots=True)
class Tap:
    """A contact of a plug, drawn on the line that goes through it."""

    pin: str
    at: Point
    side: str = "under"


@dataclass(frozen=True, slots=True)
class Name:
    """The name of a net at a point."""

    net: str
    at: Point
    side: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """One drawing."""

    name: str
    title: str
    builds: tuple[str, ...]
    parts: tuple[PlacedPart, ...] = ()
    transistors: tuple[Transistor, ...] = ()
    boxes: tuple[Box, ...] = ()
    taps: tuple[Tap, ...] = ()
    names: tuple[Name, ...] = ()
    lines: tuple[tuple[Point, ...], ...] = field(default_factory=tuple)

    def ends(self) -> Iterator[tuple[str, Point]]:
        """Every pin on the sheet and where it is."""
        for part in self.parts:
            yield f"{part.reference}.{part.pins[0]}", part.start
            yield f"{part.reference}.{part.pins[1]}", part.end
        for transistor in self.transistors:
            for pin, (x, y) in NPN_ENDS.items():
                yield (
                    f"{transistor.reference}.{pin}",
                    (transistor.base[0] + x, transistor.base[1] + y),
                )
        for box in self.boxes:
            for pin, _, end in box.ends():
                for reference in box.references:
                    yield f"{reference}.{pin}", end
        for tap in self.taps:
            yield tap.pin, tap.at


def parse(text: str, netlist: Netlist) -> tuple[Sheet, ...]:
    """The sheets of a source text.

    Raises:
        SourceError: a key that is none, a part that the netlist has not.
    """
    sheets = tomllib.loads(text)["sheets"]
    return tuple(_sheet(name, row, netlist) for name, row in sheets.items())


def in_language(sheet: Sheet, say: Speaker) -> Sheet:
    """The sheet with its titles in one language, those of boxes with the parts before them."""
    heading = say("phrases", "{parts}: {title}")
    boxes = tuple(
        replace(
            box,
            title=heading.format(parts=" / ".join(box.references), title=say("boxes", box.title)),
        )
        for box in sheet.boxes
    )
    return replace(sheet, title=say("sheets", sheet.title), boxes=boxes)


def words_of(part: Part, say: Speaker) -> str:
    """What stands beside a part: its reference, and its value below."""
    return f"{part.reference}\n{say.value(part.value)}" if part.value else part.reference


def foot_of(sheet: Sheet, version: str, say: Speaker) -> str:
    """The line below a sheet whose title is in the language already."""
    foot = say("phrases", "Parvis: {title}. Version {version}. Drawn, not yet built or measured.")
    return foot.format(title=sheet.title, version=version)


def _sheet(name: str, row: Mapping[str, Any], netlist: Netlist) -> Sheet:
    try:
        return Sheet(
            name=name,
            title=row["title"],
            builds=tuple(row["builds"]),
            parts=tuple(_placed(said, netlist) for said in row.get("parts", ())),
            transistors=tuple(Transistor(ref, (x, y)) for ref, x, y in row.get("npn", ())),
            boxes=tuple(_box(said) for said in row.get("boxes", ())),
            taps=tuple(Tap(pin, (x, y), *side) for pin, x, y, *side in row.get("taps", ())),
            names=tuple(Name(net, (x, y), side) for net, x, y, side in row.get("names", ())),
            lines=tuple(_points(said) for said in row.get("lines", ())),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise SourceError(SOURCE, f"sheets.{name}", f"what cannot be drawn: {error}") from error


def _placed(said: list[Any], netlist: Netlist) -> PlacedPart:
    reference, _, pins = said[0].partition(":")
    if reference not in netlist.parts:
        raise KeyError(f"there is no part {reference}")
    first, second = pins.split(",") if pins else list(netlist.parts[reference].kind.pins)[:2]
    x, y, end_x, end_y = said[1:]
    return PlacedPart(reference, (first, second), (x, y), (end_x, end_y))


def _box(said: Mapping[str, Any]) -> Box:
    left, right = tuple(said.get("left", ())), tuple(said.get("right", ()))
    x, y = said["at"]
    return Box(tuple(said["parts"]), said["title"], (x, y), said["wide"], left, right)


def _points(said: list[float]) -> tuple[Point, ...]:
    return tuple(zip(said[::2], said[1::2], strict=True))


def drawn_nets(sheets: Iterable[Sheet]) -> list[tuple[set[str], set[str]]]:
    """What the sheets join: for each net its names and its pins."""
    groups: list[tuple[set[str], set[str]]] = []
    for sheet in sheets:
        for points in _joined_points(sheet):
            names = {name.net for name in sheet.names if name.at in points}
            pins = {pin for pin, at in sheet.ends() if at in points}
            same = [group for group in groups if group[0] & names]
            for group in same:
                groups.remove(group)
                names, pins = names | group[0], pins | group[1]
            groups.append((names, pins))
    return groups


def _joined_points(sheet: Sheet) -> list[set[Point]]:
    """The points of a sheet in groups that touch or lie on one line."""
    points = {at for _, at in sheet.ends()} | {name.at for name in sheet.names}
    points |= {point for line in sheet.lines for point in line}
    groups = [{point} for point in points]
    for line in sheet.lines:
        on = {point for point in points if _lies_on(point, line)}
        touched = [group for group in groups if group & on]
        groups = [group for group in groups if not group & on] + [set().union(*touched)]
    return groups


def _lies_on(point: Point, line: tuple[Point, ...]) -> bool:
    return any(_between(point, first, second) for first, second in itertools.pairwise(line))


def _between(point: Point, first: Point, second: Point) -> bool:
    """Lines run along x or y."""
    within_x = min(first[0], second[0]) <= point[0] <= max(first[0], second[0])
    within_y = min(first[1], second[1]) <= point[1] <= max(first[1], second[1])
    return within_x and within_y


def differences(sheets: tuple[Sheet, ...], netlist: Netlist) -> list[str]:
    """Where the drawing does not say what the netlist says; pins of no net may be missing."""
    found = []
    drawn_at: dict[str, set[str]] = {}
    for names, pins in drawn_nets(sheets):
        if len(names) > 1:
            found.append(f"the drawing joins {' and '.join(sorted(names))}")
        wanted = {netlist.net_of(pin) for pin in pins if _known(netlist, pin)}
        if len(wanted) > 1 or (names and wanted - names - {None}):
            told = ", ".join(sorted(pins))
            found.append(
                f"the drawing joins {told} as {'/'.join(sorted(names)) or 'a net without name'}; "
                f"in the netlist they are {', '.join(sorted(map(str, wanted)))}"
            )
        found += [
            f"the drawing has {pin}, the netlist not" for pin in pins if not _known(netlist, pin)
        ]
        for pin in pins:
            drawn_at.setdefault(pin, set()).update(pins)
    for net, wired in netlist.nets.items():
        found += [f"{pin} of net {net} is not drawn" for pin in wired if pin not in drawn_at]
        together = [pin for pin in wired if pin in drawn_at]
        if together and not set(together) <= drawn_at[together[0]]:
            apart = sorted(set(together) - drawn_at[together[0]])
            found.append(f"the drawing parts net {net}: {', '.join(apart)} from {together[0]}")
    return found


def _known(netlist: Netlist, pin: str) -> bool:
    reference, _, name = pin.partition(".")
    return reference in netlist.parts and name in netlist.parts[reference].kind.pins


def passes(point: Point, line: tuple[Point, ...]) -> bool:
    """Whether a line goes on at both sides of a point."""
    return point not in (line[0], line[-1]) and _lies_on(point, line)
