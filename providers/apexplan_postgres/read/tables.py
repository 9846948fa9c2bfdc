"""Extensions, schemas, and tables without their columns."""

from __future__ import annotations

from collections.abc import Iterator

from apexplan.model.address import Address
from apexplan.model.spec import Spec
from apexplan_postgres.read.catalog import FIRST_USER_OID, Catalog, options
from apexplan_postgres.specs import Extension, Schema, Table

_EXTENSIONS = """
SELECT e.extname, e.extversion, n.nspname FROM pg_extension e
JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.oid >= %(first)s
"""


def extensions(catalog: Catalog) -> Iterator[tuple[Address, Spec]]:
    """Every extension but those of initdb (plpgsql)."""
    for name, version, schema in catalog.rows(_EXTENSIONS, first=FIRST_USER_OID):
        yield catalog.address("extension", name), Extension(version=version, schema_name=schema)


def schemas(catalog: Catalog, found: dict[int, str]) -> Iterator[tuple[Address, Spec]]:
    for oid, name in found.items():
        yield catalog.address("schema", name), Schema(comment=catalog.comment("pg_namespace", oid))


def tables(catalog: Catalog) -> Iterator[tuple[Address, Spec]]:
    for oid, name in catalog.tables.items():
        yield (
            Address(catalog.store, "table", name),
            Table(
                comment=catalog.comment("pg_class", oid),
                options=options(catalog.table_options[oid]),
            ),
        )
