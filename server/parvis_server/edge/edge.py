"""The edge, put together: a bus, pages and settings in, a running edge out."""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from starlette.types import ASGIApp

from parvis_server import links
from parvis_server.bus.bus import Bus
from parvis_server.config import ReadingSettings
from parvis_server.edge.door import EdgeDoor
from parvis_server.edge.drain import Drainage
from parvis_server.edge.figures import EdgeCollector
from parvis_server.edge.gateway import Gateway
from parvis_server.edge.http import EdgeParts, EdgeRoutes, Socket
from parvis_server.edge.hub_line import HubLine
from parvis_server.edge.presence import Load, Presence
from parvis_server.edge.relay import Relays
from parvis_server.edge.rooms import EdgeRooms
from parvis_server.edge.sisters import Sisters
from parvis_server.edge.speak import SpeakEndpoint
from parvis_server.hub_server import Listener, make_server
from parvis_server.mishaps import Mishaps
from parvis_server.net.guard import Guard, behind
from parvis_server.net.listener_hall import ListenerHall
from parvis_server.net.mp3_notice import SpokenNotices
from parvis_server.net.pages import Pages
from parvis_server.net.reading import ReadingVoice
from parvis_server.open_files import OpenFiles
from parvis_wire.bus_subjects import Subjects
from parvis_wire.edges import (
    EDGE_VERSION,
    Drain,
    EdgeHello,
    HubBeat,
    HubHello,
    People,
    PeopleQuestion,
    Refused,
    RefusedWhy,
    parse,
)
from parvis_wire.errors import BadMessage
from parvis_wire.messages import serialize
from parvis_wire.packet_time import PACKET_TIMES_MS

log = logging.getLogger(__name__)

TICK_S = 0.25
BEAT_EVERY_TICKS = 4
ACTING_EVERY_TICKS = 8
AWAY_EVERY_TICKS = 40
"""While the hub is away nothing else is sent: a page takes an edge that is silent for a minute for
dead, and everybody would come in anew."""

STALL_S = 0.5
"""A tick that comes later than this finds beats unread: that the hub is away would be our mistake,
and throw out everybody who is relayed."""

GOODBYE_S = 1.0
"""For everybody to hear that this edge stops, when it is told to."""

OTHER_VERSION = (
    f"the hub does not know edges of version {EDGE_VERSION}: install the same version of Parvis "
    "here and there"
)


def new_edge_id() -> str:
    """A random name of one start of one edge."""
    return secrets.token_urlsafe(12)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an edge stands, and who may use it."""

    site: str
    place: str
    """Where browsers reach it."""
    names: tuple[str, ...] = ()
    """By which requests may call it, besides addresses."""
    pages: tuple[str, ...] = ()
    """Places whose pages may use its sockets."""
    is_public: bool = False
    behind_proxy: tuple[str, ...] = ()
    files: OpenFiles = OpenFiles(None)  # noqa: RUF009  # frozen
    """How many the process may open."""
    sockets: Mapping[str, Socket] = field(default_factory=dict)
    """Further sockets by path: where a hub's link arrives."""


