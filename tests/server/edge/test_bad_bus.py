"""A bus that is away at the start or later, refuses us, or is cut in two: a real nats-server."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

import httpx
import pytest

from fakes.edge_hub import EdgeHub
from fakes.linked import Gate
from fakes.live_edge import LiveEdge, live_edge
from fakes.peer import joined, peer
from fakes.processes import free_port
from parvis_server.bus.address import BusAddress
from parvis_server.bus.nats_bus import NatsBus
from parvis_server.bus.server import BusServer
from parvis_wire.close_codes import CloseCode
from parvis_wire.edge_words import Venue
from parvis_wire.messages import PROTOCOL_VERSION, Change, Join, Role, Snapshot

PATIENCE_S = 30.0


@asynccontextmanager
async def serving(server: BusServer) -> AsyncIterator[None]:
    running = asyncio.create_task(server.run())
    try:
        async with asyncio.timeout(PATIENCE_S):
            await server.listening.wait()
        yield
    finally:
        running.cancel()
        await asyncio.wait([running])


@asynccontextmanager
async def on_bus(address: BusAddress) -> AsyncIterator[NatsBus]:
    """A bus that tries."""
    bus = NatsBus(address, "test")
    running = asyncio.create_task(bus.run())
    try:
        yield bus
    finally:
        await bus.close()
        running.cancel()
        await asyncio.wait([running])


@dataclass
class Evening:
    """A hub that beats and an edge, each with a bus of its own."""

    hub: EdgeHub
    edge: LiveEdge


@asynccontextmanager
async def evening(of_hub: BusAddress, of_edge: BusAddress) -> AsyncIterator[Evening]:
    async with on_bus(of_hub) as hub_bus, on_bus(of_edge) as edge_bus:
        hub = EdgeHub(hub_bus)
        hub.start()
        async with live_edge(edge_bus) as edge:
            beating = asyncio.create_task(_beat(hub))
            try:
                yield Evening(hub, edge)
            finally:
                beating.cancel()


async def _beat(hub: EdgeHub) -> None:
    while True:
        hub.beat()
        await asyncio.sleep(0.5)


def server_at(port: int) -> BusServer:
    server = BusServer()
    server._port = port
    return server


def lines(caplog: pytest.LogCaptureFixture, words: str) -> int:
    return sum(words in record.getMessage() for record in caplog.records)


async def turned_away(edge: LiveEdge) -> None:
    """A listener is told why, and a request so."""
    async with peer(edge.listen) as one:
        await one.say(Join(version=PROTOCOL_VERSION, role=Role.LISTENER, room="main"))
        assert await one.hear() == Venue(is_reached=False)
        assert (await one.until_closed())[0] == CloseCode.GOING_AWAY
    async with httpx.AsyncClient(base_url=edge.http, trust_env=False) as browser:
        answer = await browser.get("/api/v1/rooms/main")
        assert (answer.status_code, answer.json()["code"]) == (503, "not_reached")
        assert (await browser.get("/healthz")).json() == {"status": "venue away"}


async def test_a_bus_that_comes_late_and_goes_and_comes_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Before it is there, everybody is told; listeners stay while it is away, and miss nothing."""
    caplog.set_level(logging.WARNING)
    server = server_at(free_port())
    async with evening(server.address, server.address) as there:
        hub, edge = there.hub, there.edge
        await turned_away(edge)
        async with serving(server):
            async with asyncio.timeout(PATIENCE_S):
                await edge.edge.reached.wait()
            assert lines(caplog, "nobody listens there") == 2, "one line of each of two"
            stack = AsyncExitStack()
            listener = await stack.enter_async_context(joined(edge.listen))
        async with stack:
            venue = await listener.until(Venue)
            assert not venue.is_reached
            hub.rooms["main"].raises("meanwhile")  # nobody hears of it
            async with serving(server):
                while not (await listener.until(Venue)).is_reached:
                    pass
                await listener.until(Snapshot)
                assert [hand.participant for hand in listener.view.line] == ["meanwhile"]


async def test_wrong_credentials_are_told_in_one_line_and_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The edge serves what it can; the password is in no line."""
    caplog.set_level(logging.WARNING)
    server = server_at(free_port())
    wrong = replace(server.address, password="not-the-password")
    async with serving(server), evening(server.address, wrong) as there:
        bus = there.edge.edge.line.bus
        assert isinstance(bus, NatsBus)
        async with asyncio.timeout(PATIENCE_S):
            while bus.attempts < 3:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await turned_away(there.edge)
        assert lines(caplog, "refuses these credentials") == 1
        assert lines(caplog, "not-the-password") == 0


async def test_a_partition_that_nobody_announces_is_noticed_and_heals() -> None:
    """Packets are swallowed for seconds between edge and bus: both sides stay, and meet again."""
    server = server_at(free_port())
    async with serving(server), Gate().before(_port(server.address)) as gate:
        far = replace(server.address, urls=(f"nats://127.0.0.1:{gate.port}",))
        async with evening(server.address, far) as there:
            async with asyncio.timeout(PATIENCE_S):
                await there.edge.edge.reached.wait()
            async with joined(there.edge.listen) as one:
                gate.shut()
                assert not (await one.until(Venue)).is_reached
                for who in ("a", "b", "c"):
                    there.hub.news(there.hub.rooms["main"].raises(who))
                gate.open()
                while not (await one.until(Venue)).is_reached:
                    pass
                while len(one.view.line) < 3:
                    await one.hear()
                there.hub.news(there.hub.rooms["main"].raises("d"))
                await one.until(Change)
                assert one.view == there.hub.rooms["main"].view


def _port(address: BusAddress) -> int:
    return int(address.urls[0].rpartition(":")[2])
