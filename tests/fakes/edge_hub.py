"""A hub as edges know it: answers on a bus, tells news, and sees relayed connections."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fakes.told_room import ToldRoom
from parvis_server.bus.bus import Bus, Subscription
from parvis_server.net.credentials import Keys
from parvis_wire.base import Wire
from parvis_wire.bus_subjects import Subjects, pack_program, pack_relayed, unpack_relayed
from parvis_wire.edges import (
    EDGE_VERSION,
    Admission,
    AdmitQuestion,
    Drain,
    EdgeBeat,
    EdgeHello,
    HttpAnswer,
    HttpQuestion,
    HubBeat,
    HubHello,
    Refused,
    RefusedWhy,
    RelayClose,
    RelayGone,
    RelayOpened,
    RelaySaid,
    RelayTold,
    RoomNews,
    RoomQuestion,
    parse,
    relay_up,
)
from parvis_wire.grants import GRANT_MS, Grant, signed
from parvis_wire.identity import public_bytes
from parvis_wire.messages import Join, Role, parse_client_message, serialize

Up = RelayOpened | RelaySaid | RelayGone
LISTENER_KEY = b"k" * 32


class EdgeHub:
    """One start of a hub, on one bus."""

    def __init__(self, bus: Bus, hub: str = "hub1", site: str = "test") -> None:
        self.bus = bus
        self.hub = hub
        self.subjects = Subjects(site)
        self.site_key = Ed25519PrivateKey.generate()
        self.keys = Keys(host_secret="", resume_key=LISTENER_KEY)
        self.rooms: dict[str, ToldRoom] = {"main": ToldRoom("main", hub)}
        self.invites: dict[str, int] = {}
        """Secrets that are good, and their numbers."""
        self.pages: dict[str, HttpAnswer] = {}
        self.asked_http: list[HttpQuestion] = []
        self.asked_rooms = 0
        self.asked_admits = 0
        self.answers_rooms = True
        self.hellos: list[EdgeHello] = []
        self.beats: list[EdgeBeat] = []
        self.said: list[Up] = []
        self.packets: list[tuple[int, bytes]] = []
        self.knows_version = EDGE_VERSION
        self.max_listeners = 1_000
        self.min_packet_ms = 20
        self._changed = asyncio.Condition()
        self._edges: set[str] = set()
        self._heard: list[Subscription] = []
        self._notifying: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Answer, and say that it is there."""
        bus, names = self.bus, self.subjects
        self._heard = [
            bus.answer(names.hello, self._hello),
            bus.answer(names.rooms, self._room),
            bus.answer(names.admit, self._admit),
            bus.answer(names.http, self._http),
            bus.subscribe(names.edge_beat, self._edge_beat),
            bus.subscribe(names.all_relays, self._relay),
            bus.subscribe(names.all_sound, self._sound),
        ]
        self.beat()

    def stop(self) -> None:
        """Fall silent."""
        for heard in self._heard:
            heard.end()
        self._heard = []

    def beat(self) -> None:
        self._publish(self.subjects.hub_beat, HubBeat(hub=self.hub))

    # What it tells

    def news(self, news: RoomNews, room: str = "main") -> None:
        self._publish(self.subjects.news(room), news)

    def program(self, rtp: bytes, room: str = "main") -> None:
        self.bus.publish(self.subjects.program(room), pack_program(20, rtp))

    def tell(self, edge: str, connection: int, message: Wire) -> None:
        told = RelayTold(connection=connection, text=serialize(message))
        self._publish(self.subjects.relay_down(edge), told)

    def close(self, edge: str, connection: int, code: int, reason: str = "") -> None:
        closing = RelayClose(connection=connection, code=code, reason=reason)
        self._publish(self.subjects.relay_down(edge), closing)

    def send(self, edge: str, connection: int, rtp: bytes) -> None:
        self.bus.publish(self.subjects.sound_down(edge), pack_relayed(connection, rtp))

    def drain(
        self, edge: str, within_s: float, *places: str, weights: tuple[int, ...] = ()
    ) -> None:
        order = Drain(within_s=within_s, places=places, weights=weights)
        self._publish(self.subjects.orders(edge), order)

    def _publish(self, subject: str, message: Wire) -> None:
        self.bus.publish(subject, serialize(message).encode())

    # What it heard

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for something that an edge says."""
        async with asyncio.timeout(5), self._changed:
            await self._changed.wait_for(holds)

    async def opened(self, number: int = 1) -> list[RelayOpened]:
        """Wait until so many connections were opened in all."""

        def found() -> list[RelayOpened]:
            return [one for one in self.said if isinstance(one, RelayOpened)]

        await self.until(lambda: len(found()) >= number)
        return found()

    async def texts(self, connection: int, number: int) -> list[str]:
        """Wait until a connection said so much."""

        def found() -> list[str]:
            said = (one for one in self.said if isinstance(one, RelaySaid))
            return [one.text for one in said if one.connection == connection]

        await self.until(lambda: len(found()) >= number)
        return found()

    async def join_of(self, connection: int) -> Join:
        message = parse_client_message((await self.texts(connection, 1))[0])
        assert isinstance(message, Join)
        return message

    async def gone(self, connection: int) -> None:
        await self.until(lambda: RelayGone(connection=connection) in self.said)

    def participant_of(self, token: str) -> str | None:
        return self.keys.resumed(Role.LISTENER, token)

    # Answers

    def _hello(self, question: bytes, answer: Callable[[bytes], None]) -> None:
        hello = parse(EdgeHello, question)
        self.hellos.append(hello)
        self._notify()
        if hello.version != self.knows_version:
            answer(_octets(Refused(why=RefusedWhy.VERSION)))
            return
        self._edges.add(hello.edge)
        answer(
            _octets(
                HubHello(
                    hub=self.hub,
                    listener_key=LISTENER_KEY.hex(),
                    grant_key=public_bytes(self.site_key).hex(),
                    max_listeners=self.max_listeners,
                    max_packet_ms=120,
                    min_packet_ms=self.min_packet_ms,
                )
            )
        )
        self._notify()

    def _room(self, question: bytes, answer: Callable[[bytes], None]) -> None:
        asked = parse(RoomQuestion, question)
        self.asked_rooms += 1
        self._notify()
        if not self.answers_rooms:
            return
        room = self.rooms.get(asked.room)
        if asked.edge not in self._edges:
            answer(_octets(Refused(why=RefusedWhy.STRANGER)))
        elif room is None:
            answer(_octets(Refused(why=RefusedWhy.NO_ROOM)))
        else:
            answer(_octets(room.answer()))

    def _admit(self, question: bytes, answer: Callable[[bytes], None]) -> None:
        asked = parse(AdmitQuestion, question)
        self.asked_admits += 1
        numbers = [self.invites[one.token] for one in asked.shown if one.token in self.invites]
        if asked.participant in self.rooms[asked.room].out:
            answer(_octets(Refused(why=RefusedWhy.SHOWN_OUT)))
        elif numbers:
            grant = self.grant(asked.room, asked.participant, numbers[0])
            answer(_octets(Admission(grant=grant, invited=True)))
        else:
            answer(_octets(Refused(why=RefusedWhy.NOT_ADMITTED)))

    def grant(self, room: str, participant: str, invite: int | None = None) -> str:
        until = time.time_ns() // 1_000_000 + GRANT_MS
        claims = Grant(
            room=room, participant=participant, until_utc_ms=until, invite=invite, invited=True
        )
        return signed(claims, self.site_key)

    def _http(self, question: bytes, answer: Callable[[bytes], None]) -> None:
        asked = parse(HttpQuestion, question)
        self.asked_http.append(asked)
        page = self.pages.get(f"{asked.method} {asked.target}")
        if page is not None:
            answer(_octets(page))

    def page(self, target: str, body: str, method: str = "GET", status: int = 200) -> None:
        """What is answered to a request."""
        self.pages[f"{method} {target}"] = HttpAnswer(
            status=status,
            headers=(("content-type", "application/json"),),
            body=base64.b64encode(body.encode()).decode(),
        )

    def _edge_beat(self, payload: bytes) -> None:
        self.beats.append(parse(EdgeBeat, payload))
        self._notify()

    def _relay(self, payload: bytes) -> None:
        self.said.append(parse(relay_up, payload))
        self._notify()

    def _sound(self, payload: bytes) -> None:
        self.packets.append(unpack_relayed(payload))
        self._notify()

    def _notify(self) -> None:
        async def notify() -> None:
            async with self._changed:
                self._changed.notify_all()

        task = asyncio.get_running_loop().create_task(notify())
        self._notifying.add(task)
        task.add_done_callback(self._notifying.discard)


def _octets(message: Wire) -> bytes:
    return serialize(message).encode()
