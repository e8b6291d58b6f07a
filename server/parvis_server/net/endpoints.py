"""From the handshake to the ``join``, the same for every WebSocket endpoint."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from starlette.websockets import WebSocket

from parvis_server.errors import PeerFault
from parvis_server.net.admission import PROXY_HEADERS, Admitted, Doorkeeper, Peer, shown_secrets
from parvis_server.net.connection import INTERNAL_ERROR, Connection, guarded
from parvis_server.net.rate import Attempts, TokenBucket
from parvis_server.net.websocket_protocol import EXTENSION
from parvis_wire.close_codes import CloseCode
from parvis_wire.errors import BadMessage
from parvis_wire.messages import Join, Role, parse_client_message

log = logging.getLogger(__name__)

JOIN_TIMEOUT_S = 5.0

MAX_WAITING = 2_000
"""Connections that have not joined yet: a whole hall that comes back at once fits."""


TOLD_AT_ONCE, TOLD_PER_S = 20, 1
"""Lines of the log about peers that were turned away: a flood of them must not fill a disk."""

GUESSES = frozenset({CloseCode.UNAUTHORISED, CloseCode.ROOM_CLOSED})
TOO_MANY_GUESSES = "too many links that lead nowhere came from this address: wait a minute"


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
    """How many connections of all endpoints have not joined yet."""

    count: int = 0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One path for WebSockets."""

    roles: frozenset[Role]
    open: Opener
    doorkeeper: Doorkeeper
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
        session = await self._join(websocket, connection)
        if session is None:
            return
        try:
            on_fault = partial(self._turned_away, connection.peer)
            connection.raw.set_receiver(guarded(connection, session.receive, on_fault))
            while (await websocket.receive())["type"] != "websocket.disconnect":
                pass  # messages go to the receiver
        finally:
            session.end()

    async def _join(self, websocket: WebSocket, connection: Connection) -> Session | None:
        """The session of a peer who joined properly; None once the connection is closing."""
        try:
            message = await self._first_message(websocket)
            if message["type"] == "websocket.disconnect":
                return None
            join = _parse_join(message)
            return self.open(join, self._admit(join, connection.peer), connection)
        except PeerFault as fault:
            self._turned_away(connection.peer, fault.code, fault.text)
            connection.fail(fault.code, fault.text)
        except Exception:
            log.exception("a join could not be handled; its connection is closed")
            connection.raw.close(INTERNAL_ERROR, "the hub made a mistake")
        await _until_gone(websocket)
        return None

    def _admit(self, join: Join, peer: Peer) -> Admitted:
        """As whom the peer comes in; who tries link after link is told to stop."""
        try:
            return self.doorkeeper.admit(join, self.roles, peer)
        except PeerFault as fault:
            guessed = fault.code in GUESSES and bool(shown_secrets(join))
            if guessed and not self.attempts.take(peer.address, time.monotonic_ns()):
                raise PeerFault(CloseCode.RATE, TOO_MANY_GUESSES) from fault
            raise

    def _turned_away(self, peer: Peer, code: CloseCode, text: str) -> None:
        """Count a fault and tell the log, whose lines the peer's own words cannot break."""
        self.on_fault(code)
        if self.told.take(1, time.monotonic_ns()):
            log.info("turned away %s: %d %r", peer.address, code, text)

    async def _first_message(self, websocket: WebSocket) -> Any:
        if self.waiting.count >= MAX_WAITING:
            raise PeerFault(CloseCode.RATE, "too many are coming in at once: try again")
        self.waiting.count += 1
        try:
            async with asyncio.timeout(self.join_timeout_s):
                return await websocket.receive()
        except TimeoutError:
            raise PeerFault(
                CloseCode.JOIN_TIMEOUT, f"no join within {self.join_timeout_s:g} s"
            ) from None
        finally:
            self.waiting.count -= 1


async def _until_gone(websocket: WebSocket) -> None:
    """Keep the task until the closing handshake is over: its end would cut the reason off."""
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass


def _connection(websocket: WebSocket) -> Connection:
    scope = websocket.scope
    client, server = scope.get("client"), scope.get("server")
    peer = Peer(
        address=client[0] if client else "",
        own_address=server[0] if server else "unknown",
        forwarded=any(name in websocket.headers for name in PROXY_HEADERS),
    )
    return Connection(raw=scope["extensions"][EXTENSION], peer=peer)


def _parse_join(message: Any) -> Join:
    text = message.get("text")
    if text is None:
        raise PeerFault(CloseCode.MALFORMED, "the first message must be a join")
    try:
        join = parse_client_message(text)
    except BadMessage as error:
        raise PeerFault(CloseCode.MALFORMED, str(error)) from error
    if not isinstance(join, Join):
        raise PeerFault(CloseCode.MALFORMED, "the first message must be a join")
    return join
