"""Indexes, and the keys of those that constraints own.

`pg_get_indexdef(index, n, false)` leaves out operator class, collation and order: those come from
the four vectors of `pg_index`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from apexplan.model.address import Address
from apexplan.model.plan import Note
from apexplan.model.spec import Spec
from apexplan_postgres.names import quote
from apexplan_postgres.read.catalog import Catalog, options
from apexplan_postgres.read.columns import collation_names
from apexplan_postgres.specs import Index, IndexKey
from apexplan_postgres.specs.index import STORAGE_PARAMETERS

if TYPE_CHECKING:
    from psycopg import Connection

_INDEXES = """
SELECT i.indexrelid, i.indrelid, c.relnamespace, c.relname, m.amname, i.indisunique,
       {nulls_not_distinct} AS nulls_not_distinct,
       i.indisvalid AND i.indisready AND i.indislive AS valid, i.indnkeyatts,
       i.indkey::int2[], i.indclass::oid[], i.indcollation::oid[], i.indoption::int2[], c.reloptions,
       pg_get_expr(i.indpred, i.indrelid) AS predicate,
       CASE WHEN i.indexprs IS NOT NULL THEN
         ARRAY(SELECT CASE WHEN i.indkey[k - 1] = 0 THEN pg_get_indexdef(i.indexrelid, k, false) END
               FROM generate_series(1, i.indnkeyatts) k ORDER BY k)
       END AS expressions,
       CASE WHEN i.indexprs IS NOT NULL THEN pg_get_indexdef(i.indexrelid) END AS definition,
       EXISTS (SELECT FROM pg_constraint x WHERE x.conindid = i.indexrelid
               AND x.contype IN ('p', 'u', 'x')) AS owned
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_am m ON m.oid = c.relam
WHERE i.indrelid = ANY(%(tables)s::oid[])
"""

_OPERATOR_CLASSES = """
SELECT o.oid, n.nspname, o.opcname, o.opcdefault
FROM pg_opclass o JOIN pg_namespace n ON n.oid = o.opcnamespace
"""

_OPERATOR_CLASS_OPTIONS = """
SELECT a.attrelid, a.attnum, a.attoptions FROM pg_attribute a JOIN pg_index i ON i.indexrelid = a.attrelid
WHERE i.indrelid = ANY(%(tables)s::oid[]) AND a.attoptions IS NOT NULL
"""

# Half-built indexes of a CONCURRENTLY that is still at work, and those that one is dropping. Both
# hold SHARE UPDATE EXCLUSIVE, on the table or on the index; anyone may see that they do.
_IN_PROGRESS = """
WITH held AS (
  SELECT l.pid, l.relation FROM pg_locks l JOIN pg_database d ON d.oid = l.database
  WHERE d.datname = current_database() AND l.mode = 'ShareUpdateExclusiveLock' AND l.granted
    AND l.pid <> pg_backend_pid())
