"""A system that allows few open files: it is said at the start, and served up to the limit."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from fakes.live_edge import edge_house
from fakes.parvis import HubProcess
from fakes.peer import host_credential, joined, peer
from parvis_server.open_files import KEPT_FILES
from parvis_wire.close_codes import CloseCode
from parvis_wire.messages import PROTOCOL_VERSION, Join, Role, Welcome

SERVED = 12
FILES = KEPT_FILES + SERVED
LIMITED = (
    "import os, resource, sys; "
    f"resource.setrlimit(resource.RLIMIT_NOFILE, ({FILES}, {FILES})); "
    "os.execvp(sys.argv[1], sys.argv[1:])"
)


def test_a_hub_with_few_files_says_so_and_serves_as_many(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path, inside=(sys.executable, "-c", LIMITED))
    try:
        said = hub.program.wait_for(r"lets a process open (\d+) files.*LimitNOFILE=(\d+)")
        assert int(said[1]) == FILES < int(said[2])
        asyncio.run(_fill(f"ws://127.0.0.1:{hub.port}/ws/listen", hub.secret))
    finally:
        hub.close()


async def _fill(url: str, secret: str) -> None:
    """As many listeners as there is room for; one more hears why not, and a host comes in."""
    listeners = 0
    async with AsyncExitStack() as stack:
        while True:
            one = await stack.enter_async_context(peer(url))
            await one.say(Join(version=PROTOCOL_VERSION, role=Role.LISTENER))
            if not isinstance(await one.hear(), Welcome):
                code, _ = await one.until_closed()
                assert code == CloseCode.RATE
                break
            listeners += 1
            assert listeners <= SERVED
        assert listeners == SERVED
        async with joined(url, Role.HOST, credential=host_credential(secret)) as host:
            assert host.welcome.rank is not None


async def test_an_edge_with_few_files_says_so_once_it_knows_its_hub(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with edge_house(most=SERVED) as house:
        (said,) = [record.message for record in caplog.records if "open" in record.message]
        wanted = house.hub.max_listeners + KEPT_FILES
        assert f"ulimit -n {wanted}" in said and f"until then {SERVED} are served" in said
