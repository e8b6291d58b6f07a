"""Draws the control board: its parts from above, its wires from the solder side, and their list."""

import csv
import itertools
import math
from collections.abc import Iterable
from html import escape
from pathlib import Path

from parvis_hardware.circuit import perfboard, sources
from parvis_hardware.circuit.netlist import UNIT_BUILDS, Netlist
from parvis_hardware.circuit.perfboard import Board, Hole, Place, Route
from parvis_hardware.pictures import FONT, png_beside
from parvis_hardware.places import LANGUAGES
from parvis_hardware.stamp import version
from parvis_hardware.words import Speaker, speaker

STEP = 40.0
"""Pixels between two holes."""
MARGIN = 70.0

_NET_COLOURS = {"GND": "#222222", "5V_BOARD": "#e06c00", "5V": "#b30000", "3V3": "#d6336c"}
_OTHER_COLOURS = ("#1864ab", "#2b8a3e", "#6741d9", "#0b7285", "#a61e4d", "#5c940d", "#846358")
_ROUND = ("electrolytic", "buzzer")


def make(out: Path) -> list[Path]:
    """Both drawings as SVG and PNG in each language, the list of wires as CSV."""
    board, netlist = sources.board(), sources.netlist()
    routes = perfboard.route(board, netlist)
    folder = out / "pictures" / "electronics"
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for language in LANGUAGES:
        for name, text in drawings(board, netlist, routes, speaker(language)).items():
            path = folder / f"{name}.{language}.svg"
            path.write_text(text, encoding="utf-8")
            made += [path, png_beside(path)]
    return [*made, _write_list(board, routes, out / "harness" / "control_board_wires.csv")]


def drawings(
    board: Board, netlist: Netlist, routes: Iterable[Route], say: Speaker
) -> dict[str, str]:
    """Both drawings as SVG, by name, their words in the speaker's language."""
    parts, wires = _parts(board, netlist, say), _wires(board, netlist, routes)
    return {
        "perfboard": _sheet(board, parts, _PARTS_TITLE, False, say),
        "perfboard_wires": _sheet(board, wires, _WIRES_TITLE, True, say),
    }


_ON_THE_HEADER = (
    "Table unit: J1 is a socket on the underside, soldered on the parts' side; "
    "its wires go on that side too."
)
_PARTS_TITLE = "Parvis control board: parts, seen from above"
_WIRES_TITLE = (
    "Parvis control board: wires, from the solder side (mirrored); thick = bare, thin = insulated"
)
_FOOT = "{wide} x {high} mm, holes {pitch} mm apart. Version {version}. Drawn, not yet built."


def wire_rows(board: Board, routes: Iterable[Route]) -> list[list[str]]:
    """Every wire: its net, where it starts and ends, its way, whether it needs insulation."""
    pins = {hole: pin for pin, hole in board.holes().items()}
    rows = []
    for route in routes:
        ends = [
            pins.get(hole, "the wire laid before") for hole in (route.holes[0], route.holes[-1])
        ]
        way = " ".join(f"{column}/{row}" for column, row in _corners(route.holes))
        steps = itertools.pairwise(route.holes)
        length_mm = sum(math.dist(*step) for step in steps) * board.pitch_mm
        kind = "insulated" if route.insulated else "bare"
        rows.append([route.net, *ends, way, kind, f"{length_mm:.0f}"])
    return rows


def _write_list(board: Board, routes: Iterable[Route], path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    header = ["net", "from", "to", "corners (column/row from the parts' side)", "wire", "length mm"]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *wire_rows(board, routes)])
    return path


def _corners(holes: tuple[Hole, ...]) -> list[Hole]:
    """Ends and turns of a way."""
    kept = [holes[0]]
    for before, at, after in zip(holes, holes[1:], holes[2:], strict=False):
        if (at[0] - before[0], at[1] - before[1]) != (after[0] - at[0], after[1] - at[1]):
            kept.append(at)
    return [*kept, holes[-1]]


