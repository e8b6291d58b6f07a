"""From the handshake to the ``join``, the same for every WebSocket endpoint.

Theory of operation. ``serve`` is one connection's task. It waits for the join, and for the proof of
a unit with a key; then the connection's messages go straight to whoever it was handed to: the
``Session`` of a peer that is welcome, or the pairing desk while a unit waits. The task itself only
waits for the end.
"""

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from starlette.datastructures import Headers
from starlette.types import Scope
from starlette.websockets import WebSocket

from parvis_server.errors import PeerFault
from parvis_server.net.admission import PROXY_HEADERS, Admitted, Doorkeeper, Peer, shown_secrets
from parvis_server.net.arrival import arrival_of, is_encrypted
from parvis_server.net.connection import INTERNAL_ERROR, TOO_MUCH, Connection, guarded
from parvis_server.net.proof import Proven, challenge_of, proven, transcript_of
from parvis_server.net.rate import Attempts, TokenBucket, network_of
from parvis_server.net.reception import Reception
from parvis_server.net.websocket_protocol import EXTENSION
from parvis_wire.close_codes import CloseCode
from parvis_wire.errors import BadMessage
from parvis_wire.messages import Join, Role, parse_client_message
from parvis_wire.pairing import UnitKey

log = logging.getLogger(__name__)

JOIN_TIMEOUT_S = 5.0

MAX_WAITING = 2_000
"""Connections that have not joined yet: a whole hall that comes back at once fits."""


TOLD_AT_ONCE, TOLD_PER_S = 20, 1
"""Lines of the log about peers that were turned away: a flood of them must not fill a disk."""

GUESSES = frozenset({CloseCode.UNAUTHORISED, CloseCode.ROOM_CLOSED})
TOO_MANY_GUESSES = "too many links that lead nowhere came from this address: wait a minute"

AUDITED = frozenset({TOO_MANY_GUESSES, TOO_MUCH})
"""What an operator may want to know of a stranger; the audit takes few lines of each address."""


class Session(Protocol):
    """A joined connection."""

    def receive(self, message: str | bytes, arrival_ns: int) -> None:
        """Take one message of the peer."""

    def end(self) -> None:
        """The connection is gone."""


Opener = Callable[[Join, Admitted, Connection], Session]
"""Welcomes a peer: the join, as whom it comes in, and the connection."""


