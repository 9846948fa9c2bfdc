"""Temporary objects that show how the server itself spells a text, in a transaction that is undone.

For each table there is a temporary one of the same name, with the columns that the plan will
leave it with; it is made from specs, so that no lock on the real table is needed. On it stand the
objects that are asked about, under names of our own, and they are read back by the same code as
live ones.

Nothing of a manifest is run by this: a default is set on a column that exists (ADD COLUMN would
evaluate it), checks are NOT VALID, the table has no rows. Every statement goes alone, by the
extended protocol, which refuses a second one behind a semicolon.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from apexplan.model.address import Address
from apexplan.model.spec import Spec
from apexplan_postgres.fragments import is_sql_body
from apexplan_postgres.names import last, parts, quote, table_of
from apexplan_postgres.read import contents
from apexplan_postgres.read.catalog import load
from apexplan_postgres.specs import Check, Column, Exclude, Function, Index, IndexKey, Trigger

if TYPE_CHECKING:
    import psycopg
    from psycopg import Connection

_PREFIX = "apexplan_scratch_"
_REFUSALS = frozenset({"0A", "22", "2B", "3F", "42", "54"})
"""Classes of SQLSTATE that speak of the text; the others (locks, connections) speak of the moment."""
_AT_ONCE = 500
"""Questions in one transaction. Each takes about four locks; there is room for 6,400 by default
(manual 20.12, max_locks_per_transaction)."""
_NO_TRIGGER = "pg_catalog.suppress_redundant_updates_trigger()"
"""Stands for the trigger's function, which the plan may yet have to make."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The columns of one table: name, type and collation; the latter two as SQL."""

    columns: tuple[tuple[str, str, str | None], ...]


def respell(
    connection: Connection[Any],
    version: int,
    shapes: Mapping[Address, Shape],
    questions: Mapping[Address, Spec],
) -> dict[Address, Spec | psycopg.Error]:
    """Returns each spec as the server gives it back, or the error with which it refused.

    `questions` are columns, checks, exclusions, indexes, triggers and functions with every field
    set; `shapes` are the tables that they stand on.
    """
    names = {address: f"{_PREFIX}{number}" for number, address in enumerate(questions)}
    answers: dict[Address, Spec | psycopg.Error] = {}
    for batch in _batches(questions):
        with connection.transaction(force_rollback=True):
            connection.execute("SET LOCAL check_function_bodies = off")
            errors = _make(connection, shapes, {a: (names[a], questions[a]) for a in batch})
            found = _found(connection, version)
        answers |= errors
        answers |= {a: found[names[a]] for a in batch if a not in errors}
    return answers


def table_under(address: Address, spec: Spec) -> Address | None:
    """Returns the table that the object stands on, or None for a function."""
    if isinstance(spec, Function):
        return None
    return spec.parent(address) if isinstance(spec, Index) else table_of(address)


def _batches(questions: Mapping[Address, Spec]) -> Iterator[list[Address]]:
    """Splits the questions so that no two tables in one batch share their bare name, and the locks
    of one batch fit into the server's lock table."""
    rest = dict(questions)
    while rest:
        taken: dict[str, Address] = {}
        batch = []
        for address, spec in rest.items():
            table = table_under(address, spec)
            if table is None or taken.setdefault(last(table), table) == table:
                batch.append(address)
            if len(batch) == _AT_ONCE:
                break
        yield batch
        for address in batch:
            del rest[address]


def _make(
    connection: Connection[Any],
    shapes: Mapping[Address, Shape],
    wanted: Mapping[Address, tuple[str, Spec]],
) -> dict[Address, Spec | psycopg.Error]:
    """Makes the temporary objects; returns the errors of those that could not be made.

    All go at once; only if one is refused, each goes alone, to find out which.
    """
    under = {address: table_under(address, spec) for address, (_, spec) in wanted.items()}
    tables = {table: _table(table, shapes[table]) for table in under.values() if table is not None}
    objects = {
        address: _MAKERS[type(spec)](_relation(under[address]), name, spec)
        for address, (name, spec) in wanted.items()
    }
    if _try(connection, [*tables.values(), *chain.from_iterable(objects.values())]) is None:
        return {}
    refused = {table: _try(connection, [statement]) for table, statement in tables.items()}
    errors: dict[Address, Spec | psycopg.Error] = {}
    for address, statements in objects.items():
        table = under[address]
        error = (refused[table] if table is not None else None) or _try(connection, statements)
        if error is not None:
            errors[address] = error
    return errors


