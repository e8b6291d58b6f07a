"""The hub, put together: settings and a data folder in, a running room out.

One process, one event loop, one ``TaskGroup``: the engine's supervisor, the room's clock, the
fan-out, the MP3 stream and one uvicorn server for each listener of ``listeners``. Whatever of
these ends by an error ends the hub, with the error in its log: a hub that half works is worse
than one that systemd starts again.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import cached_property
from typing import Never

from starlette.types import ASGIApp

from parvis_server import links
from parvis_server.announce import Announcement
from parvis_server.config import HubSettings
from parvis_server.consent.notices import NoticeWriter
from parvis_server.data_folder import DataFolder
from parvis_server.hub_edges import HubEdges
from parvis_server.hub_reach import HubReach
from parvis_server.hub_recorder import HubRecorder
from parvis_server.hub_server import Listener, make_server
from parvis_server.net import listeners, speakers, units
from parvis_server.net.admission import RANKS, Admitted, Doorkeeper
from parvis_server.net.api.house import House
from parvis_server.net.api.operators import Operators, utc_ms
from parvis_server.net.connection import Connection
from parvis_server.net.credentials import Keys, listener_key_of
from parvis_server.net.edges.desk import Site
from parvis_server.net.endpoints import Endpoint, Opener, Session, Waiting
from parvis_server.net.farewell import say_farewell
from parvis_server.net.guard import Guard, behind
from parvis_server.net.house_rules import HouseRules
from parvis_server.net.http import Parts, make_app
from parvis_server.net.listener_hall import ListenerHall
from parvis_server.net.listeners import Listeners
from parvis_server.net.live_room import LiveRoom
from parvis_server.net.metrics import Metrics
from parvis_server.net.mp3_notice import SpokenNotices
from parvis_server.net.pages import Pages, read_pages, static_folder
from parvis_server.net.path_grants import FILE as PATHS
from parvis_server.net.path_grants import PathGrants, is_good
from parvis_server.net.rate import Attempts, wrong_secret_attempts
from parvis_server.net.reading import ReadingVoice
from parvis_server.net.reception import Reception
from parvis_server.net.recordings import Recordings
from parvis_server.net.room_keeper import RoomKeeper, RoomsInMemory
from parvis_server.net.rooms import HubRoom, Rooms
from parvis_server.net.short_codes import ShortCodes
from parvis_server.net.sound_session import Opening
from parvis_server.net.speakers import Speakers
from parvis_server.net.units import Units
from parvis_server.net.updates import UpdateDesk
from parvis_server.room.permissions import OPERATOR
from parvis_server.room_builder import EngineMaker, RoomBuilder
from parvis_server.trust.house import HouseTrust
from parvis_server.updates.shelf import Shelf
from parvis_wire.close_codes import CloseCode
from parvis_wire.commands import Describe
from parvis_wire.edges import RelayPath
from parvis_wire.floor import About, InviteRole, Phase
from parvis_wire.identity import fingerprint, public_bytes
from parvis_wire.messages import DEFAULT_ROOM, Join, Role
from parvis_wire.stage import Alarm

log = logging.getLogger(__name__)

NOTE_RUNNING_EVERY_S = 60.0


class Hub:
    """A hub that is ready to run."""

    def __init__(
        self,
        settings: HubSettings,
        folder: DataFolder,
        make_engine: EngineMaker,
        *,
        pages: Pages | None = None,
        keeper: RoomKeeper | None = None,
        can_record: bool = False,
        recorder: HubRecorder | None = None,
    ) -> None:
        """Put the parts together; nothing listens yet. Without a keeper, rooms are forgotten;
        ``recorder`` writes rooms down that are recorded; ``can_record``: somebody else does, who
        hears of ``Consequences.on_voices``.
        """
        self.settings = settings
        self._recorder = recorder
        self.started = asyncio.Event()
        self.stopping = asyncio.Event()
        kept, self._data = folder.secrets(), folder.path
        resume_key = bytes.fromhex(kept.resume_key)
        self.keys = Keys(
            kept.host_secret, resume_key, kept.operator_token, listener_key_of(resume_key)
        )
        self._links = links.RoomLinks(self.keys)
        self._keeper = keeper if keeper is not None else RoomsInMemory()
        self.trust = self._open_house(folder)
        site = fingerprint(public_bytes(self.trust.site_key))
        self.reach = HubReach(settings, self.trust, site, utc_ms)
        rules = HouseRules(
            self.trust, settings.access.open_house, lambda: self.reach.origins.secure
        )
        self.reception = Reception.of(self.trust, rules, time.monotonic_ns, utc_ms)
        notices = NoticeWriter(settings.recording.texts, settings.recording.contact)
        builder = RoomBuilder(
            settings,
            self._links,
            self.invite_origin,
            make_engine,
            self._keeper,
            self._alarms,
            self.reception.desk.waiting_in,
            notices if can_record or recorder is not None else None,
            recorder,
        )
        self.rooms = self._open_rooms(builder)
        self.trust.taps.add(lambda revoked: say_farewell(self.rooms, revoked))
        self.updates = UpdateDesk(Shelf(folder.path), self.rooms, self.trust, time.monotonic_ns)
        self._pages = pages if pages is not None else read_pages(static_folder())
        self._attempts, self._waiting = wrong_secret_attempts(), Waiting()
        self._handing = builder.ranks.handing
        self._doorkeeper = Doorkeeper(
            self.keys, self.rooms.get, self.reception.rules, self._handing
        )
        self._at_listen = self._endpoint(listeners.ROLES, self._open_listener)
        self._at_speak = self._endpoint(speakers.ROLES, self._open_speaker)
        self.hall = ListenerHall(self._at_listen, self._around)
        self.edges = HubEdges(settings, self._site(), lambda: self.listeners, folder.path)

    def _open_house(self, folder: DataFolder) -> HouseTrust:
        """Operators, sessions and paired units, as they were kept."""
        return HouseTrust(
            folder.site_key(self.settings.site.key_file),
            self._keeper.house(),
            self._keeper.keep,
            plain_host=self.settings.access.plain_host,
        )

    def _open_rooms(self, builder: RoomBuilder) -> Rooms:
        """Those that are kept, and the one that opens by itself."""
        rooms = Rooms(builder.build, self._keeper)
        if rooms.get(DEFAULT_ROOM) is None:
            about = About(title=self.settings.room.title)
            rooms.create(about, name=DEFAULT_ROOM, phase=Phase.LIVE)
        return rooms

    @property
    def main(self) -> HubRoom:
        """The room that opens by itself."""
        room = self.rooms.get(DEFAULT_ROOM)
        if room is None:
            raise AssertionError("the default room is made at the start")
        return room

    def _site(self) -> Site:
        """The hub as edges see it."""
        return Site(
            hub=secrets.token_urlsafe(9),
            rooms=self.rooms,
            doorkeeper=self._doorkeeper,
            site_key=self.trust.site_key,
            endpoints={RelayPath.LISTEN: self._at_listen, RelayPath.SPEAK: self._at_speak},
            application=lambda: self._guarded(self._app),
            max_listeners=self.settings.limits.listeners,
            max_packet_ms=self.settings.limits.max_packet_ms,
            min_packet_ms=self.settings.limits.min_packet_ms,
        )

    def application(self) -> ASGIApp:
        """Pages, API and sockets."""
        return self._around(self._app)

    @cached_property
    def _app(self) -> ASGIApp:
        """The routes, without the checks of every request."""
        house = House(
            rooms=self.rooms,
            doorkeeper=self._doorkeeper,
            links=self._links,
            origin=self.origin,
            host_origin=self.reach.host_origin,
            codes=ShortCodes(self.keys),
            operators=self._operators(self._attempts),
            edges=self.edges,
            recordings=self._recordings(),
        )
        parts = Parts(
            house=house,
            pages=self._pages,
            metrics=Metrics(self.rooms, self.edges),
            updates=self.updates,
            units=self._endpoint(units.ROLES, self._open_unit),
            speakers=self._at_speak,
            notices=SpokenNotices(ReadingVoice(self.settings.reading.command)),
        )
        return make_app(parts)

    def _recordings(self) -> Recordings:
        """What there is of recordings, and who may hear it."""
        grants = PathGrants(self._data / PATHS, lambda grant: is_good(self.rooms, grant), utc_ms)
        if self._recorder is None:
            return Recordings(grants, data=self._data)
        replays = self._recorder.replays
        return Recordings(
            grants,
            replays.folder,
            replays.published,
            replays.do,
            replays.jobs,
            data=self._data,
            live=replays.live,
        )

    def _around(self, application: ASGIApp) -> ASGIApp:
        """The application behind the checks of every request."""
        guarded = self._guarded(application)
        proxies = list(self.settings.network.behind_proxy)
        return behind(proxies, guarded) if proxies else guarded

    def _guarded(self, application: ASGIApp) -> ASGIApp:
        """The application for requests for this hub and its edges alone."""
        edges = self.edges
        return Guard(
            application,
            lambda: self.reach.names | edges.names,
            edges.is_sister,
            edges.sisters,
        )

    def _endpoint(self, roles: frozenset[Role], opener: Opener) -> Endpoint:
        return Endpoint(
            roles,
            opener,
            doorkeeper=self._doorkeeper,
            reception=self.reception,
            waiting=self._waiting,
            attempts=self._attempts,
            on_fault=self.rooms.count_fault,
        )

    def _operators(self, attempts: Attempts) -> Operators:
        return Operators(
            keys=self.keys,
            trust=self.trust,
            rooms=self.rooms,
            attempts=attempts,
            origin=self.operator_origin,
            kept=self._keeper.kept,
            desk=self.reception.desk,
            reach=self.reach,
            open_house=self.settings.access.open_house,
        )

    def _alarms(self) -> Iterator[Alarm]:
        """Of the whole hub, for the hosts of every room."""
        yield from self.reach.alarms()
        yield from self.reception.sockets.alarms()

    def _open_listener(self, join: Join, admitted: Admitted, connection: Connection) -> Session:
        rules, most = self.reception.rules, self.settings.limits.listeners
        opener = Listeners(self._live(join), self.keys, most, rules, self._handing)
        return opener.open(join, admitted, connection)

    def _open_unit(self, join: Join, admitted: Admitted, connection: Connection) -> Session:
        opening = Opening(self._live(join), self.keys, Role.UNIT)
        return Units(opening, self.settings.limits.units).open(join, admitted, connection)

    def _open_speaker(self, join: Join, admitted: Admitted, connection: Connection) -> Session:
        opening = Opening(self._live(join), self.keys, Role.SPEAKER)
        return Speakers(opening, self.settings.limits.speakers).open(join, admitted, connection)

    def _live(self, join: Join) -> LiveRoom:
        room = self.rooms.get(join.room)
        if room is None:
            raise AssertionError("the doorkeeper lets nobody into a room that is not there")
        return room.live

    @property
    def listeners(self) -> Sequence[Listener]:
        """The ports that it listens on, the plain one first."""
        return self.reach.listening_on

    @listeners.setter
    def listeners(self, listening_on: Sequence[Listener]) -> None:
        self.reach.listening_on = listening_on

    def origin(self) -> str:
        """What the audience's links begin with."""
        return self.edges.public_origin or self.reach.origins.audience

    def invite_origin(self, role: InviteRole) -> str:
        """What the link of an invitation begins with."""
        return self.reach.host_origin() if role in RANKS else self.origin()

    def operator_origin(self) -> str:
        """What operators' links begin with."""
        return self.reach.origins.operator

    def own_origin(self) -> str:
        """Where programs on this machine reach the hub."""
        return self.reach.origins.here

    def announcement(self) -> Announcement:
        """What to print."""
        address, room = self.reach.origins.address, self.main
        return Announcement(
            title=room.about.title,
            listener_link=self.origin() + self._links.audience(room.name, room.access),
            host_link=self.reach.host_origin() + self._links.host(room.name),
            setup_link=None if self.trust.claimed else self._setup_link(),
            open_house=self.settings.access.open_house,
            has_network=address != links.LOOPBACK or self.settings.network.host == address,
            operator_note=None if self.trust.claimed else self.reach.operator_note(),
            notes=tuple(self.reach.notes()),
        )

    def _setup_link(self) -> str:
        """What makes whoever opens it the operator; made when it is printed, since it ages."""
        return links.setup(self.operator_origin(), self.trust.new_setup_secret(utc_ms()))

    async def run(self, listening_on: Sequence[Listener]) -> None:
        """Serve until ``stopping`` is set, then say goodbye; the ports are closed at any end."""
        with ExitStack() as ports:
            for listener in listening_on:
                ports.enter_context(listener.socket)
            await self._serve(listening_on)

    async def _serve(self, listening_on: Sequence[Listener]) -> None:
        self.listeners = listening_on
        self._keeper.begin()
        self._retitle()
        if not self._pages.built:
            log.warning("the page is not built, phones see nothing: run scripts/build")
        application = self.application()
        servers = [make_server(application, one, self.hall) for one in listening_on]
        async with asyncio.TaskGroup() as group:
            working = (
                *(self.rooms.run(), self._note_running()),
                *(self.reception.desk.run(), self.hall.run(), self.edges.run()),
                self.updates.run(),
            )
            background = [group.create_task(work) for work in working]
            watching = group.create_task(self.reach.watch())
            recording = self._recorded(group)
            serving = [
                group.create_task(server.serve([listener.socket]))
                for server, listener in zip(servers, listening_on, strict=True)
            ]
            for server in servers:
                await server.listening.wait()
            self.started.set()
            await self.stopping.wait()
            watching.cancel()  # the addresses of ports that are closed now
            self._say_goodbye()
            for server in servers:
                server.should_exit = True
            await asyncio.wait(serving)
            for task in background:
                task.cancel()
            if self._recorder is not None:
                await self._recorder.stop()
            for task in recording:
                task.cancel()
        await self._keeper.end()

    def _recorded(self, group: asyncio.TaskGroup) -> list[asyncio.Task[Never]]:
        """What writes rooms down, and looks after what was written."""
        if self._recorder is None:
            return []
        working = (self._recorder.run(), self._recorder.replays.run())
        return [group.create_task(work) for work in working]

    def _retitle(self) -> None:
        """The default room is called what the settings say, if they say anything new."""
        about, title = self.main.about, self.settings.room.title
        is_given = "title" in self.settings.room.model_fields_set
        if is_given and DataFolder(self._data).is_new_title(title) and about.title != title:
            command = Describe(
                id=secrets.token_hex(12), about=about.model_copy(update={"title": title})
            )
            self.main.live.command(OPERATOR, command, lambda ack: None)

    def _say_goodbye(self) -> None:
        log.info("the hub stops")
        self.rooms.close_all(CloseCode.GOING_AWAY, "the hub stops")

    async def _note_running(self) -> None:
        while True:
            await asyncio.sleep(NOTE_RUNNING_EVERY_S)
            self._keeper.note_running()
