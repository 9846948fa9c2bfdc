"""The versioned scripts that ran, as our ledger in the database knows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from apexplan.migrations.spec import Migration
from apexplan.migrations.status import begun
from apexplan.model.address import Address
from apexplan.model.plan import Note
from apexplan_postgres.read.catalog import LEDGER_SCHEMA

if TYPE_CHECKING:
    from psycopg import Connection

_READABLE = """
SELECT has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relname = 'migration'
"""
_ROWS = """
SELECT version, name, checksum, rollback_checksum, state, statements_done,
       to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS applied_at,
       duration_ms, "by", run
FROM apexplan.migration ORDER BY version::numeric, version
"""

_UNREADABLE = Note(
    text="this role may not read which scripts are applied",
    blocks=True,
    mend="GRANT SELECT ON apexplan.migration TO this_role",
)


@dataclass(frozen=True, slots=True)
class Scripts:
    """What the ledger has. `told`: by name, when, by whom and how long, as JSON values; `notes` are about
    scripts that were begun and not finished."""

    applied: Mapping[Address, Migration] = field(default_factory=dict)
    told: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()


def migrations(connection: Connection[Any], store: str) -> Scripts:
    """Returns the scripts that are applied: none where no script ever ran, and none with a note that
    blocks where this role may not read the ledger, for all of them would seem to be pending."""
    from psycopg.rows import namedtuple_row

    readable = connection.execute(_READABLE, [LEDGER_SCHEMA]).fetchone()
    if readable is None:
        return Scripts()
    if not readable[0]:
        return Scripts(notes=(_UNREADABLE,))
    with connection.cursor(row_factory=namedtuple_row) as cursor:
        rows: list[Any] = cursor.execute(_ROWS).fetchall()
    applied = [row for row in rows if row.state in ("applied", "marked")]
    return Scripts(
        {_address(store, row): _spec(row) for row in applied},
        {_address(store, row).name: _told(row) for row in applied},
        tuple(
            begun(_address(store, row), row.run, row.statements_done, back=row.state != "running")
            for row in rows
            if row not in applied
        ),
    )


def _address(store: str, row: Any) -> Address:
    return Address(store, Migration.kind, f"{row.version}_{row.name}")


def _spec(row: Any) -> Migration:
    return Migration(
        version=row.version,
        name=row.name,
        checksum=row.checksum,
        applied=True,
        rollback_checksum=row.rollback_checksum,
    )


def _told(row: Any) -> dict[str, Any]:
    return {
        "applied_at": row.applied_at,
        "by": row.by,
        "run": row.run,
        "duration_ms": row.duration_ms,
        "baseline": row.state == "marked",
    }
