"""What rooms' logs came to, so that a start need not read them from their beginning."""

import sqlalchemy as sa
from alembic import op

revision = "r0003"
down_revision = "r0002"


def upgrade() -> None:
    """To this schema."""
    op.create_table(
        "folds",
        sa.Column("room", sa.Text, sa.ForeignKey("rooms.name"), primary_key=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
