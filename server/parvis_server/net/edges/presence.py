"""Who listens at edges, added up for each room. Pure.

An edge counts for itself, and could be wrong: what it says is held against what it can hold.
"""

from collections.abc import Iterable, Mapping

from parvis_server.net.edges.roster import Edge
from parvis_server.room.audience import REACTIONS_PER_PULSE, Elsewhere
from parvis_wire.audience import Reaction
from parvis_wire.edges import RoomPresence

MAX_LISTENERS = 1_000_000
"""Of one edge in one room: more is a mistake."""


def elsewhere(rooms: Iterable[RoomPresence]) -> Elsewhere:
    """What several edges say of one room, as one."""
    listeners = in_hall = 0
    for room in rooms:
        count = min(room.listeners, MAX_LISTENERS)
        listeners += count
        in_hall += min(room.in_hall, count)
    return Elsewhere(listeners, in_hall)


def bounded_reactions(room: RoomPresence) -> Mapping[Reaction, int]:
    """What people at one edge showed since its last beat, as much as they can have."""
    left = REACTIONS_PER_PULSE * min(room.listeners, MAX_LISTENERS)
    kept: dict[Reaction, int] = {}
    for reaction, count in room.reactions.items():
        kept[reaction] = max(0, min(count, left))
        left -= kept[reaction]
    return kept


def by_room(edges: Iterable[Edge]) -> dict[str, list[RoomPresence]]:
    """What each room's edges say of it."""
    found: dict[str, list[RoomPresence]] = {}
    for edge in edges:
        if edge.beat is not None:
            for name, room in edge.beat.rooms.items():
                found.setdefault(name, []).append(room)
    return found
