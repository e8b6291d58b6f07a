"""How an edge says once a second that it is there, and how it fares."""

import time
from collections.abc import Callable
from typing import Protocol

from parvis_server.edge.hub_line import HubLine
from parvis_server.edge.relay import Relays
from parvis_server.edge.rooms import EdgeRooms
from parvis_wire.edges import EdgeBeat, steps_of


class Load:
    """The share of one core that this process uses."""

    def __init__(
        self,
        wall_ns: Callable[[], int] = time.monotonic_ns,
        cpu_ns: Callable[[], int] = time.process_time_ns,
    ) -> None:
        """Measure from now on."""
        self._wall_ns, self._cpu_ns = wall_ns, cpu_ns
        self._before = (wall_ns(), cpu_ns())

    def look(self) -> float:
        """Since the last look, 0 to 1."""
        now = (self._wall_ns(), self._cpu_ns())
        passed_ns, used_ns = now[0] - self._before[0], now[1] - self._before[1]
        self._before = now
        return min(1.0, max(0.0, used_ns / max(1, passed_ns)))


class Hall(Protocol):
    """The connections of the process: ``ListenerHall``."""

    count: int
    most: int | None


class Presence:
    """Makes the beats."""

    def __init__(
        self, line: HubLine, rooms: EdgeRooms, relays: Relays, hall: Hall, load: Load
    ) -> None:
        """Of this edge."""
        self._line = line
        self._rooms = rooms
        self._relays = relays
        self._hall = hall
        self._load = load

    def beat(self, *, is_draining: bool) -> EdgeBeat | None:
        """What to say now; None: no hub ever answered, there is nobody to say it to."""
        hello = self._line.watch.hello
        if hello is None:
            return None
        rooms = {
            room.core.name: room.crowd.presence()
            for room in self._rooms
            if room.listeners or room.had_listeners
        }
        for room in self._rooms:
            room.had_listeners = bool(room.listeners)
        left = hello.max_listeners - self._rooms.listeners
        if self._hall.most is not None:
            left = min(left, self._hall.most - self._hall.count)
        return EdgeBeat(
            edge=self._line.edge,
            hub=hello.hub,
            connections=self._hall.count,
            room_left=0 if is_draining else max(0, left),
            load=self._load.look(),
            draining=is_draining,
            rooms=rooms,
            relayed=steps_of(self._relays.numbers),
            last_relayed=self._relays.last,
        )
