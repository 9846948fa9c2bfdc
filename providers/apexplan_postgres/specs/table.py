"""Extension, schema, table, and what was dropped but is still kept."""

from __future__ import annotations

from typing import Annotated, ClassVar

from apexplan.model.address import Address
from apexplan.model.spec import IGNORE, IN_PLACE, KEY, OnChange, Spec
from apexplan_postgres.names import parts, schema_of, spelled


def needs_schema(address: Address) -> frozenset[Address]:
    """The schema of an object; `public` is there from the start and is nobody's requirement."""
    schema = schema_of(address)
    return frozenset() if schema == "public" else frozenset({Address(address.store, "schema", schema)})


class Extension(Spec):
    """An extension of the database, such as `vector`."""

    kind: ClassVar[str] = "extension"

    version: Annotated[
        str | None,
        OnChange(
            IN_PLACE,
            "ALTER EXTENSION UPDATE along the paths that the server knows; there is no way back",
            source="manual: ALTER EXTENSION; pg_extension_update_paths",
        ),
    ] = None
    schema_name: Annotated[str | None, OnChange(IN_PLACE, source="manual: ALTER EXTENSION SET SCHEMA")] = None

    def summary(self) -> str:
        return self.version or ""


class Schema(Spec):
    """A schema (namespace)."""

    kind: ClassVar[str] = "schema"

    comment: Annotated[str | None, OnChange(IN_PLACE)] = None


class Table(Spec):
    """A table without its columns, which are objects of their own."""

    kind: ClassVar[str] = "table"

    comment: Annotated[str | None, OnChange(IN_PLACE)] = None
    options: Annotated[
        dict[str, str] | None,
        OnChange(
            IN_PLACE,
            "storage parameters (fillfactor, autovacuum_…); they hold for rows written from then on",
            source="manual: CREATE TABLE, Storage Parameters: SHARE UPDATE EXCLUSIVE",
        ),
    ] = None

    def requires(self, address: Address) -> frozenset[Address]:
        return needs_schema(address)

    def claims(self, address: Address) -> frozenset[str]:
        return frozenset({f"relation {address.name}"})


class Retained(Spec):
    """A table or column that a plan dropped by renaming it aside; a later plan purges it.

    Its address name is `schema.table` or `schema.table.column` as it is called now.
    """

    kind: ClassVar[str] = "retained"

    former: Annotated[str | None, OnChange(KEY)] = None
    since: Annotated[str | None, OnChange(IGNORE)] = None

    def kept_since(self) -> str | None:
        return self.since

    def parent(self, address: Address) -> Address | None:
        schema, table, *column = parts(address.name)
        return Address(address.store, "table", spelled(schema, table)) if column else None

    def summary(self) -> str:
        return f"was {self.former}, kept since {self.since}"
