"""The hub as a whole: what ends it, what it survives, what it says when something of it fails."""

import asyncio
import time
from pathlib import Path

import httpx
import pytest

from fakes.live_hub import live_hub
from fakes.machine import MachineWatch
from fakes.peer import joined, peer
from fakes.processes import free_port
from parvis_server.app import Hub
from parvis_server.data_folder import DataFolder
from parvis_wire.close_codes import CloseCode


async def test_a_part_that_fails_ends_the_hub(tmp_path: Path) -> None:
    with pytest.raises(ExceptionGroup) as ended:
        async with live_hub(tmp_path) as hub, joined(hub.listen):
            hub.engine.breaks.set()
            await asyncio.sleep(5)
    assert "the test broke the engine" in str(ended.value.__cause__ or ended.getrepr())


async def test_stopping_takes_everybody_along_within_three_seconds(
    tmp_path: Path, machine: MachineWatch
) -> None:
    async with (
        live_hub(tmp_path) as hub,
        joined(hub.listen) as phone,
        peer(hub.listen) as waiting,
        httpx.AsyncClient(base_url=hub.http, trust_env=False) as client,
        client.stream("GET", "/listen.mp3") as player,
    ):
        began_s = time.monotonic()
        hub.hub.stopping.set()
        assert (await phone.until_closed())[0] == CloseCode.GOING_AWAY
        assert (await waiting.until_closed())[0] == CloseCode.GOING_AWAY
        assert await player.aread() == b""
        machine.assert_within(3.0, began_s, "stopped")


async def test_the_port_is_free_again_after_a_stop(tmp_path: Path) -> None:
    port = free_port()
    for _ in range(2):
        async with live_hub(tmp_path, port=port) as hub, joined(hub.listen):
            assert hub.port == port


async def test_the_announcement_has_addresses_and_the_secret(tmp_path: Path) -> None:
    async with live_hub(tmp_path) as hub:
        said = hub.hub.announcement()
        assert said.listener_link == f"{hub.http}/r/main"
        assert said.host_link == f"{hub.http}/host#k={hub.secret}"
        assert said.has_network, "it was asked to listen on loopback"
    assert isinstance(hub.hub, Hub)
    assert DataFolder.open(tmp_path).secrets().host_secret == hub.secret
