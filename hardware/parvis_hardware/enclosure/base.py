"""The base: a low tray with board posts, ballast pocket, screw pads, strain relief and vents.

Printed as it stands. Everything rises straight from the floor; the walls end under the
connectors, so that the board is laid in from above with all its plugs in reach.
"""

from build123d import Part, Plane, Polygon, Pos, Rot, Text, Torus, extrude, mirror

from parvis_hardware.enclosure.layout import Layout, Pocket
from parvis_hardware.enclosure.shapes import (
    block,
    funnel,
    outline,
    post,
    prism,
    soften_bottom,
    wall_slot,
)

VENT_MM = 3.0
VENT_PITCH_MM = 8.0
FIN_MM = 3.2
EYE_MM = 4.2
"""Side of the eye, which stands on its corner: a tie of 3.6 mm passes."""
FONT = "DejaVu Sans"


def make_base(layout: Layout) -> Part:
    """The base in its place, without its signs."""
    form = layout.parameters.form
    tray = soften_bottom(prism(outline(layout), 0.0, layout.seam), form.foot_chamfer_mm)
    tray -= prism(outline(layout, form.wall_mm), form.floor_mm, layout.seam + 1.0)
    tray += _lip(layout)
    tray += _posts(layout)
    for pocket in layout.pockets:
        tray += _pocket(layout, pocket)
    tray += _fins(layout)
    for x, y in layout.columns:
        tray += _pad(layout, x, y)
    for x, y in layout.columns:
        tray -= _lid_screw_hole(layout, x, y)
    for x, y, top in insert_places(layout):
        tray -= _insert_hole(layout, x, y, top)
    for opening in layout.openings:
        back = opening.wall == "back"
        if opening.bottom < layout.seam - 0.5:
            heights = (opening.bottom, layout.seam + 8.0)
            point = (opening.middle, layout.depth) if back else (layout.half, opening.middle)
            tray -= wall_slot(point, 0 if back else -90, opening.width, heights, 0.0)
    tray += _tail_tongue(layout)
    return tray - _vents(layout)


def _lip(layout: Layout) -> Part:
    """Stands inside the lid's wall; gives way to columns, connectors and the tail."""
    form, rules = layout.parameters.form, layout.parameters.rules
    outside = form.wall_mm + rules.slide_mm
    high = layout.seam + form.lip_height_mm
    lip = prism(outline(layout, outside), form.floor_mm, high)
    lip -= prism(outline(layout, outside + form.lip_mm), form.floor_mm, high)
    # below the seam it is one with the wall
    lip += prism(outline(layout, form.wall_mm - 0.2), form.floor_mm, layout.seam) - prism(
        outline(layout, outside + form.lip_mm), form.floor_mm, layout.seam
    )
    keep = 2 * rules.fit_mm
    for x, y in layout.columns:  # the lid's columns end on the seam
        corner = _corner(layout, x, y, rules.fit_mm)
        lip -= block(corner[0], corner[1], (form.floor_mm, high))
    behind = layout.board_y[0] - 4.0
    lip -= block(
        (layout.board_x[0] - keep, layout.half),
        (
            behind if layout.parameters.board.turn_deg == 90 else layout.board_y[0] - keep,
            layout.depth,
        ),
        (form.floor_mm, high),
    )
    if layout.tail is not None:
        x = layout.tail[0]
        lip -= block((x - 7.0, x + 7.0), (layout.depth - 8.0, layout.depth), (layout.seam, high))
    return lip


def _corner(
    layout: Layout, x: float, y: float, air: float
) -> tuple[tuple[float, float], tuple[float, float]]:
    """The plan of a lid column, from its inner corner to the outside, with ``air`` round it."""
    reach = layout.parameters.form.post_width_mm / 2 + air
    across = (-layout.half - 1.0, x + reach) if x < 0 else (x - reach, layout.half + 1.0)
    along = (-1.0, y + reach) if y < layout.depth / 2 else (y - reach, layout.depth + 1.0)
    return across, along


def _posts(layout: Layout) -> Part:
    form = layout.parameters.form
    posts = Part()
    for x, y, top in insert_places(layout):
        posts += post(x, y, (form.floor_mm - 0.5, top), form.post_width_mm)
        foot = (form.floor_mm, form.floor_mm + 2.0)
        posts += funnel(x, y, foot, form.post_width_mm + 3.0, form.post_width_mm)
    return posts


def insert_places(layout: Layout) -> list[tuple[float, float, float]]:
    """The inserts of the base: x, y and the height of their top."""
    computer = [(x, y, layout.board_bottom) for x, y in layout.holes]
    return computer + [(x, y, layout.perfboard_bottom) for x, y in layout.perfboard_holes]


def _insert_hole(layout: Layout, x: float, y: float, top: float) -> Part:
    insert = layout.parameters.parts.insert
    hole = post(x, y, (top - insert.length_mm - 0.5, top + 1.0), insert.hole_mm)
    return hole + funnel(x, y, (top - 0.5, top), insert.hole_mm, insert.hole_mm + 1.0)


