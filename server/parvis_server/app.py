"""The hub, put together: settings and a data folder in, a running room out.

One process, one event loop, one ``TaskGroup``: the engine's supervisor, the room's clock, the
fan-out, the MP3 stream and one uvicorn server for each listener of ``listeners``. Whatever of
these ends by an error ends the hub, with the error in its log: a hub that half works is worse
than one that systemd starts again.
"""

import asyncio
import contextlib
import gc
import logging
import resource
import secrets
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import uvicorn
from starlette.types import ASGIApp

from parvis_server import links, logs
from parvis_server.announce import Announcement
from parvis_server.config import HubSettings
from parvis_server.data_folder import DataFolder
from parvis_server.errors import HubStopped, UserError
from parvis_server.libraries import require_opus
from parvis_server.net import listeners, speakers, units
from parvis_server.net.admission import Admitted, Doorkeeper
from parvis_server.net.api.house import House
from parvis_server.net.connection import Connection
from parvis_server.net.credentials import Keys
from parvis_server.net.endpoints import Endpoint, Session, Waiting
from parvis_server.net.http import Parts, make_app
from parvis_server.net.http_protocol import HubHttpProtocol
from parvis_server.net.listeners import Listeners
from parvis_server.net.live_room import LiveRoom
from parvis_server.net.metrics import Metrics
from parvis_server.net.pages import Pages, read_pages, static_folder
from parvis_server.net.rate import wrong_secret_attempts
from parvis_server.net.room_keeper import RoomKeeper, RoomsInMemory, StoredRooms
from parvis_server.net.rooms import HubRoom, Rooms
from parvis_server.net.short_codes import ShortCodes
from parvis_server.net.sound_session import Opening
from parvis_server.net.speakers import Speakers
from parvis_server.net.units import Units
from parvis_server.net.websocket_protocol import HubWebSocketProtocol
from parvis_server.ports import BACKLOG, take_port
from parvis_server.room.permissions import OPERATOR
from parvis_server.room_builder import EngineMaker, RoomBuilder
from parvis_server.store.address import Address
from parvis_server.store.database import Store
from parvis_wire.close_codes import CloseCode
from parvis_wire.commands import Describe
from parvis_wire.floor import About, Phase
from parvis_wire.messages import DEFAULT_ROOM, Join, Role

log = logging.getLogger(__name__)

PING_INTERVAL_S = 5.0
PING_TIMEOUT_S = 10.0

GRACE_S = 2
"""For connections to end after the hub said goodbye; all in all it stops within three seconds."""

NOTE_RUNNING_EVERY_S = 60.0


@dataclass(frozen=True, slots=True)
class Listener:
    """One port with one scheme; a second one with the hub's own certificate joins the list."""

    socket: socket.socket
    scheme: str = "http"

    @property
    def port(self) -> int:
        """The port that was taken."""
        return int(self.socket.getsockname()[1])


