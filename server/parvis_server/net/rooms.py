"""All rooms of one hub: made, found, listed, ended; which of them have an engine running.

Theory of operation. ``Rooms`` owns a ``HubRoom`` for each name and runs its parts in one
``TaskGroup``. An engine runs only while its room is backstage or live, and at most
``MAX_RUNNING_ENGINES`` do; a room that would be one too many is refused the step, with the reason.
A room that is over keeps its place: its link tells what it was. What must outlive the process goes
through a ``RoomKeeper``.
"""

import asyncio
import re
import secrets
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Never

from parvis_server.errors import LogDamaged, RoomRefused
from parvis_server.net.live_room import LiveRoom
from parvis_server.net.mp3 import Mp3Stream
from parvis_server.net.room_engine import RoomEngine
from parvis_server.net.room_keeper import KeptRoom, RoomKeeper
from parvis_server.room.forgetting import forget
from parvis_server.room.permissions import is_listener
from parvis_server.room.places import is_out
from parvis_server.store.acts import Acts
from parvis_wire.close_codes import CloseCode
from parvis_wire.commands import Command, SetPhase
from parvis_wire.floor import About, Access, Invite, Phase, Rank
from parvis_wire.room_events import PhaseSet, RoomEvent

MAX_ROOMS = 200
"""An hour-long series every day for half a year. Each costs some 100 kB and four ticks a second."""

MAX_RUNNING_ENGINES = 8
"""Two processes each, one mixing and one warm: 8 rooms with a few talkers are what a small server
mixes, and a mistake in somebody's own site cannot fill the machine."""

SOUNDING = frozenset({Phase.BACKSTAGE, Phase.LIVE})

NAME_FROM_TITLE_CHARACTERS = 40
HIDDEN_NAME_BYTES = 9
"""72 bits: the name of a room that is not open cannot be guessed, and so not be looked for."""


@dataclass(frozen=True, slots=True, eq=False)
class HubRoom:
    """One room with everything that serves it."""

    live: LiveRoom
    engine: RoomEngine
    mp3: Mp3Stream
    created_utc_ms: int

    @property
    def name(self) -> str:
        """As in links and messages."""
        return self.live.room.view.room

    @property
    def about(self) -> About:
        """What it is."""
        view = self.live.room.view
        return view.about or About(title=view.title)

    @property
    def access(self) -> Access:
        """Who may come in."""
        return self.about.access

    @property
    def invites(self) -> Sequence[Invite]:
        """The invitations that are good."""
        desk = self.live.room.view.desk
        return () if desk is None else desk.invites

    def rank_of(self, participant: str) -> Rank | None:
        """Of those who run the room.

        After a restart nobody knows by which link they came: until they show it again, only those
        whom a host named are hosts.
        """
        room = self.live.room
        if room.member(participant) is None and participant not in room.state.memory.appointed:
            return None
        hosts = room.view.hosts
        return next((host.rank for host in hosts if host.participant == participant), None)

    def is_listener(self, participant: str) -> bool:
        """Whether this id is nobody's but a listener's, as far as the room knows."""
        room = self.live.room
        return is_listener(room.view, room.member(participant), participant)

    def speaks_for(self, microphone: str) -> str | None:
        """The listener whose phone this microphone is, as the room let it in."""
        member = self.live.room.member(microphone)
        return None if member is None else member.speaks_for

    def is_out(self, participant: str) -> bool:
        """Whether a host has shown them out, until they are unblocked."""
        return is_out(self.live.room.view, participant)

    @property
    def phase(self) -> Phase:
        """How far it has come."""
        return self.live.room.view.phase

    async def run(self) -> None:
        """Run its parts until cancelled."""
        async with asyncio.TaskGroup() as group:
            for part in (self.engine, self.live, self.mp3):
                group.create_task(part.run())


