"""``parvis edge`` and ``parvis hub`` keep secrets off command lines and out of what is kept."""

import re
from pathlib import Path

import psutil
import pytest
import typer

from fakes.processes import command, free_port, running
from parvis_server.commands import edge, hub
from parvis_server.data_folder import DataFolder
from parvis_server.errors import UsageError
from parvis_server.link.edge_secret import kept_address
from parvis_server.link.publish_address import PublishAddress

SHOWN = re.compile(r"parvis hub --publish '(\S+)'")


def run(app: typer.Typer, *words: str) -> None:
    app([*words], standalone_mode=False)


def test_the_address_is_shown_when_it_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--public", "room.example", "--data", str(tmp_path), "--show-address")
    kept_address(DataFolder.open(tmp_path), "room.example")
    run(edge.app, *words)
    first = capsys.readouterr().out
    run(edge.app, *words)
    assert capsys.readouterr().out == first
    found = SHOWN.fullmatch(first.strip())
    assert found is not None
    assert PublishAddress.parse(found[1]).origin == "https://room.example"
    with pytest.raises(UsageError, match="--public"):
        run(edge.app, "--bus", "nats://127.0.0.1:4222", "--show-address")


@pytest.mark.parametrize("folder", ["", "not/there"])
def test_no_address_is_made_to_be_shown(folder: str, tmp_path: Path) -> None:
    """The edge runs with another folder: its hub would be given a secret that opens nothing."""
    data = tmp_path / folder
    with pytest.raises(UsageError) as told:
        run(edge.app, "--public", "room.example", "--data", str(data), "--show-address")
    assert str(told.value) == f"no address is kept in {data}: say --data as the edge has it"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["nats://me:p4ss@bus.example", "a, tls://p4ss@bus.example"])
@pytest.mark.parametrize(
    ("app", "right"), [(edge.app, "PARVIS_EDGE_BUS__URL"), (hub.app, "PARVIS_HUB_BUS__URL")]
)
def test_a_password_of_the_bus_is_no_argument(app: typer.Typer, right: str, url: str) -> None:
    with pytest.raises(UsageError) as told:
        run(app, "--bus", url)
    assert right in str(told.value) and "[bus]" in str(told.value)
    assert "p4ss" not in str(told.value) and "\n" not in str(told.value)


def command_lines(process: psutil.Process) -> list[str]:
    """Of a process and all that it started, as everybody on the machine may read them."""
    family = (process, *process.children(recursive=True))
    return [" ".join(one.cmdline()) for one in family]


def test_no_secret_of_a_public_edge_is_in_its_log_or_on_a_command_line(tmp_path: Path) -> None:
    """A real one with a bus of its own, started twice; the first start alone prints the address."""
    port = free_port()
    where = ("--host", "127.0.0.1", "--port", str(port), "--data", str(tmp_path))
    words = command("parvis", "edge", "--public", f"http://127.0.0.1:{port}", *where)
    with running(*words) as first:
        address = PublishAddress.parse(first.wait_for(SHOWN.pattern)[1])
        first.wait_for("the hub is not reached yet")
        lines = command_lines(psutil.Process(first.process.pid))
    assert any("nats-server" in line for line in lines)
    with running(*words) as second:
        second.wait_for("the hub is not reached yet")
        said = "\n".join(second.lines)
        lines += command_lines(psutil.Process(second.process.pid))
    where_kept = f"--public http://127.0.0.1:{port} --data {tmp_path} --show-address"
    assert where_kept in said
    for secret in address.secrets:
        assert secret not in said
        assert not any(secret in line for line in lines)


def test_no_secret_of_a_bus_is_in_the_log_or_on_a_command_line_of_an_edge(tmp_path: Path) -> None:
    """Told by the environment, as workers are; the bus is not there, which is said."""
    secrets = ("p%34ss-of-the-bus", "p4ss-of-the-bus")
    told = {"PARVIS_EDGE_BUS__URL": f"nats://me:{secrets[0]}@127.0.0.1:{free_port()}"}
    where = ("--host", "127.0.0.1", "--port", "0", "--data", str(tmp_path))
    with running(*command("parvis", "edge", *where), env=told) as one:
        one.wait_for("the hub is not reached yet")
        lines = [*one.lines, *command_lines(psutil.Process(one.process.pid))]
    assert not any(secret in line for secret in secrets for line in lines)