@dataclass(slots=True)
class Waiting:
    """The connections of all endpoints that have not joined yet."""

    whose: Counter[str] = field(default_factory=Counter)
    """How many of each network."""

    @property
    def count(self) -> int:
        """Of all together."""
        return self.whose.total()

    def enter(self, address: str) -> bool:
        """Whether one more may wait: once there are too many, those of whom there are few, so that
        one address keeps nobody else out."""
        network, count = network_of(address), self.count
        share = max(1, MAX_WAITING // (len(self.whose) + 1))
        if count >= MAX_WAITING and (count >= 2 * MAX_WAITING or self.whose[network] >= share):
            return False
        self.whose[network] += 1
        return True

    def leave(self, address: str) -> None:
        """It has joined, or is gone."""
        network = network_of(address)
        self.whose[network] -= 1
        if not self.whose[network]:
            del self.whose[network]


@dataclass(slots=True, eq=False)
class Visit:
    """One connection, from its join to its end."""

    connection: Connection
    on_fault: Callable[[CloseCode, str], None]
    _ends: list[Callable[[], None]] = field(default_factory=list)

    def hand_over(
        self, receive: Callable[[str | bytes, int], None], *ends: Callable[[], None]
    ) -> None:
        """Messages go to ``receive`` from now on; ``ends`` are called once it is over."""
        self._ends = list(ends)
        self.connection.raw.set_receiver(guarded(self.connection, receive, self.on_fault))

    def end(self) -> None:
        """The connection is gone."""
        for end in self._ends:
            end()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One path for WebSockets."""

    roles: frozenset[Role]
    open: Opener
    doorkeeper: Doorkeeper
    reception: Reception
    waiting: Waiting
    attempts: Attempts
    on_fault: Callable[[CloseCode], None]
    join_timeout_s: float = JOIN_TIMEOUT_S
    told: TokenBucket = field(
        init=False, default_factory=lambda: TokenBucket(per_s=TOLD_PER_S, burst=TOLD_AT_ONCE)
    )

    async def serve(self, websocket: WebSocket) -> None:
        """Serve one connection until it ends."""
        await websocket.accept()
        connection = _connection(websocket)
        visit = Visit(connection, partial(self.turned_away, connection.peer))
        try:
            if await self._comes(websocket, visit):
                await _until_gone(websocket)
        finally:
            visit.end()

    async def _comes(self, websocket: WebSocket, visit: Visit) -> bool:
        """Receive a peer who joins properly; whether the connection is still to end."""
        connection = visit.connection
        try:
            with self._not_joined_yet(connection.peer.address):
                message = await self._next(websocket, "join")
                if message["type"] == "websocket.disconnect":
                    return False
                join = parse_join(message.get("text"))
                self.doorkeeper.check(join, self.roles)
                unit = await self._prove(websocket, connection, join)
            self._receive(visit, join, unit)
        except _Gone:
            return False
        except PeerFault as fault:
            self.turned_away(connection.peer, fault.code, fault.text)
            connection.fail(fault.code, fault.text)
        except Exception:
            log.exception("a join could not be handled; its connection is closed")
            connection.raw.close(INTERNAL_ERROR, "the hub made a mistake")
        return True

    async def _prove(
        self, websocket: WebSocket, connection: Connection, join: Join
    ) -> Proven | None:
        """The key of a unit that has one, once it has proven it."""
        if join.unit_key is None:
            return None
        self.reception.check_way(connection.peer)
        with self._counting_guesses(connection.peer):
            return await self._challenged(websocket, connection, join, join.unit_key)

    async def _challenged(
        self, websocket: WebSocket, connection: Connection, join: Join, key: UnitKey
    ) -> Proven:
        site_key, certificate = self.reception.site_key, arrival_of(websocket.scope).certificate
        transcript = transcript_of(join, key, site_key, certificate)
        connection.send(challenge_of(transcript, site_key, certificate))
        answer = await self._next(websocket, "proof")
        if answer["type"] == "websocket.disconnect":
            raise _Gone
        return proven(answer.get("text"), transcript)

    def _receive(self, visit: Visit, join: Join, unit: Proven | None) -> None:
        """Let the peer in, or let the unit wait until it is paired."""
        connection = visit.connection
        if unit is None or not self.reception.must_wait(unit.unit, connection.peer):
            self._welcome(visit, join, unit)
            return
        if join.stream is not None:
            raise PeerFault(CloseCode.UNAUTHORISED, "only the first connection of a unit waits")
        come_in = partial(self._welcome, visit, join, unit)
        waiter = self.reception.desk.enter(unit, join, connection, come_in)
        desk = self.reception.desk
        visit.hand_over(partial(desk.receive, waiter), partial(desk.leave, waiter))

    def _welcome(self, visit: Visit, join: Join, unit: Proven | None) -> None:
        """Open the session of a peer that may come in."""
        connection = visit.connection
        session = self._open(join, unit, connection)
        socket = self.reception.enter(join, unit, connection)
        if socket is not None:
            visit.hand_over(socket.hearing(session.receive), session.end, socket.leave)
            return
        goes = self.reception.take_stranger(join, connection)
        visit.hand_over(session.receive, session.end, *(() if goes is None else (goes,)))

    def came(self, connection: Connection, join: Join) -> Session:
        """Welcome a listener, host or screen: ``listener_hall.ListenerDoor``."""
        self.doorkeeper.check(join, self.roles)
        session = self._open(join, None, connection)
        goes = self.reception.take_stranger(join, connection)
        return session if goes is None else _Noted(session, goes)

    def _open(self, join: Join, unit: Proven | None, connection: Connection) -> Session:
        """The session of a peer that may come in."""
        with self._counting_guesses(connection.peer, bool(shown_secrets(join))):
            admitted = self.doorkeeper.admit(
                join, connection.peer, None if unit is None else unit.unit
            )
        return self.open(join, admitted, connection)

    @contextlib.contextmanager
    def _counting_guesses(self, peer: Peer, is_guess: bool = True) -> Iterator[None]:
        """Who tries one secret after the other is told to stop."""
        try:
            yield
        except PeerFault as fault:
            if not is_guess or fault.code not in GUESSES:
                raise
            if not self.attempts.take(peer.address, time.monotonic_ns()):
                raise PeerFault(CloseCode.RATE, TOO_MANY_GUESSES) from fault
            raise

    def turned_away(self, peer: Peer, code: CloseCode, text: str) -> None:
        """Count a fault and tell the log, whose lines the peer's own words cannot break."""
        self.on_fault(code)
        if text in AUDITED:
            self.reception.note(peer.address, text)
        if self.told.take(1, time.monotonic_ns()):
            log.info("turned away %s: %d %r", peer.address, code, text)

    @contextlib.contextmanager
    def _not_joined_yet(self, address: str) -> Iterator[None]:
        """Count a connection that nothing is known of."""
        if not self.waiting.enter(address):
            raise PeerFault(CloseCode.RATE, "too many are coming in at once: try again")
        try:
            yield
        finally:
            self.waiting.leave(address)

    async def _next(self, websocket: WebSocket, what: str) -> Any:
        """The next message before the welcome, while there is time."""
        try:
            async with asyncio.timeout(self.join_timeout_s):
                return await websocket.receive()
        except TimeoutError:
            raise PeerFault(
                CloseCode.JOIN_TIMEOUT, f"no {what} within {self.join_timeout_s:g} s"
            ) from None


@dataclass(frozen=True, slots=True)
class _Noted:
    """A session whose connection the reception keeps as long as it lasts."""

    session: Session
    goes: Callable[[], None]

    def receive(self, message: str | bytes, arrival_ns: int) -> None:
        """Take one message of the peer."""
        self.session.receive(message, arrival_ns)

    def end(self) -> None:
        """The connection is gone."""
        self.session.end()
        self.goes()


class _Gone(Exception):
    """The peer left before it was welcome."""


async def _until_gone(websocket: WebSocket) -> None:
    """Keep the task until the closing handshake is over: its end would cut the reason off."""
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass


def _connection(websocket: WebSocket) -> Connection:
    scope = websocket.scope
    return Connection(raw=scope["extensions"][EXTENSION], peer=peer_of(scope))


def peer_of(scope: Scope) -> Peer:
    """Who opened this socket, once the checks of every request have seen it."""
    client, server = scope.get("client"), scope.get("server")
    headers = Headers(scope=scope)
    return Peer(
        address=client[0] if client else "",
        own_address=server[0] if server else "unknown",
        forwarded=any(name in headers for name in PROXY_HEADERS),
        encrypted=is_encrypted(scope),
    )


def parse_join(text: str | None) -> Join:
    """The first message, None unless it is text; raises ``PeerFault`` for what is no join."""
    if text is None:
        raise PeerFault(CloseCode.MALFORMED, "the first message must be a join")
    try:
        join = parse_client_message(text)
    except BadMessage as error:
        raise PeerFault(CloseCode.MALFORMED, str(error)) from error
    if not isinstance(join, Join):
        raise PeerFault(CloseCode.MALFORMED, "the first message must be a join")
    return join
