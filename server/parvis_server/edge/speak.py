"""``/ws/speak`` at an edge: the microphones of phones and of remote speakers."""

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from functools import partial

from starlette.websockets import WebSocket

from parvis_server.edge.door import EdgeDoor
from parvis_server.errors import PeerFault
from parvis_server.net.admission import Peer
from parvis_server.net.connection import INTERNAL_ERROR, Connection, guarded
from parvis_server.net.endpoints import Session, parse_join, peer_of
from parvis_server.net.websocket_protocol import EXTENSION
from parvis_wire.close_codes import CloseCode

log = logging.getLogger(__name__)


class SpeakEndpoint:
    """One path for WebSockets, each a task: speakers are few."""

    def __init__(self, door: EdgeDoor) -> None:
        """``door`` decides."""
        self._door = door

    async def serve(self, websocket: WebSocket) -> None:
        """Serve one connection until it ends."""
        await websocket.accept()
        connection = Connection(
            raw=websocket.scope["extensions"][EXTENSION], peer=peer_of(websocket.scope)
        )
        session: Session | None = None
        try:
            session = await self._joined(websocket, connection)
            while (await websocket.receive())["type"] != "websocket.disconnect":
                pass
        except _Gone:
            pass
        finally:
            if session is not None:
                session.end()

    async def _joined(self, websocket: WebSocket, connection: Connection) -> Session | None:
        """The session of a peer who joins properly; None: the connection is being closed."""
        peer = connection.peer
        try:
            with self._waiting(peer):
                message = await self._first(websocket)
            session = self._door.speaks(connection, parse_join(message))
        except _Gone:
            raise
        except PeerFault as fault:
            self._door.turned_away(peer, fault.code, fault.text)
            connection.fail(fault.code, fault.text)
        except Exception:
            log.exception("a join could not be handled; its connection is closed")
            connection.raw.close(INTERNAL_ERROR, "the server made a mistake")
        else:
            on_fault = partial(self._door.turned_away, peer)
            connection.raw.set_receiver(guarded(connection, session.receive, on_fault))
            return session
        return None

    @contextlib.contextmanager
    def _waiting(self, peer: Peer) -> Iterator[None]:
        if not self._door.waiting.enter(peer.address):
            raise PeerFault(CloseCode.RATE, "too many are coming in at once: try again")
        try:
            yield
        finally:
            self._door.waiting.leave(peer.address)

    async def _first(self, websocket: WebSocket) -> str | None:
        within_s = self._door.join_timeout_s
        try:
            async with asyncio.timeout(within_s):
                message = await websocket.receive()
        except TimeoutError:
            text = f"no join within {within_s:g} s"
            raise PeerFault(CloseCode.JOIN_TIMEOUT, text) from None
        if message["type"] == "websocket.disconnect":
            raise _Gone
        text_or_none = message.get("text")
        return text_or_none if isinstance(text_or_none, str) else None


class _Gone(Exception):
    """The peer left before it joined."""
