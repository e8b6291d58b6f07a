"""A real hub in the test's own event loop: real sockets on loopback, an engine that obeys."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from fakes.engine import FakeEngine
from parvis_server.app import Hub
from parvis_server.config import (
    AccessSettings,
    HubSettings,
    LimitSettings,
    NetworkSettings,
    ReadingSettings,
    StageSettings,
)
from parvis_server.data_folder import DataFolder
from parvis_server.hub_server import Listener
from parvis_server.net.live_room import LiveRoom
from parvis_server.net.pages import Pages
from parvis_server.net.room_keeper import RoomKeeper
from parvis_server.ports import take_port

LOOPBACK = "127.0.0.1"


@dataclass
class LiveHub:
    """A running hub and its parts."""

    hub: Hub
    engine: FakeEngine

    @property
    def port(self) -> int:
        return self.hub.listeners[0].port

    @property
    def live(self) -> LiveRoom:
        return self.hub.main.live

    @property
    def http(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def listen(self) -> str:
        """URL of the listeners' socket."""
        return f"ws://{LOOPBACK}:{self.port}/ws/listen"

    @property
    def unit(self) -> str:
        """URL of the units' socket."""
        return f"ws://{LOOPBACK}:{self.port}/ws/unit"

    @property
    def speak(self) -> str:
        """URL of the remote speakers' socket."""
        return f"ws://{LOOPBACK}:{self.port}/ws/speak"

    @property
    def secret(self) -> str:
        """The secret of the host link."""
        return self.hub.keys.host_secret


@asynccontextmanager
async def live_hub(
    data: Path,
    *,
    open_house: bool = False,
    limits: LimitSettings | None = None,
    port: int = 0,
    pages: Pages | None = None,
    names: tuple[str, ...] = (),
    stage: StageSettings | None = None,
    reading: ReadingSettings | None = None,
    keeper: RoomKeeper | None = None,
) -> AsyncIterator[LiveHub]:
    """A hub that runs until the block ends, then stops as on SIGTERM."""
    settings = HubSettings(
        data=data,
        network=NetworkSettings(host=LOOPBACK, port=port, names=names),
        access=AccessSettings(open_house=open_house),
        limits=limits or LimitSettings(),
        stage=stage or StageSettings(),
        reading=reading or ReadingSettings(),
    )
    hub = Hub(settings, DataFolder.open(data), FakeEngine, pages=pages, keeper=keeper)
    engine = hub.main.engine.running
    assert isinstance(engine, FakeEngine)
    async with asyncio.TaskGroup() as group:
        group.create_task(hub.run([Listener(take_port(settings.network))]))
        await hub.started.wait()
        try:
            yield LiveHub(hub, engine)
        finally:
            hub.stopping.set()
