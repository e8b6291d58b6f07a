"""Drawings of meshes: soft shading, dark lines along edges and outlines, arrows on top.

Theory of operation: the nearest triangle of each pixel gives part, face, depth and normal. A line
is drawn where the part changes or the depth jumps (outline, thick) and where a face ends at an
angle (edge, thin). Everything is made at twice the size and averaged down.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from parvis_hardware.enclosure.meshes import Mesh
from parvis_hardware.enclosure.rays import Camera, Floats, nearest, turned_camera, weights

Colour = tuple[int, int, int]
Pixels = NDArray[Any]
OVER = 2
"""Pixels of the working image for one of the picture."""
INK = np.array([38.0, 42.0, 50.0])
PAPER = 255.0
JUMP_MM = 1.2
"""A depth step of more than this between neighbours, beyond their slope, is an outline."""
CREASE = np.cos(np.radians(18.0))
ACCENT: Colour = (196, 72, 24)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing in a picture."""

    mesh: Mesh
    colour: Colour


@dataclass(frozen=True, slots=True)
class Arrow:
    """From where to where a part goes, in the world."""

    start: tuple[float, float, float]
    end: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class View:
    """Where the camera stands."""

    azimuth_deg: float
    elevation_deg: float


def draw(
    items: Sequence[Item], view: View, width: int, path: Path, arrows: Sequence[Arrow] = ()
) -> None:
    """Draw ``items`` ``width`` pixels wide into the PNG ``path``."""
    triangles = np.concatenate([item.mesh.triangles for item in items])
    points = triangles.reshape(-1, 3)
    ends = [point for arrow in arrows for point in (arrow.start, arrow.end)]
    if ends:
        points = np.concatenate([points, np.array(ends)])
    margin = 24 * OVER
    probe = turned_camera(view.azimuth_deg, view.elevation_deg, points, 1.0)
    scale = (width * OVER - 2 * margin) / max(float(probe.width), probe.height * 1.25)
    camera = turned_camera(view.azimuth_deg, view.elevation_deg, points, scale, margin)
    pixels = _paint(items, triangles, camera)
    image = Image.fromarray(pixels, "RGB")
    for arrow in arrows:
        _draw_arrow(image, camera, arrow)
    size = (camera.width // OVER, camera.height // OVER)
    small = image.resize(size, Image.Resampling.BOX)
    path.parent.mkdir(parents=True, exist_ok=True)
    small.quantize(colors=200).save(path, optimize=True)


def _paint(items: Sequence[Item], triangles: Floats, camera: Camera) -> Pixels:
    projected = camera.project(triangles)
    seen = nearest(projected, camera.width, camera.height)
    hit = np.flatnonzero(seen.triangle >= 0)
    triangle = seen.triangle[hit]
    normals = np.concatenate([item.mesh.normals for item in items])
    share = weights(projected, triangle, hit, camera.width)
    normal = np.einsum("nc,ncd->nd", np.clip(share, 0.0, 1.0), normals[triangle])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    counts = [len(item.mesh.triangles) for item in items]
    part = np.repeat(np.arange(len(items)), counts)[triangle]
    face = np.concatenate([item.mesh.faces for item in items])[triangle]
    colour = np.array([item.colour for item in items], dtype=np.float64)[part]
    shape = (camera.height, camera.width)
    colours = np.full((shape[0] * shape[1], 3), PAPER)
    colours[hit] = colour * _light(normal, camera)[:, None]
    fields = _Fields(shape, hit, part, face, normal, seen.depth)
    canvas = colours.reshape(*shape, 3)
    canvas *= _hollows(fields)[..., None]
    _ink(canvas, fields, 1.0 / camera.pixels_per_mm)
    pixels: Pixels = np.clip(canvas, 0, 255).astype(np.uint8)
    return pixels


def _light(normal: Floats, camera: Camera) -> Floats:
    """A lamp over the camera's left shoulder, and light from everywhere."""
    lamp = -camera.forward + 0.9 * camera.up - 0.55 * camera.right
    lamp = lamp / np.linalg.norm(lamp)
    facing = np.clip(normal @ lamp, 0.0, 1.0)
    light: Floats = 0.60 + 0.42 * facing
    return light


class _Fields:
    """What is known at each pixel, as pictures."""

    def __init__(
        self,
        shape: tuple[int, int],
        hit: Pixels,
        part: Pixels,
        face: Pixels,
        normal: Floats,
        depth: Floats,
    ) -> None:
        count = shape[0] * shape[1]
        parts, faces, normals = np.full(count, -1), np.full(count, -1), np.zeros((count, 3))
        parts[hit], faces[hit], normals[hit] = part, face, normal
        self.part: Pixels = parts.reshape(shape)
        self.face: Pixels = faces.reshape(shape)
        self.normal: Pixels = normals.reshape(*shape, 3)
        self.depth: Pixels = np.where(np.isfinite(depth), depth, 1e4).reshape(shape)


def _hollows(fields: _Fields) -> Floats:
    """Darken what lies deeper than its surroundings, softly."""
    reach = 14 * OVER
    depth = np.where(fields.part < 0, np.nan, fields.depth)
    level = np.nan_to_num(depth, nan=0.0)
    known = (~np.isnan(depth)).astype(np.float64)
    mean = _blur(level, reach) / np.maximum(_blur(known, reach), 1e-6)
    behind = np.clip((level - mean) / 30.0, 0.0, 1.0)
    shade: Floats = np.where(known > 0, 1.0 - 0.38 * behind, 1.0)
    return shade


def _blur(field: Floats, reach: int) -> Floats:
    """Mean over a square of ``2 * reach + 1``, by running sums."""
    for axis in (0, 1):
        padded = np.pad(field, [(reach + 1, reach) if a == axis else (0, 0) for a in (0, 1)])
        total = np.cumsum(padded, axis=axis)
        span = 2 * reach + 1
        field = np.take(total, range(span, total.shape[axis]), axis=axis) - np.take(
            total, range(total.shape[axis] - span), axis=axis
        )
        field = field / span
    return field


def _ink(canvas: Pixels, fields: _Fields, pixel_mm: float) -> None:
    outline = np.zeros(fields.part.shape, dtype=bool)
    edge = np.zeros(fields.part.shape, dtype=bool)
    for axis in (0, 1):
        here, there = _neighbours(fields.part, axis)
        other_part = here != there
        face_a, face_b = _neighbours(fields.face, axis)
        depth_a, depth_b = _neighbours(fields.depth, axis)
        normal_a, normal_b = _neighbours(fields.normal, axis)
        angle = np.einsum("ijk,ijk->ij", normal_a, normal_b)
        jump = np.abs(depth_a - depth_b) > JUMP_MM + 3.0 * pixel_mm
        new_face = face_a != face_b
        _mark(outline, other_part | (jump & new_face), axis)
        _mark(edge, new_face & (angle < CREASE), axis)
    canvas[edge] = canvas[edge] * 0.45 + INK * 0.55
    thick = outline.copy()
    thick[1:] |= outline[:-1]
    thick[:, 1:] |= outline[:, :-1]
    canvas[thick] = INK


def _neighbours(field: Pixels, axis: int) -> tuple[Pixels, Pixels]:
    return (field[:-1], field[1:]) if axis == 0 else (field[:, :-1], field[:, 1:])


def _mark(lines: Pixels, where: Pixels, axis: int) -> None:
    if axis == 0:
        lines[:-1] |= where
    else:
        lines[:, :-1] |= where


def _draw_arrow(image: Image.Image, camera: Camera, arrow: Arrow) -> None:
    start, end = (camera.project(np.array(point))[:2] for point in (arrow.start, arrow.end))
    along = (end - start) / max(float(np.linalg.norm(end - start)), 1e-6)
    across = np.array([-along[1], along[0]])
    head, half, shaft = 17.0 * OVER, 9.0 * OVER, 3.4 * OVER
    neck = end - along * head
    outline = [
        start + across * shaft, neck + across * shaft, neck + across * half, end,
        neck - across * half, neck - across * shaft, start - across * shaft,
    ]  # fmt: skip
    corners = [(float(x), float(y)) for x, y in outline]
    pen = ImageDraw.Draw(image)
    pen.polygon(corners, fill=ACCENT)
    pen.line([*corners, corners[0]], fill=(255, 255, 255), width=OVER + 1)
