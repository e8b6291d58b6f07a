"""Boards and bought parts as solids, for the intersection checks and the pictures.

Each stands in its own frame: parts of the lid with the lid's outer surface on z = 0, screws and
inserts with their head or top on z = 0, boards where the layout puts them.
"""

from math import cos, radians, sin

from build123d import (
    Circle,
    Part,
    Plane,
    Pos,
    RegularPolygon,
    Rot,
    Sphere,
    Spline,
    Vector,
    extrude,
    sweep,
)

from parvis_hardware.enclosure.layout import Layout
from parvis_hardware.enclosure.parameters import Parameters
from parvis_hardware.enclosure.shapes import block, funnel, post

BORE_MM = 2.52
"""Of an insert: a hair wider than its screw, so that the two touch and do not cut."""
SHAFT_MM = 2.5


def make_board(layout: Layout) -> Part:
    """The printed board with its holes."""
    size = layout.parameters.board.size
    z = (layout.board_bottom, layout.board_bottom + size[2])
    board = block(layout.board_x, layout.board_y, z)
    for x, y in layout.holes:
        board -= post(x, y, (z[0] - 1, z[1] + 1), layout.parameters.board.hole_diameter)
    return board


def make_perfboard(layout: Layout) -> tuple[Part, Part]:
    """The control board, and the room that its parts take."""
    given, z = layout.parameters.parts.perfboard, layout.perfboard_bottom
    x = layout.perfboard_holes[0][0]
    y = sum(hole[1] for hole in layout.perfboard_holes) / 2
    wide, long, thick = given.size_mm
    board = block((x - wide / 2, x + wide / 2), (y - long / 2, y + long / 2), (z, z + thick))
    for hole in layout.perfboard_holes:
        board -= post(*hole, (z - 1, z + thick + 1), given.hole_mm)
    parts = Part()
    clear = long / 2 - given.margin_mm
    for place, share, across in (
        (-0.8, 1.0, 0.8),
        (-0.3, 0.45, 0.9),
        (0.2, 0.75, 0.7),
        (0.7, 0.6, 0.9),
    ):
        part_x, part_y = wide / 2 * across, clear * 0.2
        parts += block(
            (x - part_x, x + part_x),
            (y + clear * place - part_y, y + clear * place + part_y),
            (z + thick, z + thick + given.parts_mm * share),
        )
    return board, parts


def make_boxes(layout: Layout) -> dict[str, Part]:
    """Connectors and parts on the board, by name; a hair over the board, so that they touch."""
    return {box.name: block(box.x, box.y, (box.z[0], box.z[1])) for box in layout.boxes}


def make_plugs(layout: Layout) -> dict[str, Part]:
    """The grips of plugs that go into the openings, from the connector's face outwards."""
    plugs = {}
    for box in layout.boxes:
        if box.source.opening == "none" or box.source.plug is None:
            continue
        wide, high = box.source.plug[0] / 2, box.source.plug[1] / 2
        z = (sum(box.z) / 2 - high, sum(box.z) / 2 + high)
        if box.y[1] > layout.board_y[1]:
            x = (sum(box.x) / 2 - wide, sum(box.x) / 2 + wide)
            plugs[box.name] = block(x, (box.y[1] + 0.3, box.y[1] + 30.0), z)
        else:
            y = (sum(box.y) / 2 - wide, sum(box.y) / 2 + wide)
            plugs[box.name] = block((box.x[1] + 0.3, box.x[1] + 30.0), y, z)
    return plugs


def make_insert(given: Parameters) -> Part:
    """A brass insert, its top on z = 0."""
    insert = given.parts.insert
    tube = post(0, 0, (-insert.length_mm, 0), insert.hole_mm - 0.02)
    return tube - post(0, 0, (-insert.length_mm - 1, 1), BORE_MM)


def make_board_screw() -> Part:
    """M2.5 x 6, pan head, the head's underside on z = 0."""
    return post(0, 0, (-6.0, 0.0), SHAFT_MM) + post(0, 0, (0.0, 1.7), 4.7)


def make_lid_screw(given: Parameters) -> Part:
    """M2.5 countersunk, its head down on z = 0."""
    screw = given.parts.screw
    sink = (screw.head_mm - 0.4 - SHAFT_MM) / 2
    head = funnel(0, 0, (0.2, 0.2 + sink), screw.head_mm - 0.4, SHAFT_MM)
    return head + post(0, 0, (0.2, screw.lid_length_mm), SHAFT_MM)


def make_button(given: Parameters) -> Part:
    """The push button, in the frame of the disc's top."""
    button = given.parts.button
    body = post(0, 0, (-22.0, 0.0), button.body_mm)
    body += block((-7.0, 7.0), (-3.2, 3.2), (-button.depth_mm, -21.0))
    flange = funnel(0, 0, (0, button.flange_height_mm), button.flange_mm, button.flange_mm - 2.4)
    top = button.flange_height_mm + button.plunger_proud_mm
    return body + flange + post(0, 0, (0.0, top), button.plunger_mm)


