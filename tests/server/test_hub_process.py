"""The hub as a process: what it refuses at its start."""

import asyncio
import socket
import subprocess
import sys
import time
from pathlib import Path

from fakes.live_hub import live_hub
from fakes.processes import QUIET
from parvis_server.net.room_keeper import StoredRooms
from parvis_server.store.address import Address
from parvis_server.store.database import Store
from parvis_wire.messages import DEFAULT_ROOM

HUB = (sys.executable, "-c", "from parvis_server.cli import main; main()", "hub")


async def claim(tmp_path: Path) -> None:
    """A hub that somebody has claimed, and that has ended."""
    keeper = StoredRooms(Store.open(Address.of(None, tmp_path)), lambda: None, DEFAULT_ROOM)
    async with live_hub(tmp_path, keeper=keeper) as hub:
        trust, now = hub.hub.trust, time.time_ns() // 1_000_000
        trust.claim(trust.new_setup_secret(now), "Zoé", None, "127.0.0.1", now)
        await keeper.kept()


def test_there_is_no_open_house_once_the_hub_has_an_operator(tmp_path: Path) -> None:
    asyncio.run(claim(tmp_path))
    options = ("--port", "0", "--tls-port", "0", "--host", "127.0.0.1", "--open-house")
    told = subprocess.run(
        [*HUB, *options, "--data", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        env=QUIET,
        check=False,
    )
    assert told.returncode == 2
    assert "this one has an operator" in told.stderr and "Traceback" not in told.stderr
    assert told.stdout == "", "it served nobody"


def test_systemd_hears_that_the_hub_serves_and_mixes(tmp_path: Path) -> None:
    path = tmp_path / "notify"
    told = {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "400000"}
    options = ("--port", "0", "--tls-port", "off", "--host", "127.0.0.1", "--data", str(tmp_path))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(path))
        systemd.settimeout(60)
        with subprocess.Popen(
            [*HUB, *options], env={**QUIET, **told}, stdout=subprocess.DEVNULL
        ) as hub:
            try:
                heard = [systemd.recv(100) for _ in range(3)]
            finally:
                hub.terminate()
            assert hub.wait(30) == 0
    assert heard == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]