def _sheet(board: Board, drawn: Iterable[str], title: str, mirrored: bool, say: Speaker) -> str:
    wide, high = (board.columns + 1) * STEP, (board.rows + 1) * STEP
    width, height = wide + 2 * MARGIN, high + 2 * MARGIN + 40
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" font-family="{FONT}">',
        _text(MARGIN, 34, say("phrases", title), 22, "start"),
        f'<rect x="{MARGIN:g}" y="{MARGIN:g}" width="{wide:g}" height="{high:g}" rx="8" '
        'fill="#f3ead2" stroke="#8a7a4d" stroke-width="2"/>',
    ]
    for column in range(1, board.columns + 1):
        at = _x(board, column, mirrored)
        lines.append(_text(at, MARGIN - 10, str(column), 14, "middle", "#666666"))
        for row in range(1, board.rows + 1):
            lines.append(_circle(at, _y(row), 5, "#ffffff", "#b9a86f"))
    for row in range(1, board.rows + 1):
        lines.append(_text(MARGIN - 14, _y(row) + 5, str(row), 14, "end", "#666666"))
    wide_mm, high_mm = (f"{size:.0f}" for size in board.size_mm)
    pitch = say.value(f"{board.pitch_mm}")
    foot = say("phrases", _FOOT).format(wide=wide_mm, high=high_mm, pitch=pitch, version=version())
    lines += [
        *drawn,
        _text(MARGIN, height - 48, say("phrases", _ON_THE_HEADER), 16, "start"),
        _text(MARGIN, height - 24, foot, 16, "start"),
        "</svg>",
    ]
    return "\n".join(lines)


def _parts(board: Board, netlist: Netlist, say: Speaker) -> Iterable[str]:
    for place in board.places:
        yield _body(place, netlist)
    for place in board.places:
        for pin, hole in place.pins.items():
            wired = netlist.net_of(f"{place.reference}.{pin}") is not None
            first = pin == next(iter(place.pins)) and place.reference[0] in "JU"
            fill = ("#b30000" if first else "#333333") if wired else "#bbbbbb"
            yield _circle(_x(board, hole[0], False), _y(hole[1]), 6.5, fill, "#333333")
    for place in board.places:
        yield from _words(place, netlist, say)


def _body(place: Place, netlist: Netlist) -> str:
    left, top, right, bottom = place.body
    part = netlist.parts[place.reference]
    option = set(UNIT_BUILDS) - set(part.builds)
    dash = ' stroke-dasharray="7 4"' if option else ""
    style = f'fill="#dfe7ef" fill-opacity="0.85" stroke="#33475b" stroke-width="2"{dash}'
    x, y = MARGIN + left * STEP, MARGIN + top * STEP
    wide, high = (right - left) * STEP, (bottom - top) * STEP
    if part.kind.name in _ROUND:
        return f'<circle cx="{x + wide / 2:g}" cy="{y + high / 2:g}" r="{wide / 2:g}" {style}/>'
    return f'<rect x="{x:g}" y="{y:g}" width="{wide:g}" height="{high:g}" rx="5" {style}/>'


def _words(place: Place, netlist: Netlist, say: Speaker) -> Iterable[str]:
    """Reference and value on the body, beside the pins; polarity where it matters."""
    left, top, right, bottom = place.body
    part = netlist.parts[place.reference]
    value = say.value(part.value.replace(" kohm", "k").replace(" ohm", "R")) if part.value else ""
    x, y = MARGIN + (left + right) / 2 * STEP, MARGIN + (top + bottom) / 2 * STEP + 6
    turned = bottom - top > 2 * (right - left)
    words, size = f"{place.reference} {value}".strip(), 15.0
    pins_inside = any(left <= hole[0] <= right for hole in place.pins.values()) and not turned
    if place.reference == "J1":
        words = say("phrases", _J1_WORDS)
        y = MARGIN + 2.8 * STEP
    elif place.reference[0] == "J":
        y = MARGIN + bottom * STEP - 10
    elif right - left < 2.0 and pins_inside:
        words, size = place.reference, 12.5
        upright = bottom - top > 1.4 * (right - left)
        y = y - 2 if upright else MARGIN + top * STEP + 11
    elif bottom - top < 2.0 and pins_inside:
        size, y = 12.5, MARGIN + top * STEP + 12
    elif pins_inside and part.kind.name == "electrolytic":
        y += 34
    yield _text(x, y, words, size, "middle", "#102030", turned=turned)
    for pin in ("P", "K"):
        if pin in place.pins:
            column, row = place.pins[pin]
            sign, aside = ("+", 9) if pin == "P" else ("K", -17)
            yield _text(MARGIN + column * STEP + aside, _y(row) + 15, sign, 13, "start", "#b30000")


