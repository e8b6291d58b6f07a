"""The edges of one hub: on its own machine, on a bus that is named, behind a public address.

Theory of operation. A hub meets edges on up to three buses, and has a desk for each: the bus of its
public edge, to which it dials out; one that its operator runs; and a small server of its own, which
it starts together with edges on this machine, when so many listen that one event loop should not
carry both them and the microphones.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import import_module
from pathlib import Path

from parvis_server.bus.address import BusAddress
from parvis_server.bus.bus import Bus
from parvis_server.bus.server import BusServer
from parvis_server.config import HubSettings
from parvis_server.edge.workers import Workers, WorkerSettings
from parvis_server.errors import UsageError, UserError
from parvis_server.hub_server import Listener
from parvis_server.link.publish import Publication, read_address
from parvis_server.net.api.edge_routes import EdgeInfo
from parvis_server.net.edges.desk import EdgeDesk, Site
from parvis_server.net.edges.roster import Edge, Offer, is_sister
from parvis_server.room.audience import Listed
from parvis_wire.edge_words import Move
from parvis_wire.messages import Role

log = logging.getLogger(__name__)

ABOVE_LISTENERS = 500
"""With more, units and speakers would share an event loop with a large fan-out."""

MOST_BY_THEMSELVES = 4
LOOK_EVERY_S = 1.0
WORKERS_SITE = "workers"

MOVE_WITHIN_MS = 10_000
"""Those who came before the workers did move to them within this time."""

NATS_BUS = "parvis_server.bus.nats_bus"
"""It brings two libraries and a tenth of a second of CPU, which a hub without edges spares."""


class HubEdges:
    """All edges of one hub."""

    def __init__(
        self,
        settings: HubSettings,
        site: Site,
        listening_on: Callable[[], Sequence[Listener]],
        folder: Path,
    ) -> None:
        """Nothing is dialed or started yet.

        Args:
            settings: of the hub.
            site: the hub, as edges see it.
            listening_on: its ports.
            folder: its data folder.

        Raises:
            UsageError: an address that cannot be.
        """
        self._settings = settings
        self.site = site
        """As edges see the hub."""
        self._listening_on = listening_on
        self._folder = folder
        self._buses: list[Bus] = []
        self.desks: list[EdgeDesk] = []
        self.publication: Publication | None = None
        self.workers: Workers | None = None
        self._named: BusAddress | None = settings.bus.address()
        if settings.publish is not None:
            published = Publication(read_address(settings.publish), site.hub, settings.publish_ca)
            self.publication = published
            self._meet(_bus_at(published.bus), published.address.site, published)
        if self._named is not None:
            self._meet(_bus_at(self._named), settings.edges.site)

    def _meet(
        self, bus: Bus, name: str, published: Publication | None = None, *, is_alone: bool = False
    ) -> EdgeDesk:
        sound = None if published is None else published.sound
        is_outside = published is not None
        desk = EdgeDesk(self.site, bus, name, sound, is_alone=is_alone, is_outside=is_outside)
        self._buses.append(bus)
        self.desks.append(desk)
        return desk

    async def run(self) -> None:
        """Serve them until cancelled."""
        async with asyncio.TaskGroup() as group:
            for bus in self._buses:
                group.create_task(bus.run())
            for desk in self.desks:
                group.create_task(desk.run())
            if self.publication is not None:
                group.create_task(self.publication.run())
            group.create_task(self._work())

    # Edges on this machine

    async def _work(self) -> None:
        wanted = self._settings.edges.workers
        if wanted is not None:
            if wanted > 0:
                await self._run_workers(wanted)
            return
        wanted = min(os.cpu_count() or 1, MOST_BY_THEMSELVES)
        while self._here <= ABOVE_LISTENERS:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_EVERY_S)
        log.info("more than %d listen: %d edges start", ABOVE_LISTENERS, wanted)
        try:
            await self._run_workers(wanted)
        except* (UserError, OSError, ValueError) as faults:
            # Nobody asked for them: the evening goes on as it was.
            log.error("the edges do not run, and the hub goes on without: %s", faults.exceptions)
            self.workers = None

    async def _run_workers(self, wanted: int) -> None:
        async with asyncio.TaskGroup() as group:
            await self._begin_workers(group, wanted)

    async def _begin_workers(self, group: asyncio.TaskGroup, wanted: int) -> None:
        address, desk = await self._local_bus(group)
        self.workers = Workers(self._worker_settings(address, desk.name))
        self.workers.want(wanted)
        group.create_task(self.workers.run())
        await self._send_listeners_to(desk, wanted)

    async def _local_bus(self, group: asyncio.TaskGroup) -> tuple[BusAddress, EdgeDesk]:
        """Where workers meet the hub: on the bus that is named, else on one of our own."""
        if self._named is not None:
            return self._named, self.desks[-1]
        server = BusServer()
        group.create_task(server.run())
        await server.listening.wait()
        await asyncio.to_thread(import_module, NATS_BUS)  # many listen: the sound goes on meanwhile
        bus = _bus_at(server.address)
        desk = self._meet(bus, WORKERS_SITE, is_alone=True)
        group.create_task(bus.run())
        group.create_task(desk.run())
        return server.address, desk

    def _worker_settings(self, bus: BusAddress, site: str) -> WorkerSettings:
        network, ports = self._settings.network, self._listening_on()
        behind = bool(network.behind_proxy)
        pages = tuple(f"https://{name}" for name in network.names) if behind else ()
        return WorkerSettings(
            bus=bus,
            site=site,
            folder=self._folder,
            host=network.host,
            hub_port=_port_beside(ports, behind),
            pages=pages or tuple(f":{each.port}" for each in ports),
            names=network.names,
            behind_proxy=network.behind_proxy,
            certificate=network.certificate,
            key=network.key,
            log_format=self._settings.log.format.value,
        )

    async def _send_listeners_to(self, desk: EdgeDesk, wanted: int) -> None:
        """Move those who listen at the hub to its workers, once these are there."""
        while sum(edge.beat is not None for edge in desk.edges()) < wanted:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_EVERY_S)
        for room in self.site.rooms:
            for seat in room.live.seats:
                if seat.role is not Role.LISTENER or seat.connection.is_fanned_out:
                    continue
                places = desk.places(is_public=False)
                if places:
                    seat.connection.send(Move(place=places[0], within_ms=MOVE_WITHIN_MS))
            await asyncio.sleep(0)

    @property
    def _here(self) -> int:
        """Listeners at the hub itself."""
        return sum(room.live.count(Role.LISTENER) for room in self.site.rooms)

    # What the hub asks

    @property
    def _edges(self) -> Iterator[Edge]:
        return (edge for desk in self.desks for edge in desk.edges())

    @property
    def names(self) -> frozenset[str]:
        """By which browsers reach edges."""
        published = self.publication
        own = frozenset() if published is None else frozenset({published.address.host.lower()})
        return own.union(*(desk.roster.names for desk in self._inside))

    @property
    def public_origin(self) -> str | None:
        """What the audience's links lead to; None: the hub itself.

        A public edge that the hub publishes to is named even before it is reached: links are given
        away, and hold for the whole evening.
        """
        if self.publication is not None:
            return self.publication.address.origin
        origins = (desk.roster.public_origin for desk in self.desks)
        return next((origin for origin in origins if origin is not None), None)

    @property
    def _inside(self) -> Iterator[EdgeDesk]:
        """Desks of edges in the venue: no word of an edge outside opens the hub's own doors."""
        return (desk for desk in self.desks if not desk.is_outside)

    def is_sister(self, origin: str, host: str) -> bool:
        """Whether a page of this origin comes from an edge of ours."""
        return any(is_sister(desk.roster, origin, host) for desk in self._inside)

    def sisters(self) -> Iterable[str]:
        """Where pages may find sockets besides their own origin."""
        for desk in self._inside:
            yield from (f":{port}" for port in sorted(desk.roster.ports))
            yield from sorted(desk.roster.origins)

    # ``EdgesOfHub``

    def offers(self, through: str | None) -> tuple[Offer, ...]:
        """Where a page may listen that came from the edge ``through``; None: from the hub."""
        if through is None:
            found = [desk.offers(is_public=False) for desk in self.desks]
            return tuple(offer for offers in found for offer in offers)
        for desk in self.desks:
            edge = desk.roster.get(through)
            if edge is not None:
                return desk.offers(is_public=edge.hello.is_public)
        return ()

    def listed(self) -> Iterator[EdgeInfo]:
        """All that are there."""
        return (_info(edge) for edge in self._edges)

    async def people(self, room: str) -> tuple[Listed, ...]:
        """Who gave a name in this room, at all edges."""
        found = await asyncio.gather(*(desk.people.of(room) for desk in self.desks))
        return tuple(one for people in found for one in people)

    def drain(self, edge: str, within_s: float) -> bool:
        """Move everybody from this edge to others; False: there is no such edge."""
        return any(desk.drain(edge, within_s) for desk in self.desks)

    # For ``/metrics``

    @property
    def dropped(self) -> int:
        """Publications that were not sent."""
        own = sum(desk.bus.dropped for desk in self.desks)
        return own + (0 if self.publication is None else self.publication.sound.dropped)

    @property
    def relayed(self) -> int:
        """Connections that edges pass on."""
        return sum(desk.relays.count for desk in self.desks)