class Rooms:
    """The hub's rooms by name."""

    def __init__(self, build: Callable[[KeptRoom], HubRoom], keeper: RoomKeeper) -> None:
        """Open what ``keeper`` remembers; ``build`` puts a room together."""
        self.faults: Counter[CloseCode] = Counter()
        """Connections closed for a fault, by code."""
        self._build = build
        self._keeper = keeper
        self._rooms: dict[str, HubRoom] = {}
        self._group: asyncio.TaskGroup | None = None
        for kept in keeper.rooms():
            try:
                self._add(kept)
            except LogDamaged as error:
                keeper.set_aside(kept.name, str(error))

    def __iter__(self) -> Iterator[HubRoom]:
        """All rooms, in the order of their making."""
        return iter(tuple(self._rooms.values()))

    def __len__(self) -> int:
        """How many there are."""
        return len(self._rooms)

    def __contains__(self, name: object) -> bool:
        """Whether there is a room of this name."""
        return name in self._rooms

    def get(self, name: str) -> HubRoom | None:
        """The room of this name."""
        return self._rooms.get(name)

    @property
    def listed(self) -> tuple[HubRoom, ...]:
        """Those that everybody may know of."""
        return tuple(room for room in self if room.access is Access.OPEN)

    def create(self, about: About, *, name: str | None = None, phase: Phase) -> HubRoom:
        """Make a room.

        Args:
            about: what it is.
            name: for its links; None takes one from the title, or a hidden one when it is not open.
            phase: how far it has come already.

        Raises:
            RoomRefused: the name is taken, there are too many rooms, or too many sound.
        """
        if name is not None and name in self._rooms:
            raise RoomRefused("taken", f"there is a room {name!r} already: choose another name")
        if len(self._rooms) >= MAX_ROOMS:
            raise RoomRefused("too_many", f"this hub has {MAX_ROOMS} rooms, which is its limit")
        if phase in SOUNDING and self._sounding >= MAX_RUNNING_ENGINES:
            raise RoomRefused("too_many", TOO_MANY_ENGINES)
        return self._add(self._keeper.found(name or self._free_name(about), about, phase))

    async def acts(self, name: str, before: int, limit: int) -> Acts:
        """What people did in a room, the newest first; raises ``StoreError``."""
        return await self._keeper.acts(name, before, limit)

    async def erase(self, name: str, participant: str | None) -> int:
        """Erase somebody's names and words, or with None everybody's, out of a room's log, and out
        of what this process knows of them; how many there were. Raises ``StoreError``."""
        if name in self._rooms:  # else it is a log that was set aside
            live = self._rooms[name].live
            forget(live.room, participant)
            live.bulletin.forget(participant)
        return await self._keeper.erase(name, participant)

    async def called(self, person: str) -> frozenset[tuple[str, str]]:
        """Rooms and participants: whoever has this id, or was called so; raises ``StoreError``."""
        return await self._keeper.called(person)

    async def run(self) -> Never:
        """Run every room's parts until cancelled."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            for room in self:
                group.create_task(room.run())
            await asyncio.Event().wait()  # until cancelled, or until a part of a room fails
        raise AssertionError("an endless wait ended")

    def close_all(self, code: CloseCode, text: str) -> None:
        """End every connection and stream."""
        for room in self:
            room.mp3.stop()
            room.live.close_all(code, text)

    def count_fault(self, code: CloseCode) -> None:
        """A connection was closed for a fault of its peer."""
        self.faults[code] += 1

    @property
    def _sounding(self) -> int:
        return sum(room.engine.woken_ns is not None for room in self)

    def _add(self, kept: KeptRoom) -> HubRoom:
        room = self._build(kept)
        room.live.event_taps.add(lambda event: self._happened(room, event))
        room.live.gate = lambda command: self._refusal(room, command)
        self._rooms[kept.name] = room
        self._follow_phase(room)
        if self._group is not None:
            self._group.create_task(room.run())
        return room

    def _refusal(self, room: HubRoom, command: Command) -> str | None:
        """Why the hub cannot carry out a command that the room itself would."""
        would_sound = isinstance(command, SetPhase) and command.phase in SOUNDING
        if would_sound and room.engine.woken_ns is None and self._sounding >= MAX_RUNNING_ENGINES:
            return TOO_MANY_ENGINES
        return None

    def _happened(self, room: HubRoom, event: RoomEvent) -> None:
        if isinstance(event, PhaseSet):
            self._follow_phase(room)
        if room.access is not Access.OPEN:
            room.mp3.let_strangers_go()  # whoever has no path of their own

    def _follow_phase(self, room: HubRoom) -> None:
        """Wake the engine of a room that sounds; no other needs one."""
        if room.phase not in SOUNDING:
            room.engine.rest()
        elif self._sounding < MAX_RUNNING_ENGINES:
            room.engine.wake()

    def _free_name(self, about: About) -> str:
        if about.access is not Access.OPEN:
            return _hidden_name()
        name = name_from_title(about.title)
        if name and name not in self._rooms:
            return name
        numbered = (f"{name or 'room'}-{number}" for number in range(2, MAX_ROOMS + 3))
        return next(free for free in numbered if free not in self._rooms)


TOO_MANY_ENGINES = (
    f"{MAX_RUNNING_ENGINES} rooms sound at the moment, which is this hub's limit: end one first"
)


def name_from_title(title: str) -> str:
    """The title in letters, digits and hyphens; empty when nothing of it can be written so."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    return words[:NAME_FROM_TITLE_CHARACTERS].rstrip("-")


def _hidden_name() -> str:
    return secrets.token_hex(HIDDEN_NAME_BYTES)
