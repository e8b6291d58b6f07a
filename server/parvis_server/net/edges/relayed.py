"""Connections that edges pass on: hosts, screens, phones' microphones, and listeners who act.

Theory of operation. Of each an edge tells that it came, what its peer says, and that it is gone;
here it has a ``RelayedSocket`` and the session that every WebSocket of ours has. Nothing waits: a
message is handled in the moment in which it comes, and what comes too often is dropped by the
session's own allowance. An edge that falls silent takes its connections with it.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from parvis_server.bus.bus import Bus, Subscription
from parvis_server.errors import PeerFault
from parvis_server.net.admission import Peer
from parvis_server.net.connection import INTERNAL_ERROR, Connection, guarded
from parvis_server.net.edges.ghosts import Ghosts
from parvis_server.net.edges.relayed_socket import RelayedSocket
from parvis_server.net.edges.sound_way import SoundWay
from parvis_server.net.endpoints import JOIN_TIMEOUT_S, Endpoint, Session, parse_join
from parvis_server.net.relay_shares import RelayShares
from parvis_server.net.websocket_protocol import FIRST_MESSAGE_BYTES, MESSAGE_LIMIT_BYTES
from parvis_wire.bus_subjects import Subjects, pack_relayed, unpack_relayed
from parvis_wire.close_codes import CloseCode
from parvis_wire.edges import (
    EdgeBeat,
    RelayClose,
    RelayGone,
    RelayOpened,
    RelayPath,
    RelaySaid,
    RelayTold,
    numbers_of,
    parse,
    relay_up,
)
from parvis_wire.errors import BadMessage
from parvis_wire.messages import Role, serialize

log = logging.getLogger(__name__)

COME_BACK = "the bus was cut: come back"
NOT_KNOWN = "this connection is not known here"
GAVE_WAY = "others do something, and you did nothing for long: come back when you do"
JOIN_NS = round(JOIN_TIMEOUT_S * 1e9)


@dataclass(slots=True, eq=False)
class Visit:
    """One relayed connection."""

    opened: RelayOpened
    connection: Connection
    socket: RelayedSocket
    since_ns: int
    session: Session | None = None


@dataclass(slots=True, eq=False)
class EdgeRelays:
    """The relayed connections of one edge; a ``FarEnd``."""

    edge: str
    bus: Bus
    subject: str
    site: str
    sound: SoundWay
    endpoints: Mapping[RelayPath, Endpoint]
    now_ns: Callable[[], int]
    visits: dict[int, Visit] = field(default_factory=dict)
    hearing: Subscription | None = None
    ghosts: Ghosts = field(default_factory=Ghosts)
    shares: RelayShares = field(default_factory=RelayShares)

    # ``FarEnd``

    def tell(self, connection: int, text: str) -> None:
        """Send a text message to the peer."""
        self.bus.publish(
            self.subject, serialize(RelayTold(connection=connection, text=text)).encode()
        )

    def send(self, connection: int, packet: bytes) -> None:
        """Send a packet to the peer."""
        self.sound.send_down(self.edge, pack_relayed(connection, packet))

    def close(self, connection: int, code: int, reason: str) -> None:
        """Close the peer's connection."""
        message = RelayClose(connection=connection, code=code, reason=reason)
        self.bus.publish(self.subject, serialize(message).encode())

    # What the edge says

    def message(self, said: RelayOpened | RelaySaid | RelayGone) -> None:
        """Something of one connection."""
        match said:
            case RelayOpened():
                self._opened(said)
            case RelaySaid(connection=number, text=text):
                visit = self.visits.get(number)
                if visit is None:
                    self.close(number, CloseCode.GOING_AWAY, NOT_KNOWN)
                else:
                    self._said(visit, text)
            case RelayGone(connection=number):
                self._gone(number)

    def packet(self, packet: bytes) -> None:
        """A packet of a relayed speaker."""
        try:
            number, rtp = unpack_relayed(packet)
        except BadMessage:
            return
        visit = self.visits.get(number)
        if visit is not None and visit.socket.receiver is not None and not visit.socket.closing:
            visit.socket.receiver(rtp, self.now_ns())

    def _opened(self, opened: RelayOpened) -> None:
        number = opened.connection
        self._gone(number)
        is_fanned_out = opened.is_fanned_out and opened.path is RelayPath.LISTEN
        try:  # who comes whole is a host until the join says otherwise: they are refused last
            self._takes_place(opened, Role.LISTENER if is_fanned_out else Role.HOST)
        except PeerFault as fault:
            self.close(number, fault.code, fault.text)
            return
        socket = RelayedSocket(self, number, self._closed)
        peer = Peer(
            opened.address,
            "an edge",
            forwarded=True,
            encrypted=opened.encrypted,
            site=self.site,
        )
        connection = Connection(socket, peer, is_fanned_out=is_fanned_out)
        self.visits[number] = Visit(opened, connection, socket, self.now_ns())
        if opened.path is RelayPath.SPEAK and self.hearing is None:
            self.hearing = self.sound.receive(self.edge, self.packet)

    def _takes_place(self, opened: RelayOpened, role: Role) -> None:
        self.shares.enter(opened.connection, role, opened.address, self._gives_way)

    def _gives_way(self, number: int) -> bool:
        """A listener who did nothing for long: the edge opens it again when they do."""
        visit = self.visits.get(number)
        if visit is not None:
            visit.socket.close(CloseCode.GOING_AWAY, GAVE_WAY)
        return True

    def _said(self, visit: Visit, text: str) -> None:
        self.shares.used(visit.opened.connection)
        is_first = visit.session is None
        limit = FIRST_MESSAGE_BYTES if is_first else MESSAGE_LIMIT_BYTES[visit.opened.path]
        if visit.socket.closing:
            return
        if len(text.encode(errors="replace")) > limit:
            visit.connection.raw.close(CloseCode.TOO_BIG, f"more than {limit} bytes")
        elif is_first:
            self._join(visit, text)
        elif visit.socket.receiver is not None:
            visit.socket.receiver(text, self.now_ns())

    def _join(self, visit: Visit, text: str) -> None:
        """Let a peer in, as ``Endpoint`` does with connections of our own."""
        endpoint, connection = self.endpoints[visit.opened.path], visit.connection
        turned_away = partial(endpoint.turned_away, connection.peer)
        try:
            join = parse_join(text)
            if connection.is_fanned_out and join.role is not Role.LISTENER:
                raise PeerFault(CloseCode.FORBIDDEN, "an edge serves nobody but listeners itself")
            self._takes_place(visit.opened, join.role)
            visit.session = endpoint.came(connection, join)
            receive = guarded(connection, visit.session.receive, turned_away)
            visit.socket.set_receiver(receive)
        except PeerFault as fault:
            turned_away(fault.code, fault.text)
            connection.fail(fault.code, fault.text)
        except Exception:
            log.exception("a relayed join could not be handled; its connection is closed")
            visit.socket.close(INTERNAL_ERROR, "the hub made a mistake")

    # Its end

    def _closed(self, socket: RelayedSocket) -> None:
        """We ended it; its session goes in the next turn, since it may be what called."""
        visit = self.visits.get(socket.connection)
        if visit is not None and visit.socket is socket:
            asyncio.get_running_loop().call_soon(self._over, visit)

    def _over(self, visit: Visit) -> None:
        if self.visits.get(visit.opened.connection) is visit:
            self._gone(visit.opened.connection)

    def _gone(self, number: int) -> None:
        self.shares.leave(number)
        visit = self.visits.pop(number, None)
        if visit is None:
            return
        visit.socket.gone()
        if visit.session is not None:
            try:
                visit.session.end()
            except Exception:
                log.exception("a relayed connection did not end as it should")

    def beat(self, beat: EdgeBeat) -> None:
        """The edge says which it has: what either end alone has is over."""
        if beat.relayed is None:
            return
        told = numbers_of(beat.relayed)
        alone = self.ghosts.told(told, beat.last_relayed, self.visits.keys(), self.now_ns())
        for number in alone.hub:
            self._gone(number)
        for number in alone.edge:
            self.close(number, CloseCode.GOING_AWAY, NOT_KNOWN)

    def look(self, now_ns: int) -> None:
        """End those who do not join."""
        for visit in tuple(self.visits.values()):
            if visit.session is None and now_ns - visit.since_ns >= JOIN_NS:
                visit.connection.fail(
                    CloseCode.JOIN_TIMEOUT, f"no join within {JOIN_TIMEOUT_S:g} s"
                )

    def cut(self) -> None:
        """What was under way may be lost: each comes back by itself, or when it is needed."""
        for visit in tuple(self.visits.values()):
            visit.socket.close(CloseCode.GOING_AWAY, COME_BACK)

    def end(self) -> None:
        """The edge is away, or new."""
        for number in tuple(self.visits):
            self._gone(number)
        if self.hearing is not None:
            self.hearing.end()
            self.hearing = None