class _Server(uvicorn.Server):
    """uvicorn's server as one task of ours: no signal handlers, and it says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


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
    ) -> None:
        """Put the parts together; nothing listens yet. Without a keeper, rooms are forgotten."""
        self.settings = settings
        self.listeners: Sequence[Listener] = ()
        self.started = asyncio.Event()
        self.stopping = asyncio.Event()
        kept = folder.secrets()
        self.keys = Keys(kept.host_secret, bytes.fromhex(kept.resume_key), kept.operator_token)
        self._links = links.RoomLinks(self.keys)
        self._keeper = keeper if keeper is not None else RoomsInMemory()
        builder = RoomBuilder(settings, self._links, self.origin, make_engine, self._keeper)
        self.rooms = Rooms(builder.build, self._keeper)
        if self.rooms.get(DEFAULT_ROOM) is None:
            about = About(title=settings.room.title)
            self.rooms.create(about, name=DEFAULT_ROOM, phase=Phase.LIVE)
        self._pages = pages if pages is not None else read_pages(static_folder())

    @property
    def main(self) -> HubRoom:
        """The room that opens by itself."""
        room = self.rooms.get(DEFAULT_ROOM)
        if room is None:
            raise AssertionError("the default room is made at the start")
        return room

    def application(self) -> ASGIApp:
        """Pages, API and sockets."""
        attempts = wrong_secret_attempts()
        keeper = Doorkeeper(
            self.keys,
            self.rooms.get,
            self.settings.access.open_house,
        )
        endpoint = partial(
            Endpoint,
            doorkeeper=keeper,
            waiting=Waiting(),
            attempts=attempts,
            on_fault=self.rooms.count_fault,
        )
        house = House(
            rooms=self.rooms,
            doorkeeper=keeper,
            links=self._links,
            origin=self.origin,
            attempts=attempts,
            codes=ShortCodes(self.keys),
        )
        parts = Parts(
            house=house,
            pages=self._pages,
            metrics=Metrics(self.rooms),
            listeners=endpoint(listeners.ROLES, self._open_listener),
            units=endpoint(units.ROLES, self._open_unit),
            speakers=endpoint(speakers.ROLES, self._open_speaker),
        )
        names = {name.lower() for name in self.settings.network.names} | links.own_names()
        return make_app(parts, frozenset(names))

    def _open_listener(self, join: Join, admitted: Admitted, connection: Connection) -> Session:
        opener = Listeners(self._live(join), self.keys, self.settings.limits.listeners)
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
    def address(self) -> str:
        """Where others reach this hub."""
        return links.reachable_address(self.settings.network.host)

    def origin(self) -> str:
        """What the links of others begin with."""
        return links.origin(self.address, self.listeners[0].port)

    def own_origin(self) -> str:
        """Where programs on this machine reach the hub."""
        host = self.settings.network.host
        address = links.LOOPBACK if host in links.EVERY_ADDRESS else host
        return links.origin(address, self.listeners[0].port)

    def announcement(self) -> Announcement:
        """What to print."""
        address, room = self.address, self.main
        return Announcement(
            title=room.about.title,
            listener_link=self.origin() + self._links.audience(room.name, room.access),
            host_link=self.origin() + self._links.host(room.name),
            open_house=self.settings.access.open_house,
            has_network=address != links.LOOPBACK or self.settings.network.host == address,
        )

    async def run(self, listening_on: Sequence[Listener]) -> None:
        """Serve until ``stopping`` is set, then say goodbye to everybody."""
        self.listeners = listening_on
        self._keeper.begin()
        self._retitle()
        if not self._pages.built:
            log.warning("the page is not built, phones see nothing: run scripts/build")
        application = self.application()
        servers = [_server(application) for _ in listening_on]
        async with asyncio.TaskGroup() as group:
            background = [
                group.create_task(work) for work in (self.rooms.run(), self._note_running())
            ]
            serving = [
                group.create_task(server.serve([listener.socket]))
                for server, listener in zip(servers, listening_on, strict=True)
            ]
            for server in servers:
                await server.listening.wait()
            self.started.set()
            await self.stopping.wait()
            self._say_goodbye()
            for server in servers:
                server.should_exit = True
            await asyncio.wait(serving)
            for task in background:
                task.cancel()
        await self._keeper.end()

    def _retitle(self) -> None:
        """The default room is called what the settings say, if they say anything."""
        about, title = self.main.about, self.settings.room.title
        if "title" in self.settings.room.model_fields_set and about.title != title:
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


def _server(application: ASGIApp) -> _Server:
    return _Server(
        uvicorn.Config(
            application,
            http=HubHttpProtocol,
            ws=HubWebSocketProtocol,
            ws_ping_interval=PING_INTERVAL_S,
            ws_ping_timeout=PING_TIMEOUT_S,
            ws_per_message_deflate=False,
            backlog=BACKLOG,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            # A proxy on this machine must not make everybody look like it, nor anybody like us.
            proxy_headers=False,
            timeout_graceful_shutdown=GRACE_S,
        )
    )


def run(settings: HubSettings) -> None:
    """Run a hub with the real engine until SIGINT or SIGTERM.

    Raises:
        UserError: something at the start that the user can mend, or what ended the hub.
    """
    require_opus()
    folder = DataFolder.open(settings.data)
    kept = folder.secrets()
    address = Address.of(settings.store.url, folder.path)
    logs.start(settings.log.format, (*kept.model_dump().values(), *address.secrets()))
    _allow_many_connections()
    taken = Listener(take_port(settings.network))
    keeper = StoredRooms(Store.open(address), folder.room_before_the_database, DEFAULT_ROOM)
    ended: BaseException | None = None
    try:
        asyncio.run(_run(settings, folder, taken, keeper))
    except* UserError as group:
        ended = _first(group)
    except* Exception as group:
        log.error("the hub ends because of a mistake of its own", exc_info=group)
        ended = ended or HubStopped(f"the hub ended: {_first(group)!r}; the log says more")
    # Not inside except*: before Python 3.11.4 (Debian 12 has 3.11.2) that wraps it in a group.
    if ended is not None:
        raise ended


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first error inside groups of groups."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def _run(
    settings: HubSettings, folder: DataFolder, taken: Listener, keeper: StoredRooms
) -> None:
    from parvis_server.engine.supervisor import EngineSupervisor

    hub = Hub(settings, folder, EngineSupervisor, keeper=keeper)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, hub.stopping.set)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(hub.run([taken]))
        started = group.create_task(hub.started.wait())
        await asyncio.wait({running, started}, return_when=asyncio.FIRST_COMPLETED)
        if hub.started.is_set():
            folder.note_listening(hub.own_origin())
            hub.announcement().print_to(sys.stdout)
            _spare_the_collector()
        started.cancel()


def _spare_the_collector() -> None:
    """Take what was made at the start out of the garbage collector's sight.

    A full collection looks at 60,000 objects of libraries for 50 ms, in which no packet is passed
    on: after a few hundred connections that was a gap of 90 ms for everybody.
    """
    gc.collect()
    gc.freeze()


def _allow_many_connections() -> None:
    """Raise this process's limit of open files to what it may have: one for each listener."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
