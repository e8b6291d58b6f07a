"""Draws the sheets with schemdraw: the adapter from places to symbols."""

import itertools
from pathlib import Path
from typing import Any

import schemdraw
import schemdraw.elements as elm

from parvis_hardware.circuit import schematic, sources
from parvis_hardware.circuit.netlist import Netlist, Part
from parvis_hardware.circuit.schematic import NPN_ENDS, SUPPLIES, Box, Name, PlacedPart, Sheet, Tap
from parvis_hardware.pictures import FONT, png_beside
from parvis_hardware.places import LANGUAGES
from parvis_hardware.stamp import version
from parvis_hardware.words import Speaker, speaker

_SYMBOLS = {
    "resistor": elm.ResistorIEC,
    "capacitor": elm.Capacitor,
    "electrolytic": elm.Capacitor2,
    "fuse": elm.FuseIEC,
    "clamp": elm.Zener,
    "diode": elm.Diode,
    "lamp": elm.LED,
    "button": elm.Button,
    "latching_dpdt": elm.Switch,
}
_FROM_END = frozenset({"clamp"})
"""Symbols that schemdraw draws from the other end: from anode to cathode."""

_LETTER = 0.27
"""Width of a letter of a box's title, rounded up, in the drawing's units."""

_INK, _NET, _PLUG = "#111111", "#0b5394", "#9a3b00"


def make(out: Path) -> list[Path]:
    """Every sheet as SVG and PNG, in each language."""
    netlist = sources.netlist()
    made = []
    for sheet, language in itertools.product(sources.sheets(), LANGUAGES):
        path = out / "pictures" / "electronics" / f"schematic_{sheet.name}.{language}.svg"
        path.parent.mkdir(parents=True, exist_ok=True)
        drawing = draw(sheet, netlist, speaker(language))
        path.write_bytes(drawing.get_imagedata("svg"))
        made += [path, png_beside(path)]
    return made


def draw(sheet: Sheet, netlist: Netlist, say: Speaker) -> Any:
    """One sheet, its words in the speaker's language."""
    sheet = schematic.in_language(sheet, say)
    drawing = schemdraw.Drawing(canvas="svg", show=False)
    drawing.config(
        font=FONT, fontsize=11, unit=3, inches_per_unit=0.32, lw=1.4, color=_INK, margin=0.6
    )
    for part in sheet.parts:
        _draw_part(drawing, part, netlist.parts[part.reference], say)
    for transistor in sheet.transistors:
        _draw_transistor(drawing, netlist.parts[transistor.reference], transistor.base, say)
    for box in sheet.boxes:
        _draw_box(drawing, box)
    for line in sheet.lines:
        for first, second in itertools.pairwise(line):
            drawing.add(elm.Line().at(first).to(second))
    for point in _junctions(sheet):
        drawing.add(elm.Dot(radius=0.1).at(point))
    for tap in sheet.taps:
        _draw_tap(drawing, tap)
    for name in sheet.names:
        _draw_name(drawing, name)
    _draw_foot(drawing, schematic.foot_of(sheet, version(), say))
    return drawing


def _draw_part(drawing: Any, part: PlacedPart, known: Part, say: Speaker) -> None:
    start, end = part.start, part.end
    if known.kind.name in _FROM_END:
        start, end = end, start
    drawing.add(_SYMBOLS[known.kind.name]().at(start).to(end))
    words = schematic.words_of(known, say)
    middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    if start[0] == end[0]:
        at, align = (middle[0] + 0.55, middle[1]), ("left", "center")
    else:
        at, align = (
            (middle[0], middle[1] + (1.0 if known.kind.name == "lamp" else 0.45)),
            ("center", "bottom"),
        )
    drawing.add(
        elm.Label()
        .theta(0)
        .at(at)
        .label(words, "center", halign=align[0], valign=align[1], fontsize=9.5)
    )


