"""The straight line under a minute of delays: drift on a link that disturbs nearly every packet.

Theory of operation. A delay is the undisturbed one plus something that is never negative, so the
line that is looked for lies under all points and touches the lowest ones. Of all lines under the
points the best is the one with the least sum of distances, and that is the edge of the points'
lower convex hull below their mean time (S. Moon, P. Skelly, D. Towsley, "Estimation and removal of
clock skew from network delay measurements", INFOCOM 1999). With n points its slope is wrong by
about 1/n of what a least-squares line or a Kalman filter gets wrong by the square root of 1/n, but
it needs its n points: it lags behind a crystal that warms.

So there are two lines, over 35 s and over 90 s. The longer counts, unless they differ by more than
the points' raggedness explains: then the crystal is on the move and the shorter counts.

Measured over 25 minutes of five simulations, error at the 99th percentile, constant | at 10 ppm a
minute, beside the Kalman filter of ``drift.py``: Ethernet 0.00 | 3.5 ppm (0.03 | 3.8), Wi-Fi
0.09 | 4.0 (0.28 | 5.4), bad Wi-Fi 0.32 | 5.8 (1.8 | 9.7).
"""

from collections import deque
from typing import Final

SHORT_POINTS: Final = 35
LONG_POINTS: Final = 90
"""One point a second. With 30 a constant drift is mistaken for a moving one, with 40 a moving one
lags by more than 6 ppm."""

LEAST_POINTS: Final = 45
"""Fewer know less than the Kalman filter."""

EXPLAINED_PER_S: Final = 0.022
"""How much the slope over ``SHORT_POINTS`` may be wrong for each second of mean distance from the
line: 1.8 ppm at 81 us, which is bad Wi-Fi; one second in a hundred is worse."""

LEAST_EXPLAINED: Final = 1.2e-6
"""A crystal that moves less costs less than a shorter line would."""

SURELY_MOVING: Final = 0.5
"""From this much more than explained on only the shorter line counts."""

Point = tuple[float, float]


class LowerLine:
    """Told the least delay of each second."""

    def __init__(self) -> None:
        """Nothing known."""
        self._points: deque[Point] = deque(maxlen=LONG_POINTS)

    def note(self, at_s: float, delay_s: float) -> None:
        """The least delay of a second, and when; times must rise."""
        self._points.append((at_s, delay_s))

    def forget(self) -> None:
        """The line broke."""
        self._points.clear()

    def slope(self) -> float | None:
        """The drift: our seconds per device second, minus one. None while too little is known."""
        if len(self._points) < LEAST_POINTS:
            return None
        points = list(self._points)
        long, _ = supporting_line(points)
        short, ragged_s = supporting_line(points[-SHORT_POINTS:])
        explained = max(LEAST_EXPLAINED, EXPLAINED_PER_S * ragged_s)
        unexplained = abs(short - long) - explained
        moving = unexplained / (SURELY_MOVING * explained)
        return long + min(max(moving, 0.0), 1.0) * (short - long)


def supporting_line(points: list[Point]) -> tuple[float, float]:
    """Slope of the line under ``points`` (at least two, times rising), and their mean distance."""
    middle_s = sum(at_s for at_s, _ in points) / len(points)
    hull = lower_hull(points)
    place = next((n for n in range(1, len(hull)) if hull[n][0] >= middle_s), len(hull) - 1)
    (begin_s, low_s), (end_s, high_s) = hull[place - 1], hull[place]
    slope = (high_s - low_s) / (end_s - begin_s)
    mean_s = sum(delay_s for _, delay_s in points) / len(points)
    return slope, mean_s - (low_s + slope * (middle_s - begin_s))


def lower_hull(points: list[Point]) -> list[Point]:
    """The corners of the convex hull's lower side, from left to right (monotone chain)."""
    hull: list[Point] = []
    for at_s, delay_s in points:
        while len(hull) >= 2:
            (begin_s, low_s), (end_s, high_s) = hull[-2], hull[-1]
            if (high_s - low_s) * (at_s - begin_s) < (delay_s - low_s) * (end_s - begin_s):
                break
            hull.pop()
        hull.append((at_s, delay_s))
    return hull
