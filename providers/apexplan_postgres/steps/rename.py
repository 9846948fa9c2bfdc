"""Renames: what they do to the live specs, and the steps that carry them out.

A schema takes its tables and functions along, a table what stands on it: those objects have another
address afterwards, but need no step of their own. A column takes the places along that name it:
keys of indexes, columns of constraints, and the word in SQL texts, which the server keeps as
references and spells anew.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from apexplan.model.address import Address
from apexplan.model.change import Change
from apexplan.model.plan import Step
from apexplan.model.spec import Spec
from apexplan_postgres import ddl
from apexplan_postgres.names import (
    IN_TABLE,
    in_table,
    last,
    parts,
    quote,
    schema_of,
    spelled,
    sql_name,
    table_of,
)
from apexplan_postgres.specs import Column, Extension, ForeignKey, Index, Trigger
from apexplan_postgres.steps.base import Back, Planning, quick, short
from apexplan_postgres.steps.table import follow

_COLUMN_LISTS: Final = ("columns", "include", "on_delete_columns", "update_of")
_TEXTS: Final = ("where", "when", "expression")
"""Fields whose SQL speaks of columns and of things in schemas."""
_QUALIFIED: Final = ("type", "default", "collation", "arguments", "returns")
"""Fields whose SQL speaks of things in schemas alone."""
_WORD: Final = re.compile(
    r"""'(?:[^']|'')*' | (?<!::) (?<![\w$])
         (?: "(?P<quoted>(?:[^"]|"")+)" | (?P<bare>[A-Za-z_][\w$]*) (?![\w$]) ) (?!\s*\()""",
    re.VERBOSE,
)
"""A string, which is passed over, or a name that is neither called nor cast to."""


def renamed(
    live: Mapping[Address, Spec], renames: Mapping[Address, Address]
) -> dict[Address, tuple[Address, Spec]]:
    """Returns, by former address, where each touched object is after the renames and what it is."""
    names = _Names.of(live, renames)
    moved: dict[Address, tuple[Address, Spec]] = {}
    for former, spec in live.items():
        address = renames.get(former) or names.followed(former, spec)
        after = spec.model_copy(update=_respelled(former, spec, names))
        if address != former or after != spec:
            moved[former] = (address, after)
    return moved


@dataclass(frozen=True, slots=True)
class _Names:
    """Former → new names, as in addresses, of what others speak of or live in."""

    schemas: Mapping[str, str]
    tables: Mapping[str, str]
    functions: Mapping[str, str]
    columns: Mapping[Address, str]

    @classmethod
    def of(cls, live: Mapping[Address, Spec], renames: Mapping[Address, Address]) -> _Names:
        schemas = {parts(f.name)[0]: parts(a.name)[0] for f, a in renames.items() if f.kind == "schema"}
        found: dict[str, dict[str, str]] = {"table": {}, "function": {}}
        for address in live:
            if address.kind in found:
                name = renames[address].name if address in renames else _in_schema(address, schemas)
                if name != address.name:
                    found[address.kind][address.name] = name
        columns = {f: last(a) for f, a in renames.items() if f.kind == "column"}
        return cls(schemas, found["table"], found["function"], columns)

    def followed(self, address: Address, spec: Spec) -> Address:
        """The address of an object that is not renamed itself."""
        return Address(address.store, address.kind, self._name(address, spec))

    def _name(self, address: Address, spec: Spec) -> str:
        if address.kind in ("table", "function"):
            names = self.tables if address.kind == "table" else self.functions
            return names.get(address.name, address.name)
        if isinstance(spec, Index):
            table = self.tables.get(spec.table or "")
            return spelled(parts(table)[0], last(address)) if table else address.name
        path = parts(address.name)
        table = self.tables.get(spelled(*path[:2])) if len(path) == 3 else None
        return f"{table}.{spelled(path[2])}" if table else address.name


