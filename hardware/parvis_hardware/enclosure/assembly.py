"""All solids of one enclosure in their places, by name."""

from collections.abc import Iterator
from dataclasses import dataclass

from build123d import Part, Pos, Rot

from parvis_hardware.enclosure import bought
from parvis_hardware.enclosure.base import base_signs, make_base
from parvis_hardware.enclosure.caps import lamp_places, make_cap, make_disc, make_lamp_holder
from parvis_hardware.enclosure.layout import Layout
from parvis_hardware.enclosure.lid import lid_signs, make_lid
from parvis_hardware.enclosure.shapes import block, lid_plane

TAPE_MM = 0.5
"""Double-sided tape between plunger and cap."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A solid in the enclosure's world."""

    name: str
    group: str
    """Pieces of one group are bought as one thing and are not held against one another."""
    solid: Part
    is_printed: bool = False


@dataclass(frozen=True, slots=True)
class Assembly:
    """One enclosure with everything in it."""

    layout: Layout
    pieces: tuple[Piece, ...]
    instead: tuple[Piece, ...]
    """What takes the place of the group ``ring`` when three lamps are fitted."""
    plugs: tuple[Piece, ...]
    """Grips of plugs in the ports: they must pass, but are no part of the unit."""
    printable: dict[str, Part]
    """Each printed part as it lies on the printer's bed, by file name."""
    unsigned: dict[str, Part]
    """The same without engraved signs: between two strokes of a letter there is no wall."""

    def piece(self, name: str) -> Piece:
        """The piece of this name."""
        return next(piece for piece in self.pieces if piece.name == name)


def assemble(layout: Layout, stamp: str) -> Assembly:
    """Make every solid of an enclosure; ``stamp`` is engraved under the base."""
    plain_base, plain_lid = make_base(layout), make_lid(layout)
    base = plain_base - base_signs(layout, stamp)
    lid = plain_lid - lid_signs(layout)
    disc, cap, holder = make_disc(layout), make_cap(layout), make_lamp_holder(layout)
    outer = layout.parameters.outer
    at_disc = lid_plane(layout, 0.0, outer.disc_y)
    button = layout.parameters.parts.button
    lift = button.flange_height_mm + button.plunger_proud_mm + TAPE_MM
    pieces = [
        Piece("base", "base", base, True),
        Piece("lid", "lid", lid, True),
        Piece("diffuser", "diffuser", at_disc * disc, True),
        Piece("button_cap", "button_cap", at_disc * Pos(0, 0, lift) * cap, True),
        *_inside(layout),
        *_on_lid(layout),
        *_fasteners(layout),
    ]
    instead = [Piece("lamp_holder", "lamp_holder", at_disc * holder, True), *_lamps(layout)]
    plugs = [Piece(f"plug {k}", f"plug {k}", v) for k, v in bought.make_plugs(layout).items()]
    upside_down = Rot(180, 0, 0)
    flat = Rot(180 - outer.slope_deg, 0, 0)
    printable = {
        "base": base,
        "lid": _on_bed(flat * lid),
        "diffuser": _on_bed(upside_down * disc),
        "lamp_holder": _on_bed(holder),
        "button_cap": cap,
    }
    unsigned = {**printable, "base": plain_base, "lid": _on_bed(flat * plain_lid)}
    return Assembly(layout, tuple(pieces), tuple(instead), tuple(plugs), printable, unsigned)


def _on_bed(solid: Part) -> Part:
    return Pos(0, 0, -solid.bounding_box().min.Z) * solid


def _inside(layout: Layout) -> Iterator[Piece]:
    yield Piece("board", "board", bought.make_board(layout))
    for name, solid in bought.make_boxes(layout).items():
        yield Piece(name, "board", solid)
    if layout.perfboard_holes:
        board, parts = bought.make_perfboard(layout)
        yield Piece("control_board", "perfboard", board)
        yield Piece("control_parts", "perfboard", parts)
    for number, pocket in enumerate(layout.pockets):
        bar = block(
            (pocket.x, pocket.x + pocket.width),
            (pocket.y, pocket.y + pocket.length),
            (layout.parameters.form.floor_mm, layout.parameters.form.floor_mm + pocket.height),
        )
        yield Piece(f"ballast {number}", "ballast", bar)


def _on_lid(layout: Layout) -> Iterator[Piece]:
    given, outer = layout.parameters, layout.parameters.outer
    at_disc = lid_plane(layout, 0.0, outer.disc_y)
    yield Piece("button", "button", at_disc * bought.make_button(given))
    board, pixels = bought.make_ring(given)
    yield Piece("ring", "ring", at_disc * board)
    yield Piece("pixels", "ring", at_disc * pixels)
    yield Piece("mute", "mute", lid_plane(layout, *outer.mute) * bought.make_mute(given))
    yield Piece("jack", "jack", bought.make_jack(layout))
    if given.microphone.hole_mm:
        at_mount = lid_plane(layout, *outer.microphone_at)
        shoulder, nut = bought.make_mount(given)
        stem, head = bought.make_gooseneck(given)
        yield Piece("mount", "mount", at_mount * shoulder)
        yield Piece("mount nut", "mount", at_mount * nut)
        yield Piece("gooseneck", "gooseneck", at_mount * stem)
        yield Piece("microphone", "gooseneck", at_mount * head)


def _lamps(layout: Layout) -> Iterator[Piece]:
    at_disc = lid_plane(layout, 0.0, layout.parameters.outer.disc_y)
    lamp = bought.make_lamp(layout.parameters)
    for name, (x, y) in zip(("red", "green", "white"), lamp_places(layout), strict=True):
        yield Piece(f"{name} lamp", "lamps", at_disc * Pos(x, y) * lamp)


def _fasteners(layout: Layout) -> Iterator[Piece]:
    given = layout.parameters
    insert, screw = bought.make_insert(given), bought.make_board_screw()
    top = layout.board_bottom
    for number, (x, y) in enumerate(layout.holes):
        yield Piece(f"board insert {number}", "board inserts", Pos(x, y, top) * insert)
        above = top + given.board.size[2]
        yield Piece(f"board screw {number}", "board screws", Pos(x, y, above) * screw)
    low = layout.seam
    thick = given.parts.perfboard.size_mm[2]
    for number, (x, y) in enumerate(layout.perfboard_holes):
        top = layout.perfboard_bottom
        yield Piece(f"perfboard insert {number}", "perfboard inserts", Pos(x, y, top) * insert)
        placed = Pos(x, y, top + thick) * screw
        yield Piece(f"perfboard screw {number}", "perfboard screws", placed)
    for number, (x, y) in enumerate(layout.columns):
        placed = Pos(x, y, low + given.parts.insert.length_mm) * insert
        yield Piece(f"lid insert {number}", "lid inserts", placed)
        yield Piece(f"lid screw {number}", "lid screws", Pos(x, y) * bought.make_lid_screw(given))
    for number, (x, y) in enumerate(layout.feet):
        yield Piece(f"foot {number}", "feet", Pos(x, y) * bought.make_foot(given))
