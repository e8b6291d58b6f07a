"""The hub's side of the bus: it beats, lets edges serve, answers them, and adds up what they say.

Theory of operation. While another hub serves the site, ours is silent (``standing``). As soon as it
serves, it hears hellos; everything else begins with an edge's hello and ends with its silence. All
that costs anything happens once for all edges, or once a second for each: nothing depends on how
many listen.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Never, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.types import ASGIApp

from parvis_server.bus.bus import Bus, Subscription
from parvis_server.errors import PeerFault
from parvis_server.mishaps import Mishaps
from parvis_server.net.admission import Doorkeeper
from parvis_server.net.edges.news import News
from parvis_server.net.edges.people import PeopleAtEdges
from parvis_server.net.edges.presence import bounded_reactions, by_room, elsewhere
from parvis_server.net.edges.relayed import RelayDesk
from parvis_server.net.edges.requests import BUSY, Requests, refusal
from parvis_server.net.edges.roster import Edge, Offer, Roster
from parvis_server.net.edges.sound_way import BusSound, SoundWay
from parvis_server.net.edges.standing import Standing, State
from parvis_server.net.endpoints import Endpoint
from parvis_server.net.rooms import Rooms
from parvis_server.room.audience import NOBODY_ELSEWHERE
from parvis_wire.base import Wire
from parvis_wire.bus_subjects import Subjects
from parvis_wire.close_codes import CloseCode
from parvis_wire.edges import (
    BEAT_EVERY_S,
    Admission,
    AdmitQuestion,
    Drain,
    EdgeBeat,
    EdgeHello,
    HttpQuestion,
    HubBeat,
    HubHello,
    Refused,
    RefusedWhy,
    RelayPath,
    RoomQuestion,
    parse,
)
from parvis_wire.errors import BadMessage
from parvis_wire.floor import InviteRole
from parvis_wire.grants import GRANT_MS, Grant, signed
from parvis_wire.identity import public_bytes
from parvis_wire.messages import serialize

log = logging.getLogger(__name__)

T = TypeVar("T", bound=Wire)
Answer = Callable[[bytes], None]

LOOK_EVERY_S = 0.25
STALL_S = 1.0
"""A look that comes so late: the hub stood still, not its edges."""

TOLD_AGAIN_NS = 60_000_000_000
"""The log hears once a minute of an edge that is turned away."""

MAX_TOLD = 200

ANOTHER_HUB = (
    "another hub serves the edges of this site, and this one leaves them to it: stop one of the two"
)


@dataclass(frozen=True, slots=True)
class Site:
    """What the desk needs of the hub."""

    hub: str
    """The ``HubId`` of this start."""
    rooms: Rooms
    doorkeeper: Doorkeeper
    site_key: Ed25519PrivateKey
    endpoints: Mapping[RelayPath, Endpoint]
    application: Callable[[], ASGIApp]
    max_listeners: int
    max_packet_ms: int
    min_packet_ms: int = 20
    now_ns: Callable[[], int] = time.monotonic_ns
    utc_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000


class EdgeDesk:
    """Serves the edges of one site over one bus."""

    def __init__(
        self,
        site: Site,
        bus: Bus,
        name: str,
        sound: SoundWay | None = None,
        *,
        is_alone: bool = False,
        is_outside: bool = False,
        random: Random | None = None,
    ) -> None:
        """Nothing is said yet.

        Args:
            site: the hub.
            bus: which somebody else runs.
            name: the ``SiteName`` under which hub and edges meet on it.
            sound: how sound travels; None: over the bus.
            is_alone: no other hub can be on this bus.
            is_outside: its edges stand on somebody else's machine, whatever they say.
            random: spreads pages over edges.
        """
        self.bus = bus
        self.name = name
        self.roster = Roster(site.hub)
        self.standing = Standing(site.hub, is_alone=is_alone)
        self.unreadable = 0
        """Messages of edges that could not be read."""
        self._site = site
        self.is_outside = is_outside
        self._subjects = Subjects(name)
        self._random = random or Random()
        self.sound = sound or BusSound(bus, self._subjects)
        keys = site.doorkeeper.keys
        self._news = News(
            site.hub, bus, self._subjects, self.sound, site.rooms, keys.audience_token
        )
        self.people = PeopleAtEdges(bus, self._subjects, self.roster, site.now_ns)
        self.relays = RelayDesk(bus, self._subjects, self.sound, site.endpoints, site.now_ns)
        self._requests: Requests | None = None
        self._heard: list[Subscription] = []
        self._group: asyncio.TaskGroup | None = None
        self._told: dict[str, int] = {}
        self._counted: frozenset[str] = frozenset()
        self._state = State.LISTENING
        self._mishaps = Mishaps(log)

    # Time

    async def run(self) -> Never:
        """Serve until cancelled."""
        self._requests = Requests(self._site.application())
        beats = self.bus.subscribe(self._subjects.hub_beat, self._on_hub_beat)
        self.bus.link_taps.add(self._link)
        if self.bus.is_connected:
            self._link(True)
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                await self._pass_time()
        finally:
            self._group = None
            self.bus.link_taps.discard(self._link)
            beats.end()
            self._stop()

    async def _pass_time(self) -> Never:
        loop = asyncio.get_running_loop()
        due, looks = loop.time(), 0
        while True:
            stalled_s = loop.time() - due
            if stalled_s > STALL_S:
                self.roster.excuse(round(stalled_s * 1e9))
            with self._mishaps.during("looking at the edges"):
                self.look()
            if looks % round(BEAT_EVERY_S / LOOK_EVERY_S) == 0 and self.standing.serves:
                beat = HubBeat(hub=self._site.hub, news=self._news.latest(self._site.now_ns()))
                self.bus.publish(self._subjects.hub_beat, serialize(beat).encode())
            looks += 1
            due = max(due + LOOK_EVERY_S, loop.time())
            await asyncio.sleep(due - loop.time())

    def look(self) -> None:
        """What is due now."""
        now_ns = self._site.now_ns()
        self.standing.look(now_ns)
        if self.standing.state is not self._state:
            self._change()
        for edge in self.roster.away(now_ns):
            log.warning("the edge at %s is away", edge.hello.place)
            self._leave(edge)
        self.relays.look(now_ns)
        self._news.look(now_ns, anybody=len(self.roster) > 0)
        self._add_up()

    def _change(self) -> None:
        """We serve from now on, or another hub does."""
        self._state = self.standing.state
        if self._state is State.SERVING:
            self._serve()
        elif self._state is State.YIELDING:
            log.error("%s", ANOTHER_HUB)
            self._stop()

    def _serve(self) -> None:
        subjects, bus = self._subjects, self.bus
        self._heard = [
            bus.answer(subjects.hello, self._on_hello),
            bus.answer(subjects.rooms, self._on_room),
            bus.answer(subjects.admit, self._on_admit, instead=BUSY),
            bus.answer(subjects.http, self._on_http, instead=BUSY),
            bus.subscribe(subjects.edge_beat, self._on_beat),
        ]

    def _stop(self) -> None:
        for one in self._heard:
            one.end()
        self._heard = []
        for edge in self.roster:
            self._leave(edge)
            self.roster.drop(edge.hello.edge)
        self.relays.close()
        self._news.close()
        self._add_up()

    def _leave(self, edge: Edge) -> None:
        self.relays.leave(edge.hello.edge)

    def _link(self, connected: bool) -> None:
        """Once the bus is back, what was said meanwhile is lost: edges have to know."""
        if connected:
            self.standing.connected(self._site.now_ns())
            self.relays.cut()
            self._news.go_on()

    # What edges say

    def _on_hub_beat(self, payload: bytes) -> None:
        beat = self._read(HubBeat, payload)
        if beat is not None:
            self.standing.heard(beat.hub, self._site.now_ns())

    def _on_hello(self, payload: bytes, answer: Answer) -> None:
        hello = self._read(EdgeHello, payload)
        if hello is None:
            answer(refusal(RefusedWhy.VERSION, "this hello cannot be read: another version?"))
            return
        if self.is_outside:
            hello = hello.model_copy(update={"is_public": True})  # whatever it says of itself
        now_ns = self._site.now_ns()
        known = self.roster.get(hello.edge)
        refused = self.roster.hello(hello, now_ns)
        if refused is not None:
            self._tell_once(hello.place, f"turned away the edge at {hello.place}: {refused.text}")
            answer(serialize(refused).encode())
            return
        if known is None:
            log.info("an edge is there: %s", hello.place)
        self.relays.enter(hello.edge)
        keys = self._site.doorkeeper.keys
        welcome = HubHello(
            hub=self._site.hub,
            listener_key=(keys.listener_key or keys.resume_key).hex(),
            grant_key=public_bytes(self._site.site_key).hex(),
            max_listeners=self._site.max_listeners,
            max_packet_ms=self._site.max_packet_ms,
            min_packet_ms=self._site.min_packet_ms,
        )
        answer(serialize(welcome).encode())

    def _on_beat(self, payload: bytes) -> None:
        beat = self._read(EdgeBeat, payload)
        if beat is None:
            return
        now_ns = self._site.now_ns()
        if self.roster.beat(beat, now_ns) is None:
            return
        if not self.relays.knows(beat.edge):
            self.relays.enter(beat.edge)  # it had been away
        self.relays.beat(beat)
        for name, presence in beat.rooms.items():
            room = self._site.rooms.get(name)
            if room is not None:
                self._news.spoken_of(name, now_ns)
                room.live.audience.reacted_elsewhere(bounded_reactions(presence))

    def _add_up(self) -> None:
        """Who listens at edges, for each room."""
        said = by_room(self.roster)
        for name in self._counted | said.keys():
            room = self._site.rooms.get(name)
            if room is not None:
                there = said.get(name)
                summed = elsewhere(there) if there else NOBODY_ELSEWHERE
                room.live.audience.are_elsewhere(self.name, summed)
        self._counted = frozenset(said)

    def _on_room(self, payload: bytes, answer: Answer) -> None:
        question = self._known(RoomQuestion, payload, answer)
        if question is not None:
            said = self._news.answer(question, self._site.now_ns())
            answer(serialize(said).encode())

    def _on_admit(self, payload: bytes, answer: Answer) -> None:
        question = self._known(AdmitQuestion, payload, answer)
        if question is not None:
            answer(serialize(self._admit(question)).encode())

    def _admit(self, question: AdmitQuestion) -> Admission | Refused:
        secrets = tuple(one.token for one in question.shown)
        try:
            admitted = self._site.doorkeeper.listens(
                question.room, question.participant, secrets, question.resume, self.name
            )
        except PeerFault as fault:
            out = fault.code is CloseCode.FORBIDDEN
            why = RefusedWhy.SHOWN_OUT if out else RefusedWhy.NOT_ADMITTED
            return Refused(why=why, text=fault.text)
        came_by = admitted.invite
        grant = Grant(
            room=question.room,
            participant=question.participant,
            until_utc_ms=self._site.utc_ms() + GRANT_MS,
            invite=admitted.invite_number,
            invited=admitted.is_invited,
            speaker=came_by is not None and came_by.role is InviteRole.SPEAKER,
        )
        return Admission(grant=signed(grant, self._site.site_key), invited=admitted.is_invited)

    def _on_http(self, payload: bytes, answer: Answer) -> None:
        question = self._known(HttpQuestion, payload, answer)
        if question is not None and self._group is not None:
            self._group.create_task(self._answer_http(question, answer))

    async def _answer_http(self, question: HttpQuestion, answer: Answer) -> None:
        edge = self.roster.get(question.edge)
        is_public = edge is None or edge.hello.is_public
        assert self._requests is not None  # made before anybody is heard
        try:
            said: Wire = await self._requests.answer(question, is_public=is_public)
        except Exception:
            log.exception("a request of an edge could not be carried out")
            said = Refused(why=RefusedWhy.BUSY, text="the hub made a mistake")
        with self._mishaps.during("answering an edge"):
            answer(serialize(said).encode())

    # Whom it knows

    def _known(self, kind: type[T], payload: bytes, answer: Answer) -> T | None:
        """A question of an edge that said hello."""
        question = self._read(kind, payload)
        if question is None:
            answer(refusal(RefusedWhy.FORBIDDEN, "this question cannot be read"))
            return None
        if self.roster.get(str(getattr(question, "edge", ""))) is None:
            answer(refusal(RefusedWhy.STRANGER, "say hello first"))
            return None
        return question

    def _read(self, kind: type[T], payload: bytes) -> T | None:
        try:
            return parse(kind, payload)
        except BadMessage as error:
            self.unreadable += 1
            log.debug("an edge: not understood: %s", error)
            return None

    def _tell_once(self, whom: str, text: str) -> None:
        now_ns = self._site.now_ns()
        if len(self._told) > MAX_TOLD:
            self._told.clear()
        if now_ns - self._told.get(whom, -TOLD_AGAIN_NS) >= TOLD_AGAIN_NS:
            self._told[whom] = now_ns
            log.warning("%s", text)

    # What the hub asks of it

    def offers(self, *, is_public: bool) -> tuple[Offer, ...]:
        """Where pages may listen; ``is_public``: they came from outside."""
        return self.roster.offers(self._random, is_public=is_public)

    def places(self, *, is_public: bool) -> tuple[str, ...]:
        """Where one listener may go, the place to take first."""
        return self.roster.places(self._random, is_public=is_public)

    def drain(self, edge: str, within_s: float) -> bool:
        """Move everybody from this edge to others; False: there is no such edge."""
        found = self.roster.get(edge)
        if found is None:
            return False
        found.draining = True
        offers = self.offers(is_public=found.hello.is_public)
        places = tuple(offer.place for offer in offers)
        weights = tuple(offer.weight for offer in offers)
        order = Drain(within_s=within_s, places=places, weights=weights)
        self.bus.publish(self._subjects.orders(edge), serialize(order).encode())
        return True

    def edges(self) -> Iterator[Edge]:
        """Those who are there."""
        return iter(self.roster)
