"""Puts the update's client between the parts of a running unit."""

import asyncio
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import parvis_device
from parvis_device.lighting import Lighting
from parvis_device.link import HubLink
from parvis_device.papers import Papers
from parvis_device.update.client import UpdateClient, Vitals
from parvis_device.update.fetching import HubPieces
from parvis_device.update.places import own_places

SHOW_S = 0.5


def join_updates(
    link: HubLink, vitals: Callable[[], Vitals], papers: Papers | None
) -> UpdateClient | None:
    """Let the hub hear what this unit runs, and the unit what the hub offers.

    None: a unit without a key, to which nobody offers anything.
    """
    if papers is None:
        return None
    module = Path(parvis_device.__file__)
    places = own_places(module, papers.identity.folder)
    version = metadata.version("parvis")
    client = UpdateClient(places, version, vitals, link.send_message, HubPieces())
    link.software, link.offered = client.software, client.offered
    return client


async def look_after(client: UpdateClient, lighting: Lighting, refresh: Callable[[], None]) -> None:
    """Fetch, tell and show, until cancelled."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(client.run())
        while True:
            shown = client.shown(time.monotonic_ns())
            if shown is not lighting.updating:
                lighting.updating = shown
                refresh()
            await asyncio.sleep(SHOW_S)
