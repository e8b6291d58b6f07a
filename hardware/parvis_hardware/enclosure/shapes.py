"""Small solids that every part is put together from."""

from math import cos, radians, sin, tan

from build123d import (
    Align,
    Axis,
    Box,
    Cone,
    Cylinder,
    Location,
    Part,
    Plane,
    Polygon,
    Pos,
    RectangleRounded,
    Rot,
    Sketch,
    chamfer,
    extrude,
)

from parvis_hardware.enclosure.layout import Layout

THROUGH_MM = 5.0
"""Holes in a wall reach this far to both sides of its outside: through the lip, not to a post."""
FLOOR = (Align.CENTER, Align.CENTER, Align.MIN)
"""Aligns a primitive on its middle, standing on z = 0."""
POINT_DEG = 38.0
"""Lean of a pointed hole's sides: the lid, printed on its slope, adds up to ten degrees."""
HIGH_MM = 120.0
"""Over everything."""


def block(x: tuple[float, float], y: tuple[float, float], z: tuple[float, float]) -> Part:
    """A box by its ranges."""
    size = (x[1] - x[0], y[1] - y[0], z[1] - z[0])
    return Pos(x[0], y[0], z[0]) * Box(*size, align=(Align.MIN, Align.MIN, Align.MIN))


def post(x: float, y: float, z: tuple[float, float], diameter: float) -> Part:
    """An upright cylinder."""
    return Pos(x, y, z[0]) * Cylinder(diameter / 2, z[1] - z[0], align=FLOOR)


def funnel(x: float, y: float, z: tuple[float, float], below: float, above: float) -> Part:
    """An upright cone by its two diameters."""
    return Pos(x, y, z[0]) * Cone(below / 2, above / 2, z[1] - z[0], align=FLOOR)


def outline(layout: Layout, inward: float = 0.0) -> Sketch:
    """The enclosure's plan, drawn in by ``inward``, on z = 0."""
    outer = layout.parameters.outer
    width, depth = outer.width - 2 * inward, layout.depth - 2 * inward
    radius = max(outer.corner_radius - inward, 0.6)
    return Pos(0, layout.depth / 2) * RectangleRounded(width, depth, radius)


def prism(sketch: Sketch, low: float, high: float) -> Part:
    """A sketch on z = 0 raised from ``low`` to ``high``."""
    return Pos(0, 0, low) * extrude(sketch, high - low)


def lid_plane(layout: Layout, x: float, y: float) -> Location:
    """On the lid's outer surface over (x, y): local x right, y up the slope, z out of the lid."""
    slope = layout.parameters.outer.slope_deg
    return Pos(x, y, layout.top_at(y)) * Rot(slope, 0, 0)


def above_lid(layout: Layout, under: float = 0.0) -> Part:
    """Everything over the plane that lies ``under`` below the lid's outer surface."""
    size = 4 * HIGH_MM
    slab = Box(size, size, HIGH_MM, align=FLOOR)
    return lid_plane(layout, 0.0, layout.depth / 2) * Pos(0, 0, -under) * slab


def wall_slot(
    wall_point: tuple[float, float],
    turn: float,
    width: float,
    heights: tuple[float, float],
    draft: float,
) -> Part:
    """A hole through a wall, open downwards, that widens by ``draft`` degrees towards its sill.

    ``wall_point`` lies on the wall's outside; ``turn`` = 0 for the back wall, -90 for the right.
    """
    low, high = heights
    more = (high - low) * tan(radians(draft))
    face = Polygon(
        (-width / 2 - more, low),
        (width / 2 + more, low),
        (width / 2, high),
        (-width / 2, high),
        align=None,
    )
    through = extrude(Plane.XZ * face, THROUGH_MM, both=True)
    return Pos(wall_point[0], wall_point[1]) * Rot(0, 0, turn) * through


def pointed_slot(width: float, heights: tuple[float, float], through: float) -> Part:
    """A tall narrow hole with pointed ends, in the plane x = 0, ``through`` to each side."""
    low, high = heights
    half = width / 2
    tip = half / tan(radians(POINT_DEG))
    face = Polygon(
        (0.0, low),
        (half, low + tip),
        (half, high - tip),
        (0.0, high),
        (-half, high - tip),
        (-half, low + tip),
        align=None,
    )
    return extrude(Plane.YZ * face, through, both=True)


def teardrop(diameter: float, through: float) -> Part:
    """A round hole along x with its point down, which prints without support upside down."""
    reach, lean = diameter / 2, radians(POINT_DEG)
    side, low = reach * cos(lean), reach * sin(lean)
    tip = reach / sin(lean)
    point = Polygon((-side, -low), (0.0, -tip), (side, -low), (0.0, 0.0), align=None)
    barrel = Rot(0, 90, 0) * Cylinder(reach, 2 * through)
    return barrel + extrude(Plane.YZ * point, through, both=True)


def soften_bottom(solid: Part, amount: float) -> Part:
    """Chamfer the edge on which the part stands."""
    lowest = solid.faces().sort_by(Axis.Z)[0]
    return chamfer(lowest.outer_wire().edges(), amount)
