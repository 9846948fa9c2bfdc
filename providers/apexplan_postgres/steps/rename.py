"""Renames: what they do to the live specs, and the steps that carry them out.

A table takes what stands on it along: those objects have another address afterwards, but need no
step of their own. A column takes the places along that name it: keys of indexes, columns of
constraints, and the word in SQL texts, which the server keeps as references and spells anew.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from apexplan.model.address import Address
from apexplan.model.change import Action, Change
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
from apexplan_postgres.specs import Column, ForeignKey, Index, Trigger
from apexplan_postgres.steps.base import Back, Planning, quick, short

_COLUMN_LISTS: Final = ("columns", "include", "on_delete_columns", "update_of")
_TEXTS: Final = ("where", "when", "expression")
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
    tables = {f.name: a.name for f, a in renames.items() if f.kind == "table"}
    columns = {f: last(a) for f, a in renames.items() if f.kind == "column"}
    functions = {f.name: a.name for f, a in renames.items() if f.kind == "function"}
    moved: dict[Address, tuple[Address, Spec]] = {}
    for former, spec in live.items():
        address = renames.get(former) or _followed(former, tables)
        after = spec.model_copy(update=_respelled(former, spec, tables, columns, functions))
        if address != former or after != spec:
            moved[former] = (address, after)
    return moved


def _followed(address: Address, tables: Mapping[str, str]) -> Address:
    """The address of what stands on a table that is renamed."""
    if address.kind not in IN_TABLE or table_of(address).name not in tables:
        return address
    return in_table(address.store, address.kind, tables[table_of(address).name], last(address))


def _respelled(
    address: Address,
    spec: Spec,
    tables: Mapping[str, str],
    columns: Mapping[Address, str],
    functions: Mapping[str, str],
) -> dict[str, Any]:
    """The fields of a spec that speak of something renamed."""
    update: dict[str, Any] = {}
    table = spec.table if isinstance(spec, Index) else None
    home = table or (table_of(address).name if address.kind in IN_TABLE else "")

    def named(name: str, on: str = home) -> str:
        return columns.get(in_table(address.store, "column", on, name), name)

    for field in _COLUMN_LISTS:
        if names := getattr(spec, field, None):
            update[field] = tuple(map(named, names))
    texts = {last(f): name for f, name in columns.items() if table_of(f).name == home}
    if texts:
        update |= _retold(spec, texts)
    if isinstance(spec, Trigger):
        update["update_of"] = tuple(sorted(update.get("update_of", spec.update_of or ())))
        update["function"] = functions.get(spec.function or "", spec.function)
    if keys := getattr(spec, "keys", None):
        update["keys"] = tuple(
            k.model_copy(update={"column": named(k.column)})
            if k.column
            else k.model_copy(update={"expression": _told_anew(k.expression, texts)})
            for k in keys
        )
    if table is not None:
        update["table"] = tables.get(table, table)
    if isinstance(spec, ForeignKey) and spec.references:
        to = spec.references
        update["references"] = tables.get(to, to)
        update["referenced_columns"] = tuple(named(n, to) for n in spec.referenced_columns or ())
    return update


def _retold(spec: Spec, columns: Mapping[str, str]) -> dict[str, Any]:
    """The SQL texts of a spec with columns of its table under their new names."""
    update: dict[str, Any] = {}
    for field in _TEXTS:
        if text := getattr(spec, field, None):
            update[field] = _told_anew(text, columns)
    if isinstance(spec, Column) and spec.generated is not None:
        text = _told_anew(spec.generated.expression, columns)
        update["generated"] = spec.generated.model_copy(update={"expression": text})
    return update


def _told_anew(text: str, columns: Mapping[str, str]) -> str:
    """Returns SQL with column names replaced, outside of strings, calls and casts."""

    def word(found: re.Match[str]) -> str:
        name = found["quoted"].replace('""', '"') if found["quoted"] else found["bare"]
        return quote(columns[name]) if name in columns else found[0]

    return _WORD.sub(word, text)


# ------------------------------------------------------------------ steps


def rename_steps(change: Change, planning: Planning) -> list[Step]:
    """The step that gives the object its new name; none where its table's rename does."""
    address, former = change.address, change.renamed_from
    assert former is not None
    if address.kind in IN_TABLE:
        if last(former) == last(address):
            return []
        if table_of(former) != table_of(address) and not _table_is_renamed(address, former, planning):
            planning.refuse(address, f"{former} stands on another table", "drop it there and create it here")
            return []
        return [_in_table(address, last(former))]
    if address.kind not in _RENAMED or (address.kind == "index" and schema_of(former) != schema_of(address)):
        planning.refuse(address, f"{former} cannot be renamed to this", "drop it and create this one")
        return []
    covers = _follow(address, former, planning) if address.kind == "table" else ()
    return [_relation(address, former, covers)]


def _table_is_renamed(address: Address, former: Address, planning: Planning) -> bool:
    table = planning.changes.get(table_of(address))
    return table is not None and table.renamed_from == table_of(former)


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
    word = _RENAMED[address.kind]
    title = f"rename {address.kind} {short(former)} to {short(address)}"
    back = Back(f"rename it back to {short(former)}", tuple(_moves(word, address, former)))
    return quick(address, f"rename/{former.name}", title, _moves(word, former, address), back, covers=covers)


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


def _follow(table: Address, former: Address, planning: Planning) -> tuple[Address, ...]:
    """What a renamed table takes along: changes that are nothing but their new address."""
    return tuple(
        c.address
        for c in planning.changed_on(table, Action.RENAME)
        if c.renamed_from is not None and c.address.kind in IN_TABLE and table_of(c.renamed_from) == former
    )
