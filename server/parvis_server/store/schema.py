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
    LargeBinary,
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

folds = Table(
    "folds",
    metadata,
    Column("room", Text, ForeignKey("rooms.name"), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("code", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("body", Text, nullable=False),
)
"""What each room's log came to, up to ``seq``: a copy, with names. See ``store.folds``."""

house = Table(
    "house",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("claimed_utc_ms", BigInteger),
    Column("password_hash", Text),
    Column("plain_host", Boolean),
)
"""One row, number 1. ``plain_host`` NULL: as the settings say."""

sessions = Table(
    "sessions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("signed_by", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("created_utc_ms", BigInteger, nullable=False),
    Column("used_utc_ms", BigInteger, nullable=False),
    Column("token_hash", Text, nullable=False, unique=True),
)
"""Operators' sessions; of their tokens only SHA-256."""

paired_units = Table(
    "paired_units",
    metadata,
    Column("unit", Text, primary_key=True),
    Column("key", LargeBinary, nullable=False),
    Column("name", Text, nullable=False),
    Column("how", Text, nullable=False),
    Column("paired_utc_ms", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("last_seen_utc_ms", BigInteger),
    Column("is_renamed", Boolean, nullable=False),
)

acts = Table(
    "acts",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("utc_ms", BigInteger, nullable=False),
    Column("act", Text, nullable=False),
    Column("by", Text),
    Column("about", Text),
    Column("address", Text),
)
"""The audit of the house; the oldest give way."""
