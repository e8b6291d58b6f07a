"""Pictograms as sketches: the raised hand, and the muted microphone."""

from math import cos, radians, sin

from build123d import (
    Circle,
    Pos,
    Rectangle,
    RectangleRounded,
    Rot,
    Sketch,
    SlotCenterToCenter,
    SlotOverall,
)

FINGERS: tuple[tuple[float, float, float], ...] = (
    (-4.35, 7.6, 7.0),
    (-1.45, 9.6, 2.4),
    (1.45, 9.2, -2.4),
    (4.35, 7.0, -7.0),
)
"""Of an open hand 20 high: each finger's foot, its length above the palm, its lean in degrees."""
FINGER_MM = 2.3


def hand_sign(height: float) -> Sketch:
    """An open raised hand, ``height`` high, its middle on the origin.

    Drawn 20 high: fingers 2.3 wide and 0.6 apart, so that a fingertip reads them one by one.
    """
    palm = Pos(0, -4.8) * RectangleRounded(11.0, 9.6, 3.4)
    hand = Sketch() + palm
    for foot, length, lean in FINGERS:
        hand += _finger(foot, -2.0, length + 2.0, FINGER_MM, lean)
    hand += _finger(3.6, -6.6, 8.2, 2.6, -48.0)
    return hand.scale(height / 20.0)


def _finger(x: float, y: float, length: float, width: float, lean_deg: float) -> Sketch:
    """A rounded bar from (x, y) upwards, leaning left for a positive angle."""
    middle_x = x - sin(radians(lean_deg)) * length / 2
    middle_y = y + cos(radians(lean_deg)) * length / 2
    return Pos(middle_x, middle_y) * Rot(0, 0, lean_deg + 90) * SlotOverall(length + width, width)


def muted_sign(height: float) -> Sketch:
    """A microphone with a stroke through it, ``height`` high; strokes as one nozzle pass or two."""
    scale = height / 10.0
    capsule = Pos(0, 1.6) * Rot(0, 0, 90) * SlotOverall(6.0, 3.0)
    capsule -= Pos(0, 1.6) * Rot(0, 0, 90) * SlotOverall(4.2, 1.2)
    cradle = Pos(0, 0.8) * (Circle(3.4) - Circle(2.5))
    cradle -= Pos(0, 3.3) * Rectangle(8.0, 5.0)
    sign = capsule + cradle + Pos(0, -3.6) * Rectangle(0.9, 2.2)
    sign += Pos(0, -4.6) * Rectangle(4.4, 0.9)
    sign -= Rot(0, 0, -45) * SlotCenterToCenter(9.4, 2.6)
    sign += Rot(0, 0, -45) * SlotCenterToCenter(10.0, 0.9)
    return sign.scale(scale)
