"""What stands in a table of a document: columns, constraints, indexes, triggers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from apexplan.document import Path
from apexplan.model.address import Address
from apexplan.model.diagnostics import Problem
from apexplan.model.spec import Spec
from apexplan_postgres.document.expander import (
    Expander,
    comment_of,
    given,
    parameter_text,
    sql_value,
)
from apexplan_postgres.document.models import (
    CheckBlock,
    ColumnBlock,
    ExcludeBlock,
    ExcludeKeyBlock,
    ForeignKeyBlock,
    GeneratedBlock,
    IdentityBlock,
    IndexBlock,
    KeyBlock,
    LifecycleBlock,
    Object,
    PrimaryKeyBlock,
    TableBlock,
    TriggerBlock,
    UniqueBlock,
)
from apexplan_postgres.document.naming import sql_name
from apexplan_postgres.document.signatures import canonical_type
from apexplan_postgres.names import MAX_NAME_BYTES, in_table, parts, spelled
from apexplan_postgres.specs import (
    Check,
    Column,
    Exclude,
    ExcludeKey,
    ForeignKey,
    Generated,
    Identity,
    Index,
    IndexKey,
    PrimaryKey,
    Trigger,
    Unique,
)
from apexplan_postgres.specs.routine import TriggerEvent

Keys = Mapping[str, tuple[str, ...]]
"""The primary key's columns of each table that the document declares."""

_EVENTS: Final[tuple[TriggerEvent, ...]] = ("insert", "update", "delete", "truncate")
_PKEY: Final = "_pkey"
_BITS: Final = {"smallint": 16, "integer": 32, "bigint": 64}
_NONE: Final = LifecycleBlock()


@dataclass(frozen=True, slots=True)
class _Place:
    """One table: where its parts are declared. `table` is `schema.table` as in an address."""

    expander: Expander
    table: str
    path: Path

    def declare(
        self,
        kind: str,
        name: str,
        spec: Spec,
        path: Path,
        block: Object | str | tuple[str, ...],
    ) -> None:
        """Adds a part of the table that was declared as `block`, at `path` below the table."""
        lifecycle = block.lifecycle if isinstance(block, Object) else _NONE
        address = self.address(kind, name)
        self.expander.declare(address, spec, (*self.path, *path), lifecycle, self._former(kind))

    def address(self, kind: str, name: str) -> Address:
        store = self.expander.naming.store
        if kind == "index":
            return Address(store, kind, spelled(parts(self.table)[0], name))
        return in_table(store, kind, self.table, name)

    def _former(self, kind: str) -> Callable[[str], str]:
        return lambda name: self.address(kind, name).name


def expand_table(expander: Expander, table: str, block: TableBlock, path: Path, keys: Keys) -> None:
    """Declares what stands in one table."""
    place = _Place(expander, table, path)
    for name, column in block.columns.items():
        place.declare("column", name, _column(column), ("columns", name), column)
    if block.primary_key is not None:
        _declare_primary_key(place, block.primary_key)
    for name, unique in block.unique.items():
        place.declare("unique", name, _unique(unique), ("unique", name), unique)
    for name, check in block.checks.items():
        place.declare("check", name, _check(check), ("checks", name), check)
    for name, exclude in block.exclude.items():
        place.declare("exclude", name, _exclude(exclude), ("exclude", name), exclude)
    for name, foreign_key in block.foreign_keys.items():
        _declare_foreign_key(place, name, foreign_key, keys)
    for name, index in block.indexes.items():
        place.declare("index", name, _index(table, index), ("indexes", name), index)
    for name, trigger in block.triggers.items():
        _declare_trigger(place, name, trigger)


# ------------------------------------------------------------------ columns


def _column(block: str | ColumnBlock) -> Column:
    if isinstance(block, str):
        return Column(type=block)
    values = given(block, "type", "null", "storage", "compression", "statistics", "comment")
    if block.null is False or "null_validated" in block.model_fields_set:
        values["null_validated"] = block.null_validated
    for name in {"default", "backfill"} & block.model_fields_set:
        values[name] = sql_value(getattr(block, name))
    if "identity" in block.model_fields_set:
        values["identity"] = _identity(block.type, block.identity)
    if "generated" in block.model_fields_set:
        values["generated"] = _generated(block.generated)
    if "collation" in block.model_fields_set:
        values["collation"] = sql_name(block.collation) if block.collation else None
    return Column(**values)


def _identity(type_: str, block: Literal["always", "by default"] | IdentityBlock | None) -> Identity | None:
    """A sequence that counts down begins at its greatest value, -1 if not given, and ends at the
    least value of its type (manual: CREATE SEQUENCE)."""
    if block is None or isinstance(block, str):
        return Identity(generated=block) if block else None
    down = block.increment < 0
    least = -(2 ** (_BITS.get(canonical_type(type_), 64) - 1)) if down else 1
    minimum = least if block.minimum is None else block.minimum
    maximum = -1 if down and block.maximum is None else block.maximum
    first = minimum if maximum is None or not down else maximum
    return Identity(
        generated=block.generated,
        start=first if block.start is None else block.start,
        increment=block.increment,
        minimum=minimum,
        maximum=maximum,
        cache=block.cache,
        cycle=block.cycle,
    )


