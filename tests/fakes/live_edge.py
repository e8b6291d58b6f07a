"""A real edge in the test's own event loop: real sockets on loopback, a bus inside the process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fakes.edge_hub import EdgeHub
from parvis_server.bus.bus import Bus
from parvis_server.bus.local import LocalBroker, LocalBus
from parvis_server.config import NetworkSettings
from parvis_server.edge.edge import Edge, Standing
from parvis_server.edge.http import Socket
from parvis_server.hub_server import Listener
from parvis_server.net.pages import Pages
from parvis_server.open_files import KEPT_FILES, OpenFiles
from parvis_server.ports import take_port

LOOPBACK = "127.0.0.1"


@dataclass
class LiveEdge:
    """A running edge."""

    edge: Edge
    port: int

    @property
    def id(self) -> str:
        return self.edge.line.edge

    @property
    def http(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def listen(self) -> str:
        return f"ws://{LOOPBACK}:{self.port}/ws/listen"

    @property
    def speak(self) -> str:
        return f"ws://{LOOPBACK}:{self.port}/ws/speak"

    async def reached(self) -> None:
        async with asyncio.timeout(5):
            await self.edge.reached.wait()


@asynccontextmanager
async def live_edge(
    bus: Bus,
    *,
    site: str = "test",
    is_public: bool = False,
    pages: Pages | None = None,
    sisters: tuple[str, ...] = (),
    sockets: Mapping[str, Socket] | None = None,
    most: int | None = None,
    behind_proxy: tuple[str, ...] = (),
) -> AsyncIterator[LiveEdge]:
    """An edge that runs until the block ends, then stops as on SIGTERM."""
    standing = Standing(
        site=site,
        place=":1",
        pages=sisters,
        is_public=is_public,
        behind_proxy=behind_proxy,
        sockets=sockets or {},
        files=OpenFiles(None if most is None else most + KEPT_FILES),
    )
    edge = Edge(standing, bus, pages or Pages({}))
    listener = Listener(take_port(NetworkSettings(host=LOOPBACK, port=0)))
    async with asyncio.TaskGroup() as group:
        group.create_task(edge.run([listener]))
        await edge.started.wait()
        try:
            yield LiveEdge(edge, listener.port)
        finally:
            edge.stopping.set()


@dataclass
class House:
    """A fake hub, one edge, and the bus between them."""

    broker: LocalBroker
    hub: EdgeHub
    edge: LiveEdge


@asynccontextmanager
async def edge_house(**options: object) -> AsyncIterator[House]:
    """A hub that beats, and an edge that reached it."""
    broker = LocalBroker()
    hub = EdgeHub(LocalBus(broker))
    hub.start()
    async with live_edge(LocalBus(broker), **options) as edge:  # type: ignore[arg-type]
        beating = asyncio.create_task(_beat(hub))
        try:
            await edge.reached()
            yield House(broker, hub, edge)
        finally:
            beating.cancel()


async def _beat(hub: EdgeHub) -> None:
    while True:
        hub.beat()
        await asyncio.sleep(0.5)
