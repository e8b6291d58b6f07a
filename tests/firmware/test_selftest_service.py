"""The self-test of the first start is done once, however it ends: its service's own commands."""

from __future__ import annotations

import configparser
import shlex
import subprocess
from pathlib import Path

import pytest

SERVICE = Path(__file__).parents[2] / "firmware/rootfs/etc/systemd/system/parvis-selftest.service"


class Machine:
    """Starts with the service in it, as systemd reads it; its state folder is a trial's."""

    def __init__(self, state: Path) -> None:
        parser = configparser.ConfigParser(strict=False, interpolation=None, delimiters="=")
        parser.optionxform = str  # type: ignore[assignment,method-assign]
        parser.read(SERVICE)
        self._unit, self._service = parser["Unit"], parser["Service"]
        self.state = state / "parvis-unit"
        self.state.mkdir()
        self.tests = 0

    def start(self, *, ends: bool = True) -> None:
        """``ends``: with or without success, or killed by systemd; else the whole machine dies."""
        condition = self._unit["ConditionPathExists"].removeprefix("!")
        if (self.state / Path(condition).name).exists():
            return
        self._run("ExecStartPre")
        self.tests += 1
        if ends:
            self._run("ExecStopPost")

    def _run(self, key: str) -> None:
        command = self._service[key].replace("%S", str(self.state.parent))
        subprocess.run(shlex.split(command), check=True)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_one_that_runs_out_of_time_is_not_done_again(machine: Machine) -> None:
    for _ in range(4):
        machine.start()
    assert machine.tests == 1


def test_one_that_takes_the_machine_down_is_done_twice(machine: Machine) -> None:
    for _ in range(4):
        machine.start(ends=False)
    assert machine.tests == 2


def test_one_whose_power_was_cut_is_done_again(machine: Machine) -> None:
    machine.start(ends=False)
    machine.start()
    machine.start()
    assert machine.tests == 2


def test_the_test_gives_up_before_systemd_kills_it() -> None:
    from parvis_device.selftest.command import MOST_BESIDE_S

    text = SERVICE.read_text(encoding="utf-8")
    seconds = float(text.partition("--seconds ")[2].split()[0])
    limit = float(text.partition("TimeoutStartSec=")[2].split()[0])
    assert seconds + MOST_BESIDE_S < limit
