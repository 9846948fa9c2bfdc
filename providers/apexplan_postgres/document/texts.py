"""Checks of one object's names and texts: nothing in them may be cut, misread, or leave its place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Final

from apexplan.document import Path
from apexplan.model.change import Declared
from apexplan.model.diagnostics import Problem
from apexplan_postgres.document.expander import bad_name
from apexplan_postgres.document.signatures import why_not_a_result, why_not_arguments
from apexplan_postgres.fragments import is_sql_body, why_not_a_type, why_not_an_expression, why_not_balanced
from apexplan_postgres.names import parts, why_not_a_name
from apexplan_postgres.specs import (
    Check,
    Column,
    Exclude,
    Extension,
    ForeignKey,
    Function,
    Index,
    IndexKey,
    PrimaryKey,
    Trigger,
    Unique,
)
from apexplan_postgres.sqltext import is_name, is_operator

_EXTENSION: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,62}\Z")
_SETTING: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*(\.[A-Za-z_][A-Za-z0-9_$]*)*\Z")
_why_not_a_name: Final = lru_cache(maxsize=65536)(why_not_a_name)
"""Names of columns come again and again."""
_RESERVED_SCHEMAS: Final = frozenset({"information_schema", "apexplan"})


def name_problems(one: Declared) -> Iterator[Problem]:
    """What is wrong with the object's own name and with those that it speaks of."""
    yield from _own_name(one)
    for name, path in _names_used(one):
        why = _why_not_a_name(name)
        if why:
            yield bad_name(name, path, why)


def text_problems(one: Declared) -> Iterator[Problem]:
    """What is wrong with types, expressions and other texts that go into SQL."""
    spec, path = one.spec, one.path
    match spec:
        case Column():
            yield from _column_texts(spec, path)
        case Check():
            yield from _expression(spec.expression, (*path, "expression"))
        case Index() | Exclude():
            yield from _expression(spec.where, (*path, "where"))
            for number, key in enumerate(spec.keys or ()):
                yield from _key_texts(key, (*path, "on", number))
        case Trigger():
            yield from _expression(spec.when, (*path, "when"))
        case Function():
            yield from _function_texts(one, spec)


def _own_name(one: Declared) -> Iterator[Problem]:
    if one.address.kind == "extension":
        (name,) = parts(one.address.name) or ("",)
        if not _EXTENSION.match(name):
            yield bad_name(name, one.path, "only letters, digits, _ and - are allowed")
        return
    if one.address.kind == "schema":
        yield from _schema_name(one.address.name, one.path)
    for name in parts(one.address.name.partition("(")[0]) or ("",):
        why = _why_not_a_name(name)
        if why:
            yield bad_name(name, one.path, why)


def _schema_name(name: str, path: Path) -> Iterator[Problem]:
    if name.startswith("pg_"):
        yield bad_name(name, path, "PostgreSQL keeps names that begin with pg_ for itself")
    elif name in _RESERVED_SCHEMAS:
        yield bad_name(name, path, "the schema is the server's or apexplan's own")


def _names_used(one: Declared) -> Iterator[tuple[str, Path]]:
    """The names in fields of the spec, each with its place in the document."""
    spec, path = one.spec, one.path
    match spec:
        case Extension():
            yield from _one(spec.schema_name, (*path, "schema"))
        case PrimaryKey() | Unique():
            yield from _each(spec.columns, (*path, "columns"))
            yield from _each(spec.include, (*path, "include"))
        case ForeignKey():
            yield from _each(spec.columns, (*path, "columns"))
            yield from _each(spec.on_delete_columns, (*path, "on_delete_columns"))
            for name in (*parts(spec.references or ""), *(spec.referenced_columns or ())):
                yield name, (*path, "references")
        case Index():
            yield from _one(spec.using, (*path, "using"))
            yield from _keys(spec.keys or (), path)
            yield from _each(spec.include, (*path, "include"))
        case Exclude():
            yield from _one(spec.using, (*path, "using"))
            yield from _keys(spec.keys or (), path)
        case Trigger():
            yield from _each(spec.update_of, (*path, "update_of"))
            yield from _one(spec.old_table, (*path, "old_table"))
            yield from _one(spec.new_table, (*path, "new_table"))
            for name in parts((spec.function or "").partition("(")[0]):
                yield name, (*path, "function")
        case Function():
            yield from _one(spec.language, (*path, "language"))


