"""Parallel rays through triangles: what a flat camera sees, and how thick a wall is.

Theory of operation: triangles are turned into the camera's frame (x right and y down in pixels,
z away from the eye in millimetres). Each is cut into rows of pixels, each row into pixels whose
centre lies inside it, half-open, so that a ray through a closed mesh enters as often as it leaves.
All of it is array arithmetic: no loop over triangles.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.int64]

FRAGMENTS_AT_ONCE = 6_000_000
"""Bounds the memory of one step to some hundred megabytes."""


@dataclass(frozen=True, slots=True)
class Camera:
    """A flat camera that looks along ``forward``; ``origin`` is what it sees at pixel (0, 0)."""

    right: Floats
    up: Floats
    forward: Floats
    origin: Floats
    pixels_per_mm: float
    width: int
    height: int

    def project(self, points: Floats) -> Floats:
        """World points (..., 3) as pixels right, pixels down and millimetres away."""
        apart = points - self.origin
        across = apart @ self.right * self.pixels_per_mm
        down = -(apart @ self.up) * self.pixels_per_mm
        return np.stack([across, down, apart @ self.forward], axis=-1)


def turned_camera(
    azimuth_deg: float, elevation_deg: float, points: Floats, pixels_per_mm: float, margin: int = 0
) -> Camera:
    """A camera round z: azimuth 0 looks at the front, 90 at the right side; sees all ``points``."""
    a, e = np.radians([azimuth_deg, elevation_deg])
    right = np.array([np.cos(a), np.sin(a), 0.0])
    forward = np.array([-np.sin(a) * np.cos(e), np.cos(a) * np.cos(e), -np.sin(e)])
    up = np.cross(right, forward)
    across, upward = points @ right, points @ up
    origin = across.min() * right + upward.max() * up + (points @ forward).min() * forward
    width = int(np.ceil(np.ptp(across) * pixels_per_mm)) + 2 * margin
    height = int(np.ceil(np.ptp(upward) * pixels_per_mm)) + 2 * margin
    origin = origin - right * margin / pixels_per_mm + up * margin / pixels_per_mm
    return Camera(right, up, forward, origin, pixels_per_mm, max(width, 1), max(height, 1))


def fragments(projected: Floats, width: int, height: int) -> Iterator[tuple[Ints, Floats, Ints]]:
    """Where rays through pixel centres meet triangles ``(n, 3, 3)``, some millions at a time.

    Yields pixel numbers (row * width + column), depths, and triangle numbers.
    """
    for triangles, rows in _rows(projected, height):
        left, right = _spans(projected, triangles, rows)
        first = np.clip(np.ceil(left - 0.5), 0, width).astype(np.int64)
        last = np.clip(np.ceil(right - 0.5), 0, width).astype(np.int64)
        count = np.maximum(last - first, 0)
        row_of = np.repeat(np.arange(len(count)), count)
        starts = np.cumsum(count) - count
        column = np.arange(count.sum()) - starts[row_of] + first[row_of]
        triangle, row = triangles[row_of], rows[row_of]
        depth = _depth(projected, triangle, column + 0.5, row + 0.5)
        yield row * width + column, depth, triangle


def _rows(projected: Floats, height: int) -> Iterator[tuple[Ints, Ints]]:
    """Triangles repeated once for each row of pixels that they touch, in groups."""
    y = projected[:, :, 1]
    top = np.clip(np.ceil(y.min(axis=1) - 0.5), 0, height).astype(np.int64)
    bottom = np.clip(np.ceil(y.max(axis=1) - 0.5), 0, height).astype(np.int64)
    count = np.maximum(bottom - top, 0)
    wide = np.maximum(np.ptp(projected[:, :, 0], axis=1), 1.0)
    cost = np.cumsum(count * wide)
    group = (cost // FRAGMENTS_AT_ONCE).astype(np.int64)
    for number in np.unique(group):
        chosen = np.flatnonzero((group == number) & (count > 0))
        repeats = count[chosen]
        triangles = np.repeat(chosen, repeats)
        starts = np.cumsum(repeats) - repeats
        rows = np.arange(repeats.sum()) - np.repeat(starts - top[chosen], repeats)
        yield triangles, rows


def _spans(projected: Floats, triangles: Ints, rows: Ints) -> tuple[Floats, Floats]:
    """From where to where a triangle covers the middle line of a row, in pixels."""
    middle = rows + 0.5
    left = np.full(len(rows), np.inf)
    right = np.full(len(rows), -np.inf)
    for one, other in ((0, 1), (1, 2), (2, 0)):
        a, b = projected[triangles, one], projected[triangles, other]
        crosses = (a[:, 1] <= middle) != (b[:, 1] <= middle)
        rise = np.where(crosses, b[:, 1] - a[:, 1], 1.0)
        x = a[:, 0] + (middle - a[:, 1]) * (b[:, 0] - a[:, 0]) / rise
        left = np.where(crosses, np.minimum(left, x), left)
        right = np.where(crosses, np.maximum(right, x), right)
    empty = ~np.isfinite(left)
    return np.where(empty, 0.0, left), np.where(empty, 0.0, right)


def _depth(projected: Floats, triangle: Ints, x: Floats, y: Floats) -> Floats:
    a, b, c = (projected[triangle, corner] for corner in range(3))
    second, third = _weights(a, b, c, x, y)
    depth: Floats = a[:, 2] + second * (b[:, 2] - a[:, 2]) + third * (c[:, 2] - a[:, 2])
    return depth


def _weights(a: Floats, b: Floats, c: Floats, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """How much of the second and third corner is in the points (barycentric)."""
    bx, by, cx, cy = b[:, 0] - a[:, 0], b[:, 1] - a[:, 1], c[:, 0] - a[:, 0], c[:, 1] - a[:, 1]
    area = bx * cy - by * cx
    area = np.where(np.abs(area) < 1e-12, 1e-12, area)
    px, py = x - a[:, 0], y - a[:, 1]
    return (px * cy - py * cx) / area, (bx * py - by * px) / area


def weights(projected: Floats, triangle: Ints, pixel: Ints, width: int) -> Floats:
    """Share of each corner of ``triangle`` in the middle of ``pixel``: (n, 3)."""
    a, b, c = (projected[triangle, corner] for corner in range(3))
    second, third = _weights(a, b, c, pixel % width + 0.5, pixel // width + 0.5)
    return np.stack([1.0 - second - third, second, third], axis=-1)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the camera sees at each pixel: depth (infinite for nothing) and triangle (-1)."""

    depth: Floats
    triangle: Ints