def _in_schema(address: Address, schemas: Mapping[str, str]) -> str:
    """The name of a table or function whose schema may be renamed."""
    schema, name = parts(address.name)
    if schema not in schemas:
        return address.name
    head, paren, arguments = name.partition("(")
    return spelled(schemas[schema], head) + paren + arguments


def _respelled(address: Address, spec: Spec, known: _Names) -> dict[str, Any]:
    """The fields of a spec that speak of something renamed."""
    table = spec.table if isinstance(spec, Index) else None
    home = table or (table_of(address).name if address.kind in IN_TABLE else "")

    def named(name: str, on: str = home) -> str:
        return known.columns.get(in_table(address.store, "column", on, name), name)

    update = _retold(spec, home, known)
    for field in _COLUMN_LISTS:
        if names := getattr(spec, field, None):
            update[field] = tuple(map(named, names))
    if keys := update.get("keys"):
        update["keys"] = tuple(
            k.model_copy(update={"column": named(k.column)}) if k.column else k for k in keys
        )
    if isinstance(spec, Trigger):
        update["update_of"] = tuple(sorted(update.get("update_of", ())))
        update["function"] = known.functions.get(spec.function or "", spec.function)
    if isinstance(spec, Extension) and spec.schema_name:
        update["schema_name"] = known.schemas.get(spec.schema_name, spec.schema_name)
    if table is not None:
        update["table"] = known.tables.get(table, table)
    if isinstance(spec, ForeignKey) and spec.references:
        to = spec.references
        update["references"] = known.tables.get(to, to)
        update["referenced_columns"] = tuple(named(n, to) for n in spec.referenced_columns or ())
    return update


def _retold(spec: Spec, home: str, known: _Names) -> dict[str, Any]:
    """The SQL texts of a spec with the columns of its table, and all schemas, under their new names."""
    columns = {last(former): name for former, name in known.columns.items() if table_of(former).name == home}

    def qualified(text: str | None) -> str | None:
        for former, name in known.schemas.items():
            text = text and re.sub(rf'(?<![\w$."]){re.escape(quote(former))}\.', f"{quote(name)}.", text)
        return text

    def sql(text: str | None) -> str | None:
        return qualified(_told_anew(text, columns)) if text else text

    update: dict[str, Any] = {f: sql(text) for f in _TEXTS if (text := getattr(spec, f, None))}
    update |= {f: qualified(text) for f in _QUALIFIED if (text := getattr(spec, f, None))}
    if isinstance(spec, Column) and spec.generated is not None:
        expression = sql(spec.generated.expression)
        update["generated"] = spec.generated.model_copy(update={"expression": expression})
    if keys := getattr(spec, "keys", None):
        update["keys"] = tuple(
            k.model_copy(
                update={
                    "expression": sql(k.expression),
                    "opclass": qualified(k.opclass),
                    "collation": qualified(k.collation),
                }
            )
            for k in keys
        )
    return update


def _told_anew(text: str, columns: Mapping[str, str]) -> str:
    """Returns SQL with column names replaced, outside of strings, calls and casts."""

    def word(found: re.Match[str]) -> str:
        name = found["quoted"].replace('""', '"') if found["quoted"] else found["bare"]
        return quote(columns[name]) if name in columns else found[0]

    return _WORD.sub(word, text)


# ------------------------------------------------------------------ steps


def rename_steps(change: Change, planning: Planning) -> list[Step]:
    """The step that gives the object its new name; none where something it lives in does."""
    address, former = change.address, change.renamed_from
    assert former is not None
    if _is_carried(change, planning):
        return []
    covers = planning.carried.get(address, ())
    if address.kind in IN_TABLE:
        if table_of(former) != table_of(address) and not _moves_along(table_of(address), former, planning):
            planning.refuse(address, f"{former} stands on another table", "drop it there and create it here")
            return []
        return [_in_table(address, last(former))]
    if address.kind not in _RENAMED or (address.kind == "index" and schema_of(former) != schema_of(address)):
        planning.refuse(address, f"{former} cannot be renamed to this", "drop it and create this one")
        return []
    return [_relation(address, former, covers)]


