"""How sound travels between the hub and its edges: over the bus, or over a link of its own.

What a hub sends goes to every edge of its site: packets of a room's program, and what relayed
connections of one edge hear. What comes up are packets of relayed speakers. Everything is at most
once, and late sound is worthless: nothing waits, and what cannot be sent is dropped and counted.

The edges know only the bus. A hub that publishes from behind a router sends over the link
(``parvis_server.link``), whose other end is on the edges' bus and passes on what it hears there.
"""

from typing import Protocol

from parvis_server.bus.bus import Bus, Handler, Subscription
from parvis_wire.bus_subjects import Subjects


class SoundWay(Protocol):
    """The hub's way for sound, to all edges and back."""

    @property
    def is_open(self) -> bool:
        """Whether what is sent now goes out."""

    @property
    def dropped(self) -> int:
        """Packets that were not sent, since the start."""

    def send_program(self, room: str, packet: bytes) -> None:
        """One packet of a room's program (``pack_program``), for every edge."""

    def send_down(self, edge: str, packet: bytes) -> None:
        """One packet for a relayed connection of this edge (``pack_relayed``)."""

    def receive(self, edge: str, handler: Handler) -> Subscription:
        """Hear this edge's relayed speakers (``pack_relayed``) from now on."""


class BusSound:
    """Sound over the bus: hub and edges in one data centre."""

    def __init__(self, bus: Bus, subjects: Subjects) -> None:
        """Use this bus, under the names of one site."""
        self._bus = bus
        self._subjects = subjects

    @property
    def is_open(self) -> bool:
        """Whether what is sent now goes out."""
        return self._bus.is_connected

    @property
    def dropped(self) -> int:
        """Publications of the whole bus that were not sent."""
        return self._bus.dropped

    def send_program(self, room: str, packet: bytes) -> None:
        """One packet of a room's program, for every edge."""
        self._bus.publish(self._subjects.program(room), packet)

    def send_down(self, edge: str, packet: bytes) -> None:
        """One packet for a relayed connection of this edge."""
        self._bus.publish(self._subjects.sound_down(edge), packet)

    def receive(self, edge: str, handler: Handler) -> Subscription:
        """Hear this edge's relayed speakers from now on."""
        return self._bus.subscribe(self._subjects.sound_up(edge), handler)
