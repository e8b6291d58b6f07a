"""``parvis-unit install`` on a folder that will be a system, with the system's own tools."""

from __future__ import annotations

import os
import shutil
import stat
import tomllib
from pathlib import Path

import pytest

import parvis_device
from parvis_device.errors import UsageError
from parvis_device.install import command, overlay
from parvis_device.install.command import GONE, NOTHING, Choice, Installation
from parvis_device.install.doing import Doer, InstallFailed
from parvis_device.install.look import board, read_receipt, refuse_other_systems
from parvis_device.install.overlay import Overlay, open_overlay, read_manifest
from parvis_device.install.receipt import Receipt
from parvis_device.install.steps import Lead, MakeFolder, MakeProgram
from parvis_device.update.disk import Disk
from parvis_device.update.record import read_record

RECEIPT = "opt/parvis/install.json"
FIRMWARE = Path(__file__).parents[3] / "firmware"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """As little as a Debian root is, with a Raspberry Pi's boot partition."""
    made = tmp_path / "root"
    files = {
        "etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\n',
        "etc/passwd": "root:x:0:0:root:/root:/bin/bash\n",
        "etc/group": "root:x:0:\naudio:x:29:\n",
        "etc/shadow": "root:*:20000:0:99999:7:::\n",
        "etc/gshadow": "root:*::\naudio:*::\n",
        "etc/asound.conf": "# a person's own\n",
        "var/lib/dpkg/status": "Package: libopus0\nStatus: install ok installed\n",
        "boot/firmware/config.txt": "arm_64bit=1\n[pi5]\nx=1\n",
    }
    for name, text in files.items():
        place = made / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return made


def tree(root: Path) -> dict[str, str]:
    """Every file and link, and what it holds; not the account tables, which keep copies."""
    tables = {
        f"etc/{name}{end}" for name in ("passwd", "group", "shadow", "gshadow") for end in "- "
    }
    seen: dict[str, str] = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            seen[name] = f"-> {os.readlink(path)}"
        elif path.is_file() and name not in {table.strip() for table in tables}:
            seen[name] = path.read_text()
    return seen


def install(root: Path, **others: object) -> None:
    Installation(Choice("unit", root, **others)).install()  # type: ignore[arg-type]


