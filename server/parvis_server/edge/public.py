"""What makes an edge public: an address with a secret, a bus of its own, and where links arrive.

Theory of operation. The hub dials out to the edge's only port: to ``/bus`` for control, which leads
to a ``nats-server`` on loopback, and twice to ``/ws/link`` for sound. What proves both is derived
from one secret, which the person in the venue copies once (``publish_address``).
"""

import asyncio
import shlex
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from parvis_server.bus.address import BusAddress
from parvis_server.bus.nats_bus import NatsBus
from parvis_server.bus.server import BusServer
from parvis_server.data_folder import DataFolder
from parvis_server.edge.bus_tunnel import BusTunnel
from parvis_server.edge.edge import Standing
from parvis_server.edge.settings import EdgeSettings, default_edge_folder
from parvis_server.link.bus_rights import authorization
from parvis_server.link.edge_secret import how_to_join, kept_address
from parvis_server.link.entrance import LATER, Entrance, refuse
from parvis_server.link.publish_address import BUS_PATH, LINK_PATH, BusUser, PublishAddress
from parvis_server.link.serving import LinkDoor
from parvis_wire.bus_subjects import Subjects


class PublicSide:
    """The parts of a public edge that others do not have."""

    def __init__(
        self,
        address: PublishAddress,
        *,
        is_new: bool,
        bus: BusAddress | None,
        data: Path | None = None,
    ) -> None:
        """Nothing runs yet.

        Args:
            address: of this edge.
            is_new: it was made just now, and nobody has seen it.
            bus: a server that somebody else runs; None: one of our own.
            data: where the secret is kept, unless it is the usual folder.
        """
        self.address = address
        self._is_new = is_new
        self._data = data
        self._elsewhere = bus
        self._server: BusServer | None = None
        self._link: LinkDoor | None = None
        self.entrance = Entrance(address.entry_key)
        """Where whoever is no hub of ours is refused."""

    @classmethod
    def of(cls, settings: EdgeSettings) -> Self:
        """With the secret that is kept in the data folder, made at the first start.

        Raises:
            UserError: a name, or a folder, that cannot be.
        """
        folder = DataFolder.open(settings.data)
        address, is_new = kept_address(folder, settings.public or "")
        data = None if settings.data == default_edge_folder() else settings.data.absolute()
        return cls(address, is_new=is_new, bus=settings.bus.address(), data=data)

    async def begin(self, edge_id: str) -> Sequence[Coroutine[Any, Any, None]]:
        """What has to run, once it can be reached: the bus' server, and what joins links to it."""
        if self._elsewhere is None:
            self._server = BusServer(authorization=authorization(self.address))
            return [self._server.run(), self._linked(edge_id)]
        return [self._linked(edge_id)]

    async def until_ready(self, tasks: Sequence["asyncio.Task[None]"]) -> None:
        """Wait until the bus takes connections, or a task has failed."""
        if self._server is None:
            return
        listening = asyncio.create_task(self._server.listening.wait())
        await asyncio.wait({listening, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        listening.cancel()

    def bus(self) -> NatsBus:
        """The edge's own connection to it."""
        return self._bus(self.address.edge)

    def standing(self, standing: Standing) -> Standing:
        """As which it stands before browsers and hub."""
        sockets = {LINK_PATH: self._serve_link}
        if self._server is not None:
            sockets[BUS_PATH] = BusTunnel(self._bus_server, self.entrance).serve
        return replace(
            standing,
            site=self.address.site,
            place=self.address.origin,
            names=(self.address.host, *standing.names),
            is_public=True,
            sockets=sockets,
        )

    def words(self) -> Sequence[str]:
        """How the hub joins; the address itself only when it was just made."""
        if self._is_new:
            return [f"in the venue: {how_to_join(self.address)}"]
        address = self.address
        public = address.authority if address.encrypted else address.origin
        where = () if self._data is None else ("--data", str(self._data))
        shown = shlex.join(("parvis", "edge", "--public", public, *where, "--show-address"))
        return [f"in the venue: parvis hub --publish, with the address as before ({shown})"]

    async def _linked(self, edge_id: str) -> None:
        """Take the hub's links, and join them to the bus."""
        if self._server is not None:
            await self._server.listening.wait()
        bus = self._bus(self.address.link)
        subjects = Subjects(self.address.site)
        self._link = LinkDoor(self.address.link_key, edge_id, bus, subjects)
        async with asyncio.TaskGroup() as group:
            group.create_task(bus.run())
            group.create_task(self._link.run())

    async def _serve_link(self, websocket: Any) -> None:
        if await self.entrance.hub(websocket) is None:
            return
        if self._link is None:
            await refuse(websocket, 503, LATER)
        else:
            await self._link.serve(websocket)

    def _bus(self, user: BusUser) -> NatsBus:
        address = self._elsewhere
        if address is None:
            if self._server is None:
                raise AssertionError("the bus begins first")
            address = replace(self._server.address, user=user.name, password=user.password)
        return NatsBus(address, user.name)

    def _bus_server(self) -> tuple[str, int]:
        """Where our own listens."""
        if self._server is None:
            raise AssertionError("without a server of our own there is no tunnel")
        host, _, port = self._server.address.urls[0].rpartition("//")[2].rpartition(":")
        return host, int(port)
