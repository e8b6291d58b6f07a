"""Where rooms and the house outlive the process: out of the database at the start, into it after.

A room begins with two events, what it is and how far it has come; from then on its log alone says
what it is. Until the event loop runs, the database belongs to the start; then to the journal's
thread.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from parvis_server.errors import LogDamaged, StoreError
from parvis_server.net.kept_folds import (
    FOLD_EVENTS,
    is_over,
    keep_fold,
    kept_fold,
    last_clock,
    last_seq,
)
from parvis_server.net.outbox import AtOnce, Logged, Outbox
from parvis_server.room.folded import Folded
from parvis_server.store.acts import Acts
from parvis_server.store.database import Store
from parvis_server.store.erasures import ASIDE
from parvis_server.store.events import StoredEvent
from parvis_server.store.journal import Journal, JournalState
from parvis_server.store.rooms import StoredRoom
from parvis_server.trust.changes import Change, KeptHouse
from parvis_wire.floor import About, Phase
from parvis_wire.room_events import Described, PhaseSet, RoomEvent
from parvis_wire.rtp import CLOCK_RATE_HZ

log = logging.getLogger(__name__)

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000

READ_TIMEOUT_S = 3.0
"""A log that fails answers nobody until it is mended."""


@dataclass(frozen=True, slots=True)
class KeptRoom:
    """What a hub needs to open a room again."""

    name: str
    about: About
    """What it was founded as; the log may say something newer."""
    phase: Phase
    created_utc_ms: int
    origin_ns: int
    """Monotonic time at which its clock was 0."""
    log: tuple[StoredEvent, ...]
    """Since its founding, or since it was ``folded``; empty where nothing is kept."""
    folded: Folded | None = None
    """What its log came to before."""


class RoomKeeper(Protocol):
    """Keeps rooms."""

    def rooms(self) -> Iterable[KeptRoom]:
        """Every room, in the order of their making."""

    def set_aside(self, room: str, why: str) -> None:
        """A room whose log cannot be followed; only before the event loop runs."""

    def found(self, name: str, about: About, phase: Phase) -> KeptRoom:
        """Make a room."""

    def folded(self, kept: KeptRoom) -> Folded:
        """What a room's log comes to, all of it.

        Raises:
            LogDamaged: an event of it cannot be read.
        """

    def outbox(self, room: str) -> Outbox:
        """What the changes of a room wait in."""

    def house(self) -> KeptHouse:
        """What the hub's trust was when it stopped."""

    def keep(self, change: Change) -> None:
        """Write a change of the hub's trust."""

    async def kept(self) -> None:
        """Until every change is written, or the hub goes on in memory since the log fails."""

    async def acts(self, room: str, before: int, limit: int) -> Acts:
        """What people did in a room before the event of this number, the newest first.

        Raises:
            StoreError: the log cannot be read now.
        """

    async def erase(self, room: str, participant: str | None) -> int:
        """Erase somebody's names and words, or with None everybody's, out of a room's log; how many
        there were.

        Raises:
            StoreError: the log fails at the moment.
        """

    async def called(self, person: str) -> frozenset[tuple[str, str]]:
        """Rooms and participants: whoever has this id, or was called so; raises ``StoreError``."""

    @property
    def state(self) -> JournalState:
        """Whether everything is written."""

    def begin(self) -> None:
        """The event loop runs: from now on a thread writes."""

    def note_running(self) -> None:
        """The rooms are open at this moment."""

    async def end(self) -> None:
        """Write what waits."""


