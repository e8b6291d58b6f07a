"""The hub's ``SoundWay`` over the link to its public edge."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from parvis_server.bus.bus import Handler, Subscription
from parvis_server.link.link_end import LinkEnd
from parvis_server.link.packets import Kind, LinkPacket


@dataclass(frozen=True, slots=True)
class _Hearing:
    """A subscription to one edge's speakers."""

    end_it: Callable[[], None]

    def end(self) -> None:
        """No more calls."""
        self.end_it()


class LinkSound:
    """Program and returns down, speakers up."""

    def __init__(self) -> None:
        """Closed, until a connection of ``end`` is proven."""
        self.end = LinkEnd(self._received)
        self._handlers: dict[str, Handler] = {}

    @property
    def is_open(self) -> bool:
        """Whether what is sent now goes out."""
        return self.end.lines > 0

    @property
    def dropped(self) -> int:
        """Packets that were not sent, or not over one of the connections."""
        return self.end.dropped

    def send_program(self, room: str, packet: bytes) -> None:
        """One packet of a room's program, for every edge."""
        self._send(Kind.PROGRAM, room, packet)

    def send_down(self, edge: str, packet: bytes) -> None:
        """One packet for a relayed connection of this edge."""
        self._send(Kind.DOWN, edge, packet)

    def receive(self, edge: str, handler: Handler) -> Subscription:
        """Hear this edge's relayed speakers from now on."""
        self._handlers[edge] = handler
        self._send(Kind.HEAR, edge)
        return _Hearing(lambda: self._stop(edge, handler))

    def say_again(self) -> None:
        """Whom we hear: to be called when a connection is there, and every second, since a packet
        may be lost."""
        for edge in self._handlers:
            self._send(Kind.HEAR, edge)

    def _stop(self, edge: str, handler: Handler) -> None:
        if self._handlers.get(edge) is handler:
            del self._handlers[edge]
            self._send(Kind.STOP, edge)

    def _received(self, packet: LinkPacket) -> None:
        if packet.kind is not Kind.UP:
            return
        handler = self._handlers.get(packet.name)
        if handler is None:
            self._send(Kind.STOP, packet.name)
        else:
            handler(packet.packet)

    def _send(self, kind: Kind, name: str, packet: bytes = b"") -> None:
        self.end.send(LinkPacket(kind, name, packet), time.monotonic_ns())