def _wires(board: Board, netlist: Netlist, routes: Iterable[Route]) -> Iterable[str]:
    colours = _colours(routes)
    for place in board.places:
        for pin, hole in place.pins.items():
            net = netlist.net_of(f"{place.reference}.{pin}")
            fill = colours.get(net or "", "#888888") if net else "#dddddd"
            yield _circle(_x(board, hole[0], True), _y(hole[1]), 8, fill, "#333333")
    for route in sorted(routes, key=lambda route: route.insulated):
        points = [(_x(board, column, True), _y(row)) for column, row in _corners(route.holes)]
        yield (
            f'<path d="{_arc(*points) if route.insulated else _straight(points)}" fill="none" '
            f'stroke="{colours[route.net]}" stroke-width="{2.6 if route.insulated else 6}" '
            'stroke-linecap="round" stroke-linejoin="round"/>'
        )
    for place in board.places:
        for pin, hole in place.pins.items():
            if netlist.net_of(f"{place.reference}.{pin}"):
                x, y = _x(board, hole[0], True), _y(hole[1])
                yield _text(
                    x, y - 11, f"{place.reference}.{pin}", 9.5, "middle", "#111111", halo=True
                )


_J1_WORDS = "J1: on the header of the computer (underside), or a box header (top)"


def _straight(points: list[tuple[float, float]]) -> str:
    return "M" + " L".join(f"{x:g},{y:g}" for x, y in points)


def _arc(start: tuple[float, float], end: tuple[float, float]) -> str:
    """Slightly bent, so that it does not hide what lies straight between its ends."""
    across, down = end[0] - start[0], end[1] - start[1]
    middle = ((start[0] + end[0]) / 2 - 0.12 * down, (start[1] + end[1]) / 2 + 0.12 * across)
    return f"M{start[0]:g},{start[1]:g} Q{middle[0]:g},{middle[1]:g} {end[0]:g},{end[1]:g}"


def _colours(routes: Iterable[Route]) -> dict[str, str]:
    others = sorted({route.net for route in routes} - set(_NET_COLOURS))
    return _NET_COLOURS | {
        net: _OTHER_COLOURS[number % len(_OTHER_COLOURS)] for number, net in enumerate(others)
    }


def _x(board: Board, column: float, mirrored: bool) -> float:
    return MARGIN + (board.columns + 1 - column if mirrored else column) * STEP


def _y(row: float) -> float:
    return MARGIN + row * STEP


def _circle(x: float, y: float, radius: float, fill: str, stroke: str) -> str:
    return f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}" fill="{fill}" stroke="{stroke}"/>'


def _text(
    x: float,
    y: float,
    words: str,
    size: float,
    anchor: str,
    fill: str = "#111111",
    turned: bool = False,
    halo: bool = False,
) -> str:
    turn = f' transform="rotate(-90 {x:g} {y:g}) translate(0 0)"' if turned else ""
    light = ' stroke="#f3ead2" stroke-width="3" paint-order="stroke"' if halo else ""
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" text-anchor="{anchor}" '
        f'fill="{fill}"{turn}{light}>{escape(words)}</text>'
    )
