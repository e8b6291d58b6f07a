"""Manifest, overlay, services, pins and fragments say the same; what disagrees is found."""

import dataclasses
import shutil
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from parvis_device.config import load
from parvis_firmware import __main__, agreement, checks, unit_files
from parvis_firmware.agreement import Tree
from parvis_firmware.checks import CHECKS, Missing, Sources
from parvis_firmware.errors import SourceError
from parvis_firmware.manifest import Manifest, parse
from parvis_firmware.places import MANIFEST, PINS
from parvis_server.config import load_settings

TEXT = MANIFEST.read_text(encoding="utf-8")
PINS_TOML = tomllib.loads(PINS.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def sources() -> Sources:
    return Sources.read()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_the_checkout_agrees(check: checks.Check, sources: Sources) -> None:
    try:
        assert list(check.differences(sources)) == []
    except Missing as tool:
        pytest.skip(f"{tool} is not installed here: {check.name} is not proven")


def test_the_command_tells_each_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert __main__.main(["check"]) == 0
    told = capsys.readouterr().out
    assert all(f"check {check.name}: " in told for check in CHECKS)


def test_a_tool_that_is_missing_is_said_loudly(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert __main__.main(["check"]) == 0
    told = capsys.readouterr().out
    assert "check exposure: LEFT OUT: systemd-analyze is not installed here" in told
    assert "check overlay: 0 differences" in told


# --- what is wrong is found ---


def edited(sources: Sources, name: str, old: str, new: str) -> Tree:
    """The overlay with one service changed."""
    text = (sources.rootfs / "etc/systemd/system" / name).read_text(encoding="utf-8")
    assert old in text
    unit = unit_files.parse(name, text.replace(old, new))
    return dataclasses.replace(sources.tree, units={**sources.tree.units, name: unit})


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("parvis-unit.service", "Restart=always", "Restart=on-failure", "Restart is on-failure"),
        ("parvis-hub.service", "Type=notify", "Type=simple", "Type is simple, not notify"),
        ("parvis-hub.service", "WatchdogSec=30\n", "", "WatchdogSec wants"),
        ("parvis-unit.service", "StartLimitIntervalSec=0", "#", "gives up after five starts"),
        ("parvis-unit.service", "LimitRTPRIO=20", "LimitRTPRIO=0", "has no priority"),
    ],
)
def test_a_service_that_would_end_is_found(
    sources: Sources, name: str, old: str, new: str, told: str
) -> None:
    [found] = agreement.endurance(edited(sources, name, old, new))
    assert name in found and told in found


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("/opt/parvis/current/bin/", "/usr/bin/", "the program is in /opt/parvis/current/bin/"),
        ("User=parvis-unit", "User=pi", "the role's account is parvis-unit"),
        ("User=parvis-unit", "User=", "runs as root"),
        ("/etc/parvis/unit.toml", "/etc/unit.toml", "does not read /etc/parvis/unit.toml"),
        ("WantedBy=multi-user.target", "", "has no WantedBy"),
    ],
)
def test_a_service_that_the_manifest_does_not_mean_is_found(
    sources: Sources, old: str, new: str, told: str
) -> None:
    tree = edited(sources, "parvis-unit.service", old, new)
    assert any(told in line for line in agreement.services(sources.manifest, tree))


def test_root_does_not_take_the_units_own_folder(sources: Sources) -> None:
    given = "Environment=STATE_DIRECTORY=/var/lib/parvis-unit"
    tree = edited(sources, "parvis-provision.service", given, "StateDirectory=parvis-unit")
    [found] = agreement.services(sources.manifest, tree)
    assert found.endswith("root would own the folder of parvis-unit")


@pytest.mark.parametrize(
    ("old", "told"),
    [
        ("GPIOZERO_PIN_FACTORY=lgpio", "falls to another library unseen"),
        ("WorkingDirectory=%t/parvis-unit", "LG_WD is not its WorkingDirectory"),
    ],
)
def test_a_service_that_cannot_drive_the_pins_is_found(
    sources: Sources, old: str, told: str
) -> None:
    tree = edited(sources, "parvis-unit.service", old, "Nice=0")
    assert any(told in line for line in agreement.pins(sources.manifest, tree, PINS_TOML))


Rule = Callable[[Manifest, Sources], Iterator[str]]


def overlay(manifest: Manifest, sources: Sources) -> Iterator[str]:
    return agreement.overlay(manifest, sources.tree)


def services(manifest: Manifest, sources: Sources) -> Iterator[str]:
    return agreement.services(manifest, sources.tree)


def pins(manifest: Manifest, sources: Sources) -> Iterator[str]:
    return agreement.pins(manifest, sources.tree, PINS_TOML)


def fragments(manifest: Manifest, sources: Sources) -> Iterator[str]:
    return agreement.fragments(manifest, {"unit.txt": "[all]\ndtparam=spi=on\n"})