def nearest(projected: Floats, width: int, height: int) -> Seen:
    """The first triangle that each ray meets, flat arrays of ``width * height``."""
    depth = np.full(width * height, np.inf)
    triangle = np.full(width * height, -1, dtype=np.int64)
    for pixel, away, number in fragments(projected, width, height):
        np.minimum.at(depth, pixel, away)
        hit = depth[pixel] == away
        triangle[pixel[hit]] = number[hit]
    return Seen(depth, triangle)


def thicknesses(triangles: Floats, camera: Camera, steepest_deg: float) -> tuple[Floats, Floats]:
    """Thickness of the solid along each ray that goes straight through both its surfaces.

    ``triangles`` is (n, 3, 3) in the world, closed, counter-clockwise seen from outside. Rays that
    meet the first or second surface at more than ``steepest_deg`` from its normal measure a wedge
    or a slant and are left out. Returns thicknesses in mm and the world points where they begin.
    """
    projected = camera.project(triangles)
    edges = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    length = np.linalg.norm(edges, axis=1)
    facing = edges @ camera.forward / np.where(length == 0.0, 1.0, length)
    parts = list(fragments(projected, camera.width, camera.height))
    pixel = np.concatenate([part[0] for part in parts])
    depth = np.concatenate([part[1] for part in parts])
    faces = facing[np.concatenate([part[2] for part in parts])]
    order = np.lexsort((depth, pixel))
    pixel, depth, faces = pixel[order], depth[order], faces[order]
    straight = np.cos(np.radians(steepest_deg))
    pairs = (pixel[:-1] == pixel[1:]) & (faces[:-1] < -straight) & (faces[1:] > straight)
    begin = np.flatnonzero(pairs)
    across = (pixel[begin] % camera.width + 0.5) / camera.pixels_per_mm
    down = (pixel[begin] // camera.width + 0.5) / camera.pixels_per_mm
    points = (
        camera.origin
        + across[:, None] * camera.right
        - down[:, None] * camera.up
        + depth[begin][:, None] * camera.forward
    )
    return depth[begin + 1] - depth[begin], points
