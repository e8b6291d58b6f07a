"""``/bus``: the hub's way to the bus of a public edge, through the edge's own port.

NATS over WebSocket is its protocol in binary messages, so nothing has to be understood here: what
comes goes to the bus' server on loopback, which asks for user and password, and back. Phones only
know one port, and so does the hub. Who does not prove in the request to know the publish address
gets no tunnel (``Entrance``).
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable

from starlette.websockets import WebSocket, WebSocketDisconnect

from parvis_server.link.entrance import LATER, Entrance, refuse
from parvis_server.net.websocket_protocol import EXTENSION, RawSocket
from parvis_wire.close_codes import CloseCode

log = logging.getLogger(__name__)

MAX_TUNNELS = 8
"""Hubs that know the address: one has one tunnel, and its start before may have left another."""

PIECE_BYTES = 32_768
MAX_WAITING_BYTES = 2_000_000
"""For the server, which takes everything at once: more, and it does not run."""


class BusTunnel:
    """Joins WebSockets to the bus' server."""

    def __init__(self, server: Callable[[], tuple[str, int]], entrance: Entrance) -> None:
        """``server`` gives its address and port, which may change when it is started again."""
        self._server = server
        self._entrance = entrance
        self._open: dict[str, RawSocket] = {}
        """By hub: its newest."""

    async def serve(self, websocket: WebSocket) -> None:
        """One connection, until it ends."""
        hub = await self._entrance.hub(websocket)
        if hub is None:
            return
        older = self._open.get(hub)
        if older is None and len(self._open) >= MAX_TUNNELS:
            await refuse(websocket, 503, LATER)
            return
        raw: RawSocket = websocket.scope["extensions"][EXTENSION]
        self._open[hub] = raw
        if older is not None:
            older.close(CloseCode.SUPERSEDED, "the same hub came again")
        try:
            await websocket.accept()
            await self._joined(websocket, raw)
        finally:
            if self._open.get(hub) is raw:
                del self._open[hub]

    async def _joined(self, websocket: WebSocket, raw: RawSocket) -> None:
        try:
            reader, writer = await asyncio.open_connection(*self._server())
        except OSError as error:
            log.warning("the bus' own server is not there: %s", error)
            raw.close(CloseCode.GOING_AWAY, "the bus is not there: come back")
            return
        raw.set_receiver(_into(writer, raw))
        back = asyncio.create_task(_back(reader, websocket))
        try:
            while (await websocket.receive())["type"] != "websocket.disconnect":
                pass
        finally:
            back.cancel()
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


def _into(writer: asyncio.StreamWriter, raw: RawSocket) -> Callable[[str | bytes, int], None]:
    def receive(message: str | bytes, arrival_ns: int) -> None:
        if isinstance(message, str) or writer.is_closing():
            raw.close(CloseCode.MALFORMED, "the bus speaks in binary messages")
        elif writer.transport.get_write_buffer_size() > MAX_WAITING_BYTES:
            raw.close(CloseCode.SLOW, "the bus does not take what is said")
        else:
            writer.write(message)

    return receive


async def _back(reader: asyncio.StreamReader, websocket: WebSocket) -> None:
    """As fast as the other side takes it: the server cuts off who takes nothing for 3 s."""
    with contextlib.suppress(OSError, RuntimeError, WebSocketDisconnect):
        while piece := await reader.read(PIECE_BYTES):
            await websocket.send_bytes(piece)
        await websocket.close(CloseCode.GOING_AWAY, "the bus ended the connection")
