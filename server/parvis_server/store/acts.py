"""What people did in a room, out of its log: the newest first, with the names that are not erased.

A name is what somebody was called last, by a hand, a seat, a rank or a block; it stands in the
table of words alone, so an erased one is gone here too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from parvis_server.store import schema
from parvis_server.store.events import StoredEvent
from parvis_server.store.words import put_back

NAMING = {
    "hand_raised": "hand",
    "floor_taken": "hand",
    "seat_taken": "seated",
    "host_joined": "host",
    "blocked": "person",
}
"""Types of events that say what somebody is called, and where in their body."""

BOOKKEEPING = ("undo_offered",)
"""What a console needs and nobody did."""


@dataclass(frozen=True, slots=True)
class Acts:
    """Some lines of a room's log, the newest first."""

    events: tuple[StoredEvent, ...] = ()
    """Each with somebody who caused it."""
    names: tuple[tuple[str, str], ...] = ()
    """Participant and name of those who are in them."""


def acts(connection: Connection, room: str, before: int, limit: int) -> Acts:
    """At most ``limit`` acts of a room that came before the event of this number."""
    table = schema.events
    query = (
        select(table.c.seq)
        .where(table.c.room == room, table.c.seq < before, table.c.actor.is_not(None))
        .where(table.c.type.not_in(BOOKKEEPING))
        .order_by(table.c.seq.desc())
        .limit(limit)
    )
    events = _events(connection, room, connection.execute(query).scalars().all())
    return Acts(events, tuple(_names(connection, room, events).items()))


def concerned(stored: StoredEvent) -> str | None:
    """Whom an event is about, besides whoever caused it."""
    body = stored.body
    inner = body.get(NAMING.get(stored.type, ""))
    if isinstance(inner, dict):
        return inner.get("participant")
    return body.get("participant") or body.get("unit")


def _events(connection: Connection, room: str, seqs: Sequence[int]) -> tuple[StoredEvent, ...]:
    events, words = schema.events, schema.words
    texts: dict[int, dict[int, str | None]] = {}
    said = select(words).where(words.c.room == room, words.c.seq.in_(seqs))
    for row in connection.execute(said):
        texts.setdefault(row.seq, {})[row.number] = row.text
    columns = [events.c[name] for name in StoredEvent.__slots__]
    log = select(*columns).where(events.c.room == room, events.c.seq.in_(seqs))
    return tuple(
        StoredEvent(**{**row._mapping, "body": put_back(row.body, texts.get(row.seq, {}))})
        for row in connection.execute(log.order_by(events.c.seq.desc()))
    )


def _names(connection: Connection, room: str, events: Sequence[StoredEvent]) -> dict[str, str]:
    """What everybody in these events was called last."""
    people = {stored.actor for stored in events} | {concerned(stored) for stored in events}
    log, words = schema.events, schema.words
    newest = (
        select(func.max(words.c.seq))
        .join(log, (log.c.room == words.c.room) & (log.c.seq == words.c.seq))
        .where(words.c.room == room, log.c.type.in_(NAMING))
        .where(words.c.participant.in_([one for one in people if one is not None]))
        .group_by(words.c.participant)
    )
    names: dict[str, str] = {}
    for stored in _events(connection, room, connection.execute(newest).scalars().all()):
        named: Any = stored.body.get(NAMING[stored.type])
        if isinstance(named, dict):
            names.setdefault(named["participant"], named["name"])
    return {who: name for who, name in names.items() if name is not None}