def _one(name: str | None, path: Path) -> Iterator[tuple[str, Path]]:
    if name is not None:
        yield name, path


def _each(names: Iterable[str] | None, path: Path) -> Iterator[tuple[str, Path]]:
    for number, name in enumerate(names or ()):
        yield name, (*path, number)


def _keys(keys: Iterable[IndexKey], path: Path) -> Iterator[tuple[str, Path]]:
    for number, key in enumerate(keys):
        place = (*path, "on", number)
        yield from _one(key.column, (*place, "column"))
        for name in parts(key.opclass) if key.opclass is not None else ():
            yield name, (*place, "opclass")
        for name, _ in key.opclass_options:
            yield name, (*place, "opclass_options", name)


# ------------------------------------------------------------------ texts


def _column_texts(spec: Column, path: Path) -> Iterator[Problem]:
    if spec.type is not None:
        yield from _refused("bad-type", spec.type, why_not_a_type(spec.type), (*path, "type"))
    yield from _expression(spec.default, (*path, "default"), enclosed=False)
    yield from _expression(spec.backfill, (*path, "backfill"), enclosed=False)
    if spec.generated is not None:
        yield from _expression(spec.generated.expression, (*path, "generated", "expression"))
    yield from _collation(spec.collation, (*path, "collation"))


def _key_texts(key: Any, path: Path) -> Iterator[Problem]:
    yield from _expression(key.expression, (*path, "expression"))
    yield from _collation(key.collation, (*path, "collation"))
    operator = getattr(key, "operator", None)
    if operator is not None and not is_operator(operator):
        yield from _refused("bad-operator", operator, "it is no operator", (*path, "operator"))


def _collation(sql: str | None, path: Path) -> Iterator[Problem]:
    if sql is not None and not is_name(sql):
        yield bad_name(sql, path, "a collation is a name such as C, or one with its schema")


def _function_texts(one: Declared, spec: Function) -> Iterator[Problem]:
    types = one.address.name.partition("(")[2].removesuffix(")")
    path = one.path
    yield from _refused(
        "bad-type", spec.returns or "", why_not_a_result(spec.returns or ""), (*path, "returns")
    )
    arguments = spec.arguments or ""
    yield from _refused("bad-arguments", arguments, why_not_arguments(arguments, types), (*path, "arguments"))
    for name, value in (spec.settings or {}).items():
        place = (*path, "settings", name)
        if not _SETTING.match(name):
            yield bad_name(name, place, "a setting is a word, or words with dots between them")
        why = why_not_balanced(value, statements=False)
        yield from _refused("bad-sql", value, why, place)
    body = spec.body or ""
    if not body.strip():
        yield from _refused("bad-sql", body, "it is empty", (*path, "body"))
    elif "\0" in body or is_sql_body(spec.language or "", body):
        why = why_not_balanced(body, statements="atomic" in body[:30].lower())
        yield from _refused("bad-sql", "the body", why, (*path, "body"))


def _expression(text: str | None, path: Path, *, enclosed: bool = True) -> Iterator[Problem]:
    if text is not None:
        why = why_not_an_expression(text, enclosed=enclosed)
        yield from _refused("bad-sql", text, why, path)


def _refused(code: str, text: str, why: str, path: Path) -> Iterator[Problem]:
    if why:
        shown = text if len(text) <= 60 and text.isprintable() else f"{text[:57]!r}…"
        yield Problem(code, path, _SUMMARIES[code], f"`{shown}`: {why}", _WHY, _MENDS[code])


_WHY: Final = "what a manifest says must not leave its place in the statement that is made of it"
_SUMMARIES: Final = {
    "bad-sql": "an SQL text cannot stand here",
    "bad-type": "this is no type",
    "bad-operator": "this is no operator",
    "bad-arguments": "a function cannot have these arguments",
}
_MENDS: Final = {
    "bad-sql": "write one expression, in parentheses if need be; to have no such thing, leave the field out",
    "bad-type": "write a type as in SQL, such as text, varchar(20), vector(1536) or timestamp with time zone",
    "bad-arguments": "write arguments as in CREATE FUNCTION, of the types that stand in the key",
    "bad-operator": "write an operator such as = or &&, with its schema in front if need be: app.=",
}
