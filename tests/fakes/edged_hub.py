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


async def becomes(holds: Callable[[], bool]) -> None:
    """Wait until something holds that is carried out elsewhere."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110  # nobody announces it
            await asyncio.sleep(0.01)
