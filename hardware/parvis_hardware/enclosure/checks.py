"""What the made solids are held to: each measurement is a row of a table, and a row can fail."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import trimesh
from build123d import Part, Pos

from parvis_hardware.enclosure.assembly import TAPE_MM, Assembly, Piece
from parvis_hardware.enclosure.base import insert_places
from parvis_hardware.enclosure.printing import overhangs, thinnest
from parvis_hardware.enclosure.shapes import lid_plane, post

TOUCH_MM3 = 0.05
"""Two solids that share less than this touch: rounding of the CAD kernel."""

TOLD = 4
"""So many pairs that intersect are named, the worst first."""


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement."""

    subject: str
    what: str
    found: str
    allowed: str
    is_kept: bool

    def line(self) -> str:
        """As it stands in the table."""
        mark = "ok" if self.is_kept else "BROKEN"
        return f"{self.subject:<13} {self.what:<30} {self.found:<34} {self.allowed:<26} {mark}"


def check(assembly: Assembly, files: dict[str, Path], unsigned: dict[str, Path]) -> list[Row]:
    """Measure everything; ``files`` are the STLs of the printed parts, ``unsigned`` those without
    engraved signs (of the parts that have some)."""
    rows: list[Row] = []
    for name, path in files.items():
        rows += _printed(assembly, name, path, unsigned.get(name, path))
    rows += _inserts(assembly)
    rows += _intersections(assembly)
    rows += _button(assembly)
    return rows


def _printed(assembly: Assembly, name: str, path: Path, plain: Path) -> Iterator[Row]:
    rules = assembly.layout.parameters.rules
    mesh = trimesh.load(path, force="mesh")
    bodies = mesh.body_count
    closed = bool(mesh.is_watertight and mesh.is_winding_consistent and mesh.volume > 0)
    found = f"{'closed' if closed else 'open'}, {bodies} body, {mesh.volume / 1000:.1f} cm3"
    yield Row(name, "watertight", found, "closed, 1 body", closed and bodies == 1)
    size = mesh.extents
    fits = bool(size[0] <= rules.bed_mm[0] and size[1] <= rules.bed_mm[1])
    found = f"{size[0]:.1f} x {size[1]:.1f} x {size[2]:.1f} mm"
    bed = f"bed {rules.bed_mm[0]:.0f} x {rules.bed_mm[1]:.0f} mm"
    yield Row(name, "print bed", found, bed, fits)
    solid = trimesh.load(plain, force="mesh")
    wall, at = thinnest(np.asarray(solid.triangles))
    found = f"{wall:.2f} mm at ({at[0]:.0f}, {at[1]:.0f}, {at[2]:.0f})"
    is_kept = wall >= rules.wall_min_mm - 0.03
    yield Row(name, "thinnest wall", found, f">= {rules.wall_min_mm} mm", is_kept)
    steepest, _, _ = overhangs(solid, rules.overhang_max_deg)
    _, ledge, at = overhangs(mesh, rules.overhang_max_deg)
    found = f"{steepest:.1f} deg, ledge {ledge:.2f} mm at ({at[0]:.0f}, {at[1]:.0f}, {at[2]:.0f})"
    allowed = f"<= {rules.overhang_max_deg:.0f} deg, ledge <= {rules.ledge_max_mm} mm"
    yield Row(name, "overhang, no support", found, allowed, ledge <= rules.ledge_max_mm)


def _inserts(assembly: Assembly) -> Iterator[Row]:
    """A tube of the least wall round each insert lies wholly in the plastic."""
    layout = assembly.layout
    insert = layout.parameters.parts.insert
    low = layout.seam
    wanted = [("base", x, y, top - insert.length_mm) for x, y, top in insert_places(layout)]
    wanted += [("lid", x, y, low) for x, y in layout.columns]
    for name in ("base", "lid"):
        solid = assembly.piece(name).solid
        least = 1.0
        places = [entry for entry in wanted if entry[0] == name]
        for _, x, y, bottom in places:
            # the mouth has a chamfer, so the tube begins behind it
            inner = (
                bottom + (0.7 if name == "lid" else 0.0),
                bottom + insert.length_mm - (0.6 if name == "base" else 0.0),
            )
            tube = post(x, y, inner, insert.hole_mm + 2 * insert.wall_mm - 0.02)
            tube -= post(x, y, (inner[0] - 1, inner[1] + 1), insert.hole_mm + 0.02)
            least = min(least, _shared(tube, solid) / tube.volume)
        found = f"{len(places)} holes {insert.hole_mm} mm, {least:.1%} of the wall there"
        allowed = f"{insert.wall_mm} mm all round"
        yield Row(name, "inserts fit", found, allowed, least > 0.995)


