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
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, Unpack

import uvicorn
from starlette.types import ASGIApp

from parvis_server import links, logs
from parvis_server.announce import Announcement
from parvis_server.config import HubSettings, StageSettings
from parvis_server.data_folder import DataFolder
from parvis_server.engine.boundary import EngineStats, StageReport
from parvis_server.engine.stage import ZoneGain
from parvis_server.errors import HubStopped, UserError
from parvis_server.libraries import require_opus
from parvis_server.media.zones import Lift, lift_refusal
from parvis_server.net import listeners, speakers, units
from parvis_server.net.admission import Doorkeeper
from parvis_server.net.credentials import Keys
from parvis_server.net.endpoints import Endpoint, Waiting
from parvis_server.net.engine import Engine
from parvis_server.net.http import Parts, make_app
from parvis_server.net.http_protocol import HubHttpProtocol
from parvis_server.net.live_room import LiveRoom
from parvis_server.net.metrics import Metrics
from parvis_server.net.mp3 import Mp3Stream
from parvis_server.net.pages import Pages, read_pages, static_folder
from parvis_server.net.sound_session import Opening
from parvis_server.net.websocket_protocol import HubWebSocketProtocol
from parvis_server.ports import BACKLOG, take_port
from parvis_server.room.clock import RoomClock
from parvis_server.room.lifts import LiftFacts
from parvis_server.room.profile import five_ms_rule
from parvis_server.room.room import Room, no_rule
from parvis_server.room.stage import Stage
from parvis_wire.close_codes import CloseCode
from parvis_wire.messages import DEFAULT_ROOM, Role

log = logging.getLogger(__name__)

PING_INTERVAL_S = 5.0
PING_TIMEOUT_S = 10.0

GRACE_S = 2
"""For connections to end after the hub said goodbye; all in all it stops within three seconds."""

NOTE_RUNNING_EVERY_S = 60.0


class RunningEngine(Engine, Protocol):
    """An engine with a life of its own."""

    async def run(self) -> None:
        """Run until cancelled."""


