"""What a service does, its hardening lets it do: paths that are written, devices that come late."""

from pathlib import Path

import pytest

from parvis_device.provisioning import network_manager
from parvis_firmware import unit_files
from parvis_firmware.places import ROOTFS
from parvis_firmware.unit_files import UnitFile

DRIVERS = {"char-alsa": "modprobe@snd.service", "char-spi": "modprobe@spidev.service"}
"""Device classes that come with a module; the others are in every kernel."""


def service(name: str) -> UnitFile:
    text = (ROOTFS / "etc/systemd/system" / name).read_text(encoding="utf-8")
    return unit_files.parse(name, text)


def test_provisioning_may_write_all_that_it_writes() -> None:
    told = service("parvis-provision.service").all("Service", "ReadWritePaths")
    writable = {Path(path.lstrip("-")) for line in told for path in line.split()}
    written = [
        network_manager.PROFILES,
        network_manager.VOLATILE_PROFILES,
        network_manager.NAMES,
        network_manager.CHANNELS,
        Path("etc/parvis/unit.toml"),
        Path("boot/firmware/parvis.toml"),
        Path("var/lib/parvis-unit/reset-begun"),
    ]
    for path in written:
        place = Path("/") / path
        assert writable & set(place.parents), f"ProtectSystem=strict: {place} is read-only"


@pytest.mark.parametrize("name", ["parvis-provision", "parvis-selftest", "parvis-unit"])
def test_a_device_class_that_a_module_brings_is_there_before_it_is_allowed(name: str) -> None:
    unit = service(f"{name}.service")
    classes = {line.split()[0] for line in unit.all("Service", "DeviceAllow")}
    for key in ("Wants", "After"):
        words = {word for line in unit.all("Unit", key) for word in line.split()}
        assert {DRIVERS[one] for one in classes & DRIVERS.keys()} <= words, key


def test_provisioning_that_fell_is_started_again() -> None:
    unit = service("parvis-provision.service")
    assert unit.one("Service", "Type") == "oneshot", "for which Restart=always is refused"
    assert unit.one("Service", "Restart") == "on-failure"
    pause_s = int(unit.one("Service", "RestartSec") or 0)
    assert pause_s * 5 > 10, "else systemd gives up: five starts within ten seconds"
