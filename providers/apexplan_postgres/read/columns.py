"""Columns. `attnum` has holes where columns were dropped, so they are matched by name."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from apexplan.model.address import Address
from apexplan.model.spec import Spec
from apexplan_postgres.names import quote
from apexplan_postgres.read.catalog import Catalog
from apexplan_postgres.specs import Column, Generated, Identity

# The types are few and the columns many: format_type is asked once a type and modifier.
_COLUMNS = """
SELECT a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, a.attnotnull, a.attidentity,
       a.attgenerated, a.attcollation, a.attcollation <> t.typcollation AS collated, a.attstorage,
       a.attcompression, coalesce(a.attstattarget, -1) AS statistics,
       pg_get_expr(d.adbin, d.adrelid) AS expression
FROM pg_attribute a
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON a.atthasdef AND d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = ANY(%(tables)s::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
"""

_TYPES = """
SELECT type, modifier, format_type(type, modifier) AS name
FROM unnest(%(types)s::oid[], %(modifiers)s::int4[]) AS known(type, modifier)
"""

_COLLATIONS = """
SELECT c.oid, n.nspname, c.collname FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace
WHERE c.oid = ANY(%(collations)s::oid[])
"""

_IDENTITIES = """
SELECT d.refobjid, d.refobjsubid, s.seqtypid, s.seqstart, s.seqincrement, s.seqmin, s.seqmax,
       s.seqcache, s.seqcycle
FROM pg_depend d JOIN pg_sequence s ON s.seqrelid = d.objid
WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'i'
  AND d.refobjid = ANY(%(tables)s::oid[])
"""

# PostgreSQL 18 keeps NOT NULL as a constraint of its own, which may be not valid.
_INVALID_NOT_NULLS = """
SELECT conrelid, conkey[1] AS attnum, conname FROM pg_constraint
WHERE contype = 'n' AND NOT convalidated AND conrelid = ANY(%(tables)s::oid[])
"""

_STORAGE: Final[dict[str, Any]] = {"p": "plain", "e": "external", "x": "extended", "m": "main"}
_COMPRESSION: Final[dict[str, Any]] = {"": "default", "p": "pglz", "l": "lz4"}
_GREATEST = {21: 2**15 - 1, 23: 2**31 - 1, 20: 2**63 - 1}
"""smallint, integer, bigint by their OIDs, which are fixed (pg_type.dat)."""

_column = lru_cache(maxsize=8192)(Column)
"""Few columns are unlike all others, and specs are frozen: equal ones are one object."""


def columns(catalog: Catalog) -> Iterator[tuple[Address, Spec]]:
    """All columns. Fills `catalog.columns` and `catalog.collations` for the other aspects, and
    `catalog.not_null_names` for planning."""
    rows = catalog.rows(_COLUMNS)
    types = _type_names(catalog, {(row.atttypid, row.atttypmod) for row in rows})
    collations = collation_names(catalog, {row.attcollation for row in rows if row.collated})
    identities = {(row.refobjid, row.refobjsubid): row for row in catalog.rows(_IDENTITIES)}
    invalid = {(row.conrelid, row.attnum): row.conname for row in _invalid_not_nulls(catalog)}
    for row in rows:
        place = (row.attrelid, row.attnum)
        catalog.columns[place] = row.attname
        catalog.collations[place] = row.attcollation
        generated = row.attgenerated
        yield (
            catalog.in_table("column", row.attrelid, row.attname),
            _column(
                type=types[row.atttypid, row.atttypmod],
                null=not row.attnotnull,
                null_validated=place not in invalid,
                default=None if generated else row.expression,
                identity=_identity(row.attidentity, identities[place]) if row.attidentity else None,
                generated=_generated(generated, row.expression) if generated else None,
                collation=collations[row.attcollation] if row.collated else None,
                storage=_STORAGE[row.attstorage],
                compression=_COMPRESSION[row.attcompression],
                statistics=row.statistics,
                comment=catalog.comment("pg_class", *place),
            ),
        )
    for (table, number), name in invalid.items():
        address = catalog.in_table("column", table, catalog.columns[table, number])
        catalog.not_null_names[str(address)] = name


def collation_names(catalog: Catalog, oids: set[int]) -> dict[int, str]:
    """Returns the names of collations with their schemas, as SQL."""
    rows = catalog.rows(_COLLATIONS, collations=list(oids)) if oids else []
    return {row.oid: f"{quote(row.nspname)}.{quote(row.collname)}" for row in rows}


def _type_names(catalog: Catalog, pairs: set[tuple[int, int]]) -> dict[tuple[int, int], str]:
    known = sorted(pairs)
    arguments = {"types": [oid for oid, _ in known], "modifiers": [modifier for _, modifier in known]}
    return {(row.type, row.modifier): row.name for row in catalog.rows(_TYPES, **arguments)}


def _invalid_not_nulls(catalog: Catalog) -> list[Any]:
    return catalog.rows(_INVALID_NOT_NULLS) if catalog.version >= 180000 else []


def _identity(letter: str, row: Any) -> Identity:
    return Identity(
        generated="always" if letter == "a" else "by default",
        start=row.seqstart,
        increment=row.seqincrement,
        minimum=row.seqmin,
        maximum=None if row.seqmax == _GREATEST[row.seqtypid] else row.seqmax,
        cache=row.seqcache,
        cycle=row.seqcycle,
    )


def _generated(letter: str, expression: str) -> Generated:
    return Generated(expression=expression, stored=letter == "s")
