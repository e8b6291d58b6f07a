"""What a card is written with: the list for Raspberry Pi Imager, and cloud-init's files."""

import gzip
import hashlib
import json
import lzma
from pathlib import Path

import pytest
import yaml

from parvis_firmware import __main__, cloud_init, imager, wheels
from parvis_firmware.checks import read_manifest
from parvis_firmware.errors import UsageError

CARD = bytes(range(256)) * 40
ADDRESS = "https://room.example/parvis/"


def image(tmp_path: Path, name: str) -> Path:
    path = tmp_path / name
    packed = {".xz": lzma.compress(CARD), ".gz": gzip.compress(CARD)}.get(path.suffix, CARD)
    path.write_bytes(packed)
    return path


@pytest.mark.parametrize("name", ["unit.img", "unit.img.xz", "unit.img.gz"])
def test_an_image_is_measured_as_it_lies_on_the_card(tmp_path: Path, name: str) -> None:
    path = image(tmp_path, name)
    measured = imager.measure(path)
    assert (measured.card_bytes, measured.download_bytes) == (len(CARD), path.stat().st_size)
    assert measured.card_sha256 == hashlib.sha256(CARD).hexdigest()


def test_imager_lists_a_unit_and_a_hub(tmp_path: Path) -> None:
    out = tmp_path / "list" / "os_list.json"
    unit, hub = image(tmp_path, "unit.img.xz"), image(tmp_path, "hub.img")
    given = ["--unit", str(unit), "--hub", str(hub), "--address", ADDRESS, "--out", str(out)]
    assert __main__.main(["imager", *given, "--released", "2026-11-23"]) == 0
    listed = json.loads(out.read_text())
    assert [one["name"] for one in listed["os_list"]] == ["Parvis unit", "Parvis hub"]
    first = listed["os_list"][0]
    assert first["url"] == "https://room.example/parvis/unit.img.xz"
    assert first["init_format"] == "cloudinit-rpi"
    assert first["release_date"] == "2026-11-23"
    assert list(imager.faults(listed)) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("extract_sha256", "abc"),
        ("extract_size", 0),
        ("release_date", "23 November"),
        ("init_format", "cloudinit-pi"),
        ("url", "unit.img"),
        ("devices", []),
        ("nmae", "Parvis"),
    ],
)
def test_the_schema_finds_what_imager_would_refuse(tmp_path: Path, key: str, value: object) -> None:
    from datetime import date

    measured = imager.measure(image(tmp_path, "unit.img"))
    roles = read_manifest().roles
    listed = imager.os_list(roles, {"unit": measured}, ADDRESS, date(2026, 11, 23))
    listed["os_list"][0][key] = value
    assert len(list(imager.faults(listed))) == 1
    assert list(imager.faults({"os_list": [{}]}))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--address", ADDRESS], "name an image with --unit or --hub"),
        (["--unit", "unit.img", "--address", "room.example"], "say the folder"),
        (["--unit", "gone.img", "--address", ADDRESS], "there is no image gone.img"),
        (["--unit", "cut.img.xz", "--address", ADDRESS], "cut.img.xz is cut off"),
        (["--unit", "cut.img.gz", "--address", ADDRESS], "cut.img.gz is cut off"),
    ],
)
def test_a_mistake_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    image(tmp_path, "unit.img")
    for end in (".xz", ".gz"):
        whole = image(tmp_path, f"whole.img{end}").read_bytes()
        (tmp_path / f"cut.img{end}").write_bytes(whole[:-20])
    assert __main__.main(["imager", *arguments]) == 2
    said = capsys.readouterr().err
    assert told in said and len(said.splitlines()) == 1


@pytest.mark.parametrize("role", ["unit", "hub"])
def test_a_stock_card_installs_what_the_manifest_says(tmp_path: Path, role: str) -> None:
    wheel = tmp_path / "parvis-0.1.0-py3-none-any.whl"
    wheel.write_bytes(b"a wheel")
    out = tmp_path / "card"
    assert __main__.main(["cloud-init", role, "--wheel", str(wheel), "--out", str(out)]) == 0
    assert (out / "parvis" / wheel.name).read_bytes() == b"a wheel"
    assert not (out / "user-data").exists(), "that is its owner's"
    text = (out / "vendor-data").read_text()
    read = yaml.safe_load(text)
    manifest = read_manifest()
    assert read["packages"] == list(manifest.roles[role].packages)  # type: ignore[index]
    assert read["runcmd"][-1][:4] == [
        "/opt/parvis/bootstrap/bin/parvis-unit",
        "install",
        "--role",
        role,
    ]
    assert read["ssh_pwauth"] is False
    assert "$" not in text


def test_a_file_that_is_no_wheel_of_ours_is_refused(tmp_path: Path) -> None:
    manifest = read_manifest()
    with pytest.raises(UsageError, match="there is no wheel"):
        cloud_init.write(manifest, "unit", tmp_path / "gone.whl", tmp_path)
    (tmp_path / "numpy-2.0-cp311.whl").write_bytes(b"")
    with pytest.raises(UsageError, match="is no wheel of Parvis"):
        cloud_init.write(manifest, "unit", tmp_path / "numpy-2.0-cp311.whl", tmp_path)


def test_a_misspelt_word_of_cloud_init_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = cloud_init.TEMPLATE.read_text()
    template = tmp_path / "vendor-data.in"
    monkeypatch.setattr(cloud_init, "TEMPLATE", template)
    for old, new, told in (
        ("runcmd:", "runcmds:", "runcmds is not among"),
        ("#cloud-config", "#cloudconfig", "its first line"),
        ("$packages", "  - vim", "packages are not the manifest's"),
        ("power_state:", "power_state: [", "is no YAML"),
        ("ssh_pwauth: false", "ssh_pwauth: false\nsetup_code: AAAA-BBBB", "holds a secret"),
    ):
        template.write_text(text.replace(old, new))
        assert any(told in line for line in cloud_init.faults(read_manifest())), told


def test_what_pip_is_asked_for() -> None:
    asked = {
        "dependencies": ["numpy>=2.0", "opuslib>=3.0.1"],
        "optional-dependencies": {"unit": ["soxr"], "hub": ["nkeys>=0.2.1", "uvicorn"]},
    }
    assert wheels.requirements(asked, ["unit"]) == ["numpy>=2.0", "soxr"]
    assert wheels.requirements(asked, ["hub"]) == ["numpy>=2.0", "uvicorn", "pynacl"]


def test_the_exceptions_are_still_dependencies() -> None:
    project = wheels.project()
    every = [*project["dependencies"], *project["optional-dependencies"]["hub"]]
    for name in wheels.EXCEPTIONS:
        assert any(line.startswith(name) for line in every), f"{name} is gone: take it off"


def test_what_pip_says() -> None:
    report = {"install": [{"metadata": {"name": "soxr", "version": "1.0"}}]}
    assert wheels.installed(json.dumps(report)) == ("soxr 1.0",)
