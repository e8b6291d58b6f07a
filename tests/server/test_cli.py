"""The command as people use it: help, mistakes, a hub that starts and stops."""

import gc
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from parvis_server import cli, lasting

PARVIS = [sys.executable, "-c", "from parvis_server.cli import main; main()"]
LOOPBACK = "127.0.0.1"


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run ``parvis`` to its end."""
    return subprocess.run(
        [*PARVIS, *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "120"},
        cwd=cwd,
    )


def test_help_names_every_command_and_imports_none() -> None:
    shown = run("--help")
    assert shown.returncode == 0
    for name in cli.COMMANDS:
        assert name in shown.stdout
    heavy = "numpy fastapi uvicorn pydantic_settings psutil av"
    look = f"import sys, parvis_server.cli; print(*set('{heavy}'.split()) & sys.modules.keys())"
    lazy = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert lazy.stdout.strip() == ""


def test_a_hub_without_edges_imports_no_client_of_their_bus() -> None:
    look = "import sys, parvis_server.hub_process; print(*{'nats', 'aiohttp'} & sys.modules.keys())"
    lazy = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert lazy.stdout.strip() == ""


def test_imports_that_last_are_out_of_the_collectors_sight() -> None:
    before = gc.get_freeze_count()
    with lasting.imports():
        assert not gc.isenabled()
        made: list[list[int]] = [[] for _ in range(1000)]
    assert gc.isenabled()
    assert gc.get_freeze_count() >= before + len(made)
    with pytest.raises(ImportError), lasting.imports():
        raise ImportError
    assert gc.isenabled()


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_has_help(name: str) -> None:
    shown = run(name, "--help")
    assert shown.returncode == 0, shown.stderr
    assert "Usage" in shown.stdout


def test_the_hubs_help_has_examples() -> None:
    shown = run("hub", "--help").stdout
    assert "--open-house" in shown
    assert "parvis hub --port 80" in shown


def test_where_only_a_unit_is_installed_the_hub_says_what_to_install() -> None:
    without = (
        "import sys; sys.modules['uvicorn'] = None; from parvis_server.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", without, "hub"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == (
        "parvis: this needs a hub's packages (uvicorn is missing): pip install 'parvis[hub]'\n"
    )


def test_version() -> None:
    assert re.fullmatch(r"parvis \d+\.\d+\.\d+\S*\n", run("--version").stdout)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["hubb"], "hub"),
        (["hub", "--prot", "1"], "--prot"),
        (["hub", "--port", "70000"], "65535"),
        (["hub", "--config", "missing.toml"], "cannot read the settings file missing.toml"),
        (["hub", "--log-format", "xml"], "log.format"),
        (["hub", "--host", "no.such.host.invalid"], "no such address"),
        (["hub", "--host", "198.51.100.77"], "does not have that address"),
    ],
)
def test_a_mistake_is_told_without_a_traceback(
    arguments: list[str], words: str, tmp_path: Path
) -> None:
    data = ["--data", str(tmp_path)] if arguments[0] == "hub" else []
    wrong = run(*arguments, *data, cwd=tmp_path)
    assert wrong.returncode == 2
    assert words in wrong.stderr
    assert "Traceback" not in wrong.stderr


def test_a_data_folder_that_cannot_be_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    wrong = run("hub", "--data", str(tmp_path / "file" / "x"))
    assert wrong.returncode == 1
    assert re.fullmatch(r"parvis: cannot write to the data folder .*\n", wrong.stderr)


def test_a_taken_port_is_told_with_who_holds_it(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        port = taken.getsockname()[1]
        wrong = run("hub", "--host", LOOPBACK, "--port", str(port), "--data", str(tmp_path))
    assert wrong.returncode == 1
    assert f"port {port} is taken by" in wrong.stderr
    assert f"(process {os.getpid()})" in wrong.stderr
    assert f"--port {port + 1}" in wrong.stderr
    assert wrong.stderr.count("\n") == 1


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_hub_starts_says_where_and_stops_when_told(
    tmp_path: Path, ending: signal.Signals
) -> None:
    command = [*PARVIS, "hub", "--host", LOOPBACK, "--port", "0", "--data", str(tmp_path)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as hub:
        assert hub.stdout is not None
        assert hub.stderr is not None
        listen, host = hub.stdout.readline(), hub.stdout.readline()
        assert re.fullmatch(r"listen: http://127\.0\.0\.1:\d+/r/main\n", listen)
        assert re.fullmatch(r"host: http://127\.0\.0\.1:\d+/host#k=\S{20,}\n", host)
        url = listen.removeprefix("listen: ").removesuffix("/r/main\n")
        assert httpx.get(f"{url}/api/v1/rooms/main", trust_env=False).json()["room"] == "main"
        hub.send_signal(ending)
        started = time.monotonic()
        assert hub.wait(timeout=10) == 0
        assert time.monotonic() - started < 5
        said = hub.stderr.read()
    assert "Traceback" not in said
    assert host.partition("#k=")[2].strip() not in said
