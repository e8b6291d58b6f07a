"""The database behind the rooms: SQLite beside the hub, or PostgreSQL by URL.

One connection for everything, since one thread writes (see ``journal``). Whatever goes wrong is a
``StoreError`` of one line, and the next call may succeed again.
"""

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, false, func, insert, select, update

from parvis_server.errors import LogDamaged, StoreConflict
from parvis_server.store import folds, house, schema
from parvis_server.store.acts import Acts, acts
from parvis_server.store.address import Address
from parvis_server.store.connection import OneConnection
from parvis_server.store.erasing import erase_words, names_of
from parvis_server.store.events import StoredEvent
from parvis_server.store.folds import Fold
from parvis_server.store.migrate import MIGRATIONS, migrate
from parvis_server.store.rooms import StoredRoom
from parvis_server.store.set_aside import set_aside
from parvis_server.store.words import cut, put_back
from parvis_server.trust.changes import Change, KeptHouse


class Store:
    """An open database. Every call blocks: it is for the start, and for the journal's thread."""

    def __init__(self, connection: OneConnection) -> None:
        """For ``open``."""
        self.address = connection.address
        self._connection = connection

    @classmethod
    def open(cls, address: Address | str, *, migrations: Path = MIGRATIONS) -> "Store":
        """Open a database, make it where it is missing, and bring it to this Parvis' schema.

        Raises:
            StoreError: it cannot be used; one line says why and what would be right.
        """
        where = address if isinstance(address, Address) else Address.parse(address)
        one = OneConnection(where)
        try:
            with one.transaction() as connection:
                migrate(connection, where, migrations)
                # Nothing to change, and yet refused where nothing may be written.
                table = schema.rooms
                connection.execute(update(table).where(false()).values(name=table.c.name))
        except BaseException:
            one.close()
            raise
        return cls(one)

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()

    def append(self, events: Sequence[StoredEvent]) -> None:
        """Write events, all or none. Repeating a call that may have succeeded does no harm.

        Raises:
            StoreConflict: there is another event under such a number.
            StoreError: they could not be written.
        """
        if not events:
            return
        try:
            self._insert(events)
        except StoreConflict:
            missing = self._not_yet_there(events)
            if len(missing) == len(events):
                raise
            if missing:
                self._insert(missing)

    def load(self, room: str, after: int = 0) -> list[StoredEvent]:
        """A room's log from its beginning, or what came after the event of this number.

        Raises:
            LogDamaged: an event is missing in it.
            StoreError: it cannot be read.
        """
        with self._connection.transaction() as connection:
            found = _stored(connection, room, after + 1)
        for expected, stored in enumerate(found, start=after + 1):
            if stored.seq != expected:
                raise LogDamaged(
                    f"the log of room {room} in {self.address} lacks event {expected}: "
                    "restore the database from a copy"
                )
        return found

    def fold(self, room: str) -> Fold | None:
        """What this room's log came to up to some event; None: read it from its beginning."""
        with self._connection.transaction() as connection:
            return folds.get(connection, room)

    def put_fold(self, fold: Fold) -> None:
        """Keep what a room's log came to."""
        with self._connection.transaction() as connection:
            folds.put(connection, fold)

    def acts(self, room: str, before: int, limit: int) -> Acts:
        """What people did in a room before the event of this number, the newest first."""
        with self._connection.transaction() as connection:
            return acts(connection, room, before, limit)

    def last_seq(self, room: str) -> int:
        """Number of the last event of a room; 0 before the first."""
        table = schema.events
        with self._connection.transaction() as connection:
            query = select(func.coalesce(func.max(table.c.seq), 0)).where(table.c.room == room)
            return int(connection.execute(query).scalar_one())

    def rooms(self) -> tuple[StoredRoom, ...]:
        """Every room, the oldest first."""
        table = schema.rooms
        with self._connection.transaction() as connection:
            found = connection.execute(select(table).order_by(table.c.created_utc_ms, table.c.name))
            return tuple(StoredRoom(**row._mapping) for row in found)

    def room(self, name: str) -> StoredRoom | None:
        """One room."""
        return next((room for room in self.rooms() if room.name == name), None)

    def put_room(self, room: StoredRoom) -> None:
        """Make a room, or replace what is known of it; needed before its first event."""
        table, values = schema.rooms, _row_of_room(room)
        with self._connection.transaction() as connection:
            changed = connection.execute(
                update(table).where(table.c.name == room.name).values(**values)
            )
            if changed.rowcount == 0:
                connection.execute(insert(table).values(**values))

    def set_aside(self, room: str, under: str) -> None:
        """Keep a room's rows under another name, so that its own is free."""
        with self._connection.transaction() as connection:
            set_aside(connection, room, under)

    def note_running(self, names: Sequence[str], utc_ms: int) -> None:
        """These rooms are open at this moment."""
        table = schema.rooms
        with self._connection.transaction() as connection:
            connection.execute(
                update(table).where(table.c.name.in_(names)).values(last_running_utc_ms=utc_ms)
            )

    def house(self) -> KeptHouse:
        """Who runs the hub, its units, and who did what."""
        with self._connection.transaction() as connection:
            return house.load(connection)

    def keep(self, change: Change) -> None:
        """Write a change of the house; writing it twice does no harm."""
        with self._connection.transaction() as connection:
            house.write(connection, change)

    def erase(self, room: str, participant: str | None) -> int:
        """Erase a participant's personal words, or with None everybody's; how many there were.

        Words without an owner go with an owned word of the same text, and those of a damaged log of
        the room that was set aside, too. The events stay.
        """
        erased = 0
        with self._connection.transaction() as connection:
            for name in names_of(connection, room):
                erased += erase_words(connection, name, participant)
                folds.forget(connection, name)
        self._connection.leave_nothing()
        return erased

    def called(self, person: str) -> frozenset[tuple[str, str]]:
        """Rooms and participants: whoever has this id, or was called so at some time."""
        words = schema.words
        is_meant = (words.c.participant == person) | (words.c.text == person)
        query = select(words.c.room, words.c.participant).where(is_meant).distinct()
        with self._connection.transaction() as connection:
            rows = connection.execute(query.where(words.c.participant.is_not(None)))
            return frozenset((row.room, row.participant) for row in rows)

    def _insert(self, events: Sequence[StoredEvent]) -> None:
        opening = _opening_commands(events)
        rows, words = [], []
        for stored in events:
            row, cut_out = _rows(stored, (stored.room, stored.seq) in opening)
            rows.append(row)
            words.extend(cut_out)
        with self._connection.transaction() as connection:
            connection.execute(insert(schema.events), rows)
            if words:
                connection.execute(insert(schema.words), words)

    def _not_yet_there(self, events: Sequence[StoredEvent]) -> list[StoredEvent]:
        """What an interrupted call left to do.

        Raises:
            StoreConflict: another event has its number.
        """
        there: dict[tuple[str, int], StoredEvent] = {}
        with self._connection.transaction() as connection:
            for room, group in groupby(sorted(events, key=_place), key=attrgetter("room")):
                for stored in _stored(connection, room, next(group).seq):
                    there[_place(stored)] = stored
        for stored in events:
            found = there.get(_place(stored), stored)
            if found != stored:
                raise self._conflict(stored)
        return [stored for stored in events if _place(stored) not in there]

    def _conflict(self, stored: StoredEvent) -> StoreConflict:
        return StoreConflict(
            f"the database {self.address} holds another event {stored.seq} of room {stored.room}: "
            "does another hub write to it?"
        )