def _relation(table: Address | None) -> str:
    return f"pg_temp.{quote(last(table))}" if table is not None else ""


def _try(connection: Connection[Any], statements: list[str]) -> psycopg.Error | None:
    """Runs the statements under a savepoint; returns the error, which leaves nothing behind.

    A pipeline waits once for all answers, and uses the extended protocol as it must be.
    """
    import psycopg

    try:
        with connection.transaction(), connection.pipeline():
            for statement in statements:
                connection.execute(statement.encode())
    except psycopg.Error as error:
        if (error.sqlstate or "")[:2] not in _REFUSALS:
            raise
        return error
    return None


def _found(connection: Connection[Any], version: int) -> dict[str, Spec]:
    """Returns the temporary objects by the names that they were made under."""
    row = connection.execute("SELECT pg_my_temp_schema()::oid").fetchone()
    assert row is not None
    catalog = load(connection, "scratch", version, {row[0]: "pg_temp"})
    return {parts(address.name)[-1].partition("(")[0]: spec for address, spec in contents(catalog).items()}


def _table(table: Address, shape: Shape) -> str:
    columns = ", ".join(_column_sql(*column) for column in shape.columns)
    return f"CREATE TABLE {_relation(table)} ({columns})"


def _column_sql(name: str, type_: str | None, collation: str | None) -> str:
    return f"{quote(name)} {type_}" + (f" COLLATE {collation}" if collation else "")


def _column(table: str, name: str, spec: Any) -> list[str]:
    definition = _column_sql(name, spec.type, spec.collation)
    if spec.generated:
        kept = "STORED" if spec.generated.stored else "VIRTUAL"
        definition += f" GENERATED ALWAYS AS ({spec.generated.expression}) {kept}"
    statements = [f"ALTER TABLE {table} ADD COLUMN {definition}"]
    if spec.default is not None:
        statements.append(f"ALTER TABLE {table} ALTER COLUMN {quote(name)} SET DEFAULT ({spec.default})")
    return statements


def _check(table: str, name: str, spec: Any) -> list[str]:
    return [f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({spec.expression}) NOT VALID"]


def _index(table: str, name: str, spec: Any) -> list[str]:
    keys = ", ".join(map(_key, spec.keys))
    return [f"CREATE INDEX {name} ON {table} USING {quote(spec.using)} ({keys}){_where(spec.where)}"]


def _exclude(table: str, name: str, spec: Any) -> list[str]:
    keys = ", ".join(f"{_key(key)} WITH {_operator(key.operator)}" for key in spec.keys)
    rest = f"USING {quote(spec.using)} ({keys}){_where(spec.where)}"
    return [f"ALTER TABLE {table} ADD CONSTRAINT {name} EXCLUDE {rest}"]


def _trigger(table: str, name: str, spec: Any) -> list[str]:
    head = f"CREATE TRIGGER {name} {spec.timing} {' OR '.join(spec.events)} ON {table}"
    when = f" WHEN ({spec.when})" if spec.when is not None else ""
    return [f"{head} FOR EACH {spec.for_each}{when} EXECUTE FUNCTION {_NO_TRIGGER}"]


def _function(table: str, name: str, spec: Any) -> list[str]:
    head = f"CREATE FUNCTION pg_temp.{name}({spec.arguments or ''})"
    body = spec.body if is_sql_body(spec.language, spec.body) else "AS ''"
    return [f"{head} RETURNS {spec.returns} LANGUAGE {quote(spec.language)} {body}"]


def _where(condition: str | None) -> str:
    return f" WHERE ({condition})" if condition is not None else ""


def _operator(name: str) -> str:
    return f"OPERATOR({name})" if "." in name else name


def _key(key: IndexKey) -> str:
    """A key without the parameters of its operator class: those need no respelling, and are no
    SQL where the class is left to the default."""
    text = quote(key.column) if key.column is not None else f"({key.expression})"
    text += f" COLLATE {key.collation}" if key.collation else ""
    text += f" {key.opclass}" if key.opclass else ""
    text += " DESC" if key.order == "desc" else ""
    if key.nulls != ("first" if key.order == "desc" else "last"):
        text += f" NULLS {key.nulls.upper()}"
    return text


_MAKERS: dict[type[Spec], Callable[[str, str, Any], list[str]]] = {
    Column: _column,
    Check: _check,
    Index: _index,
    Exclude: _exclude,
    Trigger: _trigger,
    Function: _function,
}
