"""What decides whether a mesh prints: how thin it is and what hangs in the air."""

import numpy as np
import trimesh

from parvis_hardware.enclosure.rays import Camera, Floats, thicknesses

PIXELS_PER_MM = 2.5
STRAIGHT_DEG = 12.0
"""A ray counts as straight through a wall up to this far from its normal: 2 % too long at most."""
BED_MM = 0.05
"""What lies this close to the bed is carried by it."""
TOLERANCE_DEG = 0.6
"""Facets of a mesh lean this much more than the cone they stand for."""


def thinnest(triangles: Floats) -> tuple[float, Floats]:
    """The thinnest wall of a closed mesh ``(n, 3, 3)``, and where.

    Parallel rays are cast through it in directions that meet every usual wall squarely: upright
    and slanted, every 15 degrees round.
    """
    least, at = np.inf, np.zeros(3)
    for forward in _directions():
        camera = _camera(forward, triangles.reshape(-1, 3))
        found, points = thicknesses(triangles, camera, STRAIGHT_DEG)
        # under a tenth of a millimetre: a ray along a seam between two facets, not a wall
        real = found > 0.1
        if real.any() and found[real].min() < least:
            least = float(found[real].min())
            at = points[real][np.argmin(found[real])]
    return least, at


def _directions() -> list[Floats]:
    round_z = [np.radians(angle) for angle in range(0, 180, 15)]
    level = [np.array([np.cos(a), np.sin(a), 0.0]) for a in round_z]
    slanted = [
        np.array([np.cos(a), np.sin(a), s]) / np.sqrt(2.0)
        for a in round_z[::2]
        for s in (1.0, -1.0)
    ]
    return [np.array([0.0, 0.0, 1.0]), *level, *slanted]


def _camera(forward: Floats, points: Floats) -> Camera:
    aside = np.array([1.0, 0.0, 0.0]) if abs(forward[2]) > 0.9 else np.array([0.0, 0.0, 1.0])
    right = np.cross(forward, aside)
    right /= np.linalg.norm(right)
    up = np.cross(right, forward)
    # off the grid of the drawing's round numbers, where rays would run along edges
    across, upward = points @ right + 0.0137, points @ up - 0.0171
    origin = across.min() * right + upward.max() * up + (points @ forward).min() * forward
    width, height = (int(np.ceil(np.ptp(side) * PIXELS_PER_MM)) + 2 for side in (across, upward))
    return Camera(right, up, forward, origin, PIXELS_PER_MM, width, height)


def overhangs(mesh: trimesh.Trimesh, allowed_deg: float) -> tuple[float, float, Floats]:
    """How steeply a part hangs over where it stands on z = its lowest point.

    Returns the steepest overhang in degrees from the vertical, not counting ledges; the width of
    the widest ledge (flat patch that hangs over more than ``allowed_deg``); and where that is.
    """
    lowest = mesh.bounds[0][2]
    down = np.degrees(np.arcsin(np.clip(-mesh.face_normals[:, 2], -1.0, 1.0)))
    carried = mesh.triangles[:, :, 2].max(axis=1) < lowest + BED_MM
    hanging = (down > allowed_deg + TOLERANCE_DEG) & ~carried & (mesh.area_faces > 1e-6)
    kept = ~hanging & ~carried
    steepest = float(down[kept].max()) if kept.any() else 0.0
    width, at = 0.0, np.zeros(3)
    for patch in _patches(mesh, hanging):
        across = _narrowest(mesh, patch)
        if across > width:
            width, at = across, mesh.triangles_center[patch].mean(axis=0)
    return steepest, width, at


def _patches(mesh: trimesh.Trimesh, chosen: np.ndarray) -> list[np.ndarray]:
    """The chosen faces in groups that hang together."""
    pairs = mesh.face_adjacency
    inside = chosen[pairs].all(axis=1)
    groups = trimesh.graph.connected_components(
        pairs[inside], nodes=np.flatnonzero(chosen), min_len=1
    )
    return [np.asarray(group) for group in groups]


def _narrowest(mesh: trimesh.Trimesh, patch: np.ndarray) -> float:
    """How far a patch reaches across: its narrowest shadow, or for a bent stroke or ring four times
    its area over its border, which is at most twice the stroke's width."""
    points = mesh.triangles[patch].reshape(-1, 3)[:, :2]
    angles = np.radians(np.arange(0, 180, 5))
    shadow = min(float(np.ptp(points @ np.array([np.cos(a), np.sin(a)]))) for a in angles)
    edges = np.sort(mesh.faces[patch][:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    single, count = np.unique(edges, axis=0, return_counts=True)
    ends = mesh.vertices[single[count == 1]]
    border = float(np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1).sum())
    stroke = 4.0 * float(mesh.area_faces[patch].sum()) / max(border, 1e-6)
    return min(shadow, stroke)
