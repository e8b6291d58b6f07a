"""``parvis label``: setup codes for units, in files for each and in one list."""

import csv
import re
import stat
import tomllib
from pathlib import Path

import pytest

from parvis_device.config import load
from parvis_device.errors import UsageError as UnitUsageError
from parvis_server.commands.label import app
from parvis_server.errors import UsageError
from parvis_wire.identity import read_setup_code


def label(*words: str) -> None:
    app(["--no-pdf", *words], standalone_mode=False)


def test_every_unit_gets_a_code_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "labels"
    label("--count", "12", "--out", str(out), "--name", "Balcon «é»", "--first", "95")
    with (out / "codes.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["unit"] for row in rows] == [f"unit-{n:03}" for n in range(95, 107)]
    for what in ("setup_code", "hotspot", "hotspot_password"):
        assert len({row[what] for row in rows}) == 12
    said = capsys.readouterr().out
    for row in rows:
        path = out / row["file"]
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
        assert settings == {
            "name": row["name"],
            "setup_code": row["setup_code"],
            "hotspot_name": row["hotspot"],
            "hotspot_password": row["hotspot_password"],
        }
        assert len(read_setup_code(row["setup_code"]) or "") == 8
        assert row["setup_code"] in said
        picture = path.with_name("code.svg")
        assert picture.read_text(encoding="utf-8").startswith("<?xml")
        assert stat.S_IMODE(picture.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE((out / "codes.csv").stat().st_mode) == 0o600
    assert rows[0]["name"] == "Balcon «é» 95"


def test_a_unit_reads_what_was_written(tmp_path: Path) -> None:
    label("--count", "1", "--out", str(tmp_path), "--hub", "https://192.168.1.20:8443")
    config = load(tmp_path / "unit-01" / "parvis.toml", {})
    assert (config.name, config.hub) == ("Table 1", "https://192.168.1.20:8443")
    assert config.setup_code is not None
    with (tmp_path / "codes.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert config.setup_code.get_secret_value() == read_setup_code(row["setup_code"])
    assert config.hotspot_name == row["hotspot"]
    assert config.hotspot_password is not None
    assert config.hotspot_password.get_secret_value() == row["hotspot_password"]
    assert row["hotspot_password"] not in repr(config)


def test_the_hotspot_tells_nothing_of_the_setup_code(tmp_path: Path) -> None:
    label("--count", "200", "--out", str(tmp_path))
    with (tmp_path / "codes.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            assert re.fullmatch(r"Parvis-[A-HJ-NP-Z2-9]{4}", row["hotspot"])
            assert re.fullmatch(r"[a-hj-np-z2-9]{12}", row["hotspot_password"])
            code = row["setup_code"].replace("-", "")
            assert row["hotspot"].removeprefix("Parvis-") not in (code[:4], code[4:])


@pytest.mark.parametrize("password", ["short", "x" * 64, "with é, which WPA2 has not"])
def test_a_password_that_no_wifi_takes_is_refused_unsaid(tmp_path: Path, password: str) -> None:
    file = tmp_path / "parvis.toml"
    file.write_text(f'hotspot_password = "{password}"\n')
    with pytest.raises(UnitUsageError, match="8 to 63 letters") as told:
        load(file, {})
    assert password not in str(told.value)


def test_no_code_is_lost_unsaid(tmp_path: Path) -> None:
    label("--count", "2", "--out", str(tmp_path))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()}
    with pytest.raises(UsageError, match=r"is there already, and its code would be lost") as told:
        label("--count", "3", "--out", str(tmp_path))
    assert "\n" not in str(told.value)
    assert {path: path.read_bytes() for path in before} == before
    assert not (tmp_path / "unit-03").exists(), "none is written"
    label("--count", "2", "--out", str(tmp_path), "--overwrite")
    assert (tmp_path / "codes.csv").read_bytes() != before[tmp_path / "codes.csv"]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--hub", "192.168.1.20"), "https://192.168.1.20:8443"),
        (("--hub", "http://x:port"), "address such as"),
        (("--hub", 'http://x"\n'), "address such as"),
        (("--name", "x" * 40), "--name is up to 38 letters"),
        (("--name", "a\u202eb"), "--name is up to"),
        (("--name", " "), "--name is up to"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(
    tmp_path: Path, words: tuple[str, ...], line: str
) -> None:
    with pytest.raises(UsageError, match=line) as told:
        label("--count", "3", "--out", str(tmp_path), *words)
    assert "\n" not in str(told.value)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot write to"):
        label("--count", "1", "--out", str(tmp_path / "file"))
