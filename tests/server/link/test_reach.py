"""Names and addresses: asked once for both connections, remembered while the resolver hangs."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from parvis_server.link import reach
from parvis_server.link.reach import ByName, Found

LOOPBACK = "127.0.0.1"


class Resolver:
    """Knows one address, and can be told to fail or to hang."""

    def __init__(self, port: int) -> None:
        self.found: Found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (LOOPBACK, port))]
        self.asked = 0
        self.hangs = False
        self.fault: OSError | None = None

    async def ask(self, host: str, port: int) -> Found:
        self.asked += 1
        if self.hangs:
            await asyncio.Event().wait()
        await asyncio.sleep(0)
        if self.fault is not None:
            raise self.fault
        return self.found


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(connected, LOOPBACK, 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()


async def dial(by_name: ByName) -> None:
    (await by_name.connected(0)).close()


async def test_both_connections_ask_once(port: int) -> None:
    resolver = Resolver(port)
    by_name = ByName("room.example", port, resolver.ask)
    await asyncio.gather(dial(by_name), dial(by_name))
    assert resolver.asked == 1
    await dial(by_name)
    assert resolver.asked == 2, "an entry may change"


async def test_an_address_that_was_good_is_tried_while_the_resolver_fails_or_hangs(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reach, "LOOK_UP_TIMEOUT_S", 0.01)
    resolver = Resolver(port)
    by_name = ByName("room.example", port, resolver.ask)
    await dial(by_name)
    resolver.fault = socket.gaierror(socket.EAI_AGAIN, "no network")
    await dial(by_name)
    resolver.hangs = True
    await asyncio.gather(dial(by_name), dial(by_name))
    await dial(by_name)
    assert resolver.asked == 3, "one question at a time"


async def test_what_was_never_known_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "FIRST_LOOK_UP_TIMEOUT_S", 0.01)
    resolver = Resolver(1)
    resolver.hangs = True
    with pytest.raises(socket.gaierror, match="the resolver does not answer"):
        await ByName("room.example", 1, resolver.ask).connected(0)


async def test_the_next_address_is_tried(port: int) -> None:
    resolver = Resolver(port)
    refused = (socket.AF_INET, socket.SOCK_STREAM, 0, "", (LOOPBACK, 1))
    resolver.found = [refused, *resolver.found]
    await dial(ByName("room.example", port, resolver.ask))
    resolver.found = [refused]
    with pytest.raises(ConnectionRefusedError):
        await ByName("room.example", port, resolver.ask).connected(1)