class RoomsInMemory:
    """A keeper that forgets with the process."""

    def rooms(self) -> Iterable[KeptRoom]:
        """None: the process has just begun."""
        return ()

    def set_aside(self, room: str, why: str) -> None:
        """It is forgotten with the process."""

    def found(self, name: str, about: About, phase: Phase) -> KeptRoom:
        """Make a room whose clock begins now."""
        return KeptRoom(
            name, about, phase, time.time_ns() // NS_PER_MS, time.monotonic_ns(), log=()
        )

    def folded(self, kept: KeptRoom) -> Folded:
        """It has no log."""
        return Folded.founded(kept.name, kept.about, kept.phase)

    def outbox(self, room: str) -> Outbox:
        """Nothing waits."""
        return AtOnce()

    def house(self) -> KeptHouse:
        """Nobody runs this hub."""
        return KeptHouse()

    def keep(self, change: Change) -> None:
        """It is forgotten with the process."""

    async def kept(self) -> None:
        """There is nothing to write."""

    async def acts(self, room: str, before: int, limit: int) -> Acts:
        """Nothing is kept of them."""
        return Acts()

    async def erase(self, room: str, participant: str | None) -> int:
        """Nothing is kept of them."""
        return 0

    async def called(self, person: str) -> frozenset[tuple[str, str]]:
        """Nobody is known by a name."""
        return frozenset()

    @property
    def state(self) -> JournalState:
        """There is nothing to write."""
        return JournalState()

    def begin(self) -> None:
        """There is nothing to do."""

    def note_running(self) -> None:
        """There is nothing to note."""

    async def end(self) -> None:
        """There is nothing to write."""


