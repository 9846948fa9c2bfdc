"""The document `kind: PostgresSchema` as pydantic models: what may be written, and in which short forms.

The models say what a file looks like and no more: unions are plain, nothing is converted, and so
the strict pass of loading takes them as they are. What a document means is in `expand`, what is
wrong with it across fields in `checks`.

A field that is left out is not managed. The defaults below belong to what an object *is* (an index
is a btree, a constraint is not deferrable); `expand` sets those in any case. Where a field may be
null, null is a statement: no default, no comment, the server's value of a parameter.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from apexplan import document
from apexplan.document import Block
from apexplan_postgres.specs.constraint import Deferrable, ReferentialAction
from apexplan_postgres.specs.routine import TriggerEvent

SqlValue: TypeAlias = str | int | bool
"""An SQL expression; a number or a truth value stands for itself."""
Parameter: TypeAlias = str | int | float | bool
"""The value of a storage parameter or an operator class parameter."""
Names: TypeAlias = Annotated[tuple[str, ...], Field(min_length=1)]


class LifecycleBlock(document.LifecycleBlock):
    """What holds for the object beside its definition."""

    renamed_from: str | None = None
    """The former name, without schema and table."""


class Object(Block):
    """What every object may carry."""

    comment: str | None = None
    """The object's comment in the database; null or empty: none."""
    lifecycle: LifecycleBlock = LifecycleBlock()


class ExtensionBlock(Block):
    """An extension; `{}` is any version."""

    version: str | None = None
    """A version in quotes; "0.8" stands for every 0.8.x."""
    schema_: str | None = Field(default=None, alias="schema")
    lifecycle: LifecycleBlock = LifecycleBlock()


class SchemaBlock(Object):
    """A schema (namespace)."""


class FunctionBlock(Object):
    """A function. Its key is its name with the types of its arguments."""

    returns: str
    """The type of the result, as after RETURNS."""
    language: str
    """The language of the body, such as plpgsql or sql."""
    body: str
    """What stands between the dollar signs; in language sql also `RETURN …` or `BEGIN ATOMIC … END`."""
    arguments: str | None = None
    """As in CREATE FUNCTION, where names, modes or defaults matter; else the types of the key."""
    volatility: Literal["volatile", "stable", "immutable"] = "volatile"
    strict: bool = False
    security_definer: bool = False
    parallel: Literal["unsafe", "restricted", "safe"] = "unsafe"
    settings: dict[str, str] = Field({})
    """SET name TO value, for the time of a call."""


class IdentityBlock(Block):
    """GENERATED … AS IDENTITY with options of its sequence."""

    generated: Literal["always", "by default"] = "by default"
    start: int | None = None
    increment: int = 1
    minimum: int | None = None
    maximum: int | None = None
    cache: Annotated[int, Field(ge=1)] = 1
    cycle: bool = False


class GeneratedBlock(Block):
    """GENERATED ALWAYS AS (expression)."""

    expression: str
    stored: bool = True
    """False: VIRTUAL, computed when it is read (PostgreSQL 18 and newer)."""


class ColumnBlock(Object):
    """A column; the short form is its type alone."""

    type: str
    """The type as in SQL, such as text, varchar(20) or vector(1536)."""
    null: bool | None = None
    """False: NOT NULL. Left out: not managed."""
    null_validated: bool = True
    """False: NOT NULL holds for new rows, and the old ones were not looked at yet."""
    default: SqlValue | None = None
    """An SQL expression; a text needs quotes of SQL: "'draft'". null: no default."""
    identity: Literal["always", "by default"] | IdentityBlock | None = None
    generated: str | GeneratedBlock | None = None
    """An expression of a STORED column, or {expression, stored}."""
    collation: str | None = None
    storage: Literal["plain", "external", "extended", "main"] | None = None
    compression: Literal["pglz", "lz4", "default"] | None = None
    statistics: Annotated[int, Field(ge=-1, le=10000)] | None = None
    backfill: SqlValue | None = None
    """An SQL expression for the rows that are there when the column is added or made NOT NULL."""


class PrimaryKeyBlock(Object):
    """PRIMARY KEY; the short form is its columns alone."""

    name: str | None = None
    """Left out: TABLE_pkey, as the server would call it."""
    columns: Names
    include: tuple[str, ...] = ()
    deferrable: Deferrable = "no"


class UniqueBlock(Object):
    """UNIQUE; the short form is its columns alone."""

    columns: Names
    include: tuple[str, ...] = ()
    nulls_not_distinct: bool = False
    deferrable: Deferrable = "no"


class CheckBlock(Object):
    """CHECK; the short form is its expression alone."""

    expression: str
    no_inherit: bool = False
    validated: bool = True
    """False: holds for new rows, and the old ones were not looked at yet."""


