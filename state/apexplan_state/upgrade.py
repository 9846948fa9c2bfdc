"""Which revision the tables are of, and the way to the newest one.

Alembic costs a quarter of a second to import, so a database that is at the newest revision
already is known by one look at its version table, without it.
"""

from __future__ import annotations

from sqlalchemy import Column, Connection, MetaData, String, Table, inspect, select
from sqlalchemy.schema import CreateSchema

from apexplan.model.errors import StateError

REVISIONS = ("0001", "0002")
"""All revisions that this version can read or upgrade, oldest first; a test compares them with
the files in `migrations/versions`."""

_version = Table("alembic_version", MetaData(), Column("version_num", String(32)))


def is_newest(connection: Connection, schema: str | None) -> bool | None:
    """Returns True at the newest revision, False at an older one, None where no tables are.

    Raises StateError at a revision that this version does not know.
    """
    if not inspect(connection).has_table(_version.name, schema=schema):
        return None
    found = connection.execute(select(_version.c.version_num)).scalar()
    if found is not None and found not in REVISIONS:
        raise StateError(
            f"the state is at revision {found}, this version of apexplan knows them up to {REVISIONS[-1]}",
            mend="a newer apexplan wrote it: use that version, or a newer one",
        )
    return None if found is None else found == REVISIONS[-1]


def upgrade(connection: Connection, schema: str | None) -> None:
    """Brings the tables to the newest revision inside the transaction of `connection`."""
    from alembic import command
    from alembic.config import Config

    if schema and not inspect(connection).has_schema(schema):
        connection.execute(CreateSchema(schema))
    config = Config()
    config.set_main_option("script_location", "apexplan_state:migrations")
    config.attributes.update(connection=connection, schema=schema)
    command.upgrade(config, "head")