def _place(stored: StoredEvent) -> tuple[str, int]:
    return stored.room, stored.seq


def _opening_commands(events: Sequence[StoredEvent]) -> set[tuple[str, int]]:
    """The events that are the first of their command."""
    seen: set[tuple[str, str]] = set()
    opening: set[tuple[str, int]] = set()
    for stored in events:
        if stored.command_id is not None and (stored.room, stored.command_id) not in seen:
            seen.add((stored.room, stored.command_id))
            opening.add(_place(stored))
    return opening


def _rows(stored: StoredEvent, opens: bool) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    body, words = cut(stored.type, stored.body, stored.actor)
    row = {name: getattr(stored, name) for name in StoredEvent.__slots__}
    at = {"room": stored.room, "seq": stored.seq}
    cut_out = [
        {**at, "number": word.number, "participant": word.participant, "text": word.text}
        for word in words
    ]
    return {**row, "body": body, "opens_command": opens}, cut_out


def _row_of_room(room: StoredRoom) -> dict[str, Any]:
    return {name: getattr(room, name) for name in StoredRoom.__slots__}


def _stored(connection: Connection, room: str, from_seq: int) -> list[StoredEvent]:
    """A room's events from ``from_seq`` on, with their words in place."""
    events, words = schema.events, schema.words
    texts: dict[int, dict[int, str | None]] = {}
    said = select(words).where(words.c.room == room, words.c.seq >= from_seq)
    for row in connection.execute(said):
        texts.setdefault(row.seq, {})[row.number] = row.text
    columns = [events.c[name] for name in StoredEvent.__slots__]
    log = select(*columns).where(events.c.room == room, events.c.seq >= from_seq)
    found = []
    for row in connection.execute(log.order_by(events.c.seq)):
        body = put_back(row.body, texts.get(row.seq, {}))
        found.append(StoredEvent(**{**row._mapping, "body": body}))
    return found