class ForeignKeyBlock(Object):
    """FOREIGN KEY."""

    columns: Names
    references: str
    """A table, or table(column, …); a table alone means its primary key."""
    on_delete: ReferentialAction = "no action"
    on_delete_columns: tuple[str, ...] = ()
    """The columns that `set null` or `set default` touch; left out: all."""
    on_update: ReferentialAction = "no action"
    match: Literal["simple", "full"] = "simple"
    deferrable: Deferrable = "no"
    validated: bool = True
    """False: holds for new rows, and the old ones were not looked at yet."""


class KeyBlock(Block):
    """One key of an index: a column or an expression; the short form is the column's name alone."""

    column: str | None = None
    expression: str | None = None
    opclass: str | None = None
    """The operator class; left out: the default of method and type. hnsw has no default."""
    opclass_options: dict[str, Parameter] = Field({})
    collation: str | None = None
    order: Literal["asc", "desc"] = "asc"
    nulls: Literal["first", "last"] | None = None
    """Left out: last, and first where the order is desc."""


class ExcludeKeyBlock(KeyBlock):
    """One key of an exclusion constraint with its operator."""

    operator: str
    """Two rows whose keys all compare true by their operators exclude each other."""


class ExcludeBlock(Object):
    """EXCLUDE."""

    using: str
    """The index's method, mostly gist."""
    on: Annotated[tuple[ExcludeKeyBlock, ...], Field(min_length=1)]
    where: str | None = None
    deferrable: Deferrable = "no"


class IndexParameters(Block):
    """Parameters of an index's method; null: the server's default. Limits as the server has them."""

    m: Annotated[int, Field(ge=2, le=100)] | None = None
    """hnsw: edges of each node."""
    ef_construction: Annotated[int, Field(ge=4, le=1000)] | None = None
    """hnsw: candidates looked at while building, at least 2 * m."""
    lists: Annotated[int, Field(ge=1, le=32768)] | None = None
    """ivfflat: inverted lists."""
    fillfactor: Annotated[int, Field(ge=10, le=100)] | None = None
    deduplicate_items: bool | None = None
    fastupdate: bool | None = None
    gin_pending_list_limit: Annotated[int, Field(ge=64, le=2147483647)] | None = None
    buffering: Literal["on", "off", "auto"] | None = None
    pages_per_range: Annotated[int, Field(ge=1, le=131072)] | None = None
    autosummarize: bool | None = None


class IndexBlock(Object):
    """An index that no constraint owns."""

    using: str = "btree"
    """The method: btree, gin, gist, brin, hash, spgist, hnsw, ivfflat, or one that an extension brings."""
    on: Annotated[tuple[str | KeyBlock, ...], Field(min_length=1)]
    """The keys in order, each a column's name or {column | expression, …}."""
    unique: bool = False
    include: tuple[str, ...] = ()
    where: str | None = None
    """The condition of a partial index."""
    nulls_not_distinct: bool = False
    with_: IndexParameters = Field(default=IndexParameters(), alias="with")
    """Parameters of the method; those that are left out are not managed."""


class TriggerBlock(Object):
    """A trigger."""

    timing: Literal["before", "after"]
    events: Annotated[tuple[TriggerEvent, ...], Field(min_length=1)]
    function: str
    """The function that is called, such as documents_changed()."""
    update_of: tuple[str, ...] = ()
    """Columns whose update counts; left out: any."""
    for_each: Literal["row", "statement"] = "row"
    """Left out: row. (PostgreSQL's own default is statement.)"""
    when: str | None = None
    arguments: tuple[str, ...] = ()
    enabled: Literal["origin", "always", "replica", "disabled"] = "origin"
    old_table: str | None = None
    new_table: str | None = None


class TableBlock(Object):
    """A table. Columns that are left out are not managed, and neither is any other part."""

    with_: dict[str, Parameter] = Field(default={}, alias="with")
    """Storage parameters, such as fillfactor."""
    columns: dict[str, str | ColumnBlock] = Field({})
    primary_key: Names | PrimaryKeyBlock | None = None
    unique: dict[str, Names | UniqueBlock] = Field({})
    checks: dict[str, str | CheckBlock] = Field({})
    foreign_keys: dict[str, ForeignKeyBlock] = Field({})
    exclude: dict[str, ExcludeBlock] = Field({})
    indexes: dict[str, IndexBlock] = Field({})
    triggers: dict[str, TriggerBlock] = Field({})


class PostgresSchema(Block):
    """The schema of one PostgreSQL store, or a part of it."""

    kind: Literal["PostgresSchema"]
    store: str
    """The store's name in the project file."""
    schema_: str = Field(default="public", alias="schema")
    """The schema of every name that is written without one."""
    extensions: dict[str, ExtensionBlock] = Field({})
    schemas: dict[str, SchemaBlock] = Field({})
    functions: dict[str, FunctionBlock] = Field({})
    """By name and argument types: `documents_changed()`, `score(integer, text)`."""
    tables: dict[str, TableBlock] = Field({})
    """By name, with its schema where that is not the default: `documents`, `audit.events`."""
