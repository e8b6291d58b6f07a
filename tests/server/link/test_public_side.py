"""The bus of a public edge, with a real nats-server: who may what, through the edge's one port."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from fakes.linked import LOOPBACK, SECRET, ByPorts, until
from parvis_server.bus.bus import BusFault
from parvis_server.bus.nats_bus import NatsBus
from parvis_server.config import NetworkSettings
from parvis_server.edge.bus_tunnel import MAX_TUNNELS
from parvis_server.edge.edge import Standing
from parvis_server.edge.public import PublicSide
from parvis_server.hub_server import Listener, make_server
from parvis_server.link.entry import Shown
from parvis_server.link.publish import Publication, bus_of
from parvis_server.link.publish_address import BUS_PATH, LINK_PATH, PublishAddress
from parvis_server.ports import take_port
from parvis_wire.bus_subjects import Subjects

EDGE = "edge-1"


@asynccontextmanager
async def public_side() -> AsyncIterator[PublicSide]:
    listening = take_port(NetworkSettings(host=LOOPBACK, port=0))
    address = PublishAddress(LOOPBACK, listening.getsockname()[1], False, SECRET)
    side = PublicSide(address, is_new=False, bus=None)
    tasks = [asyncio.ensure_future(work) for work in await side.begin(EDGE)]
    sockets = side.standing(Standing(site="", place="")).sockets
    routes = [WebSocketRoute(path, endpoint) for path, endpoint in sockets.items()]
    server = make_server(Starlette(routes=routes), Listener(listening))
    serving = asyncio.ensure_future(server.serve([listening]))
    try:
        await server.listening.wait()
        await side.until_ready(tasks)
        yield side
    finally:
        server.should_exit = True
        await serving
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        listening.close()


@asynccontextmanager
async def running(bus: NatsBus) -> AsyncIterator[NatsBus]:
    task = asyncio.ensure_future(bus.run())
    try:
        yield bus
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_hub_and_edge_meet_on_the_bus_and_sound_takes_the_link() -> None:
    async with public_side() as side:
        address = side.address
        subjects = Subjects(address.site)
        publication = Publication(address, "hub-1", reach=ByPorts(lambda place: address.port))
        async with (
            running(NatsBus(bus_of(address, None), "hub")) as hub,
            running(side.bus()) as edge,
        ):
            linking = asyncio.ensure_future(publication.run())
            await until(lambda: hub.is_connected and edge.is_connected)
            hub.answer(subjects.hello, lambda question, answer: answer(b"hello, " + question))
            await until(lambda: publication.sound.is_open)
            assert await _answer(edge, subjects.hello) == b"hello, edge"
            programs: list[bytes] = []
            up: list[bytes] = []
            edge.subscribe(subjects.program("main"), programs.append)
            publication.sound.receive(EDGE, up.append)

            def talk() -> bool:
                publication.sound.send_program("main", b"program")
                edge.publish(subjects.sound_up(EDGE), b"speaker")
                return b"program" in programs and b"speaker" in up

            await until(talk)
            linking.cancel()
            await asyncio.gather(linking, return_exceptions=True)


async def _answer(edge: NatsBus, subject: str) -> bytes:
    """Once the hub's willingness to answer has reached the server."""
    async with asyncio.timeout(10):
        while True:
            with suppress(BusFault):
                return await edge.ask(subject, b"edge", 1.0)


async def test_each_user_does_what_is_theirs_and_nothing_else() -> None:
    async with public_side() as side:
        subjects = Subjects(side.address.site)
        async with (
            running(NatsBus(bus_of(side.address, None), "hub")) as hub,
            running(side.bus()) as edge,
            running(side.bus()) as another,
        ):
            await until(lambda: hub.is_connected and edge.is_connected and another.is_connected)
            heard: list[bytes] = []
            for subject in (subjects.news("main"), subjects.program("main"), "elsewhere"):
                another.subscribe(subject, heard.append)

            def speak() -> bool:
                edge.publish(subjects.news("main"), b"forged news")
                edge.publish(subjects.program("main"), b"forged sound")
                hub.publish("elsewhere", b"another use")
                hub.publish(subjects.news("main"), b"news")
                return b"news" in heard

            await until(speak)
            await until(speak)
            assert set(heard) == {b"news"}


