"""What every aspect of reading needs: the schemas, their relations, comments, column names.

Queries fetch raw vectors of whole schemas, never one object; dictionaries are joined here, on the
client. Deparsing is asked for only where there is something to deparse: asking it of every index
column costs five times the rest (measured on 18.4).

`schemas` maps the OIDs of what is read to the names that addresses show. Reading one's own
temporary schema under the name `pg_temp` is how `normalize` reads its scratch objects back, with
the same code and so in the same spelling.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from apexplan.model.address import Address
from apexplan.model.plan import Note
from apexplan_postgres.names import spelled

if TYPE_CHECKING:
    from psycopg import Connection

    from apexplan_postgres.specs import Index

FIRST_USER_OID = 16384
"""FirstNormalObjectId: what initdb made has lower OIDs (access/transam.h)."""

LEDGER_SCHEMA = "apexplan"
"""Where our own marks are kept; never read as part of the database's schema."""

_RELATIONS = """
SELECT c.oid, c.relnamespace, c.relname, c.relkind, c.reloptions,
       EXISTS (SELECT FROM pg_inherits WHERE inhrelid = c.oid) AS child
FROM pg_class c
WHERE c.relnamespace = ANY(%(schemas)s::oid[]) AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
"""

# A comment on the schema public is there from the start and has a lower OID.
_COMMENTS = """
SELECT classoid::oid, objoid, objsubid, description FROM pg_description
WHERE objoid >= %(first)s OR classoid = 'pg_namespace'::regclass
"""

_MEMBERS = """
SELECT classid::oid, objid FROM pg_depend WHERE deptype = 'e' AND refclassid = 'pg_extension'::regclass
UNION ALL
SELECT 'pg_class'::regclass::oid, d.objid FROM pg_depend d
JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S'
WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
"""

_CLASSES = """
SELECT relname, oid FROM pg_class WHERE oid IN ('pg_class'::regclass, 'pg_constraint'::regclass,
  'pg_namespace'::regclass, 'pg_proc'::regclass, 'pg_trigger'::regclass)
"""

_UNMANAGED = {
    "v": ("view", "views"),
    "m": ("materialized view", "materialized views"),
    "S": ("sequence", "sequences"),
    "f": ("foreign table", "foreign tables"),
    "child": ("partition or inheriting table", "partitions and inheriting tables"),
}


_spelled = lru_cache(maxsize=65536)(spelled)
"""Names of columns come again and again."""


@dataclass(slots=True)
class Catalog:
    """One reading of some schemas: the connection, what is known so far, and remarks."""

    connection: Connection[Any]
    store: str
    version: int
    """As in `server_version_num`: 180004."""
    schemas: dict[int, str]
    tables: dict[int, str] = field(default_factory=dict)
    """OID → `schema.table` as in an address: plain and partitioned tables."""
    table_options: dict[int, Sequence[str]] = field(default_factory=dict)
    columns: dict[tuple[int, int], str] = field(default_factory=dict)
    """(table, attnum) → column name."""
    collations: dict[tuple[int, int], int] = field(default_factory=dict)
    """(table, attnum) → OID of the column's collation."""
    not_null_names: dict[str, str] = field(default_factory=dict)
    """Column's address → name of its NOT NULL constraint, of those that are not validated."""
    owned_indexes: dict[int, Index] = field(default_factory=dict)
    """The indexes that constraints own."""
    comments: dict[tuple[int, int, int], str] = field(default_factory=dict)
    members: set[tuple[int, int]] = field(default_factory=set)
    """(catalogue, OID) of what extensions own, and of the sequences that columns own."""
    classes: dict[str, int] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)

    def rows(self, query: str, **arguments: Any) -> list[Any]:
        """Runs one query and returns named tuples; `%(schemas)s` and `%(tables)s` stand for the
        OIDs that are read."""
        from psycopg.rows import namedtuple_row

        arguments |= {"schemas": list(self.schemas), "tables": list(self.tables)}
        with self.connection.cursor(row_factory=namedtuple_row) as cursor:
            return cursor.execute(query.encode(), arguments).fetchall()

    def address(self, kind: str, *names: str) -> Address:
        return Address(self.store, kind, ".".join(map(_spelled, names)))

    def in_table(self, kind: str, table: int, name: str) -> Address:
        return Address(self.store, kind, f"{self.tables[table]}.{_spelled(name)}")

    def comment(self, catalogue: str, oid: int, part: int = 0) -> str | None:
        return self.comments.get((self.classes[catalogue], oid, part))

    def is_member(self, catalogue: str, oid: int) -> bool:
        return (self.classes[catalogue], oid) in self.members

    def unmanaged(self, found: Counter[tuple[str, str]]) -> None:
        """Notes, once a kind, how many objects there are that no manifest can describe."""
        for (one, many), number in sorted(found.items()):
            verb = "is" if number == 1 else "are"
            self.notes.append(Note(text=f"{number} {one if number == 1 else many} {verb} not managed"))


def load(connection: Connection[Any], store: str, version: int, schemas: dict[int, str]) -> Catalog:
    """Returns the catalogue of `schemas` with its tables, comments and members of extensions."""
    catalog = Catalog(connection, store, version, schemas)
    catalog.classes = dict(catalog.rows(_CLASSES))
    catalog.members = set(catalog.rows(_MEMBERS))
    catalog.comments = {
        (class_oid, oid, part): text
        for class_oid, oid, part, text in catalog.rows(_COMMENTS, first=FIRST_USER_OID)
    }
    _load_relations(catalog)
    return catalog


def _load_relations(catalog: Catalog) -> None:
    found: Counter[tuple[str, str]] = Counter()
    for row in catalog.rows(_RELATIONS):
        if catalog.is_member("pg_class", row.oid):
            continue
        if row.child or row.relkind not in "rp":
            found[_UNMANAGED["child" if row.child else row.relkind]] += 1
            continue
        catalog.tables[row.oid] = spelled(catalog.schemas[row.relnamespace], row.relname)
        catalog.table_options[row.oid] = row.reloptions or ()
    catalog.unmanaged(found)


def options(pairs: Sequence[str]) -> dict[str, str]:
    """Returns `key=value` texts, as the catalogue has them, as a sorted dictionary."""
    return dict(sorted((key, value) for key, _, value in (pair.partition("=") for pair in pairs)))
