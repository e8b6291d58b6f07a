"""`parvis-unit provision` and `parvis-unit reset` on this machine, with an `nmcli` of the trial."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory

from parvis_device import pins
from parvis_device.config import load
from parvis_device.errors import UsageError
from parvis_device.identity import UNIT_KEY, open_identity
from parvis_device.provisioning import command
from parvis_device.provisioning.card import CARD_NAME
from parvis_server.labels import new_labels

LABEL = new_labels(1, 1, "Table", None)[0]


class Machine:
    """Folders of a unit."""

    def __init__(self, folder: Path) -> None:
        self.boot, self.state = folder / "boot", folder / "state"
        self.config = folder / "unit.toml"
        self.boot.mkdir()
        (self.boot / CARD_NAME).write_text(LABEL.settings)

    def provision(self) -> None:
        command.provision(self.config, self.state, self.boot)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setattr("parvis_device.logs.start", lambda form: None)  # it is the whole process's
    return Machine(tmp_path)


@pytest.fixture
def mock_pins(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockFactory]:
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "mock")
    factory = MockFactory()
    before, Device.pin_factory = Device.pin_factory, factory
    yield factory
    factory.close()
    Device.pin_factory = before


def with_nmcli(folder: Path, monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    tools = folder / "tools"
    tools.mkdir()
    (tools / "nmcli").write_text(f"#!/bin/sh\nprintf '{said}'\n")
    (tools / "nmcli").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")


def test_with_a_network_it_takes_the_card_and_lets_go_of_the_pins(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mock_pins: MockFactory
) -> None:
    with_nmcli(tmp_path, monkeypatch, "ethernet:connected:Wired\\n")
    machine.provision()
    assert load(machine.config, {}).name == "Table 1"
    assert LABEL.spelled not in (machine.boot / CARD_NAME).read_text()
    assert not mock_pins.pin(pins.LIGHT_WHITE).state, "the unit's program shows what comes next"
    from parvis_device.buttons.gpio import GpioButton
    from parvis_device.lights.gpio import GpioLight

    GpioLight().close()
    assert not GpioButton().is_down, "both are free"


def test_without_networkmanager_the_card_is_taken_all_the_same(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PATH", "")
    with (machine.boot / CARD_NAME).open("a") as card:
        card.write('wifi_name = "Hall"\nwifi_password = "sesame-sesame"\n')
    machine.provision()
    assert load(machine.config, {}).name == "Table 1"
    assert "no NetworkManager" in caplog.text and "'Hall' of the card is not joined" in caplog.text
    assert "sesame" not in caplog.text


def test_a_clock_at_1970_does_not_matter(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: 12.0)
    monkeypatch.setattr(time, "time_ns", lambda: 12_000_000_000)
    machine.config.write_text('button = "keyboard"\nlight = "none"\n')
    with_nmcli(tmp_path, monkeypatch, "ethernet:connected:Wired\\n")
    machine.provision()
    assert load(machine.config, {}).name == "Table 1"


def test_reset_asks_first_and_then_forgets(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    machine.provision()
    key = open_identity(machine.state).unit
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(UsageError, match="add --yes"):
        command.reset(machine.config, machine.state, machine.boot, sure=False)
    assert open_identity(machine.state).unit == key
    command.reset(machine.config, machine.state, machine.boot, sure=True)
    assert not (machine.state / UNIT_KEY).exists()
    kept = load(machine.config, {})
    assert kept.setup_code is not None and "name" not in kept.model_fields_set
    assert "as new" in capsys.readouterr().out


def test_whose_it_is_is_told_and_a_damaged_key_ends_nothing(machine: Machine) -> None:
    known = command.whose(machine.state)
    assert len(known.unit.replace(" ", "")) >= 16 and known.site is None
    (machine.state / UNIT_KEY).write_text("nonsense")
    assert command.whose(machine.state).unit == "?"
