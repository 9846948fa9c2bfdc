"""Constraints: structured fields; text only for CHECK and for the conditions of EXCLUDE.

Indexes are read before them: the columns of a key or exclusion constraint are its index's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from apexplan.model.address import Address
from apexplan.model.spec import Spec
from apexplan_postgres.names import quote, spelled
from apexplan_postgres.read.catalog import Catalog
from apexplan_postgres.specs import Check, Exclude, ExcludeKey, ForeignKey, PrimaryKey, Unique
from apexplan_postgres.specs.constraint import Deferrable

_CONSTRAINTS = """
SELECT c.oid, c.conrelid, c.conname, c.contype, c.conkey, c.confkey, c.confrelid, c.conindid,
       c.condeferrable, c.condeferred, c.convalidated, c.connoinherit, c.confdeltype, c.confupdtype,
       c.confmatchtype, {delete_columns} AS delete_columns, c.conexclop,
       CASE WHEN c.contype = 'c' THEN pg_get_expr(c.conbin, c.conrelid) END AS expression,
       {period} AS period, {enforced} AS enforced
FROM pg_constraint c
WHERE c.conrelid = ANY(%(tables)s::oid[]) AND c.contype IN ('p', 'u', 'c', 'f', 'x')
  AND c.conparentid = 0
"""

_OPERATORS = """
SELECT o.oid, n.nspname, o.oprname FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace
WHERE o.oid = ANY(%(operators)s::oid[])
"""

# Tables that a foreign key points to outside of what is read.
_REFERENCED = """
SELECT c.oid, n.nspname, c.relname, a.attnum, a.attname
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.oid = ANY(%(others)s::oid[])
"""

_ACTIONS: Final[dict[str, Any]] = {
    "a": "no action",
    "r": "restrict",
    "c": "cascade",
    "n": "set null",
    "d": "set default",
}
_MATCHES: Final[dict[str, Any]] = {"s": "simple", "f": "full"}
_NOT_ENFORCED = ("constraint that is not enforced", "constraints that are not enforced")
_PERIOD = ("constraint over periods", "constraints over periods")


@dataclass(frozen=True, slots=True)
class _Context:
    """The dictionaries that constraints are made with. The first two know more tables than
    `catalog`: those that foreign keys point to."""

    catalog: Catalog
    tables: dict[int, str]
    columns: dict[tuple[int, int], str]
    operators: dict[int, str]


def constraints(catalog: Catalog) -> Iterator[tuple[Address, Spec]]:
    """All constraints but NOT NULL, which belongs to its column."""
    query = _CONSTRAINTS.format(
        delete_columns="c.confdelsetcols" if catalog.version >= 150000 else "NULL::int2[]",
        period="c.conperiod" if catalog.version >= 180000 else "false",
        enforced="c.conenforced" if catalog.version >= 180000 else "true",
    )
    rows = catalog.rows(query)
    context = _dictionaries(catalog, rows)
    found: Counter[tuple[str, str]] = Counter()
    for row in rows:
        if row.period or not row.enforced:
            found[_PERIOD if row.period else _NOT_ENFORCED] += 1
            continue
        kind, make = _MAKERS[row.contype]
        yield catalog.in_table(kind, row.conrelid, row.conname), make(context, row)
    catalog.unmanaged(found)


def _dictionaries(catalog: Catalog, rows: list[Any]) -> _Context:
    others = {row.confrelid for row in rows} - catalog.tables.keys() - {0}
    tables, columns = dict(catalog.tables), dict(catalog.columns)
    for row in catalog.rows(_REFERENCED, others=list(others)) if others else ():
        tables[row.oid] = spelled(row.nspname, row.relname)
        columns[row.oid, row.attnum] = row.attname
    used = {oid for row in rows for oid in row.conexclop or ()}
    operators = {
        row.oid: row.oprname if row.nspname == "pg_catalog" else f"{quote(row.nspname)}.{row.oprname}"
        for row in (catalog.rows(_OPERATORS, operators=list(used)) if used else ())
    }
    return _Context(catalog, tables, columns, operators)


def _common(context: _Context, row: Any) -> dict[str, Any]:
    return {"comment": context.catalog.comment("pg_constraint", row.oid)}


def _deferrable(row: Any) -> Deferrable:
    if not row.condeferrable:
        return "no"
    return "deferred" if row.condeferred else "immediate"


def _primary_key(context: _Context, row: Any) -> PrimaryKey:
    return PrimaryKey(
        **_common(context, row),
        columns=_names(context, row.conrelid, row.conkey),
        include=context.catalog.owned_indexes[row.conindid].include,
        deferrable=_deferrable(row),
    )


def _unique(context: _Context, row: Any) -> Unique:
    index = context.catalog.owned_indexes[row.conindid]
    return Unique(
        **_common(context, row),
        columns=_names(context, row.conrelid, row.conkey),
        include=index.include,
        nulls_not_distinct=index.nulls_not_distinct,
        deferrable=_deferrable(row),
    )


def _check(context: _Context, row: Any) -> Check:
    return Check(
        **_common(context, row),
        expression=row.expression,
        no_inherit=row.connoinherit,
        validated=row.convalidated,
    )


def _foreign_key(context: _Context, row: Any) -> ForeignKey:
    return ForeignKey(
        **_common(context, row),
        columns=_names(context, row.conrelid, row.conkey),
        references=context.tables[row.confrelid],
        referenced_columns=_names(context, row.confrelid, row.confkey),
        on_delete=_ACTIONS[row.confdeltype],
        on_delete_columns=_names(context, row.conrelid, row.delete_columns or ()),
        on_update=_ACTIONS[row.confupdtype],
        match=_MATCHES[row.confmatchtype],
        deferrable=_deferrable(row),
        validated=row.convalidated,
    )


def _exclude(context: _Context, row: Any) -> Exclude:
    index = context.catalog.owned_indexes[row.conindid]
    return Exclude(
        **_common(context, row),
        using=index.using,
        keys=tuple(
            ExcludeKey(**vars(key), operator=context.operators[operator])
            for key, operator in zip(index.keys or (), row.conexclop, strict=True)
        ),
        where=index.where,
        deferrable=_deferrable(row),
    )


def _names(context: _Context, table: int, numbers: list[int] | tuple[()]) -> tuple[str, ...]:
    return tuple(context.columns[table, number] for number in numbers)


_MAKERS: dict[str, tuple[str, Callable[[_Context, Any], Spec]]] = {
    "p": ("primary_key", _primary_key),
    "u": ("unique", _unique),
    "c": ("check", _check),
    "f": ("foreign_key", _foreign_key),
    "x": ("exclude", _exclude),
}
