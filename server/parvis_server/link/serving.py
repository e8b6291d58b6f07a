"""The edge's side of the link: takes the hub's two connections, and joins them to the bus."""

import asyncio
import logging
import re
import time
from dataclasses import dataclass

from starlette.websockets import WebSocket

from parvis_server.bus.bus import Bus, Subscription
from parvis_server.link.handshake import LinkRefused, Refusal, admit, let_in
from parvis_server.link.link_end import TICK_S, Line, LinkEnd, take
from parvis_server.link.packets import Kind, LinkPacket
from parvis_server.net.framing import binary_frame
from parvis_server.net.websocket_protocol import EXTENSION, RawSocket
from parvis_wire.bus_subjects import Subjects
from parvis_wire.close_codes import CloseCode
from parvis_wire.errors import BadMessage
from parvis_wire.stage import LinkKind

log = logging.getLogger(__name__)

HANDSHAKE_TIMEOUT_S = 5.0

MAX_GREETING = 16
"""Connections whose handshake is not done, of hubs that know the address: a hub has two, and leaves
some behind at times."""

MAX_HEARD = 64
"""Edges of one site whose speakers are sent up."""

_ROOM = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_EDGE = re.compile(r"[A-Za-z0-9_-]{1,32}")

CODES = {
    Refusal.VERSION: CloseCode.VERSION,
    Refusal.SECRET: CloseCode.UNAUTHORISED,
    Refusal.TAKEN: CloseCode.SUPERSEDED,
    Refusal.TURN: CloseCode.MALFORMED,
}


@dataclass(frozen=True, slots=True)
class _ServerWay:
    """A connection that came to us as a line's way."""

    raw: RawSocket

    def write(self, message: bytes) -> None:
        """Write one binary message at once."""
        self.raw.write_frame(binary_frame(message))

    def unsent_bytes(self) -> int:
        """What was written and is not on the wire."""
        return self.raw.unsent_bytes()

    def end(self, why: str) -> None:
        """Close it."""
        self.raw.close(CloseCode.GOING_AWAY, why)


class LinkDoor:
    """Where the hub's link arrives: mounted at ``/ws/link``."""

    def __init__(self, key: bytes, edge: str, bus: Bus, subjects: Subjects) -> None:
        """``bus`` is that of the user ``PublishAddress.link``, who publishes programs."""
        self._key = key
        self._edge = edge
        self._bus = bus
        self._subjects = subjects
        self._hub = ""
        self._end = LinkEnd(self._received)
        self._heard: dict[str, Subscription] = {}
        self._places: dict[int, Line] = {}
        """The newest line of each of the hub's connections."""
        self._greeting = 0

    @property
    def is_linked(self) -> bool:
        """Whether sound can come now."""
        return self._end.lines > 0

    @property
    def hears(self) -> tuple[str, ...]:
        """Edges whose speakers are sent up."""
        return tuple(self._heard)

    @property
    def end(self) -> LinkEnd:
        """Its figures."""
        return self._end

    async def run(self) -> None:
        """Beat, and notice what is silent, until cancelled."""
        while True:
            self._end.tick(time.monotonic_ns())
            await asyncio.sleep(TICK_S)

    async def serve(self, websocket: WebSocket) -> None:
        """One connection, until it ends."""
        await websocket.accept()
        raw: RawSocket = websocket.scope["extensions"][EXTENSION]
        if self._greeting >= MAX_GREETING:
            raw.close(CloseCode.RATE, "too many are coming in at once: try again")
            return
        line = await self._greeted(websocket, raw)
        try:
            while (await websocket.receive())["type"] != "websocket.disconnect":
                pass
        finally:
            if line is not None:
                self._left(line)

    async def _greeted(self, websocket: WebSocket, raw: RawSocket) -> Line | None:
        """The line of a hub that proves itself; None: the connection is being closed."""
        self._greeting += 1
        try:
            async with asyncio.timeout(HANDSHAKE_TIMEOUT_S):
                return await self._greet(websocket, raw)
        except LinkRefused as refused:
            log.warning("a link was refused: %s", refused.why.value)
            raw.close(CODES[refused.why], refused.why.value)
        except BadMessage as error:
            raw.close(CloseCode.MALFORMED, f"link: {error}")
        except TimeoutError:
            raw.close(CloseCode.JOIN_TIMEOUT, "link: no proof in time")
        finally:
            self._greeting -= 1
        return None

    async def _greet(self, websocket: WebSocket, raw: RawSocket) -> Line:
        async def hear() -> object:
            return (await websocket.receive()).get("text")

        hello = await admit(websocket.send_text, hear, key=self._key, edge=self._edge)
        if hello.hub != self._hub:
            if self._end.lines:
                raise LinkRefused(Refusal.TAKEN)
            self._another(hello.hub)
        await let_in(websocket.send_text)
        raw.carry_sound(LinkKind.REMOTE)
        older = self._places.pop(hello.place, None)
        if older is not None and self._end.closed(older):
            older.way.end("the same connection came again")
        line = self._places[hello.place] = self._end.opened(_ServerWay(raw), time.monotonic_ns())
        raw.set_receiver(lambda message, arrival_ns: take(self._end, line, message, arrival_ns))
        if self._end.lines == 1:
            log.info("the hub in the venue is linked")
        return line

    def _another(self, hub: str) -> None:
        """Another start of a hub: its numbers begin anew, and it says again whom it hears."""
        self._hub = hub
        self._places.clear()
        self._end.begin_anew("another hub took its place")
        for heard in self._heard.values():
            heard.end()
        self._heard.clear()

    def _left(self, line: Line) -> None:
        self._end.closed(line)
        if not self._end.lines:
            log.warning("the link to the hub in the venue is cut")

    def _received(self, packet: LinkPacket) -> None:
        """From the hub, once: for the edges."""
        match packet.kind:
            case Kind.PROGRAM if _ROOM.fullmatch(packet.name):
                self._bus.publish(self._subjects.program(packet.name), packet.packet)
            case Kind.DOWN if _EDGE.fullmatch(packet.name):
                self._bus.publish(self._subjects.sound_down(packet.name), packet.packet)
            case Kind.HEAR if _EDGE.fullmatch(packet.name):
                self._hear(packet.name)
            case Kind.STOP if packet.name in self._heard:
                self._heard.pop(packet.name).end()

    def _hear(self, edge: str) -> None:
        """Send the speakers of this edge up from now on."""
        if edge in self._heard or len(self._heard) >= MAX_HEARD:
            return

        def up(packet: bytes) -> None:
            self._end.send(LinkPacket(Kind.UP, edge, packet), time.monotonic_ns())

        self._heard[edge] = self._bus.subscribe(self._subjects.sound_up(edge), up)
