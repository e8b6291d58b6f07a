"""The rooms that an edge follows: those that somebody came for."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from parvis_server.edge.audience_room import AudienceRoom, RoomLimits
from parvis_server.edge.hub_line import HubLine
from parvis_server.errors import PeerFault
from parvis_server.mishaps import Mishaps
from parvis_wire.close_codes import CloseCode
from parvis_wire.packet_time import PacketMs

log = logging.getLogger(__name__)

MAX_ROOMS = 500
"""That are followed at a time, rooms that nobody has included: their names can be made up."""

STOPPED = "this room stopped working here: come back"
TOO_MANY = "too many rooms are asked for at once: try again in a moment"


class EdgeRooms:
    """All of one edge."""

    def __init__(self, line: HubLine, now_ns: Callable[[], int]) -> None:
        """Nobody came yet."""
        self.limits = RoomLimits()
        self._line = line
        self._now_ns = now_ns
        self._rooms: dict[str, AudienceRoom] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._group: asyncio.TaskGroup | None = None
        self._emptied = asyncio.Event()
        self._mishaps = Mishaps(log)

    def __iter__(self) -> Iterator[AudienceRoom]:
        """Those that are followed now."""
        return iter(tuple(self._rooms.values()))

    @property
    def listeners(self) -> int:
        """Everybody in all of them."""
        return sum(len(room.listeners) for room in self._rooms.values())

    async def until_empty(self) -> None:
        """Wait until nobody listens."""
        while self.listeners:
            self._emptied.clear()
            await self._emptied.wait()

    def get(self, name: str) -> AudienceRoom | None:
        """A room that is followed."""
        return self._rooms.get(name)

    def follow(self, name: str) -> AudienceRoom:
        """The room, followed from now on.

        Raises:
            PeerFault: there are too many.
        """
        room = self._rooms.get(name)
        if room is not None:
            return room
        if len(self._rooms) >= MAX_ROOMS:
            raise PeerFault(CloseCode.RATE, TOO_MANY)
        room = AudienceRoom(name, self._line, self.limits, self._now_ns)
        room.on_empty = self._emptied.set
        room.on_gap = partial(self._ask, room)
        self._rooms[name] = room
        if self._group is not None:
            self._start(self._group, room)
        self._ask(room)
        return room

    def set_packet_times(self, least_ms: PacketMs, most_ms: PacketMs) -> None:
        """Of rooms that are followed from now on."""
        self.limits = replace(self.limits, min_packet_ms=least_ms, max_packet_ms=most_ms)

    def want_all(self) -> None:
        """Something may have been missed."""
        for room in self:
            room.core.want()

    def look(self) -> None:
        """What is due, four times a second: questions, and rooms that nobody needs any more."""
        now_ns = self._now_ns()
        for room in self:
            self._ask(room)
            refused = room.core.refused is not None and not room.listeners and not room.waiting
            if room.is_unused(now_ns) or (refused and room.core.question_due(now_ns)):
                self._forget(room)

    def _ask(self, room: AudienceRoom) -> None:
        is_needed = room.core.refused is None or bool(room.waiting)
        if self._group is not None and is_needed and room.question_due(self._now_ns()):
            self._group.create_task(self._asked(room))

    async def _asked(self, room: AudienceRoom) -> None:
        """Ask for a room; an answer that nobody foresaw counts as none."""
        with self._mishaps.during(f"asking for the room {room.core.name}"):
            await room.ask()
            return
        room.core.want()
        room.core.failed(self._now_ns())

    async def _serve(self, room: AudienceRoom) -> None:
        """Serve one room; a mistake in it sends its listeners back, who find it anew."""
        with self._mishaps.during(f"the room {room.core.name}"):
            await room.run()
        if self._rooms.get(room.core.name) is room:
            room.dismiss_all(CloseCode.GOING_AWAY, STOPPED)
            self._running.pop(room.core.name, None)
            self._forget(room)

    def _start(self, group: asyncio.TaskGroup, room: AudienceRoom) -> None:
        self._running[room.core.name] = group.create_task(self._serve(room))

    def _forget(self, room: AudienceRoom) -> None:
        room.close()
        del self._rooms[room.core.name]
        running = self._running.pop(room.core.name, None)
        if running is not None:
            running.cancel()

    async def run(self) -> None:
        """Serve all rooms; runs until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                for room in self:
                    self._start(group, room)
                await asyncio.Event().wait()
        finally:
            self._group = None
            for room in self:
                with contextlib.suppress(KeyError):
                    self._forget(room)