async def test_strangers_stay_outside() -> None:
    async with public_side() as side:
        stranger = PublishAddress(LOOPBACK, side.address.port, False, bytes(18))
        async with (
            running(NatsBus(bus_of(stranger, None), "stranger")) as outside,
            running(NatsBus(bus_of(side.address, None), "hub")) as hub,
        ):
            await until(lambda: hub.is_connected)
            assert not outside.is_connected


def utc_ms() -> int:
    return time.time_ns() // 1_000_000


async def opened(
    address: PublishAddress, path: str, headers: dict[str, str] | None = None
) -> ClientConnection:
    """A WebSocket of the edge."""
    url = f"ws://{LOOPBACK}:{address.port}{path}"
    return await connect(url, additional_headers=headers, proxy=None)


async def opened_by(address: PublishAddress, path: str, hub: str) -> ClientConnection:
    """One of a hub that knows the address."""
    return await opened(address, path, Shown(address.entry_key, hub).headers(path, utc_ms()))


@pytest.mark.parametrize("path", [BUS_PATH, LINK_PATH])
async def test_strangers_are_refused_before_they_take_any_place(path: str) -> None:
    """However many ask and stay: the hub comes in as if they were not there."""
    async with public_side() as side:
        address = side.address
        wrong = Shown(bytes(32), "hub-1").headers(path, utc_ms())
        old = Shown(address.entry_key, "hub-1").headers(path, utc_ms() - 120_000)
        once = Shown(address.entry_key, "hub-1").headers(path, utc_ms())
        await (await opened(address, path, once)).close()
        for headers in (*(None for _ in range(30)), wrong, old, once):
            with pytest.raises(InvalidStatus) as refused:
                await opened(address, path, headers)
            assert refused.value.response.status_code == 401
        assert side.entrance.refused == 33
        publication = Publication(address, "hub-1", reach=ByPorts(lambda place: address.port))
        async with running(NatsBus(publication.bus, "hub")) as hub:
            linking = asyncio.ensure_future(publication.run())
            await until(lambda: hub.is_connected and publication.sound.end.lines == 2)
            linking.cancel()
            await asyncio.gather(linking, return_exceptions=True)


async def test_a_hub_that_comes_again_takes_the_place_of_its_own_tunnel() -> None:
    """And of nobody else's; beyond the bound others are told to try again."""
    async with public_side() as side, AsyncExitStack() as stack:
        address = side.address
        tunnels = [await opened_by(address, BUS_PATH, f"hub-{n}") for n in range(MAX_TUNNELS)]
        for tunnel in tunnels:
            stack.push_async_callback(tunnel.close)
            assert str(await tunnel.recv()).find("INFO") >= 0
        with pytest.raises(InvalidStatus) as refused:
            await opened_by(address, BUS_PATH, "one too many")
        assert refused.value.response.status_code == 401, "no hub is called so"
        with pytest.raises(InvalidStatus) as refused:
            await opened_by(address, BUS_PATH, "hub-too-many")
        assert refused.value.response.status_code == 503
        again = await opened_by(address, BUS_PATH, "hub-0")
        stack.push_async_callback(again.close)
        assert b"INFO" in await again.recv(decode=False)
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                await tunnels[0].recv()
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 4010


async def test_a_hub_whose_clock_is_a_day_behind_comes_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """The refusal tells the edge's clock, and the next proof names its time."""
    async with public_side() as side:
        address = side.address
        real_ns = time.time_ns
        monkeypatch.setattr(side.entrance, "_utc_ms", lambda: real_ns() // 1_000_000)
        monkeypatch.setattr("time.time_ns", lambda: real_ns() - 86_400 * 10**9)
        publication = Publication(address, "hub-1", reach=ByPorts(lambda place: address.port))
        async with running(NatsBus(publication.bus, "hub")) as hub:
            linking = asyncio.ensure_future(publication.run())
            await until(lambda: hub.is_connected and publication.sound.end.lines == 2)
            linking.cancel()
            await asyncio.gather(linking, return_exceptions=True)
            assert hub.attempts == 0