def _pad(layout: Layout, x: float, y: float) -> Part:
    form = layout.parameters.form
    return post(x, y, (form.floor_mm - 0.5, layout.seam), form.post_width_mm) & prism(
        outline(layout, 1.0), 0.0, layout.seam
    )


def _lid_screw_hole(layout: Layout, x: float, y: float) -> Part:
    screw = layout.parameters.parts.screw
    sink = (screw.head_mm - screw.through_mm) / 2
    hole = post(x, y, (-1.0, layout.seam + 1.0), screw.through_mm)
    hole += post(x, y, (-1.0, 0.2), screw.head_mm)
    return hole + funnel(x, y, (0.2, 0.2 + sink), screw.head_mm, screw.through_mm)


def _pocket(layout: Layout, pocket: Pocket) -> Part:
    """Four walls round a bar, with gaps to lift it out by."""
    form, fit = layout.parameters.form, layout.parameters.rules.fit_mm
    low, high = form.floor_mm - 0.5, form.floor_mm + pocket.height
    x = (pocket.x - fit, pocket.x + pocket.width + fit)
    y = (pocket.y - fit, pocket.y + pocket.length + fit)
    wall = form.pocket_wall_mm
    ring = block((x[0] - wall, x[1] + wall), (y[0] - wall, y[1] + wall), (low, high))
    ring -= block(x, y, (low, high + 1.0))
    middle = sum(y) / 2
    ring -= block((x[0] - 9, x[1] + 9), (middle - 11.0, middle + 11.0), (form.floor_mm, high + 1))
    return ring & prism(outline(layout, 1.0), 0.0, high)


def _fins(layout: Layout) -> Part:
    """Upright plates with a four-cornered eye for a cable tie: the strain relief."""
    form = layout.parameters.form
    fins = Part()
    for x, y, turn_deg, length, eye_z in _fin_places(layout):
        top = eye_z + EYE_MM * 0.7071 + form.pocket_wall_mm + 0.6
        body = block((-FIN_MM / 2, FIN_MM / 2), (-length / 2, length / 2), (1.0, top))
        half = EYE_MM * 0.7071
        eye = Polygon((0, -half), (half, 0), (0, half), (-half, 0), align=None)
        body -= Pos(0, 0, eye_z) * extrude(Plane.YZ * eye, 8.0, both=True)
        fins += Pos(x, y) * Rot(0, 0, turn_deg) * body
    return fins


def _fin_places(layout: Layout) -> list[tuple[float, float, float, float, float]]:
    """Place, turn, length and height of the eye: one for supply and harness, one for the tail."""
    half, form = layout.half, layout.parameters.form
    places = [(half - form.corner_mm + 3.0, layout.parameters.outer.disc_y, 0.0, 11.0, 11.0)]
    if layout.tail is not None:
        x, top = layout.tail
        eye = top - layout.parameters.microphone.tail_mm / 2
        places.append((x + 8.6, layout.depth - form.wall_mm - 3.6, 90.0, 9.4, eye))
    return places


def _tail_tongue(layout: Layout) -> Part:
    """Closes the tail's slot in the lid from below, up to the cable."""
    if layout.tail is None:
        return Part()
    form, given = layout.parameters.form, layout.parameters
    x, top = layout.tail
    width = given.microphone.tail_mm + 2 * given.rules.fit_mm - 2 * given.rules.slide_mm
    low = top - given.microphone.tail_mm
    y = (layout.depth - form.wall_mm, layout.depth)
    return block((x - width / 2, x + width / 2), y, (layout.seam - 1.0, low))


def _vents(layout: Layout) -> Part:
    """Slots in the floor under the board, clear of its posts."""
    form = layout.parameters.form
    middle_x = sum(layout.board_x) / 2
    low, high = layout.board_y[0] + 14.0, min(layout.board_y[1] - 30.0, layout.board_y[0] + 48.0)
    if layout.parameters.board.turn_deg == 180:
        low, high = layout.board_y[0] + 9.0, layout.board_y[1] - 9.0
    vents = Part()
    for step in range(-2, 3):
        x = middle_x + step * VENT_PITCH_MM
        vents += block((x - VENT_MM / 2, x + VENT_MM / 2), (low, high), (-1.0, form.floor_mm + 1.0))
    return vents


def base_signs(layout: Layout, stamp: str) -> Part:
    """To cut away underneath: circles for the feet, and the lines of ``stamp``."""
    form, foot = layout.parameters.form, layout.parameters.parts.foot
    cut = Part()
    for x, y in layout.feet:
        cut += Pos(x, y, 0) * Torus(foot.diameter_mm / 2, 0.5)
    for number, line in enumerate(reversed(stamp.splitlines())):
        text = mirror(Text(line, 4.6, font=FONT), Plane.YZ)
        y = 24.0 + 7.0 * number
        cut += Pos(0, y, -1.0) * extrude(text, 1.0 + form.letter_mm)
    return cut
