"""What steps overwrote in their stores, kept for their inverses until a purge."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "kept",
        sa.Column("run", sa.Text, sa.ForeignKey("runs.id"), primary_key=True),
        sa.Column("step", sa.Text, primary_key=True),
        sa.Column("part", sa.Text, primary_key=True),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    schema = op.get_context().version_table_schema
    op.add_column("runs", sa.Column("purged", sa.Text, nullable=False, server_default=""), schema=schema)
