"""A whole unit of fake parts against a fake hub on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fakes.hub import FakeHub
from fakes.unit_parts import (
    FakeButton,
    FakeBuzzer,
    FakeLight,
    FakeLoudspeaker,
    FakeMicrophone,
)
from parvis_device.address import HubAddress
from parvis_device.app import Assembly
from parvis_device.buttons import MuteSwitch
from parvis_device.config import UnitConfig, load
from parvis_device.hub_addresses import GivenAddress, HubAddresses
from parvis_device.light import Signal
from parvis_device.papers import Papers


@dataclass
class Bench:
    hub: FakeHub
    microphone: FakeMicrophone
    button: FakeButton
    light: FakeLight
    loudspeaker: FakeLoudspeaker
    running: asyncio.Task[None]
    buzzer: FakeBuzzer

    async def take_floor(self) -> None:
        """From idle to live."""
        await self.light.until(Signal.IDLE)
        self.button.press()
        await self.light.until(Signal.NEXT)
        await self.hub.grant()
        await self.light.until(Signal.GRANTED)
        self.button.press()
        await self.light.until(Signal.LIVE)
        await self.hub.until(lambda hub: len(hub.packets) > 5)


def configured(hub: str, **more: object) -> UnitConfig:
    if more.get("microphone") != "none":
        more = {"button": "keyboard", **more}
    return load(None, {"hub": hub, "name": "Table 1", **more})


@asynccontextmanager
async def unit_at(
    hub: FakeHub,
    papers: Papers | None = None,
    addresses: HubAddresses | None = None,
    mute: MuteSwitch | None = None,
    **more: object,
) -> AsyncIterator[Bench]:
    """A unit that runs until the block ends, and ended well then."""
    config = configured(hub.url, **more)
    microphone, button, light = FakeMicrophone(), FakeButton(), FakeLight()
    loudspeaker, buzzer = FakeLoudspeaker(), FakeBuzzer()
    assembly = Assembly(
        config,
        addresses or GivenAddress(HubAddress.parse(config.hub)),
        None if config.only_plays else microphone,
        button,
        light,
        loudspeaker if config.plays else None,
        buzzer,
        papers,
        mute,
    )
    running = asyncio.create_task(assembly.run())
    try:
        yield Bench(hub, microphone, button, light, loudspeaker, running, buzzer)
        button.ask_to_quit()
        async with asyncio.timeout(20):
            await running
    finally:
        running.cancel()
        await asyncio.wait([running])