def carried(planning: Planning) -> dict[Address, tuple[Address, ...]]:
    """Returns, by the object whose rename takes them along, the changes that need no step of their
    own."""
    found: dict[Address, list[Address]] = defaultdict(list)
    for change in planning.changes.values():
        root = change
        while _is_carried(root, planning):
            root = planning.changes[_home(root)]
        if root is not change:
            found[root.address].append(change.address)
    return {root: tuple(addresses) for root, addresses in found.items()}


def _is_carried(change: Change, planning: Planning) -> bool:
    """True if the object keeps its own name, and what it lives in is renamed."""
    former = change.renamed_from
    if former is None or _own_name(former) != _own_name(change.address) or change.address.kind == "schema":
        return False
    return _moves_along(_home(change), former, planning)


def _moves_along(home: Address, former: Address, planning: Planning) -> bool:
    """True if `home` is renamed, from what `former` lived in."""
    moved = planning.changes.get(home)
    if moved is None or moved.renamed_from is None:
        return False
    if former.kind == "index":
        return schema_of(former) == schema_of(moved.renamed_from)
    return parts(former.name)[:-1] == parts(moved.renamed_from.name)


def _home(change: Change) -> Address:
    """The table or schema that an object lives in."""
    address = change.address
    parent = change.spec.parent(address)
    return parent or Address(address.store, "schema", spelled(schema_of(address)))


def _own_name(address: Address) -> str:
    return last(address).partition("(")[0]


def _in_table(address: Address, former: str) -> Step:
    what = {"column": "COLUMN", "trigger": "TRIGGER"}.get(address.kind, "CONSTRAINT")

    def statement(a: str, b: str) -> str:
        if what == "TRIGGER":
            table = ddl.relation(table_of(address).name)
            return f"ALTER TRIGGER {quote(a)} ON {table} RENAME TO {quote(b)}"
        return ddl.alter_table(address, f"RENAME {what} {quote(a)} TO {quote(b)}")

    name = last(address)
    back = Back(f"rename it back to {former}", (statement(name, former),))
    title = f"rename {what.lower()} {former} to {short(address)}"
    return quick(address, f"rename/{former}", title, [statement(former, name)], back)


_RENAMED: Final = {"table": "TABLE", "index": "INDEX", "function": "FUNCTION", "schema": "SCHEMA"}


def _relation(address: Address, former: Address, covers: tuple[Address, ...]) -> Step:
    word, holds = _RENAMED[address.kind], address.kind in ("schema", "table")
    title = f"rename {address.kind} {short(former)} to {short(address)}"
    back = Back(
        f"rename it back to {short(former)}",
        tuple(_moves(word, address, former)),
        args=follow(address.name, former.name) if holds else {},
    )
    return quick(
        address,
        f"rename/{former.name}",
        title,
        _moves(word, former, address),
        back,
        covers=covers,
        args=follow(former.name, address.name) if holds else {},
    )


def _moves(word: str, former: Address, address: Address) -> list[str]:
    """The statements from one name to another: into the other schema first, then the name."""
    statements, here = [], former
    if word != "SCHEMA" and schema_of(former) != schema_of(address):
        statements.append(f"ALTER {word} {sql_name(former)} SET SCHEMA {quote(schema_of(address))}")
        names = (schema_of(address), *parts(former.name)[1:])
        head, paren, arguments = names[-1].partition("(")
        here = Address(former.store, former.kind, spelled(names[0], head) + paren + arguments)
    name = last(address).partition("(")[0]
    if last(here).partition("(")[0] != name:
        statements.append(f"ALTER {word} {sql_name(here)} RENAME TO {quote(name)}")
    return statements
