"""The lid: a deep sloped shell with the disc's seat, switch, socket, microphone and port holes.

Printed upside down on its top. All port holes are open downwards (upwards while it is printed),
the seat of the disc and the edge are cones, so nothing hangs in the air.
"""

from build123d import Part, Pos, Rot, Text, chamfer, extrude

from parvis_hardware.enclosure.base import FONT
from parvis_hardware.enclosure.layout import Layout
from parvis_hardware.enclosure.shapes import (
    HIGH_MM,
    above_lid,
    block,
    funnel,
    lid_plane,
    outline,
    pointed_slot,
    post,
    prism,
    teardrop,
    wall_slot,
)
from parvis_hardware.enclosure.signs import muted_sign

BOSS_MM = 1.0
"""The lid is this much thicker under the microphone."""
VENT_MM = 2.6
SCREW_END_MM = 2.5
"""Room for a screw's end behind its insert."""
VENT_PITCH_MM = 6.0


def make_lid(layout: Layout) -> Part:
    """The lid in its place over the base, without its signs."""
    lid = _shell(layout)
    for x, y in layout.columns:
        lid += _column(layout, x, y)
    lid += _microphone_boss(layout)
    lid -= _seat(layout)
    lid -= _lid_holes(layout)
    for opening in layout.openings:
        back = opening.wall == "back"
        point = (opening.middle, layout.depth) if back else (layout.half, opening.middle)
        heights = (layout.seam - 1.0, opening.top)
        draft = layout.parameters.rules.draft_deg
        lid -= wall_slot(point, 0 if back else -90, opening.width, heights, draft)
    lid -= _jack_hole(layout)
    lid -= _tail_slot(layout)
    lid -= _side_vents(layout)
    for x, y in layout.columns:
        lid -= _insert_hole(layout, x, y)
    return lid


def _shell(layout: Layout) -> Part:
    form = layout.parameters.form
    shell = prism(outline(layout), layout.seam, HIGH_MM) - above_lid(layout)
    cavity = prism(outline(layout, form.wall_mm), layout.seam - 1.0, HIGH_MM)
    cavity -= above_lid(layout, form.top_mm)
    return _edge(layout, shell) - cavity


def _edge(layout: Layout, shell: Part) -> Part:
    """Chamfer the edge round the top."""
    top = max(shell.faces(), key=lambda face: face.center().Z)
    edge = layout.parameters.form.edge_mm
    return chamfer(top.outer_wire().edges(), edge, 1.25 * edge, reference=top)


def _column(layout: Layout, x: float, y: float) -> Part:
    """From the lid's plate down to the base's pad, grown out of the corner."""
    form = layout.parameters.form
    reach = form.post_width_mm / 2
    across = (-layout.half, x + reach) if x < 0 else (x - reach, layout.half)
    along = (0.0, y + reach) if y < layout.depth / 2 else (y - reach, layout.depth)
    column = block(across, along, (layout.seam, HIGH_MM)) & prism(outline(layout, 0.6), 0, HIGH_MM)
    return column - above_lid(layout, 1.0)


def _insert_hole(layout: Layout, x: float, y: float) -> Part:
    insert, low = layout.parameters.parts.insert, layout.seam
    hole = post(x, y, (low - 1.0, low + insert.length_mm + SCREW_END_MM), insert.hole_mm)
    return hole + funnel(x, y, (low, low + 0.6), insert.hole_mm + 1.0, insert.hole_mm)


def _seat(layout: Layout) -> Part:
    """A cone that opens upwards, in which the disc lies flush."""
    form, slide = layout.parameters.form, layout.parameters.rules.slide_mm
    top, bottom = layout.disc_radius + slide, layout.skirt_radius + slide
    more = 4.0
    seat = funnel(0, 0, (-form.top_mm - more, more), 2 * (bottom - more), 2 * (top + more)) + post(
        0, 0, (-form.top_mm - more, -form.top_mm + 0.01), 2 * bottom
    )
    return lid_plane(layout, 0.0, layout.parameters.outer.disc_y) * seat


def _microphone_boss(layout: Layout) -> Part:
    given = layout.parameters
    if not given.microphone.hole_mm:
        return Part()
    boss = post(0, 0, (-given.form.top_mm - BOSS_MM, -1.0), given.microphone.nut_across_mm + 10.0)
    return lid_plane(layout, *given.outer.microphone_at) * boss


def _lid_holes(layout: Layout) -> Part:
    given = layout.parameters
    depth = (-given.form.top_mm - 3.0, 3.0)
    mute = post(0, 0, depth, given.parts.mute.hole_mm)
    holes = lid_plane(layout, *given.outer.mute) * mute
    if given.microphone.hole_mm:
        hole = post(0, 0, depth, given.microphone.hole_mm)
        holes += lid_plane(layout, *given.outer.microphone_at) * hole
    return holes


def _jack_hole(layout: Layout) -> Part:
    y, z = layout.parameters.outer.jack
    return Pos(-layout.half, y, z) * teardrop(layout.parameters.parts.jack.hole_mm, 8.0)


def _tail_slot(layout: Layout) -> Part:
    if layout.tail is None:
        return Part()
    x, top = layout.tail
    width = layout.parameters.microphone.tail_mm + 2 * layout.parameters.rules.fit_mm
    return wall_slot((x, layout.depth), 0, width, (layout.seam - 1.0, top), 0.0)


def _side_vents(layout: Layout) -> Part:
    """Pointed slots high in both side walls, where the warm air is."""
    low = max(layout.seam + 16.0, 26.0)
    back = layout.depth - layout.parameters.form.corner_mm - 6.0
    front = layout.depth - 66.0 if layout.parameters.board.turn_deg == 90 else layout.depth - 42.0
    vents = Part()
    count = int((back - front) / VENT_PITCH_MM) + 1
    for step in range(count):
        y = back - step * VENT_PITCH_MM
        high = layout.inside_at(y) - 5.0
        slot = pointed_slot(VENT_MM, (low, high), 8.0)
        vents += Pos(-layout.half, y) * slot + Pos(layout.half, y) * slot
    return vents


def lid_signs(layout: Layout) -> Part:
    """To cut away: names of the ports, the muted microphone by the switch, the wordmark."""
    depth = layout.parameters.form.letter_mm
    cut = Part()
    for opening in layout.openings:
        if not opening.label:
            continue
        text = extrude(Text(opening.label, 4.0, font=FONT), depth, both=True)
        upright = Rot(0, 0, 180) * Rot(90, 0, 0) * text
        z = opening.top + 4.5
        if opening.wall == "back":
            cut += Pos(opening.middle, layout.depth, z) * upright
        else:
            cut += Pos(layout.half, opening.middle, z) * Rot(0, 0, -90) * upright
    outer = layout.parameters.outer
    sign = extrude(muted_sign(8.0), depth, both=True)
    cut += lid_plane(layout, outer.mute[0], outer.mute[1] + 14.0) * sign
    word = extrude(Text("PARVIS", 6.0, font=FONT), depth, both=True)
    return cut + lid_plane(layout, 0.0, layout.depth - 12.0) * word
