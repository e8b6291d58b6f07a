"""What a card is written with: the list for Raspberry Pi Imager, and cloud-init's files."""

import gzip
import hashlib
import json
import lzma
import subprocess
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
    assert read["runcmd"][0][1:] == [
        "/boot/firmware/parvis/first-start.service",
        "/etc/systemd/system/parvis-first-start.service",
    ]
    assert "parvis-first-start.service" in read["runcmd"][-1]
    assert "packages" not in read, "what needs a network is not cloud-init's, which tries once"
    assert read["ssh_pwauth"] is False
    assert "$" not in text
    script = (out / "parvis/first-start.sh").read_text()
    manifest = read_manifest()
    assert f" {' '.join(manifest.roles[role].packages)} ||" in script  # type: ignore[index]
    assert "--update-key" not in script
    assert subprocess.run(["sh", "-n"], input=script, text=True).returncode == 0


INSTALLED = "/opt/parvis/bootstrap/installed"


class FirstStart:
    """A machine whose network comes later; its commands are the trial's."""

    def __init__(self, folder: Path, key: str | None = None) -> None:
        self.log, self.commands = folder / "log", folder / "commands"
        self.commands.mkdir()
        (folder / "bootstrap").mkdir()
        wheel = f"parvis-0.1.0{cloud_init.WHEEL_END}"
        text = cloud_init.SCRIPT.read_text()
        made = cloud_init.render(read_manifest(), "unit", wheel, text, key)
        self.script = made.replace("/opt/parvis/bootstrap/bin/", f"{self.commands}/").replace(
            "/sys/class/leds/ACT", str(folder / "led")
        )
        self.installed = folder / "installed"
        self.script = self.script.replace(INSTALLED, str(self.installed))
        (folder / "led").mkdir()
        self.lamp = folder / "led/trigger"
        self.lamp.touch()
        for name in ("apt-get", "python3", "pip", "parvis-unit", "sync", "systemctl"):
            self.let(name, works=True)

    def let(self, name: str, *, works: bool) -> None:
        command = self.commands / name
        command.write_text(f'#!/bin/sh\necho "{name} $*" >> {self.log}\nexit {int(not works)}\n')
        command.chmod(0o755)

    def start(self) -> subprocess.CompletedProcess[str]:
        path = f"{self.commands}:/usr/bin:/bin"
        return subprocess.run(
            ["sh"], input=self.script, text=True, capture_output=True, env={"PATH": path}
        )


@pytest.mark.parametrize("missing", ["apt-get", "pip", "parvis-unit"])
def test_a_first_start_without_a_network_says_so_and_is_done_once_there_is_one(
    tmp_path: Path, missing: str
) -> None:
    machine = FirstStart(tmp_path)
    machine.let(missing, works=False)
    failed = machine.start()
    assert failed.returncode == 1, "systemd starts it again"
    assert "Tried again in half a minute" in failed.stdout
    assert "Nouvel essai dans trente secondes" in failed.stdout
    assert machine.lamp.read_text() == "timer\n"
    assert not machine.installed.exists()
    machine.let(missing, works=True)
    done = machine.start()
    assert done.returncode == 0, done.stderr
    assert machine.installed.exists()
    last = machine.log.read_text().splitlines()
    assert last[-1] == "systemctl --no-block reboot"
    assert last[-2].startswith("sync"), "pip's files are on the card before it counts"
    assert last[-3].startswith("parvis-unit install --role unit --wheel /boot/firmware/parvis/")


def test_the_service_of_the_first_start_tries_for_ever_and_ends_with_a_program() -> None:
    text = cloud_init.SERVICE.read_text()
    for line in (
        "Restart=on-failure",
        "StartLimitIntervalSec=0",
        f"ConditionPathExists=!{INSTALLED}",
        "StandardOutput=journal+console",
    ):
        assert line in text.splitlines()
    assert f"ExecStart=/bin/sh {cloud_init.CARD_FOLDER}/first-start.sh" in text


def test_a_card_pins_the_makers_key(tmp_path: Path) -> None:
    machine = FirstStart(tmp_path, "A" * 43)
    assert machine.start().returncode == 0
    assert f"--update-key {'A' * 43}\n" in machine.log.read_text()
    for role, key in (("unit", "short; rm -rf /"), ("hub", "A" * 43)):
        with pytest.raises(UsageError, match="--update-key"):
            wheel = f"parvis-0.1.0{cloud_init.WHEEL_END}"
            cloud_init.render(read_manifest(), role, wheel, "", key)  # type: ignore[arg-type]


def test_a_file_that_is_no_wheel_of_ours_is_refused(tmp_path: Path) -> None:
    manifest = read_manifest()
    with pytest.raises(UsageError, match="there is no wheel"):
        cloud_init.write(manifest, "unit", tmp_path / "gone.whl", tmp_path)
    (tmp_path / "numpy-2.0-cp311.whl").write_bytes(b"")
    with pytest.raises(UsageError, match="is no wheel of Parvis"):
        cloud_init.write(manifest, "unit", tmp_path / "numpy-2.0-cp311.whl", tmp_path)


def test_packages_that_are_not_the_manifests_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "first-start.sh.in"
    script.write_text(cloud_init.SCRIPT.read_text().replace("$packages", "vim"))
    monkeypatch.setattr(cloud_init, "SCRIPT", script)
    assert any("packages are not" in line for line in cloud_init.faults(read_manifest()))


def test_a_misspelt_word_of_cloud_init_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = cloud_init.TEMPLATE.read_text()
    template = tmp_path / "vendor-data.in"
    monkeypatch.setattr(cloud_init, "TEMPLATE", template)
    for old, new, told in (
        ("runcmd:", "runcmds:", "runcmds is not among"),
        ("#cloud-config", "#cloudconfig", "its first line"),
        ("first-start.service,", "other.service,", "does not enable first-start.service"),
        ("ssh_pwauth:", "ssh_pwauth: [", "is no YAML"),
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
