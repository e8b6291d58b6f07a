"""What the services start is a command that the programs have, with flags that it knows."""

import shlex

import pytest
from typer.testing import CliRunner

from parvis_device.cli import app as unit_app
from parvis_firmware.agreement import SERVICES
from parvis_firmware.checks import Sources
from parvis_server.cli import app as hub_app

APPS = {"parvis": hub_app, "parvis-unit": unit_app}
STARTED = [
    (name, command.lstrip("-@:+!"))
    for name, unit in Sources.read().tree.units.items()
    for command in unit.all("Service", "ExecStart")
    if "/bin/parvis" in command
]


def test_every_service_starts_something() -> None:
    assert {"parvis-unit.service", "parvis-hub.service"} <= {name for name, _ in STARTED}
    assert SERVICES.endswith("/")


@pytest.mark.parametrize(("name", "command"), STARTED, ids=[name for name, _ in STARTED])
def test_the_command_is_known_with_its_flags(name: str, command: str) -> None:
    program, *arguments = shlex.split(command)
    words = [word for word in arguments if not word.startswith(("-", "/"))]
    verbs = [word for word in words if not word.isdecimal()]
    flags = [word for word in arguments if word.startswith("--")]
    app = APPS[program.rpartition("/")[2]]
    told = CliRunner().invoke(app, [*verbs, "--help"], env={"COLUMNS": "200"})
    assert told.exit_code == 0, told.output
    assert [flag for flag in flags if flag not in told.output] == []
