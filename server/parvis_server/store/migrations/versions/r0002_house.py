"""Who runs the hub, their sessions, the units that belong to it, and who did what."""

import sqlalchemy as sa
from alembic import op

revision = "r0002"
down_revision = "r0001"


def upgrade() -> None:
    """To this schema."""
    op.create_table(
        "house",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("claimed_utc_ms", sa.BigInteger),
        sa.Column("password_hash", sa.Text),
        sa.Column("plain_host", sa.Boolean),
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("signed_by", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("created_utc_ms", sa.BigInteger, nullable=False),
        sa.Column("used_utc_ms", sa.BigInteger, nullable=False),
        sa.Column("token_hash", sa.Text, nullable=False, unique=True),
    )
    op.create_table(
        "paired_units",
        sa.Column("unit", sa.Text, primary_key=True),
        sa.Column("key", sa.LargeBinary, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("how", sa.Text, nullable=False),
        sa.Column("paired_utc_ms", sa.BigInteger, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("last_seen_utc_ms", sa.BigInteger),
        sa.Column("is_renamed", sa.Boolean, nullable=False),
    )
    op.create_table(
        "acts",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("utc_ms", sa.BigInteger, nullable=False),
        sa.Column("act", sa.Text, nullable=False),
        sa.Column("by", sa.Text),
        sa.Column("about", sa.Text),
        sa.Column("address", sa.Text),
    )
