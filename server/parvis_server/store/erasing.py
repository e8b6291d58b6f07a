"""Personal words leave a database: the one of a hub, or a copy of it."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, inspect, or_, select, update
from sqlalchemy.engine import URL

from parvis_server.store import folds, schema
from parvis_server.store.address import SQLITE, Address
from parvis_server.store.connection import OneConnection
from parvis_server.store.erasures import ASIDE, Erasure


def erase_words(
    connection: Connection, room: str, participant: str | None, until_seq: int | None = None
) -> int:
    """Erase the words of a participant of a room, or with None everybody's; how many there were.

    Words without an owner go with an owned word of the same text.
    """
    words = schema.words
    here = words.c.room == room
    if until_seq is not None:
        here &= words.c.seq <= until_seq
    whose = here & words.c.text.is_not(None)
    if participant is not None:
        own = select(words.c.text).where(here, words.c.participant == participant)
        namesakes = words.c.participant.is_(None) & words.c.text.in_(own)
        whose &= or_(words.c.participant == participant, namesakes)
    return connection.execute(update(words).where(whose).values(text=None)).rowcount


def names_of(connection: Connection, room: str) -> tuple[str, ...]:
    """The room's name in the tables, and those under which a damaged log of it was set aside."""
    name = schema.rooms.c.name
    is_aside = name.startswith(room + ASIDE, autoescape=True)
    found = connection.execute(select(name).where((name == room) | is_aside))
    return tuple(found.scalars()) or (room,)


def erase_again(connection: Connection, erasures: Sequence[Erasure]) -> int:
    """Erase what was erased elsewhere from a copy of the same log; how many words there were."""
    words = schema.words
    owners = select(words.c.room, words.c.participant).distinct()
    erased = 0
    for room, participant in connection.execute(owners).all():
        meant = [one for one in erasures if one.is_about(room, participant)]
        for one in meant:
            who = None if one.who is None else participant
            erased += erase_words(connection, room, who, one.until_seq)
        if meant and inspect(connection).has_table(schema.folds.name):
            folds.forget(connection, room)
    return erased


def erase_in_file(database: Path, erasures: Sequence[Erasure]) -> int:
    """The same in an SQLite database that no hub uses; nothing of it stays in free pages or beside
    the file. Its tables stay as the Parvis made them that wrote it.

    Raises:
        StoreError: it cannot be read or written.
    """
    url = URL.create(SQLITE, database=str(database))
    with closing(OneConnection(Address(url))) as one:
        with one.transaction() as connection:
            erased = erase_again(connection, erasures)
        one.leave_nothing(thoroughly=True)
    return erased