def _bus_at(address: BusAddress) -> Bus:
    from parvis_server.bus.nats_bus import NatsBus

    return NatsBus(address, "hub")


def secrets_of(settings: HubSettings) -> tuple[str, ...]:
    """What no log may hold of the ways to edges.

    Raises:
        UsageError: an address that cannot be.
    """
    published = () if settings.publish is None else read_address(settings.publish).secrets
    settings.bus.address()  # a mistake in it is told first
    return (*published, *settings.bus.secrets())


def _info(edge: Edge) -> EdgeInfo:
    hello, beat = edge.hello, edge.beat
    listeners = 0 if beat is None else sum(room.listeners for room in beat.rooms.values())
    return EdgeInfo(
        edge=hello.edge,
        place=hello.place,
        names=hello.names,
        is_public=hello.is_public,
        listeners=listeners,
        connections=0 if beat is None else beat.connections,
        room_left=0 if beat is None else beat.room_left,
        load=0.0 if beat is None else round(beat.load, 3),
        draining=edge.draining or (beat is not None and beat.draining),
    )


def _port_beside(ports: Sequence[Listener], behind_proxy: bool) -> int:
    """The highest port of the hub, after which those of its edges follow."""
    usable = [each.port for each in ports if not behind_proxy or each.scheme == "http"]
    if not usable:
        raise UsageError("edges behind a proxy need the hub's http port: leave it on")
    return max(usable)
