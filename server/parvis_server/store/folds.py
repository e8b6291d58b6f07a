"""What rooms' logs came to, beside the logs: see ``room.folded``. It may be missing at any time."""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import pydantic
from sqlalchemy import Connection, delete, insert, select

from parvis_server.store import schema

SOURCES = (("parvis_wire", None), ("parvis_server.room", ("state.py", "folded.py")))
"""Packages whose code decides what a log comes to, and how that is written; None: all of it."""


@dataclass(frozen=True, slots=True)
class Fold:
    """One room's."""

    room: str
    seq: int
    """Number of the last event in it."""
    code: str
    """Of the code that folded it."""
    digest: str
    """SHA-256 of ``body``."""
    body: str

    @classmethod
    def of(cls, room: str, seq: int, body: str) -> "Fold":
        """What this code folded."""
        return cls(room, seq, code(), _digest(body), body)

    @property
    def is_good(self) -> bool:
        """Whether this code folded it, and it is as it was written."""
        return self.code == code() and self.digest == _digest(self.body)


@cache
def code() -> str:
    """A digest of the code that folds: another one may come to something else."""
    digest = hashlib.sha256(pydantic.VERSION.encode())
    for package, names in SOURCES:
        found = {one.name: one for one in files(package).iterdir() if one.name.endswith(".py")}
        for name in names or sorted(found):
            digest.update(name.encode() + found[name].read_bytes())
    return digest.hexdigest()


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


def put(connection: Connection, fold: Fold) -> None:
    """Write a room's, in the place of an older one."""
    forget(connection, fold.room)
    values = {name: getattr(fold, name) for name in Fold.__slots__}
    connection.execute(insert(schema.folds).values(**values))


def get(connection: Connection, room: str) -> Fold | None:
    """A room's, when it is good and the log reaches as far."""
    columns = [schema.folds.c[name] for name in Fold.__slots__]
    row = connection.execute(select(*columns).where(schema.folds.c.room == room)).first()
    fold = None if row is None else Fold(**row._mapping)
    if fold is None or not fold.is_good:
        return None
    events = schema.events.c
    last = select(events.seq).where(events.room == room, events.seq == fold.seq)
    return fold if connection.execute(last).first() is not None else None


def forget(connection: Connection, room: str) -> None:
    """The log is folded from its beginning the next time."""
    connection.execute(delete(schema.folds).where(schema.folds.c.room == room))
