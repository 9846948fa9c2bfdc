"""An index: its keys in order, its method, and the method's own parameters, each with its rule."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from apexplan.model.address import Address
from apexplan.model.spec import IN_PLACE, REPLACE, OnChange, Spec
from apexplan_postgres.names import in_table, schema_of, spelled

_ASIDE = "a new index is built concurrently under another name, then the names are swapped"
_GRAPH = (
    "ALTER INDEX SET changes the catalog alone: the graph keeps the former value until "
    "REINDEX CONCURRENTLY, which follows"
)
_GRAPH_SOURCE = "measured on 18.4 + pgvector 0.8.5: the meta page keeps m until REINDEX"


class IndexKey(BaseModel):
    """One key of an index: a column or an expression. None: the default of method and type."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    column: str | None = None
    expression: str | None = None
    opclass: str | None = None
    opclass_options: tuple[tuple[str, str], ...] = ()
    """Operator class parameters, sorted: `(("siglen", "256"),)`."""
    collation: str | None = None
    order: Literal["asc", "desc"] = "asc"
    nulls: Literal["first", "last"] = "last"
    """Nulls come last by default, first where the order is desc; `expand` sets it so."""

    def summary(self) -> str:
        """Returns the key as a reader knows it from CREATE INDEX: `embedding vector_cosine_ops`."""
        words = [self.column or f"({self.expression})"]
        if self.collation is not None:
            words.append(f"collate {self.collation}")
        words += filter(None, [self.opclass])
        if self.order == "desc":
            words.append("desc")
        if (self.nulls == "first") != (self.order == "desc"):
            words.append(f"nulls {self.nulls}")
        return " ".join(words)


class ExcludeKey(IndexKey):
    """One key of an exclusion constraint with its operator."""

    operator: str

    def summary(self) -> str:
        return f"{super().summary()} with {self.operator}"


class Index(Spec):
    """An index that no constraint owns."""

    kind: ClassVar[str] = "index"

    table: Annotated[str | None, OnChange(REPLACE, "an index belongs to one table")] = None
    """`schema.table` as in an address."""
    using: Annotated[str | None, OnChange(REPLACE, _ASIDE)] = None
    keys: Annotated[tuple[IndexKey, ...] | None, OnChange(REPLACE, _ASIDE)] = None
    include: Annotated[tuple[str, ...] | None, OnChange(REPLACE, _ASIDE)] = None
    unique: Annotated[bool | None, OnChange(REPLACE, _ASIDE)] = None
    nulls_not_distinct: Annotated[bool | None, OnChange(REPLACE, _ASIDE)] = None
    where: Annotated[str | None, OnChange(REPLACE, _ASIDE)] = None
    m: Annotated[int | None, OnChange(IN_PLACE, _GRAPH, rebuilds=True, source=_GRAPH_SOURCE)] = None
    ef_construction: Annotated[
        int | None, OnChange(IN_PLACE, _GRAPH, rebuilds=True, source=_GRAPH_SOURCE)
    ] = None
    lists: Annotated[
        int | None,
        OnChange(
            IN_PLACE,
            "the lists are made at build time: REINDEX CONCURRENTLY follows",
            rebuilds=True,
            source="pgvector README, IVFFlat",
        ),
    ] = None
    fillfactor: Annotated[
        int | None, OnChange(IN_PLACE, "holds for pages written from then on", source="manual: CREATE INDEX")
    ] = None
    deduplicate_items: Annotated[
        bool | None, OnChange(IN_PLACE, "holds for entries written from then on", source="manual 65.1.4.3")
    ] = None
    fastupdate: Annotated[
        bool | None,
        OnChange(IN_PLACE, "the pending list stays until the next vacuum", source="manual: CREATE INDEX"),
    ] = None
    gin_pending_list_limit: Annotated[int | None, OnChange(IN_PLACE)] = None
    """In kB."""
    buffering: Annotated[
        Literal["on", "off", "auto"] | None, OnChange(IN_PLACE, "used by the next build")
    ] = None
    pages_per_range: Annotated[
        int | None,
        OnChange(IN_PLACE, "the ranges are made at build time: REINDEX CONCURRENTLY follows", rebuilds=True),
    ] = None
    autosummarize: Annotated[bool | None, OnChange(IN_PLACE)] = None
    comment: Annotated[str | None, OnChange(IN_PLACE)] = None
    valid: Annotated[
        bool | None,
        OnChange(
            IN_PLACE,
            "an interrupted CONCURRENTLY left it half-built or half-dropped: REINDEX CONCURRENTLY repairs it",
            rebuilds=True,
            source="measured on 18.4",
        ),
    ] = None

    def summary(self) -> str:
        keys = ", ".join(key.summary() for key in self.keys or ())
        text = f"{'unique ' if self.unique else ''}{self.using or ''} ({keys})"
        if self.include:
            text += f" include ({', '.join(self.include)})"
        return text + (f" where {self.where}" if self.where is not None else "")

    def parent(self, address: Address) -> Address | None:
        return Address(address.store, "table", self.table) if self.table else None

    def requires(self, address: Address) -> frozenset[Address]:
        if not self.table:
            return frozenset()
        names = [key.column for key in self.keys or () if key.column] + list(self.include or ())
        columns = {in_table(address.store, "column", self.table, name) for name in names}
        return frozenset(columns | {Address(address.store, "table", self.table)})

    def claims(self, address: Address) -> frozenset[str]:
        return frozenset({f"relation {address.name}"})


STORAGE_PARAMETERS = (
    "m",
    "ef_construction",
    "lists",
    "fillfactor",
    "deduplicate_items",
    "fastupdate",
    "gin_pending_list_limit",
    "buffering",
    "pages_per_range",
    "autosummarize",
)
"""The fields of Index that stand in `WITH (…)`."""


def beside(address: Address, name: str) -> str:
    """Returns the address name of a relation called `name` in the schema of `address`."""
    return spelled(schema_of(address), name)
