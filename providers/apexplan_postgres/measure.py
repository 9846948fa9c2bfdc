"""How much is at stake: rows and bytes of tables and of what stands on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from apexplan.model.address import Address
from apexplan.model.plan import Size
from apexplan_postgres.names import IN_TABLE, parts

if TYPE_CHECKING:
    from psycopg import Connection

SMALL: Final = 10_000
"""Tables of up to so many estimated rows are counted."""
COUNTED: Final = 100_000
"""Counting stops here: the estimate of a table that grew since its last ANALYZE is no promise."""
_AT_ONCE: Final = 200
"""Tables in one counting query."""
_OF_RELATIONS: Final = IN_TABLE | {"table", "retained", "index"}
"""Kinds whose name begins with the schema and name of a table or index."""

# An index stands for its table's rows and its own bytes. A partitioned table has no rows of its
# own and reltuples counts all partitions only after ANALYZE: it is counted. What this role may not
# read, or sees a part of, is not.
_SIZES = """
SELECT n.nspname, c.relname, coalesce(t.oid, c.oid)::regclass::text AS table_name,
       coalesce(t.reltuples, c.reltuples) AS estimate,
       CASE WHEN i.indexrelid IS NULL THEN pg_total_relation_size(c.oid) ELSE pg_relation_size(c.oid) END
         AS size_bytes,
       has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(coalesce(t.oid, c.oid), 'SELECT')
         AND NOT row_security_active(coalesce(t.oid, c.oid)) AS readable
FROM unnest(%s::text[], %s::text[]) AS wanted(schema, name)
JOIN pg_namespace n ON n.nspname = wanted.schema
JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.name
LEFT JOIN pg_index i ON i.indexrelid = c.oid
LEFT JOIN pg_class t ON t.oid = i.indrelid
"""

_COUNT = "(SELECT count(*) FROM (SELECT FROM {table} LIMIT {limit}) AS counted)"


def measure(connection: Connection[Any], addresses: Iterable[Address]) -> dict[Address, Size]:
    """Returns the sizes of those of `addresses` that hold data or stand on a table that does. One
    that this role can neither count nor find an estimate of is left out."""
    relations = {a: parts(a.name)[:2] for a in addresses if a.kind in _OF_RELATIONS}
    wanted = sorted(set(relations.values()))
    rows = connection.execute(_SIZES, [[n[0] for n in wanted], [n[1] for n in wanted]]).fetchall()
    small = sorted({table for _, _, table, estimate, _, readable in rows if readable and estimate <= SMALL})
    counted = _counted(connection, small)
    sizes = {
        (schema, name): _size(counted.get(table), int(estimate), size_bytes)
        for schema, name, table, estimate, size_bytes, _ in rows
        if table in counted or estimate >= 0
    }
    return {address: sizes[name] for address, name in relations.items() if name in sizes}


def _counted(connection: Connection[Any], tables: list[str]) -> Mapping[str, int]:
    """Counts up to COUNTED + 1 rows of each table."""
    counts: dict[str, int] = {}
    for start in range(0, len(tables), _AT_ONCE):
        some = tables[start : start + _AT_ONCE]
        # The names are regclass texts: the server quoted them.
        query = ", ".join(_COUNT.format(table=table, limit=COUNTED + 1) for table in some)
        row = connection.execute(f"SELECT {query}".encode()).fetchone()
        counts |= zip(some, row or (), strict=True)
    return counts


def _size(count: int | None, estimate: int, size_bytes: int) -> Size:
    if count is None:
        return Size(count=estimate, size_bytes=size_bytes)
    return Size(count=count, exact=count <= COUNTED, size_bytes=size_bytes)