def test_a_folder_becomes_a_unit_once_and_back(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = tree(root)
    install(root, frontend="codec-zero", board="zero2w")
    state = root / "var/lib/parvis-unit"
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    wants = root / "etc/systemd/system/multi-user.target.wants"
    assert (wants / "parvis-unit.service").is_symlink()
    assert os.readlink(root / "etc/systemd/system/ModemManager.service") == "/dev/null"
    assert "unit_mic" in (root / "etc/asound.conf").read_text()
    assert (root / "etc/asound.conf.before-parvis").read_text() == "# a person's own\n"
    assert 'link = "wifi"' in (root / "etc/parvis/unit.toml").read_text()
    config = (root / "boot/firmware/config.txt").read_text()
    assert "include parvis/unit.txt\ninclude parvis/frontend-codec-zero.txt\n" in config
    group = (root / "etc/group").read_text()
    assert all(
        "parvis-unit" in line for line in group.splitlines() if line.split(":")[0] == "audio"
    )
    assert all(f"\n{name}:" in group for name in ("gpio", "input", "spi"))
    passwd = [line for line in (root / "etc/passwd").read_text().splitlines() if "parvis" in line]
    assert len(passwd) == 1 and passwd[0].endswith("/var/lib/parvis-unit:/usr/sbin/nologin")

    installed = tree(root)
    capsys.readouterr()
    install(root)
    assert NOTHING in capsys.readouterr().out and tree(root) == installed

    (state / "unit.key").write_text("a key")
    Installation(Choice("unit", root)).uninstall()
    assert (state / "unit.key").exists() and (root / "etc/parvis/unit.toml").exists()
    Installation(Choice("unit", root)).uninstall()
    assert GONE in capsys.readouterr().out
    Installation(Choice("unit", root, purge=True)).uninstall()
    assert tree(root) == before
    assert not state.exists() and not (root / "opt/parvis").exists()
    assert "parvis" not in (root / "etc/passwd").read_text()


def test_a_folder_becomes_a_hub(root: Path) -> None:
    Installation(Choice("hub", root)).install()
    wants = root / "etc/systemd/system/multi-user.target.wants"
    assert (wants / "parvis-hub.service").is_symlink()
    assert (root / "etc/parvis/hub.toml").is_file() and not (root / "etc/parvis/unit.toml").exists()
    config = (root / "boot/firmware/config.txt").read_text()
    assert "parvis" not in config, "its lines are a unit's"


def test_one_role_goes_and_leaves_the_other_whole(root: Path) -> None:
    before = tree(root)
    Installation(Choice("hub", root)).install()
    hub = tree(root)
    Installation(Choice("unit", root)).install()
    Installation(Choice("unit", root, purge=True)).uninstall()
    assert {**tree(root), RECEIPT: ""} == {**hub, RECEIPT: ""}
    Installation(Choice("unit", root)).install()
    Installation(Choice("hub", root, purge=True)).uninstall()
    assert (root / "etc/sysctl.d/80-parvis.conf").exists(), "the unit needs it"
    assert "include parvis/unit.txt" in (root / "boot/firmware/config.txt").read_text()
    Installation(Choice("unit", root, purge=True)).uninstall()
    assert tree(root) == before


def test_a_dry_run_changes_nothing(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    install(root, dry_run=True)
    told = capsys.readouterr().out
    assert "enable parvis" in told and "(nothing was done: --dry-run)" in told
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before


def test_a_later_installation_keeps_the_front_end(root: Path) -> None:
    install(root, frontend="i2s-mems")
    install(root)
    assert "frontend-i2s-mems.txt" in (root / "boot/firmware/config.txt").read_text()
    install(root, frontend="usb")
    assert "frontend" not in (root / "boot/firmware/config.txt").read_text()


def test_the_only_program_in_an_image_is_the_one_that_runs(root: Path) -> None:
    program = root / "opt/parvis/versions/9.9/bin/parvis-unit"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    install(root)
    assert os.readlink(root / "opt/parvis/current") == "/opt/parvis/versions/9.9"
    command = os.readlink(root / "usr/local/bin/parvis-unit")
    assert command == "/opt/parvis/current/bin/parvis-unit"


@pytest.mark.parametrize(
    ("others", "words"),
    [
        ({"frontend": "usb", "board": "zero2w"}, "--frontend usb is for pi4, pi5, not for zero2w"),
        ({"frontend": "seeed"}, "--frontend seeed: known are usb, codec-zero, i2s-mems"),
        ({"board": "pi3"}, "--board pi3: known are pi4, pi5, zero2w"),
        ({"source": Path("/nope")}, "--from /nope: it has no manifest.toml"),
    ],
)
def test_a_mistake_is_one_line(root: Path, others: dict[str, object], words: str) -> None:
    before = tree(root)
    with pytest.raises(UsageError, match=words):
        install(root, **others)
    assert tree(root) == before


def test_an_unknown_role_and_a_missing_root(root: Path) -> None:
    with pytest.raises(UsageError, match="--role edge: known are unit, hub"):
        Installation(Choice("edge", root))
    with pytest.raises(UsageError, match="there is no such folder"):
        Installation(Choice("unit", root / "nope"))


def test_another_system_is_refused(root: Path) -> None:
    (root / "etc/os-release").write_text('ID=fedora\nPRETTY_NAME="Fedora Linux 44"\n')
    with pytest.raises(UsageError, match=r"is Fedora Linux 44: .* knows Debian"):
        install(root)
    (root / "etc/os-release").write_text("ID=raspbian\nID_LIKE=debian\n")
    refuse_other_systems(root)
    (root / "etc/os-release").unlink()
    with pytest.raises(UsageError, match="is no system"):
        refuse_other_systems(root)


def test_the_system_that_runs_is_changed_by_root_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr(command, "refuse_other_systems", lambda root: None)
    with pytest.raises(UsageError, match="start it with sudo"):
        Installation(Choice("unit", Path("/")))
    Installation(Choice("unit", Path("/"), dry_run=True))


def test_a_step_that_fails_is_named_and_those_before_it_are_kept(root: Path) -> None:
    receipt = root / RECEIPT
    doer = Doer(root, Receipt(), receipt, Disk())
    doer.do(Lead("/opt/parvis/current", "/opt/parvis/versions/1"))
    (root / "var/lib/parvis-unit").write_text("a file in the way")
    with pytest.raises(InstallFailed, match="could not make /var/lib/parvis-unit"):
        doer.do(MakeFolder("/var/lib/parvis-unit", 0o700, "root", is_new=True))
    assert read_receipt(receipt).links == ("/opt/parvis/current",)


def test_a_program_is_on_the_card_before_it_counts(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pip does not wait for it: a power cut right after would leave empty files in a program that
    is there, and is not made again."""
    done: list[str] = []

    class Waited(Disk):
        def sync_all(self) -> None:
            assert not read_receipt(root / RECEIPT).programs
            done.append("sync")

    monkeypatch.setattr(Doer, "_run", lambda self, *words: done.append("pip" * ("pip" in words)))
    doer = Doer(root, Receipt(), root / RECEIPT, Waited())
    doer.do(MakeProgram("/opt/parvis/versions/1", "/parvis.whl", ("unit",)))
    assert done == ["", "pip", "sync"]
    assert read_receipt(root / RECEIPT).programs == ("/opt/parvis/versions/1",)


def test_a_damaged_receipt_stops_everything(root: Path) -> None:
    install(root)
    (root / RECEIPT).write_text("{")
    with pytest.raises(UsageError, match="what was installed is not known"):
        Installation(Choice("unit", root)).uninstall()


def test_the_model_tells_the_board(tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.write_bytes(b"Raspberry Pi Zero 2 W Rev 1.0\0")
    assert board(Path("/"), model) == "zero2w"
    assert board(tmp_path, model) is None, "a folder runs elsewhere"
    assert board(Path("/"), tmp_path / "none") is None


def test_a_manifest_that_names_a_missing_file_is_refused(root: Path, tmp_path: Path) -> None:
    own = tmp_path / "firmware"
    shutil.copytree(FIRMWARE, own)
    (own / "rootfs/etc/asound.conf").unlink()
    with pytest.raises(UsageError, match=r"nothing in rootfs/ is etc/asound\.conf"):
        install(root, source=own)


def test_a_damaged_manifest_names_the_place(tmp_path: Path) -> None:
    path = tmp_path / "manifest.toml"
    path.write_text("[program]\nfolder = 3\n")
    with pytest.raises(UsageError, match=r"program\.folder"):
        read_manifest(path)
    path.write_text("[")
    with pytest.raises(UsageError, match="is no TOML file"):
        read_manifest(path)


def test_the_wheel_takes_all_that_the_manifest_names() -> None:
    project = tomllib.loads((FIRMWARE.parent / "pyproject.toml").read_text(encoding="utf-8"))
    taken = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert taken == {
        "firmware/manifest.toml": "parvis_overlay/manifest.toml",
        "firmware/rootfs": "parvis_overlay/rootfs",
        "firmware/boot": "parvis_overlay/boot",
    }
    assert overlay.PACKAGED.name == "parvis_overlay"
    assert overlay.PACKAGED.parent == Path(parvis_device.__file__).parents[1]


def test_an_installed_program_has_the_overlay_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packaged = tmp_path / "firmware"
    shutil.copytree(FIRMWARE, packaged)
    monkeypatch.setattr(overlay, "PACKAGED", packaged)
    monkeypatch.setattr(overlay, "CHECKOUT", tmp_path / "nowhere")
    found: Overlay = open_overlay(None)
    assert found.folder == packaged and overlay.checkout() is None
    assert open_overlay(tmp_path).folder == packaged


def test_the_makers_key_is_pinned_by_the_installation(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install(root)
    file = tmp_path / "maker.pub"
    file.write_text("A" * 43 + "\n")
    install(root, update_key=str(file))
    record = read_record((root / "opt/parvis/update.json").read_bytes())
    assert record.key == "A" * 43
    capsys.readouterr()
    install(root, update_key="A" * 43)
    assert capsys.readouterr().out.strip().endswith(NOTHING)
    settings = root / "etc/parvis/unit.toml"
    settings.unlink()
    with pytest.raises(UsageError, match="--replace"):
        install(root, update_key="B" * 42 + "A")
    assert not settings.exists(), "nothing is half done"
    install(root)
    for wrong in ("short", str(root / "etc/passwd"), str(tmp_path)):
        with pytest.raises(UsageError, match="no public key"):
            install(root, update_key=wrong)
