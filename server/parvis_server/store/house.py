"""The hub's trust in the database: rows from and into the values of ``parvis_server.trust``."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, select, update
from sqlalchemy.engine import Row

from parvis_server.store import schema
from parvis_server.trust.audit import Act
from parvis_server.trust.changes import (
    ActGone,
    Change,
    HouseFacts,
    KeptHouse,
    SessionGone,
    UnitGone,
)
from parvis_server.trust.sessions import Session, SignedBy
from parvis_server.trust.units import How, PairedUnit

THE_ONE = 1
"""Number of the row that there is one of."""


def load(connection: Connection) -> KeptHouse:
    """Everything that is kept of it."""
    facts = connection.execute(select(schema.house)).first()
    sessions = connection.execute(select(schema.sessions).order_by(schema.sessions.c.id))
    units = connection.execute(select(schema.paired_units).order_by(schema.paired_units.c.unit))
    acts = connection.execute(select(schema.acts).order_by(schema.acts.c.number))
    return KeptHouse(
        facts=HouseFacts() if facts is None else _facts(facts),
        sessions=tuple(_session(row) for row in sessions),
        units=tuple(_unit(row) for row in units),
        acts=tuple(Act(**row._mapping) for row in acts),
    )


def write(connection: Connection, change: Change) -> None:
    """Keep a change; writing it twice does no harm."""
    match change:
        case HouseFacts():
            _put(connection, schema.house, {"number": THE_ONE, **asdict(change)})
        case Session():
            _put(connection, schema.sessions, asdict(change))
        case PairedUnit():
            _put(connection, schema.paired_units, asdict(change))
        case Act():
            _put(connection, schema.acts, asdict(change))
        case SessionGone(session=session):
            _drop(connection, schema.sessions, session)
        case UnitGone(unit=unit):
            _drop(connection, schema.paired_units, unit)
        case ActGone(number=number):
            _drop(connection, schema.acts, number)


def _put(connection: Connection, table: Table, values: dict[str, Any]) -> None:
    """The first column of a row names it."""
    name = table.columns[0]
    changed = connection.execute(update(table).where(name == values[name.name]).values(**values))
    if changed.rowcount == 0:
        connection.execute(insert(table).values(**values))


def _drop(connection: Connection, table: Table, name: str | int) -> None:
    connection.execute(delete(table).where(table.columns[0] == name))


def _facts(row: Row[Any]) -> HouseFacts:
    return HouseFacts(row.claimed_utc_ms, row.password_hash, row.plain_host)


def _session(row: Row[Any]) -> Session:
    return Session(**{**row._mapping, "signed_by": SignedBy(row.signed_by)})


def _unit(row: Row[Any]) -> PairedUnit:
    return PairedUnit(**{**row._mapping, "key": bytes(row.key), "how": How(row.how)})
