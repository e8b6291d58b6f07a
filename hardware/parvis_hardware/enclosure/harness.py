"""Wires between board and lid, for the picture of the open unit: where they run, not how long."""

from build123d import Circle, Part, Plane, Spline, Vector, sweep

from parvis_hardware.enclosure.layout import Layout

Colour = tuple[int, int, int]
WIRE_MM = 1.5
Point = tuple[float, float, float]


def make_wires(layout: Layout, lid: Point) -> list[tuple[Part, Colour]]:
    """One wire for each lead that crosses from the header to the lid.

    The lid lies on its top: turned about x, then moved by ``lid``.
    """
    header = next(box for box in layout.boxes if box.name == "header")
    top = max(box.z[1] for box in layout.boxes if box.name.startswith("header"))
    outer = layout.parameters.outer

    def over(x: float, y: float, under: float) -> Point:
        """A point under the lid's plate, where the lid lies."""
        return (x + lid[0], -y + lid[1], -(layout.top_at(y) - under) + lid[2])

    button = layout.parameters.parts.button
    ends: list[tuple[Point, Colour]] = [
        (over(-6.0, outer.disc_y, button.depth_mm), (220, 170, 40)),
        (over(6.0, outer.disc_y, button.depth_mm), (60, 64, 70)),
        (over(-4.0, outer.disc_y + 23.0, 10.0), (200, 50, 46)),
        (over(0.0, outer.disc_y + 23.0, 10.0), (60, 130, 70)),
        (over(4.0, outer.disc_y + 23.0, 10.0), (60, 64, 70)),
        (over(*outer.mute, 20.0), (70, 110, 190)),
        (over(-layout.half + 20.0, outer.jack[0], 20.0), (150, 90, 170)),
    ]
    wires = []
    for number, (end, colour) in enumerate(ends):
        share = (number + 1) / (len(ends) + 1)
        if header.y[1] - header.y[0] > header.x[1] - header.x[0]:
            start = (sum(header.x) / 2, header.y[0] + share * (header.y[1] - header.y[0]), top)
        else:
            start = (header.x[0] + share * (header.x[1] - header.x[0]), sum(header.y) / 2, top)
        wires.append((_wire(start, end, 8.0 * share), colour))
    return wires


def _wire(start: Point, end: Point, higher: float) -> Part:
    middle = (
        (start[0] + end[0]) / 2,
        (start[1] + end[1]) / 2,
        max(start[2], end[2]) + 14.0 + higher,
    )
    path = Spline(
        Vector(*start), Vector(*middle), Vector(*end), tangents=[(0, 0, 1), (-0.3, 0, -1)]
    )
    profile = Plane(origin=start, z_dir=(0, 0, 1)) * Circle(WIRE_MM / 2)
    return sweep(profile, path=path)