def _draw_tap(drawing: Any, tap: Tap) -> None:
    drawing.add(elm.Dot(open=True, radius=0.16).at(tap.at).color(_PLUG))
    right = tap.side == "right"
    at = (tap.at[0] + (0.35 if right else 0), tap.at[1] - (0 if right else 0.3))
    align = {"halign": "left" if right else "center", "valign": "center" if right else "top"}
    words = elm.Label().theta(0).at(at)
    drawing.add(words.label(tap.pin, "center", fontsize=8.5, color=_PLUG, **align))


def _draw_transistor(drawing: Any, part: Part, base: schematic.Point, say: Speaker) -> None:
    drawn = drawing.add(elm.BjtNpn(circle=True).at(base).right().anchor("base"))
    for pin, anchor in (("C", "collector"), ("E", "emitter")):
        end = (base[0] + NPN_ENDS[pin][0], base[1] + NPN_ENDS[pin][1])
        drawing.add(elm.Line().at(drawn.absanchors[anchor]).to(end))
    words = schematic.words_of(part, say)
    at = (base[0] + 1.2, base[1])
    drawing.add(
        elm.Label()
        .theta(0)
        .at(at)
        .label(words, "center", halign="left", valign="center", fontsize=9.5)
    )


def _draw_box(drawing: Any, box: Box) -> None:
    x, y = box.corner
    # schemdraw does not count words when it measures its sheet; this white dot under them counts.
    drawing.add(elm.Dot(radius=0.01).at((x + _LETTER * len(box.title), y + 0.3)).color("white"))
    corner = (x + box.wide, y - box.high)
    corners = [(x, y), (corner[0], y), corner, (x, corner[1]), (x, y)]
    for first, second in itertools.pairwise(corners):
        drawing.add(elm.Line().at(first).to(second))
    drawing.add(
        elm.Label()
        .theta(0)
        .at((x, y + 0.25))
        .label(box.title, "center", halign="left", valign="bottom", fontsize=9.5)
    )
    for pin, start, end in box.ends():
        drawing.add(elm.Line().at(start).to(end))
        inward = 0.2 if start[0] < corner[0] else -0.2
        drawing.add(
            elm.Label()
            .theta(0)
            .at((start[0] + inward, start[1]))
            .label(
                pin, "center", halign="left" if inward > 0 else "right", valign="center", fontsize=9
            )
        )


def _draw_name(drawing: Any, name: Name) -> None:
    x, y = name.at
    if name.net == "GND" and name.side == "down":
        drawing.add(elm.Ground().theta(0).at(name.at))
        return
    if name.net in SUPPLIES and name.side == "up":
        drawing.add(elm.Vdd().theta(0).at(name.at).label(name.net, color=_NET, fontsize=9.5))
        return
    if name.side == "over":
        at, align = (x + 0.1, y + 0.2), ("left", "bottom")
    else:
        right = name.side == "right"
        at, align = (x + (0.2 if right else -0.2), y), ("left" if right else "right", "center")
    drawing.add(
        elm.Label()
        .theta(0)
        .at(at)
        .label(name.net, "center", halign=align[0], valign=align[1], fontsize=9.5, color=_NET)
    )


def _draw_foot(drawing: Any, words: str) -> None:
    box = drawing.get_bbox()
    drawing.add(
        elm.Label()
        .theta(0)
        .at((box.xmin, box.ymin - 1.2))
        .label(words, "center", halign="left", fontsize=10)
    )


def _junctions(sheet: Sheet) -> list[schematic.Point]:
    """Where three or more ends meet, or an end lies on a line."""
    ends: dict[schematic.Point, int] = {}
    tapped = {tap.at for tap in sheet.taps}
    for _, at in sheet.ends():
        ends[at] = ends.get(at, 0) + (0 if at in tapped else 1)
    for line in sheet.lines:
        for point in (line[0], line[-1]):
            ends[point] = ends.get(point, 0) + 1
    for point in ends:
        inside = [line for line in sheet.lines if schematic.passes(point, line)]
        ends[point] += 2 * len(inside)
    return [point for point, count in ends.items() if count > 2 and point not in tapped]
