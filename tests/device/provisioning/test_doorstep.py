"""At the hub's door while the page is open: found, paired by code and press, another hub told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from fakes.door import Door
from fakes.hub import running_hub
from fakes.provisioned import FakeSearch
from parvis_device.address import HubAddress
from parvis_device.candidates import Candidate
from parvis_device.config import UnitConfig, load
from parvis_device.discovery import Search
from parvis_device.identity import open_identity
from parvis_device.light import LinkState
from parvis_device.provisioning.doorstep import Doorstep, doorstep_of
from parvis_wire.identity import fingerprint

CODE = "K7MQ2HXD"


class WatchedDoorstep:
    """Waits for what it says."""

    def __init__(self, config: UnitConfig, folder: Path, search: Search) -> None:
        self.step = doorstep_of(config, folder, search)
        self._changed = asyncio.Event()
        tell = self.step.link_changed

        def link_changed(state: LinkState) -> None:
            tell(state)
            self._changed.set()

        self.step.link_changed = link_changed  # type: ignore[method-assign]

    async def until(self, condition: Callable[[Doorstep], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition(self.step):
                self._changed.clear()
                await self._changed.wait()


@asynccontextmanager
async def at_the_door(
    hub: str, folder: Path, search: Search | None = None, code: str | None = CODE
) -> AsyncIterator[tuple[WatchedDoorstep, asyncio.Task[None]]]:
    given = {"hub": hub, "name": "Table 1", "setup_code": code, "button": "keyboard"}
    config = load(None, {key: value for key, value in given.items() if value is not None})
    watched = WatchedDoorstep(config, folder, search or FakeSearch())
    running = asyncio.create_task(watched.step.run())
    try:
        yield watched, running
    finally:
        running.cancel()
        await asyncio.wait([running])


async def test_it_is_paired_and_leaves(tmp_path: Path) -> None:
    door = Door()
    async with (
        running_hub(door) as hub,
        at_the_door(hub.url, tmp_path) as (watched, running),
    ):
        await watched.until(lambda step: step.state is LinkState.UNPAIRED)
        await door.pair(CODE)
        await watched.until(lambda step: step.state is LinkState.PRESS_TO_PAIR)
        watched.step.pressed()
        watched.step.released()
        async with asyncio.timeout(20):
            await running
        assert watched.step.state is LinkState.JOINED
        assert open_identity(tmp_path).site == door.key and not hub.packets


async def test_it_finds_the_hub_that_announces_itself(tmp_path: Path) -> None:
    door = Door()
    async with running_hub(door) as hub:
        address = HubAddress.parse(hub.url)
        search = FakeSearch(Candidate("Town hall", address, fingerprint(door.key)))
        async with at_the_door("auto", tmp_path, search) as (watched, _):
            await watched.until(lambda step: step.state is LinkState.UNPAIRED)


async def test_another_hub_at_the_address_is_told(tmp_path: Path) -> None:
    open_identity(tmp_path).belong_to(Door().key)
    async with (
        running_hub(Door()) as hub,
        at_the_door(hub.url, tmp_path) as (watched, _),
    ):
        await watched.until(lambda step: step.state is LinkState.WRONG_ADDRESS)


async def test_no_hub_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("parvis_device.discovery.SEARCH_S", 0.05)
    async with at_the_door("auto", tmp_path) as (watched, _):
        await watched.until(lambda step: step.state is LinkState.LOST)
