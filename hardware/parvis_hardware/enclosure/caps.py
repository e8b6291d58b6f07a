"""The translucent disc that spreads the light ring and carries the button, and the button's cap."""

from math import cos, radians, sin

from build123d import Part, Pos, Rot, chamfer, extrude

from parvis_hardware.enclosure.layout import Layout
from parvis_hardware.enclosure.shapes import block, funnel, post
from parvis_hardware.enclosure.signs import hand_sign

LAMP_TURNS_DEG = (270.0, 30.0, 150.0)

HAND_HEIGHT = 0.62
"""Of the cap's width."""


def make_disc(layout: Layout) -> Part:
    """The disc, its top on z = 0; printed upside down.

    Its rim is a cone that centres itself in the lid. Under the pixels it is thin; three ribs hold
    the ring's board at the right distance, the tube round it has a gap for its wires, at the back.
    """
    form, parts = layout.parameters.form, layout.parameters.parts
    disc = funnel(0, 0, (-form.top_mm, 0), 2 * layout.skirt_radius, 2 * layout.disc_radius)
    bottom = -form.disc_skirt_mm
    inside = parts.ring.outside_mm / 2 + layout.parameters.rules.fit_mm / 2
    disc += post(0, 0, (bottom, -1.0), 2 * layout.skirt_radius) - post(
        0, 0, (bottom, -form.top_mm), 2 * inside
    )
    middle = (parts.ring.outside_mm + parts.ring.inside_mm) / 4
    groove = (-form.top_mm - 0.01, -form.disc_window_mm)
    disc -= post(0, 0, groove, 2 * inside) - post(0, 0, groove, 4 * middle - 2 * inside)
    step = 360 / parts.ring.pixels
    for turn in (90 + step / 2, 210 + step / 2, 330 + step / 2):  # between two pixels
        rib = block((inside - 2.4, inside + 0.5), (-0.9, 0.9), (-form.ring_drop_mm, -1.0))
        disc += Rot(0, 0, turn) * rib
    disc -= block((-3.0, 3.0), (inside - 1.0, inside + 4.0), (bottom - 1, -form.top_mm - 1.5))
    return disc - post(0, 0, (-20.0, 5.0), parts.button.hole_mm)


def make_lamp_holder(layout: Layout) -> Part:
    """What lies in the ring's place when three lamps are fitted, in the frame of the disc's top;
    printed as it lies there."""
    form, parts = layout.parameters.form, layout.parameters.parts
    heights = (-form.ring_drop_mm - form.lamp_holder_mm, -form.ring_drop_mm)
    cut = (heights[0] - 1.0, heights[1] + 1.0)
    holder = post(0, 0, heights, parts.ring.outside_mm)
    holder -= post(0, 0, cut, form.lamp_holder_inside_mm)
    for x, y in lamp_places(layout):
        holder -= post(x, y, cut, parts.lamps.hole_mm)
    return holder


def lamp_places(layout: Layout) -> list[tuple[float, float]]:
    """Red in front, green and white at the back's right and left; none under a rib of the disc."""
    form, ring = layout.parameters.form, layout.parameters.parts.ring
    radius = (ring.outside_mm + form.lamp_holder_inside_mm) / 4
    turns = (radians(turn) for turn in LAMP_TURNS_DEG)
    return [(radius * cos(turn), radius * sin(turn)) for turn in turns]


def make_cap(layout: Layout) -> Part:
    """The cap with the raised hand, its foot on z = 0; printed as it stands."""
    form = layout.parameters.form
    flare = (form.cap_mm - form.cap_foot_mm) / 2
    cone = funnel(0, 0, (0.0, flare), form.cap_foot_mm, form.cap_mm)
    plate = post(0, 0, (flare - 0.01, flare + form.cap_rim_mm), form.cap_mm)
    top = plate.faces().sort_by(lambda face: face.center().Z)[-1]
    cap = cone + chamfer(top.edges(), 0.6)
    hand = extrude(hand_sign(form.cap_mm * HAND_HEIGHT), form.hand_raised_mm + 0.5)
    return cap + Pos(0, 0, flare + form.cap_rim_mm - 0.5) * hand


def cap_height(layout: Layout) -> float:
    """From the plunger to the top of the hand."""
    form = layout.parameters.form
    flare = (form.cap_mm - form.cap_foot_mm) / 2
    return flare + form.cap_rim_mm + form.hand_raised_mm
