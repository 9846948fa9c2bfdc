"""What Alembic runs first. Connection and schema come from `apexplan_state.upgrade`."""

from __future__ import annotations

from alembic import context

given = context.config.attributes
context.configure(connection=given["connection"], version_table_schema=given["schema"])
context.run_migrations()
