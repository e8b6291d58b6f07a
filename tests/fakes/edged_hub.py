"""A real hub and real edges in the test's own event loop, over a bus inside the process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fakes.built_pages import built_pages
from fakes.live_edge import LiveEdge, live_edge
from fakes.live_hub import LiveHub, live_hub
from parvis_server.bus.local import LocalBroker, LocalBus
from parvis_server.net.edges.desk import EdgeDesk

SITE = "test"
PATIENCE_S = 20.0


@dataclass
class EdgedHub:
    """Both sides, and what joins them."""

    hub: LiveHub
    desk: EdgeDesk
    edge: LiveEdge
    broker: LocalBroker
    hub_bus: LocalBus
    edge_bus: LocalBus


@asynccontextmanager
async def edged_hub(
    data: Path, *, is_public: bool = False, **of_hub: Any
) -> AsyncIterator[EdgedHub]:
    """A hub, and one edge that reached it."""
    broker = LocalBroker()
    hub_bus, edge_bus = LocalBus(broker), LocalBus(broker)
    async with live_hub(data, **of_hub) as hub, asyncio.TaskGroup() as group:
        desk = EdgeDesk(hub.hub.edges.site, hub_bus, SITE, is_alone=True)
        hub.hub.edges.desks.append(desk)
        running = group.create_task(desk.run())
        try:
            async with live_edge(
                edge_bus, site=SITE, is_public=is_public, pages=built_pages()
            ) as edge:
                await edge.reached()
                yield EdgedHub(hub, desk, edge, broker, hub_bus, edge_bus)
        finally:
            running.cancel()


def losing(bus: LocalBus, is_lost: Callable[[bytes], bool]) -> Callable[[], None]:
    """This bus loses such messages from now on; what is returned ends it."""
    publish = bus.publish

    def some(subject: str, payload: bytes) -> None:
        if not is_lost(payload):
            publish(subject, payload)

    bus.publish = some  # type: ignore[method-assign]

    def end() -> None:
        bus.publish = publish  # type: ignore[method-assign]

    return end


@asynccontextmanager
async def other_site(house: EdgedHub, name: str = "elsewhere") -> AsyncIterator[LiveEdge]:
    """An edge of the same hub on another bus, which has nothing to do with the first."""
    broker = LocalBroker()
    desk = EdgeDesk(house.hub.hub.edges.site, LocalBus(broker), name, is_alone=True)
    async with asyncio.TaskGroup() as group:
        house.hub.hub.edges.desks.append(desk)
        running = group.create_task(desk.run())
        try:
            async with live_edge(LocalBus(broker), site=name, pages=built_pages()) as edge:
                await edge.reached()
                yield edge
        finally:
            running.cancel()


async def becomes(holds: Callable[[], bool]) -> None:
    """Wait until something holds that is carried out elsewhere."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110  # nobody announces it
            await asyncio.sleep(0.01)
