"""Rooms, their events, and the personal words in these."""

import sqlalchemy as sa
from alembic import op

revision = "r0001"
down_revision = None


def upgrade() -> None:
    """To this schema."""
    op.create_table(
        "rooms",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("created_utc_ms", sa.BigInteger, nullable=False),
        sa.Column("clock_origin_utc_ns", sa.BigInteger, nullable=False),
        sa.Column("last_running_utc_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "events",
        sa.Column("room", sa.Text, sa.ForeignKey("rooms.name"), primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("schema_version", sa.Integer, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("room_clock", sa.BigInteger, nullable=False),
        sa.Column("utc_ms", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text),
        sa.Column("command_id", sa.Text),
        sa.Column("opens_command", sa.Boolean, nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
    )
    op.create_index(
        "events_command_once",
        "events",
        ["room", "command_id"],
        unique=True,
        sqlite_where=sa.column("opens_command"),
        postgresql_where=sa.column("opens_command"),
    )
    op.create_table(
        "words",
        sa.Column("room", sa.Text, primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("participant", sa.Text),
        sa.Column("text", sa.Text),
        sa.ForeignKeyConstraint(["room", "seq"], ["events.room", "events.seq"]),
    )
    op.create_index("words_participant", "words", ["room", "participant"])
