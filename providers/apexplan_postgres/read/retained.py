"""What earlier plans dropped by moving it aside, as our ledger in the database knows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apexplan.model.address import Address
from apexplan.model.plan import Note
from apexplan_postgres.names import parts
from apexplan_postgres.read.catalog import LEDGER_SCHEMA, Catalog
from apexplan_postgres.specs import Retained

if TYPE_CHECKING:
    from psycopg import Connection

_READABLE = """
SELECT has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relname = 'retained'
"""
_KEPT = """
SELECT name, former, to_char(since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
FROM apexplan.retained
"""
_TABLES_AND_COLUMNS = """
SELECT n.nspname, c.relname, a.attname FROM unnest(%s::text[], %s::text[], %s::text[]) AS k(s, t, col)
JOIN pg_namespace n ON n.nspname = k.s
JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = k.t
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = k.col AND NOT a.attisdropped
WHERE (k.col IS NULL) = (a.attname IS NULL)
"""


def retained(catalog: Catalog) -> dict[Address, Retained]:
    """Returns what is kept aside and still there, by its present name; nothing where no ledger was
    ever written, nor, with a note, where this role may not read it."""
    connection = catalog.connection
    row = connection.execute(_READABLE, [LEDGER_SCHEMA]).fetchone()
    if row is None:
        return {}
    if not row[0]:
        catalog.notes.append(Note(text="what earlier drops kept aside cannot be read by this role"))
        return {}
    kept = {parts(name): (name, former, since) for name, former, since in connection.execute(_KEPT)}
    there = _existing(connection, list(kept)) if kept else set()
    return {
        Address(catalog.store, "retained", name): Retained(former=former, since=since)
        for names, (name, former, since) in kept.items()
        if names in there
    }


def _existing(connection: Connection[Any], names: list[tuple[str, ...]]) -> set[tuple[str, ...]]:
    """Returns those of the tables (schema, table) and columns (schema, table, column) that exist."""
    columns = [[n[0] for n in names], [n[1] for n in names], [n[2] if len(n) > 2 else None for n in names]]
    rows = connection.execute(_TABLES_AND_COLUMNS, columns).fetchall()
    return {tuple(part for part in row if part is not None) for row in rows}
