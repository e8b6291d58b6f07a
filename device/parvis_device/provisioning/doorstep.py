"""At the hub's door while the page is open: finds the hub, waits to be paired, says how it goes.

The unit's program does the same for good; this is for the person who holds a phone and wants to
see that the unit is let in. No microphone is opened, and once the hub has let the unit in the
connection ends.
"""

import asyncio
import time
from pathlib import Path

from parvis_device.address import HubAddress
from parvis_device.config import AUTO, ButtonKind, UnitConfig
from parvis_device.discovery import FoundAddress, Search
from parvis_device.hub_addresses import GivenAddress, HubAddresses
from parvis_device.identity import open_identity
from parvis_device.light import LinkState
from parvis_device.link import HubLink
from parvis_device.pairing import Pairing
from parvis_device.papers import Papers, setup_code
from parvis_wire.messages import HubMessage

HOUSEKEEPING_S = 0.1


class Doorstep:
    """One unit before its hub."""

    def __init__(self, addresses: HubAddresses, config: UnitConfig, papers: Papers) -> None:
        """Nothing happens before ``run``."""
        self.state = LinkState.CONNECTING
        self._let_in = asyncio.Event()
        self._link = HubLink(
            addresses, name=config.name, traits=config.traits, events=self, papers=papers
        )

    async def run(self) -> None:
        """Until the hub has let the unit in, or cancelled."""
        async with asyncio.TaskGroup() as tasks:
            working = [tasks.create_task(self._link.run()), tasks.create_task(self._keep_house())]
            await self._let_in.wait()
            for task in working:
                task.cancel()

    def pressed(self) -> None:
        """The button went down."""
        self._link.pressed()

    def released(self) -> None:
        """It came up again."""
        self._link.released()

    def link_changed(self, state: LinkState) -> None:
        """How it stands with the hub."""
        if self.state is not LinkState.JOINED:
            self.state = state
        if state is LinkState.JOINED:
            self._let_in.set()

    def hub_said(self, message: HubMessage) -> None:
        """The room is no matter of the doorstep's."""

    def second_changed(self) -> None:
        """There is one connection."""

    def packet_leaves(self) -> None:
        """None does."""

    def packet_came(self, packet: bytes, arrival_ns: int) -> None:
        """Nothing is played."""

    async def _keep_house(self) -> None:
        while True:
            self._link.keep_house(time.monotonic_ns())
            await asyncio.sleep(HOUSEKEEPING_S)


def doorstep_of(config: UnitConfig, folder: Path, search: Search) -> Doorstep:
    """Of the unit with these settings, whose key is in this folder.

    Raises:
        UnitError: the folder cannot be used, or the hub's address is none.
    """
    identity = open_identity(folder)
    has_button = config.button_kind is not ButtonKind.NONE
    pairing = Pairing(has_code=config.setup_code is not None, has_button=has_button)
    papers = Papers(identity, pairing, setup_code(config))
    addresses: HubAddresses
    if config.hub == AUTO:
        fallback = None if config.hub_fallback is None else HubAddress.parse(config.hub_fallback)
        addresses = FoundAddress(search, identity, fallback)
    else:
        addresses = GivenAddress(HubAddress.parse(config.hub))
    return Doorstep(addresses, config, papers)