@pytest.mark.parametrize(
    ("rule", "old", "new", "told"),
    [
        (overlay, '"etc/asound.conf"', '"etc/asound.con"', "which is not in rootfs/"),
        (overlay, '"etc/asound.conf",\n', "", "rootfs/etc/asound.conf is taken by no role"),
        (overlay, '= "/etc/parvis/hub.toml"', '= "/etc/hub.toml"', "are not among its files"),
        (services, '  "parvis-backup.timer",\n', "", "parvis-backup.timer, and names it nowhere"),
        (
            services,
            '"parvis-update.service",\n]',
            '"parvis-updat.service",\n]',
            "whose file it does not",
        ),
        (
            pins,
            '["audio", "gpio", "input", "spi"]',
            '["audio"]',
            "lacks the groups gpio, input, spi",
        ),
        (pins, 'not_with = ["buzzer"]', "not_with = []", "takes the pins of buzzer"),
        (pins, 'reserved = ["i2s_audio"]', 'reserved = ["i2s"]', "reserves nothing as i2s"),
        (pins, 'boards = ["pi4", "pi5"]', 'boards = ["pi6"]', "no board is called pi6"),
        (fragments, "", "", "names frontend-codec-zero.txt, which is not in"),
        (fragments, '["unit.txt"]', "[]", "unit.txt is used by nothing"),
    ],
)
def test_a_manifest_that_disagrees_is_found(
    sources: Sources, rule: Rule, old: str, new: str, told: str
) -> None:
    assert old in TEXT
    assert any(told in line for line in rule(parse(TEXT.replace(old, new)), sources))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("schema = 1", "schema = 2", "manifest.toml, schema"),
        ("schema = 1", "schema 1", "no TOML"),
        ('user = "parvis-hub"', 'user = "root user"', "roles.hub.user"),
        ('mode = "0755"', 'mode = "755"', "folders.0.mode"),
        ("mask = [", "masks = [", "roles.unit.mask"),
    ],
)
def test_a_manifest_that_is_none_is_one_line(old: str, new: str, told: str) -> None:
    with pytest.raises(SourceError, match=told):
        parse(TEXT.replace(old, new))


@pytest.mark.parametrize("text", ["Type=notify\n", "[Service]\nnotify\n"])
def test_a_line_that_is_no_setting_is_found(text: str) -> None:
    with pytest.raises(SourceError, match=r"a\.service, line \d: "):
        unit_files.parse("a.service", text)


def test_a_key_that_comes_again_and_one_that_is_emptied() -> None:
    text = "[Service]\n# a\nDeviceAllow=a \\\n b\nDeviceAllow=c\n[Unit]\nAfter=x\nAfter=\nAfter=y\n"
    unit = unit_files.parse("a.service", text)
    assert unit.all("Service", "DeviceAllow") == ("a   b", "c")
    assert unit.all("Unit", "After") == ("y",)
    assert unit.one("Unit", "Before") is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("dtparam=spi=on\n", "must begin with [all]"),
        ("[all]\na=1\n[pi4]\ncore_freq=500\n", "must begin with [all]"),
        ("# nothing\n", "must begin with [all]"),
        ("[all]\ndtparam spi\n", "is no KEY=VALUE"),
    ],
)
def test_a_fragment_that_another_board_would_take_is_found(
    sources: Sources, text: str, told: str
) -> None:
    found = agreement.fragments(sources.manifest, {"unit.txt": text})
    assert any(told in line and "unit.txt" in line for line in found)


def test_the_settings_files_are_what_the_programs_read(sources: Sources, tmp_path: Path) -> None:
    unit = load(sources.rootfs / "etc/parvis/unit.toml", {})
    assert (unit.microphone, unit.wait_for_microphone) == ("unit_mic", True)
    hub = load_settings(sources.rootfs / "etc/parvis/hub.toml", {"data": tmp_path})
    assert hub.network.port == 8080


@pytest.mark.parametrize("board", parse(TEXT).boot.boards)
def test_a_boards_settings_are_a_units(board: str) -> None:
    load(None, parse(TEXT).boot.boards[board].settings)


# --- what systemd itself says is heard ---


def broken_root(tmp_path: Path, sources: Sources, old: str, new: str) -> Sources:
    copy = tmp_path / "root"
    shutil.copytree(sources.rootfs, copy)
    path = copy / "etc/systemd/system/parvis-unit.service"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return Sources(sources.manifest, checks.tree_of(copy), copy)


def heard(question: Callable[[Sources], Iterator[str]], sources: Sources) -> list[str]:
    try:
        return list(question(sources))
    except Missing as tool:
        pytest.skip(f"{tool} is not installed here")


def test_systemd_finds_a_key_that_it_does_not_know(tmp_path: Path, sources: Sources) -> None:
    root = broken_root(tmp_path, sources, "WatchdogSec=15", "WatchdogSecs=15")
    assert any("WatchdogSecs" in line for line in heard(checks.verify, root))


def test_a_service_that_could_do_anything_is_found(tmp_path: Path, sources: Sources) -> None:
    root = broken_root(tmp_path, sources, "CapabilityBoundingSet=\n", "")
    [line] = heard(checks.exposure, root)
    assert "parvis-unit.service is exposed by" in line


def test_alsa_finds_a_broken_configuration(tmp_path: Path, sources: Sources) -> None:
    root = broken_root(tmp_path, sources, "Restart=always", "Restart=always")
    (root.rootfs / "etc/asound.conf").write_text("pcm.other { type null }\n")
    assert any("no unit_mic" in line for line in heard(checks.names_the_microphone, root))


def test_shellcheck_reads_scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "FIRMWARE", tmp_path)
    script = tmp_path / "make"
    script.write_text("#!/bin/sh\ncd $1\n")
    assert any("SC2086" in line for line in heard(checks.shell, checks.Sources.read()))
