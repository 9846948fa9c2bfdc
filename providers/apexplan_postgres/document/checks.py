"""Everything that is wrong with declared objects, each by itself and among each other.

What `of_object` finds concerns one object, given the columns of its table; `collapse` asks it which
live objects a manifest can express. `among` looks at all of them together. A table may be managed
in part, so a column that the document does not declare is no error: the plan will tell. Only a near
miss of a declared one is warned of.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from apexplan.document import Path
from apexplan.model.address import Address
from apexplan.model.change import Declared
from apexplan.model.diagnostics import Problem, Severity
from apexplan_postgres.document.limits import index_problems, type_problems, virtual_problems
from apexplan_postgres.document.methods import nearest
from apexplan_postgres.document.rules import rule_problems
from apexplan_postgres.document.texts import name_problems, text_problems
from apexplan_postgres.names import IN_TABLE, last, table_of
from apexplan_postgres.specs import (
    Column,
    Exclude,
    ForeignKey,
    Index,
    PrimaryKey,
    Trigger,
    Unique,
)

Columns = Mapping[str, Mapping[str, Column]]
"""Columns by table and name, tables as in addresses."""


def of_object(one: Declared, columns: Columns) -> Iterator[Problem]:
    """Returns what is wrong with one object, given the columns that are declared beside it."""
    yield from name_problems(one)
    yield from text_problems(one)
    yield from rule_problems(one)
    yield from type_problems(one)
    beside = columns.get(table_name(one), {})
    yield from index_problems(one, beside)
    yield from virtual_problems(one, beside)
    yield from _nullable_key(one, beside)


def among(declared: Iterable[Declared], columns: Columns) -> Iterator[Problem]:
    """Returns what is wrong between objects."""
    objects = list(declared)
    yield from _taken_names(objects)
    for one in objects:
        yield from _unknown_columns(one, columns)


def columns_of(declared: Iterable[Declared]) -> Columns:
    """Returns the declared columns by table."""
    found: defaultdict[str, dict[str, Column]] = defaultdict(dict)
    for one in declared:
        if isinstance(one.spec, Column):
            found[table_name(one)][last(one.address)] = one.spec
    return found


def table_name(one: Declared) -> str:
    """Returns the table that an object stands on, as in an address; "" for none."""
    if isinstance(one.spec, Index):
        return one.spec.table or ""
    if one.address.kind not in IN_TABLE:
        return ""
    name = one.address.name  # schema.table.name, unless quotes hide other dots
    return table_of(one.address).name if '"' in name else name.rpartition(".")[0]


def _nullable_key(one: Declared, columns: Mapping[str, Column]) -> Iterator[Problem]:
    if isinstance(one.spec, PrimaryKey):
        for name in one.spec.columns or ():
            if name in columns and columns[name].null:
                yield Problem(
                    "contradiction",
                    one.path,
                    "two settings contradict each other",
                    f"`{name}` is `null: true` and part of the primary key",
                    "a primary key is never null",
                    "write `null: false` at the column",
                )


def _taken_names(objects: list[Declared]) -> Iterator[Problem]:
    """Two objects that need one name, such as an index and a unique constraint of one schema."""
    holders: dict[str, Address] = {}
    for one in objects:
        for claim in sorted(one.spec.claims(one.address)):
            holder = holders.setdefault(claim, one.address)
            if holder != one.address:
                yield Problem(
                    "name-taken",
                    one.path,
                    "two objects need the same name",
                    f"the {claim} is `{holder.kind}.{holder.name}` already",
                    "tables, indexes, and keys with their indexes share the names of a schema; "
                    "the constraints of a table share its names",
                    "rename one of them",
                )
                break


def _unknown_columns(one: Declared, columns: Columns) -> Iterator[Problem]:
    table = table_name(one)
    for name, path in _columns_used(one):
        yield from _near_miss(name, columns.get(table, {}), path)
    spec = one.spec
    if isinstance(spec, ForeignKey):
        for name in spec.referenced_columns or ():
            there = columns.get(spec.references or "", {})
            yield from _near_miss(name, there, (*one.path, "references"))


def _columns_used(one: Declared) -> Iterator[tuple[str, Path]]:
    """The columns of its own table that an object names, each with its place."""
    spec, path = one.spec, one.path
    match spec:
        case PrimaryKey() | Unique() | ForeignKey():
            for number, name in enumerate(spec.columns or ()):
                yield name, (*path, "columns", number)
        case Index() | Exclude():
            for number, key in enumerate(spec.keys or ()):
                if key.column is not None:
                    yield key.column, (*path, "on", number)
        case Trigger():
            for name in spec.update_of or ():
                yield name, (*path, "update_of")
    if isinstance(spec, PrimaryKey | Unique | Index):
        for number, name in enumerate(spec.include or ()):
            yield name, (*path, "include", number)


def _near_miss(name: str, columns: Mapping[str, Column], path: Path) -> Iterator[Problem]:
    hint = nearest(name, columns) if columns and name not in columns else ""
    if hint:
        yield Problem(
            "unknown-column",
            path,
            "the document declares no such column",
            f"`{name}`",
            "a table may have columns that no manifest declares, but this one looks misspelt",
            hint,
            Severity.WARNING,
        )
