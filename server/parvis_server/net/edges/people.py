"""People at edges who gave a name, as a host asks for them: nobody's name is on the bus otherwise.

Edges count their listeners for the hub once a second, and tell of nobody. When whoever runs a room
opens the list of people, the edges that have somebody in it are asked, within bounds: once a second
for each room, a page of each edge, and who does not answer in time is left out.
"""

import asyncio
from collections.abc import Callable, Iterable
from itertools import islice

from parvis_server.bus.bus import Bus, BusFault
from parvis_server.net.edges.roster import Edge
from parvis_server.room.audience import PAGE, Listed
from parvis_wire.bus_subjects import Subjects
from parvis_wire.edges import People, PeopleQuestion, parse
from parvis_wire.errors import BadMessage
from parvis_wire.messages import serialize

ANSWER_S = 1.0
KEPT_NS = 1_000_000_000
MAX_ASKED = 32
"""Edges for one list; a page holds fifty people."""

MAX_ROOMS = 64
"""Whose lists are kept."""


class PeopleAtEdges:
    """Of one bus."""

    def __init__(
        self,
        bus: Bus,
        subjects: Subjects,
        edges: Iterable[Edge],
        now_ns: Callable[[], int],
    ) -> None:
        """Nobody was asked yet; ``edges`` are those who are there, whenever it is looked at."""
        self._bus = bus
        self._subjects = subjects
        self._edges = edges
        self._now_ns = now_ns
        self._kept: dict[str, tuple[int, tuple[Listed, ...]]] = {}

    async def of(self, room: str) -> tuple[Listed, ...]:
        """Those in this room, each once; at most a page."""
        until_ns, listed = self._kept.get(room, (0, ()))
        if self._now_ns() < until_ns:
            return listed
        self._keep(room, listed)  # who asks meanwhile gets what was known
        asked = islice((edge for edge in self._edges if _has_listeners(edge, room)), MAX_ASKED)
        answers = await asyncio.gather(*(self._ask(edge, room) for edge in asked))
        found = {one.participant: one for people in answers for one in people}
        listed = tuple(islice(found.values(), PAGE))
        self._keep(room, listed)
        return listed

    def _keep(self, room: str, listed: tuple[Listed, ...]) -> None:
        if room not in self._kept and len(self._kept) >= MAX_ROOMS:
            self._kept.clear()
        self._kept[room] = (self._now_ns() + KEPT_NS, listed)

    async def _ask(self, edge: Edge, room: str) -> list[Listed]:
        question = serialize(PeopleQuestion(room=room)).encode()
        try:
            said = await self._bus.ask(self._subjects.people(edge.hello.edge), question, ANSWER_S)
            people = parse(People, said).people
        except (BusFault, BadMessage):
            return []
        most = _listeners(edge, room)
        return [
            Listed(one.participant, one.name, one.avatar, one.in_hall, one.invited)
            for one in people[:most]
        ]


def _listeners(edge: Edge, room: str) -> int:
    presence = None if edge.beat is None else edge.beat.rooms.get(room)
    return 0 if presence is None else presence.listeners


def _has_listeners(edge: Edge, room: str) -> bool:
    return _listeners(edge, room) > 0