class StoredRooms:
    """A keeper with a database."""

    def __init__(
        self,
        store: Store,
        earlier: Callable[[], tuple[int, int] | None],
        default_room: str,
        now_ns: Callable[[], int] = time.monotonic_ns,
        utc_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        """Keep rooms in ``store``.

        Args:
            store: open; belongs to the keeper from now on.
            earlier: since when, and until when, the default room was live before there was a
                database (UTC in ns); None: it never was.
            default_room: its name.
            now_ns: monotonic time.
            utc_ns: UTC, ns since 1970.
        """
        self._store = store
        self._earlier = earlier
        self._default_room = default_room
        self._now_ns, self._utc_ns = now_ns, utc_ns
        self._names: list[str] = []
        self._journal: Journal | None = None

    def rooms(self) -> Iterable[KeptRoom]:
        """Every room of the database, in the order of their making."""
        for stored in self._store.rooms():
            if ASIDE in stored.name:
                continue
            try:
                kept = self._reopened(stored)
            except LogDamaged as error:
                self.set_aside(stored.name, str(error))
                continue
            if kept is not None:
                yield kept

    def _reopened(self, stored: StoredRoom) -> KeptRoom | None:
        """A room of the database; None: the hub was killed between its making and its first event.

        Raises:
            LogDamaged: its log is not whole.
        """
        reopened = stored.reopened(self._utc_ns())
        folded = kept_fold(self._store, stored.name)
        events = tuple(self._store.load(stored.name, folded.state.view.seq if folded else 0))
        self._store.put_room(reopened)
        if stored.name == self._default_room and is_over(events, folded):
            again = self._opened_again(stored.name, events, folded)
            self._store.append([again])
            events = (*events, again)
        return self._kept(reopened, events, folded) if events or folded else None

    def folded(self, kept: KeptRoom) -> Folded:
        """What a room's log comes to; a start writes that down, for the next one."""
        before = kept.folded or Folded.founded(kept.name, kept.about, kept.phase)
        folded = before.after(kept.log)
        if self._journal is None and len(kept.log) >= FOLD_EVENTS:
            keep_fold(self._store, kept.name, folded)
        return folded

    def set_aside(self, room: str, why: str) -> None:
        """This room cannot be opened: its log is kept for whoever can mend it."""
        under = f"{room}{ASIDE}{self._utc_ns() // NS_PER_MS}"
        log.error("room %s is set aside in the database as %s: %s", room, under, why)
        self._names = [name for name in self._names if name != room]
        self._store.set_aside(room, under)

    def _opened_again(
        self, room: str, events: Sequence[StoredEvent], folded: Folded | None
    ) -> StoredEvent:
        """The default room opens by itself, also after an evening that was ended."""
        utc_ms = self._utc_ns() // NS_PER_MS
        return StoredEvent.of(
            PhaseSet(phase=Phase.LIVE, utc_ms=utc_ms),
            room=room,
            seq=last_seq(events, folded) + 1,
            room_clock=last_clock(events, folded),
            utc_ms=utc_ms,
        )

    def found(self, name: str, about: About, phase: Phase) -> KeptRoom:
        """Make a room; what was kept of the default room before the database goes on in it."""
        utc_ns = self._utc_ns()
        room = StoredRoom.new(name, utc_ns)
        earlier = self._earlier() if name == self._default_room else None
        if earlier is not None:
            room = StoredRoom.before_the_database(name, *earlier).reopened(utc_ns)
        events = _founding(name, about, phase, utc_ns // NS_PER_MS)

        def write(store: Store) -> None:
            store.put_room(room)
            store.append(events)

        if self._journal is None:
            write(self._store)
        else:
            self._journal.insist(write)
        return self._kept(room, events)

    def outbox(self, room: str) -> Outbox:
        """The journal, once it is there."""
        return Logged(self._running, room)

    def house(self) -> KeptHouse:
        """What the hub's trust was when it stopped."""
        return self._store.house()

    def keep(self, change: Change) -> None:
        """Write a change of the hub's trust, however often it takes."""
        if self._journal is None:
            self._store.keep(change)
        else:
            self._journal.insist(lambda store: store.keep(change))

    async def kept(self) -> None:
        """Until every change is written, or the hub goes on in memory since the log fails."""
        if self._journal is not None:
            written = asyncio.Event()
            self._journal.append((), written.set)
            await written.wait()

    async def acts(self, room: str, before: int, limit: int) -> Acts:
        """What people did in a room before the event of this number, the newest first."""
        try:
            async with asyncio.timeout(READ_TIMEOUT_S):
                return await self._running().perform(lambda store: store.acts(room, before, limit))
        except TimeoutError:
            raise StoreError("the log does not answer at the moment: try again later") from None

    async def erase(self, room: str, participant: str | None) -> int:
        """Erase somebody's names and words, or with None everybody's, out of a room's log; how many
        there were."""
        try:
            async with asyncio.timeout(READ_TIMEOUT_S):
                return await self._running().perform(lambda store: store.erase(room, participant))
        except TimeoutError:
            raise StoreError("the log does not answer at the moment: try again later") from None

    async def called(self, person: str) -> frozenset[tuple[str, str]]:
        """Rooms and participants: whoever has this id, or was called so at some time."""
        try:
            async with asyncio.timeout(READ_TIMEOUT_S):
                return await self._running().perform(lambda store: store.called(person))
        except TimeoutError:
            raise StoreError("the log does not answer at the moment: try again later") from None

    @property
    def state(self) -> JournalState:
        """Whether everything is written."""
        return JournalState() if self._journal is None else self._journal.state

    def begin(self) -> None:
        """Start the journal."""
        self._journal = Journal(self._store)

    def note_running(self) -> None:
        """The rooms are open at this moment."""
        names, utc_ms = tuple(self._names), self._utc_ns() // NS_PER_MS
        self._running().do(lambda store: store.note_running(names, utc_ms))

    async def end(self) -> None:
        """Write what waits, and close the database."""
        if self._journal is not None:
            self.note_running()
            await self._journal.close()
        self._store.close()

    def _running(self) -> Journal:
        if self._journal is None:
            raise RuntimeError("the journal begins with the event loop")
        return self._journal

    def _kept(
        self, room: StoredRoom, events: tuple[StoredEvent, ...], folded: Folded | None = None
    ) -> KeptRoom:
        """With a clock that is not before the last event, whatever the machine's clock says."""
        self._names.append(room.name)
        now_ns = self._now_ns()
        elapsed_ns = last_clock(events, folded) * NS_PER_S // CLOCK_RATE_HZ
        origin_ns = min(room.origin_ns(now_ns, self._utc_ns()), now_ns - elapsed_ns)
        about, phase = _founded_as(room.name, () if folded else events)
        return KeptRoom(room.name, about, phase, room.created_utc_ms, origin_ns, events, folded)


def _founding(room: str, about: About, phase: Phase, utc_ms: int) -> tuple[StoredEvent, ...]:
    """The first two events of a room."""
    events: tuple[RoomEvent, ...] = (
        Described(about=about),
        PhaseSet(phase=phase, utc_ms=utc_ms),
    )
    return tuple(
        StoredEvent.of(event, room=room, seq=seq, room_clock=0, utc_ms=utc_ms)
        for seq, event in enumerate(events, start=1)
    )


def _founded_as(name: str, events: Iterable[StoredEvent]) -> tuple[About, Phase]:
    about, phase = About(title=name), Phase.LIVE
    for stored in events:
        match stored.event():
            case Described(about=described):
                about = described
            case PhaseSet(phase=reached):
                phase = reached
            case _:
                break
    return about, phase