class EngineMaker(Protocol):
    """Makes the engine: ``EngineSupervisor``, or a fake in tests."""

    def __call__(
        self,
        on_program: Callable[[int, bytes], None],
        on_levels: Callable[[dict[int, float]], None],
        on_stats: Callable[[EngineStats], None],
        origin_ns: int,
        *,
        on_stage: Callable[[StageReport], None],
        frame_ms: Literal[5, 10],
    ) -> RunningEngine:
        """See ``EngineSupervisor``."""


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
    ) -> None:
        """Put the parts together; nothing listens yet."""
        self.settings = settings
        self.listeners: Sequence[Listener] = ()
        self.started = asyncio.Event()
        self.stopping = asyncio.Event()
        self._folder = folder
        kept = folder.secrets()
        self.keys = Keys(kept.host_secret, bytes.fromhex(kept.resume_key))
        origin_ns = folder.room_origin_ns(time.monotonic_ns(), time.time_ns())
        frame_ms = settings.stage.frame_ms
        rule = five_ms_rule if frame_ms == 5 else no_rule
        room = Room(DEFAULT_ROOM, settings.room.title, RoomClock(origin_ns), rule)
        self.engine = make_engine(
            lambda ptime_ms, rtp: self.live.on_program(ptime_ms, rtp),
            lambda levels: self.live.on_levels(levels),
            lambda stats: self.live.on_stats(stats),
            origin_ns,
            on_stage=lambda report: self.live.on_stage(report),
            frame_ms=frame_ms,
        )
        self.live = LiveRoom(room, self.engine, _stage(settings.stage), frame_ms=frame_ms)
        self.mp3 = Mp3Stream(self.live.program_taps, settings.limits.mp3_listeners)
        self.live.extra_listeners = self.mp3.__len__
        self._pages = pages if pages is not None else read_pages(static_folder())

    def application(self) -> ASGIApp:
        """Pages, API and sockets."""
        limits = self.settings.limits
        keeper = Doorkeeper(self.keys, DEFAULT_ROOM, self.settings.access.open_house)
        waiting = Waiting()

        def fault(code: CloseCode) -> None:
            self.live.counts.faults[code] += 1

        listening = listeners.Listeners(self.live, self.keys, limits.listeners)
        seating = units.Units(Opening(self.live, self.keys, Role.UNIT), limits.units)
        speaking = speakers.Speakers(Opening(self.live, self.keys, Role.SPEAKER), limits.speakers)
        parts = Parts(
            live=self.live,
            pages=self._pages,
            mp3=self.mp3,
            metrics=Metrics(self.live),
            listeners=Endpoint(listeners.ROLES, listening.open, keeper, waiting, fault),
            units=Endpoint(units.ROLES, seating.open, keeper, waiting, fault),
            speakers=Endpoint(speakers.ROLES, speaking.open, keeper, waiting, fault),
            listener_link=self.listener_link,
        )
        names = {name.lower() for name in self.settings.network.names} | links.own_names()
        return make_app(parts, frozenset(names))

    @property
    def address(self) -> str:
        """Where others reach this hub."""
        return links.reachable_address(self.settings.network.host)

    def listener_link(self) -> str:
        """What the audience opens."""
        return links.listener_link(self.address, self.listeners[0].port)

    def announcement(self) -> Announcement:
        """What to print."""
        address, port = self.address, self.listeners[0].port
        return Announcement(
            title=self.settings.room.title,
            listener_link=links.listener_link(address, port),
            host_link=links.host_link(address, port, self.keys.host_secret),
            open_house=self.settings.access.open_house,
            has_network=address != links.LOOPBACK or self.settings.network.host == address,
        )

    async def run(self, listening_on: Sequence[Listener]) -> None:
        """Serve until ``stopping`` is set, then say goodbye to everybody."""
        self.listeners = listening_on
        if not self._pages.built:
            log.warning("the page is not built, phones see nothing: run scripts/build")
        application = self.application()
        servers = [_server(application) for _ in listening_on]
        async with asyncio.TaskGroup() as group:
            background = [
                group.create_task(work)
                for work in (
                    self.engine.run(),
                    self.live.run(),
                    self.live.fanout.run(),
                    self.mp3.run(),
                    self._note_running(),
                )
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

    def _say_goodbye(self) -> None:
        log.info("the hub stops")
        self.mp3.stop()
        self.live.close_all(CloseCode.GOING_AWAY, "the hub stops")
        self._folder.note_running()

    async def _note_running(self) -> None:
        while True:
            await asyncio.sleep(NOTE_RUNNING_EVERY_S)
            self._folder.note_running()


def _stage(settings: StageSettings) -> Stage:
    """The stage as the settings have it."""
    gains = [ZoneGain(talks=g.talks, hears=g.hears, gain_db=g.gain_db) for g in settings.zone_gains]
    return Stage(
        gains,
        lift_rule,
        five_ms_profile=settings.frame_ms == 5,
        shift_loudspeakers=settings.shift_loudspeakers,
    )


def lift_rule(**facts: Unpack[LiftFacts]) -> str | None:
    """Why a zone may not hear its own microphones: the rule of the mix, for the room."""
    return lift_refusal(Lift(**facts))


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
    logs.start(settings.log.format, (kept.host_secret, kept.resume_key))
    _allow_many_connections()
    taken = Listener(take_port(settings.network))
    ended: BaseException | None = None
    try:
        asyncio.run(_run(settings, folder, taken))
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


async def _run(settings: HubSettings, folder: DataFolder, taken: Listener) -> None:
    from parvis_server.engine.supervisor import EngineSupervisor

    hub = Hub(settings, folder, EngineSupervisor)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, hub.stopping.set)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(hub.run([taken]))
        started = group.create_task(hub.started.wait())
        await asyncio.wait({running, started}, return_when=asyncio.FIRST_COMPLETED)
        if hub.started.is_set():
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
