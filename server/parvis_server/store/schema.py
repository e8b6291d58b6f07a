"""The tables, as the newest migration leaves them; a test holds both together."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
)

metadata = MetaData()

rooms = Table(
    "rooms",
    metadata,
    Column("name", Text, primary_key=True),
    Column("created_utc_ms", BigInteger, nullable=False),
    Column("clock_origin_utc_ns", BigInteger, nullable=False),
    Column("last_running_utc_ms", BigInteger, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("room", Text, ForeignKey("rooms.name"), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("schema_version", Integer, nullable=False),
    Column("type", Text, nullable=False),
    Column("room_clock", BigInteger, nullable=False),
    Column("utc_ms", BigInteger, nullable=False),
    Column("actor", Text),
    Column("command_id", Text),
    Column("opens_command", Boolean, nullable=False),
    Column("body", JSON, nullable=False),
)
"""Append-only. ``opens_command``: the first event of its command, which so happens once."""

Index(
    "events_command_once",
    events.c.room,
    events.c.command_id,
    unique=True,
    sqlite_where=events.c.opens_command,
    postgresql_where=events.c.opens_command,
)

words = Table(
    "words",
    metadata,
    Column("room", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("participant", Text),
    Column("text", Text),
    ForeignKeyConstraint(["room", "seq"], ["events.room", "events.seq"]),
    Index("words_participant", "room", "participant"),
)
"""Personal words of the events. ``text`` NULL: erased."""
