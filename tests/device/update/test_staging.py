"""Wheels are unpacked where they belong, and nowhere else."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.bundles import DAY, MACHINE, PYTHON, CutDisk, Maker, wheel
from parvis_device.update.errors import Refused
from parvis_device.update.judgement import SPARE_BYTES, Here
from parvis_device.update.staging import member_place, open_bundle, stage
from parvis_wire.identity import public_bytes
from parvis_wire.update import UpdateFault

HERE = Here(MACHINE, PYTHON, "0.0", DAY)
CLI = "def main() -> None:\n    print('parvis-unit 2.0.0')\n"


def unpacked(
    into: Path,
    wheel_bytes: bytes,
    here: Here = HERE,
    disk: CutDisk | None = None,
    **changes: object,
) -> Path:
    maker = Maker()
    content = maker.bundle({"wheels/parvis-2.0.0-py3-none-any.whl": wheel_bytes}, **changes)
    key = public_bytes(maker.key)
    stage(io.BytesIO(content), key, here, into / "new", disk or CutDisk())
    return into / "new"


def test_the_program_of_a_bundle_runs(tmp_path: Path) -> None:
    files = {"parvis_device/cli.py": CLI, "parvis-2.0.0.data/purelib/also.py": "HERE = 1\n"}
    program = unpacked(tmp_path, wheel("2.0.0", **files))
    said = subprocess.run([program / "bin/parvis-unit"], capture_output=True, text=True, check=True)
    assert said.stdout == "parvis-unit 2.0.0\n"
    assert (program / "site/also.py").exists()
    assert sorted(path.name for path in program.iterdir()) == ["bin", "manifest.json", "site"]


def test_modules_are_compiled_once_and_not_at_each_start(tmp_path: Path) -> None:
    files = {"parvis_device/cli.py": CLI, "parvis_device/broken.py": "def (\n"}
    own = str(sys.implementation.cache_tag)
    here = Here(MACHINE, own, "0.0", DAY)
    program = unpacked(tmp_path, wheel("2.0.0", **files), here, python=own)
    compiled = program / f"site/parvis_device/__pycache__/cli.{own}.pyc"
    began_ns = compiled.stat().st_mtime_ns
    # Python takes it as it is: nothing of the source is read, and nothing written.
    loud = os.environ | {"PYTHONVERBOSE": "1"}
    command = [program / "bin/parvis-unit"]
    said = subprocess.run(command, capture_output=True, text=True, check=True, env=loud)
    assert f"matches {program / 'site/parvis_device/cli.py'}" in said.stderr
    assert compiled.stat().st_mtime_ns == began_ns


def test_modules_for_another_python_are_not_compiled(tmp_path: Path) -> None:
    other = "cpython-399"
    here = Here(MACHINE, other, "0.0", DAY)
    program = unpacked(tmp_path, wheel("2.0.0"), here, python=other)
    assert not list(program.rglob("*.pyc"))


class Full(CutDisk):
    """Has room for a program, and then no more."""

    def free_bytes(self, folder: Path) -> int:
        return SPARE_BYTES if folder.name == "site" else super().free_bytes(folder)


def test_a_card_without_room_for_compiled_modules_does_without(tmp_path: Path) -> None:
    own = str(sys.implementation.cache_tag)
    here = Here(MACHINE, own, "0.0", DAY)
    program = unpacked(tmp_path, wheel("2.0.0"), here, Full(), python=own)
    assert (program / "site/parvis_device/cli.py").exists()
    assert not list(program.rglob("*.pyc"))


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "a\\..\\x", ""])
def test_a_wheel_does_not_write_outside(tmp_path: Path, name: str) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as zipped:
        zipped.writestr(zipfile.ZipInfo(name), b"x")
    with pytest.raises(Refused, match="would write outside") as caught:
        unpacked(tmp_path, packed.getvalue())
    assert caught.value.fault is UpdateFault.UNREADABLE
    assert list(tmp_path.iterdir()) == [], "nothing of it is left"


def test_a_wheel_has_no_links() -> None:
    member = zipfile.ZipInfo("parvis_device/x")
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(Refused, match="outside"):
        member_place(member, "x.whl")


@given(st.text(max_size=40))
def test_whatever_its_name_a_member_stays_inside(name: str) -> None:
    try:
        place = member_place(zipfile.ZipInfo(name), "x.whl")
    except Refused:
        return
    if place is not None:
        assert not place.is_absolute()
        assert ".." not in place.parts
        assert Path("/site", place).is_relative_to("/site")


def test_scripts_and_headers_are_left_out() -> None:
    assert member_place(zipfile.ZipInfo("x-1.data/scripts/run"), "x.whl") is None
    assert member_place(zipfile.ZipInfo("x-1.data/data/etc/x"), "x.whl") is None
    assert member_place(zipfile.ZipInfo("x/"), "x.whl") is None
    inside = member_place(zipfile.ZipInfo("x-1.data/platlib/x/a.so"), "x.whl")
    assert inside == PurePosixPath("x/a.so")


def test_a_bomb_stops_where_the_manifest_ends(tmp_path: Path) -> None:
    bomb = wheel("2.0.0", **{"zeros": bytes(10_000_000)})
    with pytest.raises(Refused, match="unpacks to more than it says"):
        unpacked(tmp_path, bomb)
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_wheel_is_told(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="a wheel cannot be read"):
        unpacked(tmp_path, b"PK but no more")


def test_a_signed_wheel_that_its_maker_damaged_is_told(tmp_path: Path) -> None:
    damaged = bytearray(wheel("2.0.0", **{"parvis_device/long.py": "x = 1\n" * 500}))
    begin = damaged.index(b"parvis_device/long.py") + len("parvis_device/long.py")
    damaged[begin : begin + 8] = b"\xff" * 8
    with pytest.raises(Refused, match="a wheel cannot be read"):
        unpacked(tmp_path, bytes(damaged))
    assert list(tmp_path.iterdir()) == []


def test_a_link_in_the_place_of_a_bundle_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(Refused, match="there is no bundle"):
        open_bundle(tmp_path / "link")
    with pytest.raises(Refused, match="Is a directory"):
        open_bundle(tmp_path)
