"""Solids as triangles, with the normals and the faces that they came from."""

from dataclasses import dataclass

import numpy as np
from build123d import Part

from parvis_hardware.enclosure.rays import Floats, Ints

FINE_MM = 0.03
"""Largest distance between a mesh and its solid."""
FINE_RADIANS = 0.15


@dataclass(frozen=True, slots=True)
class Mesh:
    """Triangles ``(n, 3, 3)``, the normal at each of their corners, and their face's number."""

    triangles: Floats
    normals: Floats
    faces: Ints

    def moved(self, by: tuple[float, float, float]) -> "Mesh":
        """The same mesh elsewhere."""
        return Mesh(self.triangles + np.array(by), self.normals, self.faces)

    def turned(self, by: Floats) -> "Mesh":
        """The same mesh turned by a rotation matrix."""
        return Mesh(self.triangles @ by.T, self.normals @ by.T, self.faces)


def mesh_of(solid: Part) -> Mesh:
    """Mesh a solid, face by face, so that a sharp edge stays sharp when it is shaded."""
    solid.mesh(FINE_MM, FINE_RADIANS)
    triangles, normals, faces = [], [], []
    for number, face in enumerate(solid.faces()):
        vertices, corners = face.tessellate(FINE_MM, FINE_RADIANS)
        if not corners:
            continue
        points = np.array([tuple(vertex) for vertex in vertices])
        index = np.array(corners)
        triangles.append(points[index])
        normals.append(_corner_normals(points, index)[index])
        faces.append(np.full(len(index), number))
    return Mesh(np.concatenate(triangles), np.concatenate(normals), np.concatenate(faces))


def _corner_normals(points: Floats, index: Ints) -> Floats:
    """Mean of the triangles that meet in each point of one face, by their area."""
    sides = np.cross(
        points[index[:, 1]] - points[index[:, 0]], points[index[:, 2]] - points[index[:, 0]]
    )
    normals = np.zeros_like(points)
    for corner in range(3):
        np.add.at(normals, index[:, corner], sides)
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    result: Floats = normals / np.where(length == 0.0, 1.0, length)
    return result