def _generated(block: str | GeneratedBlock | None) -> Generated | None:
    if block is None or isinstance(block, str):
        return Generated(expression=block) if block is not None else None
    return Generated(expression=block.expression, stored=block.stored)


# ------------------------------------------------------------------ constraints


def _declare_primary_key(place: _Place, block: tuple[str, ...] | PrimaryKeyBlock) -> None:
    long = PrimaryKeyBlock(columns=block) if isinstance(block, tuple) else block
    spec = PrimaryKey(
        columns=long.columns, include=long.include, deferrable=long.deferrable, **comment_of(long)
    )
    name = long.name or default_primary_key(parts(place.table)[1])
    place.declare("primary_key", name, spec, ("primary_key",), long)


def default_primary_key(table: str) -> str:
    """Returns the name that the server would give: TABLE_pkey, the table's name cut where it must."""
    return table[: MAX_NAME_BYTES - len(_PKEY)] + _PKEY


def _unique(block: tuple[str, ...] | UniqueBlock) -> Unique:
    long = UniqueBlock(columns=block) if isinstance(block, tuple) else block
    return Unique(
        columns=long.columns,
        include=long.include,
        nulls_not_distinct=long.nulls_not_distinct,
        deferrable=long.deferrable,
        **comment_of(long),
    )


def _check(block: str | CheckBlock) -> Check:
    long = CheckBlock(expression=block) if isinstance(block, str) else block
    return Check(
        expression=long.expression,
        no_inherit=long.no_inherit,
        validated=long.validated,
        **comment_of(long),
    )


def _exclude(block: ExcludeBlock) -> Exclude:
    return Exclude(
        using=block.using,
        keys=tuple(ExcludeKey(operator=key.operator, **_key(key)) for key in block.on),
        where=block.where,
        deferrable=block.deferrable,
        **comment_of(block),
    )


def _declare_foreign_key(place: _Place, name: str, block: ForeignKeyBlock, keys: Keys) -> None:
    """A table alone means its primary key, which is set where this document declares it."""
    reference = place.expander.naming.reference(block.references)
    path: Path = ("foreign_keys", name)
    if reference is None:
        problem = _no_reference(block.references, (*place.path, *path, "references"))
        place.expander.problems.append(problem)
        return
    table, columns = reference
    columns = columns or keys.get(table, ())
    values: dict[str, Any] = {"referenced_columns": columns} if columns else {}
    spec = ForeignKey(
        columns=block.columns,
        references=table,
        on_delete=block.on_delete,
        on_delete_columns=block.on_delete_columns,
        on_update=block.on_update,
        match=block.match,
        deferrable=block.deferrable,
        validated=block.validated,
        **values,
        **comment_of(block),
    )
    place.declare("foreign_key", name, spec, path, block)


# ------------------------------------------------------------------ indexes and triggers


def _index(table: str, block: IndexBlock) -> Index:
    return Index(
        table=table,
        using=block.using,
        keys=tuple(
            IndexKey(column=key) if isinstance(key, str) else IndexKey(**_key(key)) for key in block.on
        ),
        include=block.include,
        unique=block.unique,
        nulls_not_distinct=block.nulls_not_distinct,
        where=block.where,
        valid=True,
        **{name: getattr(block.with_, name) for name in block.with_.model_fields_set},
        **comment_of(block),
    )


def _key(block: KeyBlock | ExcludeKeyBlock) -> dict[str, Any]:
    """The fields of one key, those of an exclusion constraint without the operator."""
    return {
        "column": block.column,
        "expression": block.expression,
        "opclass": sql_name(block.opclass) if block.opclass is not None else None,
        "opclass_options": tuple(
            sorted((name, parameter_text(value)) for name, value in block.opclass_options.items())
        ),
        "collation": sql_name(block.collation) if block.collation is not None else None,
        "order": block.order,
        "nulls": block.nulls or ("first" if block.order == "desc" else "last"),
    }


def _declare_trigger(place: _Place, name: str, block: TriggerBlock) -> None:
    called = block.function if "(" in block.function else f"{block.function}()"
    function = place.expander.naming.function(called)
    path: Path = ("triggers", name)
    if function is None or not function.endswith("()"):
        problem = _no_trigger_function(block.function, (*place.path, *path, "function"))
        place.expander.problems.append(problem)
        return
    spec = Trigger(
        timing=block.timing,
        events=tuple(event for event in _EVENTS if event in block.events),
        update_of=tuple(sorted(block.update_of)),
        for_each=block.for_each,
        when=block.when,
        function=function,
        arguments=block.arguments,
        old_table=block.old_table,
        new_table=block.new_table,
        enabled=block.enabled,
        **comment_of(block),
    )
    place.declare("trigger", name, spec, path, block)


# ------------------------------------------------------------------ the messages


def _no_reference(text: str, path: Path) -> Problem:
    return Problem(
        "bad-reference",
        path,
        "a foreign key refers to what is no table",
        f"`{text}`",
        mend="write table or table(column, …), such as documents(document_id)",
    )


def _no_trigger_function(text: str, path: Path) -> Problem:
    return Problem(
        "bad-signature",
        path,
        "a trigger calls what is no trigger function",
        f"`{text}`",
        "a trigger function takes no arguments; those of the trigger stand in `arguments`",
        "write name(), such as documents_changed()",
    )
