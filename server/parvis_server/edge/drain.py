"""An edge is emptied: everybody goes to other edges, and nobody hears it.

Theory of operation. Each page is told where to go and chooses a moment of its own within the time;
it plays the new connection before it ends the old. Who is still here at the end (a program that
does not move, hosts, speakers) is closed with ``GOING_AWAY``, a few at a time, and comes back by
itself.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Iterator, Sequence

from parvis_server.edge.door import EdgeDoor
from parvis_server.edge.rooms import EdgeRooms
from parvis_server.net.connection import Connection
from parvis_server.net.framing import text_frame
from parvis_wire.close_codes import CloseCode
from parvis_wire.edge_words import Move
from parvis_wire.edges import Drain

log = logging.getLogger(__name__)

LAST_S = 1.0
"""For those who chose the last moment to hear the new edge before the old one ends."""

AT_ONCE = 100
"""Told or closed before others get their turn: about a millisecond."""

CLOSES_OVER_S = 0.5
"""Whoever is left is closed within this time."""

GOES_AWAY = "this server stops: come back"


class Drainage:
    """Of one edge."""

    def __init__(self, door: EdgeDoor, rooms: EdgeRooms) -> None:
        """Not begun."""
        self.is_on = False
        self.done = asyncio.Event()
        """Nobody is left."""
        self._door = door
        self._rooms = rooms

    async def empty(self, order: Drain) -> None:
        """Send everybody away; a second order changes nothing."""
        if self.is_on:
            return
        self.is_on = self._door.is_shut = True
        log.info("this edge is emptied: %d listeners move on", self._rooms.listeners)
        if order.places:
            await self._tell(order)
            await self._until_empty(order.within_s + LAST_S)
        await self._close_all(CLOSES_OVER_S if order.places else order.within_s)
        self.done.set()

    async def leave(self, within_s: float) -> None:
        """Close everybody within this time: the process is told to stop."""
        self.is_on = self._door.is_shut = True
        await self._close_all(within_s)
        self.done.set()

    async def _tell(self, order: Drain) -> None:
        within_ms = round(order.within_s * 1000)
        frames = [text_frame(Move(place=place, within_ms=within_ms)) for place in order.places]
        turns = in_proportion(order.weights, len(frames))
        for number, connection in enumerate(tuple(self._connections())):
            connection.raw.write_frame(frames[next(turns)])
            if number % AT_ONCE == AT_ONCE - 1:
                await asyncio.sleep(0)

    async def _until_empty(self, within_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._rooms.until_empty()

    async def _close_all(self, within_s: float) -> None:
        """Spread over a time, for not everybody to come back in one moment."""
        left = tuple(self._connections())
        pauses = -(-len(left) // AT_ONCE)
        for some in _slices(left):
            for connection in some:
                connection.raw.close(CloseCode.GOING_AWAY, GOES_AWAY)
            await asyncio.sleep(within_s / max(1, pauses))
        self._door.relays.cut_all()

    def _connections(self) -> Iterator[Connection]:
        for room in self._rooms:
            for listener in (*room.listeners.values(), *room.waiting):
                yield listener.connection


def in_proportion(weights: Sequence[int], places: int) -> Iterator[int]:
    """Which of the places is next, for ever: each as often as its weight says, evenly mixed.

    A place without weight gets nobody, unless no place has any: then all are alike.
    """
    known = [max(0, weight) for weight in (*weights, *[0] * places)[:places]]
    shares = {place: weight for place, weight in enumerate(known) if weight}
    shares = shares or dict.fromkeys(range(places), 1)
    sent = dict.fromkeys(shares, 0)
    while True:
        place = min(shares, key=lambda one: (sent[one] + 1) / shares[one])
        sent[place] += 1
        yield place


def _slices(connections: Sequence[Connection]) -> Iterable[Sequence[Connection]]:
    for first in range(0, len(connections), AT_ONCE):
        yield connections[first : first + AT_ONCE]