def _intersections(assembly: Assembly) -> Iterator[Row]:
    pieces = list(assembly.pieces)
    pairs = [pair for pair in combinations(pieces, 2) if pair[0].group != pair[1].group]
    yield _held_apart("assembly", "parts intersect", pairs)
    others = [piece for piece in pieces if piece.group != "ring"]
    pairs = [(one, other) for one in assembly.instead for other in others]
    pairs += [p for p in combinations(assembly.instead, 2) if p[0].group != p[1].group]
    yield _held_apart("three lamps", "in the ring's place", pairs)
    printed = [piece for piece in pieces if piece.is_printed]
    plugs = [(plug, piece) for plug in assembly.plugs for piece in printed]
    yield _held_apart("ports", "plugs meet plastic", plugs)


def _held_apart(subject: str, what: str, pairs: Sequence[tuple[Piece, Piece]]) -> Row:
    shared = {
        f"{one.name} and {other.name}": _shared(one.solid, other.solid)
        for one, other in pairs
        if _near(one.solid, other.solid)
    }
    worst = sorted((volume, names) for names, volume in shared.items() if volume > TOUCH_MM3)[::-1]
    told = "".join(f", {names} {volume:.1f} mm3" for volume, names in worst[:TOLD])
    return Row(subject, what, f"{len(worst)} of {len(pairs)} pairs{told}", "0", not worst)


def _near(one: Part, other: Part) -> bool:
    a, b = one.bounding_box(), other.bounding_box()
    return not (
        a.max.X <= b.min.X or b.max.X <= a.min.X
        or a.max.Y <= b.min.Y or b.max.Y <= a.min.Y
        or a.max.Z <= b.min.Z or b.max.Z <= a.min.Z
    )  # fmt: skip


def _shared(one: Part, other: Part) -> float:
    common = one.intersect(other)
    if common is None:
        return 0.0
    shapes = common if isinstance(common, (list, tuple)) else [common]
    return float(sum(shape.volume for shape in shapes))


def _button(assembly: Assembly) -> Iterator[Row]:
    layout = assembly.layout
    given = layout.parameters
    rules, button, form = given.rules, given.parts.button, given.form
    low, high = rules.button_force_n
    force = low <= button.activation_n <= high
    yield Row("button", "force", f"{button.activation_n} N", f"{low:g} to {high:g} N", force)
    low, high = rules.button_travel_mm
    travel = low <= button.travel_mm <= high
    yield Row("button", "travel", f"{button.travel_mm} mm", f"{low} to {high} mm", travel)
    cap = assembly.printable["button_cap"].bounding_box()
    wide = rules.button_width_min_mm - 0.01 <= cap.size.X
    found = f"{cap.size.X:.1f} mm wide, hand {form.hand_raised_mm} mm raised"
    allowed = f">= {rules.button_width_min_mm:.0f} and >= {rules.raised_min_mm} mm"
    yield Row("button", "size", found, allowed, wide)
    pressed = lid_plane(layout, 0.0, given.outer.disc_y) * Pos(
        0, 0, button.flange_height_mm + button.plunger_proud_mm + TAPE_MM - button.travel_mm
    )
    moved = Piece("pressed cap", "button_cap", pressed * assembly.printable["button_cap"])
    plunger = post(0, 0, (0.0, 30.0), button.plunger_mm + 0.2)
    fixed = assembly.piece("button").solid - lid_plane(layout, 0.0, given.outer.disc_y) * plunger
    others = [Piece("flange", "button", fixed), assembly.piece("diffuser"), assembly.piece("lid")]
    yield _held_apart("button", "pressed cap touches", [(moved, other) for other in others])