def make_ring(given: Parameters) -> tuple[Part, Part]:
    """The light ring's board and its pixels, in the frame of the disc's top."""
    ring, form = given.parts.ring, given.form
    top = -form.ring_drop_mm
    board = post(0, 0, (top - ring.board_mm, top), ring.outside_mm)
    board -= post(0, 0, (top - 5.0, top + 1.0), ring.inside_mm)
    middle = (ring.outside_mm + ring.inside_mm) / 4
    pixels = Part()
    for number in range(ring.pixels):
        angle = radians(90.0 - 360.0 * number / ring.pixels)
        at = Pos(middle * cos(angle), middle * sin(angle), top)
        turned = at * Rot(0, 0, 90 - 360.0 * number / ring.pixels)
        pixels += turned * block((-2.5, 2.5), (-2.5, 2.5), (0.0, ring.pixel_height_mm))
    return board, pixels


def make_lamp(given: Parameters) -> Part:
    """A lamp under the disc's holder, its axis on x = y = 0, in the frame of the disc's top."""
    lamps, form = given.parts.lamps, given.form
    seat = -form.ring_drop_mm - form.lamp_holder_mm
    under = seat - lamps.flange_height_mm
    dome = under + lamps.high_mm - lamps.body_mm / 2
    legs = block((-1.6, 1.6), (-0.4, 0.4), (under - lamps.legs_mm, under))
    flange = post(0, 0, (under, seat), lamps.flange_mm)
    body = post(0, 0, (seat, dome), lamps.body_mm)
    return flange + body + Pos(0, 0, dome) * Sphere(lamps.body_mm / 2) + legs


def make_mute(given: Parameters) -> Part:
    """The switch: body under the lid, bush, nut and lever over it."""
    mute, top = given.parts.mute, given.form.top_mm
    wide, long, deep = (side / 2 for side in mute.body_mm)
    switch = block((-wide, wide), (-long, long), (-top - 2 * deep, -top))
    switch += post(0, 0, (-top, 5.5), mute.hole_mm - 0.4)
    switch += extrude(RegularPolygon(4.6, 6), 2.0)
    lever = Pos(0, 0, 5.0) * Rot(14, 0, 0) * post(0, 0, (0.0, 10.5), 2.8)
    return switch + lever + Pos(0, 0, 5.0) * Rot(14, 0, 0) * Pos(0, 0, 10.5) * Sphere(1.7)


def make_jack(layout: Layout) -> Part:
    """The socket, its axis along x through the left wall."""
    jack, wall = layout.parameters.parts.jack, layout.parameters.form.wall_mm
    side = jack.body_mm / 2
    socket = post(0, 0, (wall, jack.depth_mm), 2 * side)
    socket += post(0, 0, (-3.0, wall), jack.hole_mm - 0.3)
    socket += post(0, 0, (-2.0, 0.0), jack.nut_mm)
    socket -= post(0, 0, (-4.0, 12.0), 3.6)
    y, z = layout.parameters.outer.jack
    return Pos(-layout.half, y, z) * Rot(0, 90, 0) * socket


def make_mount(given: Parameters) -> tuple[Part, Part]:
    """Shoulder over the lid and nut under it, in the frame of the lid; empty for a stand."""
    microphone, top = given.microphone, given.form.top_mm + 1.0
    if not microphone.hole_mm:
        return Part(), Part()
    across = microphone.nut_across_mm / 2
    shoulder = extrude(RegularPolygon(across, 6), 6.0)
    shoulder += funnel(0, 0, (6.0, 19.0), 1.75 * across, 1.1 * across)
    shoulder += post(0, 0, (-microphone.thread_mm, 0.0), microphone.hole_mm - 0.4)
    shoulder -= post(0, 0, (-20.0, 30.0), microphone.stem_mm)
    nut = Pos(0, 0, -top - microphone.nut_height_mm) * extrude(
        RegularPolygon(across, 6), microphone.nut_height_mm
    )
    return shoulder, nut - post(0, 0, (-30.0, 5.0), microphone.hole_mm - 0.38)


def make_gooseneck(given: Parameters) -> tuple[Part, Part]:
    """A bent stem and the microphone at its end, in the frame of the lid's mount."""
    stem = given.microphone.stem_mm
    path = Spline(
        Vector(0, 0, 2), Vector(0, -4, 70), Vector(0, -38, 138), tangents=[(0, 0, 1), (0, -1, 0.75)]
    )
    tube = sweep(Plane(origin=(0, 0, 2), z_dir=(0, 0, 1)) * Circle(stem / 2 - 0.1), path=path)
    end = Plane(origin=path @ 1, z_dir=path % 1)
    head = end * post(0, 0, (-2.0, 16.0), 13.0) + end * post(0, 0, (16.0, 38.0), 20.0)
    return tube, head + end * Pos(0, 0, 38.0) * Sphere(10.0)


def make_foot(given: Parameters) -> Part:
    """A rubber foot under z = 0."""
    foot = given.parts.foot
    return funnel(0, 0, (-foot.height_mm, 0), foot.diameter_mm - 3.0, foot.diameter_mm)
