"""From the catalogue to live specs: about fifteen set-based queries in one moment of the store.

One module an aspect: `tables` (extensions and schemas too), `columns`, `indexes`, `constraints`,
`routines`; `catalog` holds what they share, `details` the facts about the server.

Read are whole schemas, so that unmanaged neighbours are seen. Left out are system and temporary
schemas, our own ledger, members of extensions, and what no manifest can describe (views,
partitions, …), of which a note tells. What earlier plans dropped by moving it aside is read from
our ledger, as kind `retained`, and so are the versioned scripts that ran, where any are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from apexplan.migrations.spec import Migration
from apexplan.model.address import Address
from apexplan.model.spec import Spec
from apexplan.provider import Live, Scope
from apexplan_postgres.names import RETAINED_SCHEMA, last, schema_of
from apexplan_postgres.read.catalog import LEDGER_SCHEMA, Catalog, load
from apexplan_postgres.read.columns import columns
from apexplan_postgres.read.constraints import constraints
from apexplan_postgres.read.details import details, extension_details
from apexplan_postgres.read.indexes import in_progress, indexes
from apexplan_postgres.read.migrations import migrations
from apexplan_postgres.read.retained import retained
from apexplan_postgres.read.routines import functions, triggers
from apexplan_postgres.read.tables import extensions, schemas, tables

if TYPE_CHECKING:
    from psycopg import Connection

_SCHEMAS = """
SELECT oid, nspname FROM pg_namespace
WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', %s) AND NOT starts_with(nspname, %s)
"""

_SCHEMALESS = frozenset({"extension", "schema", Migration.kind})


def read(connection: Connection[Any], scope: Scope) -> Live:
    """Returns everything in the schemas of `scope`. Never writes; sees one moment of the store."""
    with moment(connection):
        building = in_progress(connection)
        facts = details(connection) | extension_details(connection, _extensions_of(scope))
        there = _schemas(connection)
        wanted = {schema_of(address) for address in scope.addresses if address.kind not in _SCHEMALESS}
        inside = {oid: name for oid, name in there.items() if scope.everything or name in wanted}
        catalog = load(connection, scope.store, facts["version_num"], inside)
        objects = contents(catalog, building)
        objects.update(extensions(catalog))
        objects.update(schemas(catalog, {oid: name for oid, name in there.items() if name != "public"}))
        public = {oid: name for oid, name in there.items() if name == "public"}
        objects.update(item for item in schemas(catalog, public) if item[0] in scope.addresses)
        for address, kept in retained(catalog).items():
            objects.pop(Address(scope.store, "column", address.name), None)
            objects[address] = kept
        if scope.everything or any(address.kind == Migration.kind for address in scope.addresses):
            scripts = migrations(connection, scope.store)
            objects.update(scripts.applied)
            facts["migrations"] = scripts.told
            catalog.notes += scripts.notes
    facts["not_null_names"] = catalog.not_null_names
    return Live(objects, facts, tuple(catalog.notes))


def _extensions_of(scope: Scope) -> list[str]:
    return [last(address) for address in scope.addresses if address.kind == "extension"]


def contents(catalog: Catalog, building: frozenset[int] = frozenset()) -> dict[Address, Spec]:
    """Returns what stands in the schemas of `catalog`. The order matters: columns fill the
    dictionaries that indexes are made with, and those the ones of constraints."""
    found: dict[Address, Spec] = dict(tables(catalog))
    found.update(columns(catalog))
    found.update(indexes(catalog, building))
    found.update(constraints(catalog))
    found.update(functions(catalog))
    found.update(triggers(catalog))
    return found


@contextmanager
def moment(connection: Connection[Any]) -> Iterator[None]:
    """A read-only transaction in which every query sees the same state of the store."""
    connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("ROLLBACK")


def _schemas(connection: Connection[Any]) -> dict[int, str]:
    return dict(connection.execute(_SCHEMAS, [LEDGER_SCHEMA, RETAINED_SCHEMA]).fetchall())