class Edge:
    """An edge that is ready to run."""

    def __init__(
        self,
        standing: Standing,
        bus: Bus,
        pages: Pages,
        *,
        edge_id: str | None = None,
        now_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """Put the parts together; nothing listens yet."""
        self.standing = standing
        self.started = asyncio.Event()
        self.stopping = asyncio.Event()
        self.reached = asyncio.Event()
        """Set once the hub was reached."""
        self.refused = asyncio.Event()
        """Set while the hub knows no edges of this version."""
        self.line = HubLine(bus, Subjects(standing.site), edge_id or new_edge_id(), now_ns)
        self.rooms = EdgeRooms(self.line, now_ns)
        self.relays = Relays(self.line)
        self.door = EdgeDoor(self.line, self.rooms, self.relays)
        self.hall = ListenerHall(self.door, self._around)
        self.hall.allow(standing.files)
        self.drainage = Drainage(self.door, self.rooms)
        self._presence = Presence(self.line, self.rooms, self.relays, self.hall, Load())
        self._pages = pages
        self._sisters = Sisters(standing.pages)
        self._ticks = 0
        self._mishaps = Mishaps(log)
        self._told: str | None = None
        """Of files that are too few."""
        self._group: asyncio.TaskGroup | None = None

    def application(self) -> ASGIApp:
        """Pages, API and sockets."""
        standing = self.standing
        parts = EdgeParts(
            rooms=self.rooms,
            pages=self._pages,
            gateway=Gateway(self.line, is_public=standing.is_public),
            figures=EdgeCollector(self.line, self.rooms, self.relays, self.door, self.hall),
            is_public=standing.is_public,
            notices=SpokenNotices(ReadingVoice(ReadingSettings().command)),
            sockets={"/ws/speak": SpeakEndpoint(self.door).serve, **standing.sockets},
        )
        return self._around(EdgeRoutes(parts).application())

    def _around(self, application: ASGIApp) -> ASGIApp:
        """The application behind the checks of every request."""
        pages = self.standing.pages
        guarded = Guard(application, self._names, self._sisters.has, lambda: pages)
        proxies = list(self.standing.behind_proxy)
        return behind(proxies, guarded) if proxies else guarded

    def _names(self) -> frozenset[str]:
        return frozenset({*(name.lower() for name in self.standing.names), *links.own_names()})

    async def run(self, listening_on: Sequence[Listener]) -> None:
        """Serve until ``stopping`` is set or everybody was moved away, then say goodbye."""
        if not self._pages.built:
            log.warning("the page is not built, phones see nothing: run scripts/build")
        application = self.application()
        servers = [make_server(application, one, self.hall) for one in listening_on]
        ends = self._listen()
        async with asyncio.TaskGroup() as group:
            self._group = group
            working = (self.rooms.run(), self.door.run(), self.hall.run(), self._run_clock())
            background = [group.create_task(work) for work in working]
            serving = [
                group.create_task(server.serve([one.socket]))
                for server, one in zip(servers, listening_on, strict=True)
            ]
            for server in servers:
                await server.listening.wait()
            self.started.set()
            await self._until_it_stops()
            for server in servers:
                server.should_exit = True
            await asyncio.wait(serving)
            for task in background:
                task.cancel()
            self._group = None
        for end in ends:
            end()

    async def _until_it_stops(self) -> None:
        stopping = asyncio.create_task(self.stopping.wait())
        emptied = asyncio.create_task(self.drainage.done.wait())
        try:
            await asyncio.wait({stopping, emptied}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            emptied.cancel()
        if not self.drainage.done.is_set():
            await self.drainage.leave(GOODBYE_S)
        self._beat()

    # The hub

    def _listen(self) -> list[Callable[[], None]]:
        bus, subjects = self.line.bus, self.line.subjects
        heard = (
            bus.subscribe(subjects.hub_beat, self._on_beat),
            bus.subscribe(subjects.orders(self.line.edge), self._on_order),
            bus.answer(subjects.people(self.line.edge), self._on_people),
        )
        bus.link_taps.add(self._on_link)
        return [
            *(one.end for one in heard),
            self.relays.listen(),
            partial(bus.link_taps.discard, self._on_link),
        ]

    def _on_beat(self, payload: bytes) -> None:
        try:
            beat = parse(HubBeat, payload)
        except BadMessage as error:
            log.warning("the hub's beat cannot be read: %s", error)
            return
        now_ns = self.line.now_ns()
        self.line.watch.beat(beat, now_ns)
        for name, seq in beat.news.items():
            room = self.rooms.get(name)
            if room is not None:
                room.core.is_at(beat.hub, seq, now_ns)

    def _on_order(self, payload: bytes) -> None:
        try:
            order = parse(Drain, payload)
        except BadMessage as error:
            log.warning("an order of the hub cannot be read: %s", error)
            return
        if self._group is not None:
            self._group.create_task(self._empty(order))

    async def _empty(self, order: Drain) -> None:
        """Send everybody away; whatever happens, this edge ends then."""
        with self._mishaps.during("emptying this edge"):
            await self.drainage.empty(order)
            return
        self.stopping.set()

    def _on_people(self, payload: bytes, answer: Callable[[bytes], None]) -> None:
        """A host wants to see who is here."""
        try:
            room = self.rooms.get(parse(PeopleQuestion, payload).room)
        except BadMessage as error:
            log.warning("a question of the hub cannot be read: %s", error)
            return
        people = () if room is None else room.crowd.people()
        answer(serialize(People(people=people)).encode())

    def _on_link(self, is_connected: bool) -> None:
        """What was under way when the bus was cut may be lost."""
        if is_connected:
            self.line.watch.want()
            self.relays.hold()
            self.rooms.want_all()

    async def _greet(self) -> None:
        """Say hello; an answer that nobody foresaw counts as none."""
        with self._mishaps.during("saying hello to the hub"):
            await self._say_hello()
            return
        self.line.watch.failed(self.line.now_ns())

    async def _say_hello(self) -> None:
        """With a hello, the hub ends what this edge relayed before: so do we, before and not after.

        Theory: hello and relayed messages travel under different names, so their order is not
        kept; nothing is relayed until the hello is answered.
        """
        standing, line = self.standing, self.line
        self.relays.hold()
        hello = EdgeHello(
            edge=line.edge, place=standing.place, names=standing.names, is_public=standing.is_public
        )
        answer = await line.ask(line.subjects.hello, hello, HubHello)
        now_ns = line.now_ns()
        if isinstance(answer, HubHello):
            self._welcomed(answer, now_ns)
        else:
            refused = isinstance(answer, Refused) and answer.why is RefusedWhy.VERSION
            line.watch.failed(now_ns, is_refused=refused)
            if refused and not self.refused.is_set():
                log.error(OTHER_VERSION)
                self.refused.set()

    def _welcomed(self, hello: HubHello, now_ns: int) -> None:
        before = self.line.watch.hub
        is_other = self.line.watch.welcomed(hello, now_ns)
        self.refused.clear()
        self._set_limits(hello)
        if is_other and before is not None:
            log.info("another hub is there, or the same one was started again")
            self.rooms.want_all()
        self.relays.go_on()
        self._look(now_ns)
        self._act_again()

    def _set_limits(self, hello: HubHello) -> None:
        most = max(one for one in PACKET_TIMES_MS if one <= hello.max_packet_ms)
        least = max(one for one in PACKET_TIMES_MS if one <= min(hello.min_packet_ms, most))
        self.rooms.set_packet_times(least, most)
        shortage = self.standing.files.shortage(hello.max_listeners)
        if shortage is not None and shortage != self._told:
            log.warning(shortage)
        self._told = shortage

    def _look(self, now_ns: int) -> None:
        """Notice the hub's loss and its return."""
        if not self.line.watch.look(now_ns):
            return
        is_reached = self.line.is_reached
        if is_reached:
            self.reached.set()
            self._beat()
            log.info("the hub is reached")
        else:
            log.warning("the hub is not reached: everybody is told, and it is tried again")
            self.relays.cut_all()
        for room in self.rooms:
            room.venue_is(is_reached)
        self._act_again()

    def _act_again(self) -> None:
        if self.line.is_reached:
            for room in self.rooms:
                room.act_again()

    # Time

    async def _run_clock(self) -> None:
        async with asyncio.TaskGroup() as group:
            loop = asyncio.get_running_loop()
            deadline = loop.time()
            while True:
                late_s = loop.time() - deadline
                if late_s > STALL_S:
                    self.line.watch.excuse(round(late_s * 1e9))
                self._tick(group)
                deadline = max(deadline + TICK_S, loop.time())
                await asyncio.sleep(deadline - loop.time())

    def _tick(self, group: asyncio.TaskGroup) -> None:
        """What is due every quarter of a second."""
        now_ns = self.line.now_ns()
        if self.line.watch.hello_due(now_ns):
            group.create_task(self._greet())
        due: list[tuple[str, Callable[[], None]]] = [
            ("looking for the hub", partial(self._look, now_ns)),
            ("looking at the rooms", self.rooms.look),
            ("looking at what is relayed", partial(self.relays.look, now_ns)),
            ("looking at who waits", partial(self.door.look, now_ns)),
        ]
        if self._ticks % BEAT_EVERY_TICKS == 0:
            due.append(("telling the hub who is here", self._beat))
        if self._ticks % ACTING_EVERY_TICKS == 0:
            due.append(("telling the hub who acts", self._act_again))
        if self._ticks % AWAY_EVERY_TICKS == 0:
            due.append(("saying that the hub is away", self._say_that_it_is_away))
        self._ticks += 1
        for name, part in due:
            with self._mishaps.during(name):
                part()

    def _say_that_it_is_away(self) -> None:
        for room in self.rooms if not self.line.is_reached else ():
            room.venue_is(False)

    def _beat(self) -> None:
        beat = self._presence.beat(is_draining=self.drainage.is_on)
        if beat is not None:
            self.line.publish(self.line.subjects.edge_beat, beat)
