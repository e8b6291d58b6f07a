"""The checks of a solid find what is wrong with it (needs the CAD libraries of `hardware`)."""

from pathlib import Path

import numpy as np
import pytest

WHY = "needs build123d and trimesh: scripts/setup hardware; scripts/hardware runs the same checks"
build123d = pytest.importorskip("build123d", reason=WHY)
trimesh = pytest.importorskip("trimesh", reason=WHY)


def mesh(solid: object, folder: Path) -> object:
    build123d.export_stl(solid, str(folder / "solid.stl"))
    return trimesh.load(folder / "solid.stl", force="mesh")


def test_a_thin_wall_and_a_ceiling_are_found(tmp_path: Path) -> None:
    from parvis_hardware.enclosure.printing import overhangs, thinnest
    from parvis_hardware.enclosure.shapes import block

    cup = block((0, 30), (0, 30), (0, 20)) - block((1.2, 27), (3, 27), (3, 30))
    solid = mesh(cup, tmp_path)
    wall, at = thinnest(np.asarray(solid.triangles))  # type: ignore[attr-defined]
    assert wall == pytest.approx(1.2, abs=0.03)
    assert min(abs(at[0]), abs(at[0] - 1.2)) < 0.1
    assert overhangs(solid, 50.0)[1] == 0.0
    cave = block((0, 30), (0, 30), (0, 20)) - block((5, 25), (-1, 31), (4, 12))
    steepest, ledge, _ = overhangs(mesh(cave, tmp_path), 50.0)
    assert ledge == pytest.approx(20.0, abs=0.1)
    assert steepest <= 50.0


def test_two_solids_that_share_volume_are_named() -> None:
    from parvis_hardware.enclosure.assembly import Piece
    from parvis_hardware.enclosure.checks import _held_apart
    from parvis_hardware.enclosure.shapes import block

    one = Piece("one", "one", block((0, 10), (0, 10), (0, 10)))
    beside = Piece("beside", "beside", block((10, 20), (0, 10), (0, 10)))
    inside = Piece("inside", "inside", block((9, 12), (0, 10), (0, 10)))
    assert _held_apart("x", "y", [(one, beside)]).is_kept
    row = _held_apart("x", "y", [(one, beside), (one, inside)])
    assert not row.is_kept
    assert "one and inside 100.0 mm3" in row.found