class RelayDesk:
    """The relayed connections of all edges."""

    def __init__(
        self,
        bus: Bus,
        subjects: Subjects,
        sound: SoundWay,
        endpoints: Mapping[RelayPath, Endpoint],
        now_ns: Callable[[], int],
    ) -> None:
        """There are none."""
        self._bus = bus
        self._subjects = subjects
        self._sound = sound
        self._endpoints = endpoints
        self._now_ns = now_ns
        self._edges: dict[str, tuple[EdgeRelays, Subscription]] = {}
        self.unreadable = 0

    @property
    def count(self) -> int:
        """Relayed connections."""
        return sum(len(relays.visits) for relays, _ in self._edges.values())

    def knows(self, edge: str) -> bool:
        """Whether this edge is heard."""
        return edge in self._edges

    def enter(self, edge: str) -> None:
        """An edge said hello: what it relayed before is over, for it cut everything itself."""
        if edge in self._edges:
            self._edges[edge][0].end()
            return
        relays = EdgeRelays(
            edge,
            self._bus,
            self._subjects.relay_down(edge),
            self._subjects.site,
            self._sound,
            self._endpoints,
            self._now_ns,
        )
        hearing = self._bus.subscribe(self._subjects.relay_up(edge), partial(self._message, relays))
        self._edges[edge] = (relays, hearing)

    def leave(self, edge: str) -> None:
        """An edge is away; one that only stood still hears that nothing of it is left here."""
        found = self._edges.pop(edge, None)
        if found is not None:
            relays, hearing = found
            hearing.end()
            relays.cut()
            relays.end()

    def cut(self) -> None:
        """The bus was cut, and is back."""
        for relays, _ in tuple(self._edges.values()):
            relays.cut()

    def beat(self, beat: EdgeBeat) -> None:
        """An edge is there, with the connections that it names."""
        found = self._edges.get(beat.edge)
        if found is not None:
            found[0].beat(beat)

    def look(self, now_ns: int) -> None:
        """What is due."""
        for relays, _ in tuple(self._edges.values()):
            relays.look(now_ns)

    def close(self) -> None:
        """Every edge is away."""
        for edge in tuple(self._edges):
            self.leave(edge)

    def _message(self, relays: EdgeRelays, payload: bytes) -> None:
        try:
            relays.message(parse(relay_up, payload))
        except BadMessage as error:
            self.unreadable += 1
            log.debug("edge %s: not understood: %s", relays.edge, error)
