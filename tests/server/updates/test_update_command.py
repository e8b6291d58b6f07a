"""`parvis update`: what a maker does, and what a hub's owner does."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from fakes.bundles import Maker
from parvis_server.cli import main
from parvis_server.updates.files import checked
from parvis_server.updates.shelf import Shelf
from parvis_wire.bundle import is_signed
from parvis_wire.identity import from_text
from parvis_wire.update import UnitSoftware

UNIT = UnitSoftware(version="0.1.0", machine="aarch64", python="cpython-313", takes_updates=True)


def parvis(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["parvis", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    folder.mkdir()
    for name in ("parvis-0.2.0-py3-none-any.whl", "numpy-2.5-cp313-cp313-linux_aarch64.whl"):
        with zipfile.ZipFile(folder / name, "w") as zipped:
            zipped.writestr("x/__init__.py", "X = 1\n")
    return folder


def make(wheels: Path, capsys: pytest.CaptureFixture[str], *more: object) -> Path:
    out = wheels.parent / "new.parvis-update"
    kind = ("--machine", "aarch64", "--python", "cpython-313", "--support-until", "2030-12-31")
    code, said, err = parvis(
        capsys, "update", "make", "--wheels", wheels, *kind, "--out", out, *more
    )
    assert code == 0, err
    assert "version 0.2.0 for aarch64-cpython-313" in said
    return out


def test_a_bundle_from_wheels_to_the_shelf(
    wheels: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    key = tmp_path / "maker.key"
    code, said, _ = parvis(capsys, "update", "key", "--new", key)
    assert code == 0
    public = said.splitlines()[0]
    assert key.stat().st_mode & 0o777 == 0o600
    assert parvis(capsys, "update", "key", "--of", key)[1] == said
    overlay = tmp_path / "rootfs"
    (overlay / "etc").mkdir(parents=True)
    (overlay / "etc/asound.conf").write_text("pcm.unit_mic {}\n")
    bundle = make(wheels, capsys, "--overlay", overlay, "--floor", "0.1.5")

    data = ("--data", tmp_path / "data")
    code, _, err = parvis(capsys, "update", "offer", bundle, *data)
    assert code == 2
    assert "nobody has signed it" in err
    code, said, _ = parvis(capsys, "update", "sign", bundle, "--key", key)
    assert code == 0
    opened = checked(bundle)
    assert is_signed(opened.text, opened.signature, from_text(public, 32))
    assert [one.path for one in opened.manifest.files][-1] == "overlay/etc/asound.conf"
    shown = parvis(capsys, "update", "show", bundle)[1]
    assert "mended until: 2030-12-31" in shown
    assert "lowest next:  0.1.5" in shown

    code, said, _ = parvis(capsys, "update", "offer", bundle, *data)
    assert (code, said.startswith("version 0.2.0")) == (0, True)
    assert "0.2.0" in parvis(capsys, "update", "list", *data)[1]
    shelf = Shelf(tmp_path / "data")
    shelf.look()
    kept = shelf.for_unit(UNIT)
    assert kept is not None
    assert kept.piece(0, 14) == b"PARVIS UPDATE 1"
    assert shelf.for_unit(UNIT.model_copy(update={"machine": "x86_64"})) is None
    assert parvis(capsys, "update", "withdraw", *data)[1] == "withdrawn: 1\n"
    shelf.look()
    assert shelf.for_unit(UNIT) is None
    assert parvis(capsys, "update", "list", *data)[1] == "no bundle is offered\n"


def test_mistakes_are_told_in_one_line(
    wheels: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    bundle = make(wheels, capsys)
    content = bytearray(bundle.read_bytes())
    content[-1] ^= 1
    bundle.write_bytes(content)
    readable = tmp_path / "readable.key"
    readable.write_text("A" * 43)
    readable.chmod(0o644)
    nothing = tmp_path / "nothing"
    mistakes: list[tuple[tuple[object, ...], str]] = [
        (("show", bundle), "is not the file that its manifest names"),
        (("show", readable), "this is no update bundle"),
        (("show", nothing), "No such file"),
        (("offer", bundle, "--data", tmp_path), "is not the file"),
        (("offer", "http://127.0.0.1:9/x"), "cannot be fetched"),
        (("sign", bundle, "--key", readable), "can be read by others"),
        (("sign", bundle, "--key", nothing), "No such file"),
        (("key", "--new", readable), "File exists"),
        (("key",), "say --new FILE"),
    ]
    for arguments, says in mistakes:
        code, _, err = parvis(capsys, "update", *arguments)
        assert code == 2, arguments
        assert says in err, err
        assert err.count("\n") == 1, err


def test_a_bundle_has_one_program(
    wheels: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    make(wheels, capsys)
    kind = ("--machine", "aarch64", "--python", "x", "--support-until", "2030-12-31")
    out = ("--out", tmp_path / "out")
    for floor, says in (("0.3.0", "floor 0.3.0 lies above"), ("new", "floor")):
        arguments = ("--wheels", wheels, *kind, *out, "--floor", floor)
        code, _, err = parvis(capsys, "update", "make", *arguments)
        assert (code, says in err) == (2, True), err
    next(wheels.glob("parvis-*")).unlink()
    code, _, err = parvis(capsys, "update", "make", "--wheels", wheels, *kind, *out)
    assert (code, "exactly one wheel of the program" in err) == (2, True), err


def test_a_file_that_is_no_bundle_is_offered_to_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shelf = Shelf(tmp_path)
    shelf.folder.mkdir()
    (shelf.folder / "x.parvis-update").write_bytes(b"nonsense")
    shelf.look()
    shelf.look()
    assert shelf.kept == ()
    assert caplog.text.count("x.parvis-update is offered to nobody") == 1


def test_what_root_offers_the_hub_can_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, given = tmp_path.stat(), []

    def chown(path: Path, user: int, group: int, *, follow_symlinks: bool) -> None:
        assert (user, group, follow_symlinks) == (owner.st_uid, owner.st_gid, False)
        given.append(path.name)

    bundle = tmp_path / "one.parvis-update"
    bundle.write_bytes(Maker().bundle())
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "chown", chown)
    shelf = Shelf(tmp_path)
    shelf.put(bundle)
    shelf.look()
    assert given[0] == "updates" and given[1].endswith(".parvis-update.new")
    assert len(shelf.kept) == 1
