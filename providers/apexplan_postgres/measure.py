"""How much is at stake: rows and bytes of tables and of what stands on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from apexplan.model.address import Address
from apexplan.model.plan import Size
from apexplan_postgres.names import IN_TABLE, sql_name, table_sql

if TYPE_CHECKING:
    from psycopg import Connection

SMALL: Final = 10_000
"""Tables of up to so many estimated rows are counted."""
COUNTED: Final = 100_000
"""Counting stops here: the estimate of a table that grew since its last ANALYZE is no promise."""
_AT_ONCE: Final = 200
"""Tables in one counting query."""
_OF_TABLES: Final = IN_TABLE | {"table", "retained"}
"""Kinds whose size is that of the table that their name begins with."""

# An index stands for its table's rows and its own bytes. A partitioned table has no rows of its
# own and reltuples counts all partitions only after ANALYZE: it is counted.
_SIZES = """
SELECT wanted.name, coalesce(t.oid, c.oid)::regclass::text AS table_name,
       coalesce(t.reltuples, c.reltuples) AS estimate,
       CASE WHEN i.indexrelid IS NULL THEN pg_total_relation_size(c.oid) ELSE pg_relation_size(c.oid) END
         AS size_bytes
FROM unnest(%s::text[], %s::text[]) AS wanted(name, sql)
JOIN pg_class c ON c.oid = to_regclass(wanted.sql)
LEFT JOIN pg_index i ON i.indexrelid = c.oid
LEFT JOIN pg_class t ON t.oid = i.indrelid
"""

_COUNT = "(SELECT count(*) FROM (SELECT FROM {table} LIMIT {limit}) AS counted)"


def measure(connection: Connection[Any], addresses: Iterable[Address]) -> dict[Address, Size]:
    """Returns the sizes of those of `addresses` that hold data or stand on a table that does."""
    relations = {address: sql for address in addresses if (sql := _relation(address)) is not None}
    names = sorted(set(relations.values()))
    rows = connection.execute(_SIZES, [names, names]).fetchall()
    small = sorted({table for _, table, estimate, _ in rows if estimate <= SMALL})
    counted = _counted(connection, small)
    sizes = {
        name: _size(counted.get(table), int(estimate), size_bytes)
        for name, table, estimate, size_bytes in rows
    }
    return {address: sizes[sql] for address, sql in relations.items() if sql in sizes}


def _relation(address: Address) -> str | None:
    """Returns the SQL name of the table or index to look at; None for what holds no rows."""
    if address.kind in _OF_TABLES:
        return table_sql(address)
    return sql_name(address) if address.kind == "index" else None


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
