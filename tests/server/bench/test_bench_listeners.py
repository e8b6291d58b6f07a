"""``parvis bench listeners`` and ``fanout`` as a person runs them: real processes."""

from __future__ import annotations

import json
import resource
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from fakes.processes import running
from parvis_server.bench.fanout_measure import take_turn
from parvis_server.bench.fanout_servers import FLOOR, floor, library, no_compiler
from parvis_server.bench.listening import limits
from parvis_server.errors import UsageError

PARVIS = (sys.executable, "-c", "from parvis_server.cli import main; main()")
LISTENERS, SECONDS = 200, 3
PATIENCE_S = 120.0
"""For a failing test only; two busy cores take a few seconds."""

PROMISED = {
    *("listeners", "lost", "closed", "delivery_ms", "join_ms", "server_cpu", "generator_cpu")
}


def parvis(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PARVIS, "bench", *arguments], capture_output=True, text=True, timeout=240, check=False
    )


@pytest.mark.system
def test_real_listeners_hear_a_hub_of_the_benchs_own(tmp_path: Path) -> None:
    asked = ("--listeners", str(LISTENERS), "--seconds", str(SECONDS), "--joins-per-s", "50")
    result = parvis("listeners", *asked, "--stuck", "2", "--json")
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout.splitlines()[-1])
    assert found.keys() >= PROMISED
    assert (found["listeners"], found["closed"]) == (LISTENERS, 0)
    assert found["one_clock"]
    assert found["server_cpu"]["engine"] > 0
    assert found["memory_kb_per_listener"] is not None
    assert found["stuck"]["joined"] == 2
    # Whatever this machine managed: what did not come is accounted for.
    assert found["windows"].keys() == {"alone", "beside"}
    for window in found["windows"].values():
        accounted_ms = (window["packets"] + window["lost"]) * max(window["packet_ms"])
        assert accounted_ms >= LISTENERS * (SECONDS * 1000 - 100)
    print("\n" + "\n".join(result.stdout.splitlines()[:-1]))
    (tmp_path / "here.json").write_text(result.stdout)
    sum_of_two = parvis("listeners", "--add", *[str(tmp_path / "here.json")] * 2, "--json")
    assert sum_of_two.returncode == 0, sum_of_two.stderr
    assert json.loads(sum_of_two.stdout.splitlines()[-1])["listeners"] == 2 * LISTENERS


@pytest.mark.system
@pytest.mark.patient
def test_ctrl_c_tells_what_there_is() -> None:
    arguments = ("--listeners", "20", "--seconds", "600", "--stuck", "2", "--json")
    with running(*PARVIS, "bench", "listeners", *arguments) as program:
        program.wait_for("counting for 600 s", PATIENCE_S)
        program.process.send_signal(signal.SIGINT)
        told = program.wait_for(r'^\{"listeners"', PATIENCE_S).string
        assert program.process.wait(PATIENCE_S) == 0
    found = json.loads(told)
    assert found["listeners"] == 20
    assert found["seconds"] < 600
    assert "windows" not in found  # the second one was not begun


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--url", "room"), "is no listener link"),
        (("--url", "http://localhost:1/r/main"), "does not answer"),
        (("--url", "http://localhost:1", "--tls"), "--tls is for a hub of the bench's own"),
        (("--add", "/nowhere/here.json"), "No such file"),
        (("somewhere",), "files are for --add"),
        (("--listeners", "0"), "greater than or equal to 1"),
    ],
)
def test_a_mistake_gets_one_line(arguments: tuple[str, ...], told: str) -> None:
    result = parvis("listeners", *arguments)
    assert result.returncode != 0
    assert told in result.stderr
    assert "Traceback" not in result.stderr


def test_too_few_open_files_name_the_number_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 1024))
    limits.check_files(960, "listeners")
    with pytest.raises(UsageError, match=r"961 connections .* need 1025 open files.*ulimit -Hn"):
        limits.check_files(961, "listeners")


def test_too_few_ports_name_what_widens_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "range").write_text("1000\t1999\n")
    monkeypatch.setattr(limits, "PORT_RANGE", tmp_path / "range")
    limits.check_ports(1000, 1)
    limits.check_ports(2000, 2)
    with pytest.raises(UsageError, match="ip_local_port_range"):
        limits.check_ports(1001, 1)


@pytest.mark.system
@pytest.mark.patient
def test_the_fan_outs_are_compared_side_by_side() -> None:
    arguments = ("--listeners", "20", "--pairs", "1", "--seconds", "0.4")
    result = parvis("fanout", *arguments, "--only", "parvis", "--only", "websockets", "--json")
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout.splitlines()[-1])
    assert found["whole"] == dict.fromkeys(found["whole"], True)
    cost = found["us_per_listener_and_packet"]
    assert {"parvis", "websockets"} <= cost.keys()
    assert all(us > 0 for us in cost.values())
    if no_compiler() is None:
        assert found["ratio_to_floor"][FLOOR] == 1.0
    else:
        assert "no compiler" in found["missing"][FLOOR]


def test_a_server_that_leaves_packets_out_is_found_out(tmp_path: Path) -> None:
    serve = floor if no_compiler() is None else library
    packets = [bytes([number]) * 100 for number in range(10)]
    with serve(tmp_path, 5) as serving:
        assert take_turn(serving, packets, 5, 0.0).is_whole
    with serve(tmp_path, 5) as serving:
        publish = serving.publish

        def leave_one_out(packet: bytes) -> None:
            if packet != packets[7]:
                publish(packet)

        object.__setattr__(serving, "publish", leave_one_out)
        assert not take_turn(serving, packets, 5, 0.0).is_whole


def test_an_unknown_contender_is_named() -> None:
    result = parvis("fanout", "--only", "apache")
    assert result.returncode == 2
    assert "nobody is called apache" in result.stderr


def test_a_port_on_which_nobody_listens_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/r/main"
        result = parvis("listeners", "--url", url, "--listeners", "2")
    assert result.returncode == 1
    assert "does not answer" in result.stderr
