"""A real hub in the test's own event loop: real sockets on loopback, an engine that obeys."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn.server

from fakes.asked_api import declare_when_asked
from fakes.built_pages import built_pages
from fakes.engine import FakeEngine
from parvis_server.app import Hub
from parvis_server.config import (
    AccessSettings,
    HubSettings,
    LimitSettings,
    NetworkSettings,
    ReadingSettings,
    RecordingSettings,
    RoomSettings,
    StageSettings,
)
from parvis_server.data_folder import DataFolder
from parvis_server.encryption import OWN_FILE
from parvis_server.hub_listeners import open_listeners
from parvis_server.hub_recorder import HubRecorder
from parvis_server.hub_server import Listener
from parvis_server.net.live_room import LiveRoom
from parvis_server.net.pages import Pages
from parvis_server.net.room_keeper import RoomKeeper
from parvis_server.ports import take_port

LOOPBACK = "127.0.0.1"


class _Hasty:
    """asyncio for uvicorn, which looks ten times a second whether it shall end or has: hundreds of
    hubs that end soon are worth a hundred looks."""

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    async def sleep(self, delay_s: float) -> None:
        await asyncio.sleep(min(delay_s, 0.01))


uvicorn.server.asyncio = _Hasty()  # type: ignore[attr-defined, assignment]
declare_when_asked()


@dataclass
class LiveHub:
    """A running hub and its parts."""

    hub: Hub
    engine: FakeEngine

    @property
    def port(self) -> int:
        return self.hub.listeners[0].port

    @property
    def https_port(self) -> int:
        """Of a hub that was started with ``tls``."""
        return self.hub.listeners[1].port

    @property
    def live(self) -> LiveRoom:
        return self.hub.main.live

    @property
    def http(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def https(self) -> str:
        return f"https://{LOOPBACK}:{self.https_port}"

    def trusting(self) -> ssl.SSLContext:
        """For clients who trust the hub's own certificate, and nothing else."""
        return ssl.create_default_context(cafile=str(self.hub.settings.data / OWN_FILE))

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
    tls: bool = False,
    network: NetworkSettings | None = None,
    recording: RecordingSettings | None = None,
    room: RoomSettings | None = None,
    can_record: bool = False,
    recorder: HubRecorder | None = None,
) -> AsyncIterator[LiveHub]:
    """A hub that runs until the block ends, then stops as on SIGTERM.

    With ``tls`` it has its second listener, with ``can_record`` a recorder that a test stands for,
    or ``recorder``; ``network`` takes the place of port and names.
    """
    settings = HubSettings(
        data=data,
        network=network or NetworkSettings(host=LOOPBACK, port=port, names=names, tls_port=0),
        access=AccessSettings(open_house=open_house),
        limits=limits or LimitSettings(),
        stage=stage or StageSettings(),
        reading=reading or ReadingSettings(),
        recording=recording or RecordingSettings(),
        room=room or RoomSettings(),
    )
    folder = DataFolder.open(data)
    hub = Hub(
        settings, folder, FakeEngine, pages=pages or built_pages(), keeper=keeper,
        can_record=can_record, recorder=recorder,
    )  # fmt: skip
    engine = hub.main.engine.running
    assert isinstance(engine, FakeEngine)
    async with asyncio.TaskGroup() as group:
        if tls:
            listening_on = open_listeners(settings.network, folder, time.time_ns() // 1_000_000)
        else:
            listening_on = [Listener(take_port(settings.network))]
        group.create_task(hub.run(listening_on))
        await hub.started.wait()
        try:
            yield LiveHub(hub, engine)
        finally:
            hub.stopping.set()
