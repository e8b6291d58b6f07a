"""Parallel rays measure what is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis_hardware.enclosure.rays import Floats, nearest, thicknesses, turned_camera

CORNERS = np.array([[x, y, z] for x in (0.0, 1.0) for y in (0.0, 1.0) for z in (0.0, 1.0)])
QUADS = ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3))


def box(low: tuple[float, float, float], size: tuple[float, float, float]) -> Floats:
    """A closed box as twelve triangles, counter-clockwise from outside."""
    points = CORNERS * np.array(size) + np.array(low)
    return np.array([points[[q[0], q[a], q[a + 1]]] for q in QUADS for a in (1, 2)])


@given(
    st.floats(0.5, 20.0), st.floats(3.0, 20.0), st.floats(3.0, 20.0), st.sampled_from((0.0, 90.0))
)
def test_a_slab_is_as_thick_as_it_is(
    thick: float, wide: float, high: float, azimuth: float
) -> None:
    size = (wide, thick, high) if azimuth == 0.0 else (thick, wide, high)
    triangles = box((1.0, 2.0, 3.0), size)
    camera = turned_camera(azimuth, 0.0, triangles.reshape(-1, 3), 4.0, 2)
    found, _ = thicknesses(triangles, camera, 10.0)
    assert found.size > 0
    assert found.min() == pytest.approx(thick)
    assert found.max() == pytest.approx(thick)


def test_a_hollow_has_two_walls() -> None:
    inside = box((2.0, 2.0, 2.0), (6.0, 5.0, 6.0))[:, ::-1]
    hollow = np.concatenate([box((0.0, 0.0, 0.0), (10.0, 10.0, 10.0)), inside])
    camera = turned_camera(0.0, 0.0, hollow.reshape(-1, 3), 3.0, 2)
    found, points = thicknesses(hollow, camera, 10.0)
    assert sorted(set(found.round(3))) == [2.0, 3.0, 10.0]
    thin = points[np.isclose(found, 2.0)]
    assert np.allclose(thin[:, 1], 0.0)


def test_a_slanted_ray_does_not_count() -> None:
    slab = box((0.0, 0.0, 0.0), (10.0, 2.0, 10.0))
    camera = turned_camera(30.0, 0.0, slab.reshape(-1, 3), 4.0, 2)
    found, _ = thicknesses(slab, camera, 12.0)
    assert found.size == 0


def test_the_nearer_of_two_is_seen() -> None:
    far, near = box((0.0, 10.0, 0.0), (8.0, 2.0, 8.0)), box((2.0, 0.0, 2.0), (4.0, 2.0, 4.0))
    both = np.concatenate([far, near])
    camera = turned_camera(0.0, 0.0, both.reshape(-1, 3), 2.0)
    seen = nearest(camera.project(both), camera.width, camera.height)
    pixels = seen.triangle.reshape(camera.height, camera.width)
    assert pixels[8, 8] >= len(far)
    assert 0 <= pixels[1, 1] < len(far)