SELECT relation FROM held
UNION
SELECT i.indexrelid FROM held JOIN pg_stat_progress_create_index USING (pid)
JOIN pg_index i ON i.indrelid = held.relation
"""

_DESC, _NULLS_FIRST = 1, 2
"""INDOPTION_DESC, INDOPTION_NULLS_FIRST (pg_index.h)."""
_WHOLE = {"m", "ef_construction", "lists", "fillfactor", "gin_pending_list_limit", "pages_per_range"}
_SWITCH = {"deduplicate_items", "fastupdate", "autosummarize"}
_TRUE = {"on", "true", "yes", "1", "t", "y"}

_index_key = lru_cache(maxsize=8192)(IndexKey)
"""Few keys are unlike all others, and specs are frozen: equal ones are one object."""


@dataclass(frozen=True, slots=True)
class _Keys:
    """The dictionaries that keys are made with."""

    catalog: Catalog
    operator_classes: dict[int, tuple[str, bool]]
    """OID → name, and whether it is the default of its method and type."""
    collations: dict[int, str]
    class_options: dict[tuple[int, int], tuple[tuple[str, str], ...]]

    def of(self, row: Any) -> tuple[IndexKey, ...]:
        """Returns the keys of one row of _INDEXES, without the included columns."""
        return tuple(self._key(row, n) for n in range(row.indnkeyatts))

    def _key(self, row: Any, n: int) -> IndexKey:
        column, flags = row.indkey[n], row.indoption[n]
        operator_class, by_default = self.operator_classes[row.indclass[n]]
        given = self.class_options.get((row.indexrelid, n + 1), ())
        return _index_key(
            column=self.catalog.columns[row.indrelid, column] if column else None,
            expression=None if column else _unwrapped(row.expressions[n]),
            opclass=None if by_default and not given else operator_class,  # options need the name
            opclass_options=given,
            collation=None if self._own_collation(row, n) else self.collations[row.indcollation[n]],
            order="desc" if flags & _DESC else "asc",
            nulls="first" if flags & _NULLS_FIRST else "last",
        )

    def _own_collation(self, row: Any, n: int) -> bool:
        """Says whether the key has the collation that its column or expression has anyway."""
        collation, column = row.indcollation[n], row.indkey[n]
        if column:
            return not collation or collation == self.catalog.collations[row.indrelid, column]
        return f"{row.expressions[n]} COLLATE " not in row.definition


def in_progress(connection: Connection[Any]) -> frozenset[int]:
    """Returns the OIDs of relations that a CONCURRENTLY is working at. To be asked first in the
    transaction, when its moment of the store is taken: a build that ends later still looks
    half-built in that moment."""
    return frozenset(oid for (oid,) in connection.execute(_IN_PROGRESS).fetchall())


def indexes(catalog: Catalog, building: frozenset[int]) -> Iterator[tuple[Address, Spec]]:
    """All indexes that no constraint owns. Keeps the others in `catalog.owned_indexes`."""
    nulls = "i.indnullsnotdistinct" if catalog.version >= 150000 else "false"
    rows = catalog.rows(_INDEXES.format(nulls_not_distinct=nulls))
    keys = _dictionaries(catalog, rows)
    for row in rows:
        if row.owned:
            catalog.owned_indexes[row.indexrelid] = _index(catalog, keys, row)
            continue
        address = catalog.address("index", catalog.schemas[row.relnamespace], row.relname)
        if not row.valid and row.indexrelid in building:
            catalog.notes.append(Note(text="is being built or dropped by another session", address=address))
            continue
        unknown = sorted(options(row.reloptions or ()).keys() - set(STORAGE_PARAMETERS))
        if unknown:
            text = "has parameters that are not managed: " + ", ".join(unknown)
            catalog.notes.append(Note(text=text, address=address))
        yield address, _index(catalog, keys, row)


def _index(catalog: Catalog, keys: _Keys, row: Any) -> Index:
    included = row.indkey[row.indnkeyatts :]
    return Index(
        table=catalog.tables[row.indrelid],
        using=row.amname,
        keys=keys.of(row),
        include=tuple(catalog.columns[row.indrelid, number] for number in included),
        unique=row.indisunique,
        nulls_not_distinct=row.nulls_not_distinct,
        where=row.predicate,
        **_parameters(row.reloptions),
        comment=catalog.comment("pg_class", row.indexrelid),
        valid=row.valid,
    )


def _unwrapped(expression: str) -> str:
    """Takes off the parentheses that pg_get_indexdef puts around all but a bare function call."""
    return expression[1:-1] if expression.startswith("(") else expression


def _dictionaries(catalog: Catalog, rows: list[Any]) -> _Keys:
    classes = {
        row.oid: (class_name(row.nspname, row.opcname), row.opcdefault)
        for row in catalog.rows(_OPERATOR_CLASSES)
    }
    collations = collation_names(catalog, {oid for row in rows for oid in row.indcollation if oid})
    class_options = {
        (row.attrelid, row.attnum): tuple(options(row.attoptions).items())
        for row in catalog.rows(_OPERATOR_CLASS_OPTIONS)
    }
    return _Keys(catalog, classes, collations, class_options)


def class_name(schema: str, name: str) -> str:
    """Returns an operator class as SQL finds it along the pinned path: `vector_cosine_ops`."""
    return quote(name) if schema in ("pg_catalog", "public") else f"{quote(schema)}.{quote(name)}"


def _parameters(settings: Sequence[str] | None) -> dict[str, Any]:
    """Returns all fields that stand in WITH (…), None where unset."""
    found = options(settings) if settings else {}
    return {name: _typed(name, found[name]) if name in found else None for name in STORAGE_PARAMETERS}


def _typed(name: str, text: str) -> int | bool | str:
    if name in _WHOLE:
        return round(float(text))  # the server takes `70.0` for 70, and keeps the text
    return text.lower() in _TRUE if name in _SWITCH else text.lower()
