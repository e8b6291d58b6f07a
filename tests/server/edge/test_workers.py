"""Edges that a hub starts itself: told by their environment, started again, ended with the hub."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from parvis_server.bus.address import BusAddress
from parvis_server.config import NetworkSettings
from parvis_server.edge import workers as workers_module
from parvis_server.edge.settings import load_edge_settings
from parvis_server.edge.workers import MOST, Workers, WorkerSettings
from parvis_server.ports import take_port

WORKER = """
import json, os, signal, sys
told = {key: value for key, value in os.environ.items() if key.startswith("PARVIS_EDGE_")}
with open(os.path.join(told["PARVIS_EDGE_DATA"], f"{os.getpid()}.json"), "w") as file:
    json.dump(told, file)
print("ready", file=sys.stderr, flush=True)
signal.sigwait({signal.SIGTERM, signal.SIGUSR1})
sys.exit(0)
"""
PATIENCE_S = 20.0


def settings(folder: Path, **more: object) -> WorkerSettings:
    told = {
        "bus": BusAddress(("nats://127.0.0.1:4222",), "parvis", "p4ss"),
        "site": "here",
        "folder": folder,
        "host": "127.0.0.1",
        "hub_port": 20_000,
        "pages": (":20000", ":20003"),
    }
    return WorkerSettings(**{**told, **more})  # type: ignore[arg-type]


@asynccontextmanager
async def running(told: WorkerSettings, count: int) -> AsyncIterator[Workers]:
    workers = Workers(told, (sys.executable, "-c", WORKER))
    workers.want(count)
    task = asyncio.create_task(workers.run())
    try:
        yield workers
    finally:
        task.cancel()
        await asyncio.wait({task})


async def until(holds: Callable[[], bool]) -> None:
    """Other processes announce nothing to this one: look again and again."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def notes(folder: Path) -> list[dict[str, str]]:
    found = []
    for path in folder.glob("*.json"):
        text = path.read_text()
        if text.endswith("}"):
            found.append(json.loads(text))
    return found


def command_line(pid: int) -> bytes:
    """What everybody on the machine can read of a process."""
    return Path(f"/proc/{pid}/cmdline").read_bytes()


async def test_they_are_told_all_by_their_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARVIS_EDGE_PUBLIC", "somebody.elses")
    async with running(settings(tmp_path), 2) as workers:
        await until(lambda: len(notes(tmp_path)) == 2)
        told = sorted(notes(tmp_path), key=lambda one: one["PARVIS_EDGE_PLACE"])
        assert [one["PARVIS_EDGE_PLACE"] for one in told] == [":20001", ":20002"]
        assert all("PARVIS_EDGE_PUBLIC" not in one for one in told)
        for process in workers.processes.values():
            assert b"p4ss" not in command_line(process.pid)
    assert workers.processes == {}
    monkeypatch.delenv("PARVIS_EDGE_PUBLIC")
    for key, value in told[0].items():
        monkeypatch.setenv(key, value)
    read = load_edge_settings(None, {})
    assert (read.site, read.place, read.network.port) == ("here", ":20001", 20_001)
    assert read.network.pages == (":20000", ":20003")
    assert read.bus.address() == BusAddress(("nats://127.0.0.1:4222",), "parvis", "p4ss")


async def test_one_that_dies_is_started_again_at_its_place_and_an_emptied_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers_module, "AGAIN_AFTER_S", 0.01)
    async with running(settings(tmp_path), 2) as workers:
        await until(lambda: len(notes(tmp_path)) == 2)
        os.kill(workers.processes[1].pid, signal.SIGKILL)
        await until(lambda: len(notes(tmp_path)) == 3)
        assert workers.starts == 3
        places = sorted(one["PARVIS_EDGE_PLACE"] for one in notes(tmp_path))
        assert places == [":20001", ":20001", ":20002"]
        os.kill(workers.processes[2].pid, signal.SIGUSR1)
        await until(lambda: 2 not in workers.processes)
        assert set(workers.processes) == {1}


async def test_ports_that_others_hold_are_left_out(tmp_path: Path) -> None:
    with take_port(NetworkSettings(host="127.0.0.1", port=20_001)):
        async with running(settings(tmp_path), 2):
            await until(lambda: len(notes(tmp_path)) == 2)
    places = sorted(one["PARVIS_EDGE_PLACE"] for one in notes(tmp_path))
    assert places == [":20002", ":20004"]  # 20003 is the hub's own


async def test_behind_a_proxy_they_are_paths(tmp_path: Path) -> None:
    told = settings(tmp_path, behind_proxy=("127.0.0.1",), pages=("https://room.example",))
    one = told.environment(2, 20_002)
    assert one["PARVIS_EDGE_PLACE"] == "/e/2"
    assert json.loads(one["PARVIS_EDGE_NETWORK__BEHIND_PROXY"]) == ["127.0.0.1"]


def test_there_are_never_fewer_than_before_nor_too_many(tmp_path: Path) -> None:
    workers = Workers(settings(tmp_path))
    for count in (2, 1, 99):
        workers.want(count)
    assert workers.wanted == MOST
