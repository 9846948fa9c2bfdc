"""A document → one `Declared` an object, in the order of the file.

Short forms become long ones, names become addresses, and what it means to be such an object is set
in full: of an index its table, method, keys, flags and condition, of a constraint, trigger or
function the whole definition. Everything else is set only where the document sets it. Problems that
leave no object to speak of are reported here; `checks` looks at the rest.

Columns, constraints, indexes and triggers of a table are in `expand_table`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from apexplan.document import Path
from apexplan.model.address import Address
from apexplan.model.change import Declared
from apexplan.model.diagnostics import Problem
from apexplan_postgres.document.expand_table import Keys, expand_table
from apexplan_postgres.document.expander import (
    Expander,
    bad_name,
    comment_of,
    given,
    parameter_text,
)
from apexplan_postgres.document.models import (
    ExtensionBlock,
    FunctionBlock,
    PostgresSchema,
    SchemaBlock,
    TableBlock,
)
from apexplan_postgres.document.naming import Naming
from apexplan_postgres.names import spelled, table_of
from apexplan_postgres.specs import Extension, ForeignKey, Function, PrimaryKey, Schema, Table, Unique


def expand_document(document: PostgresSchema) -> Expander:
    """Returns everything that the document declares."""
    expander = Expander(Naming(document.store, document.schema_))
    for name, extension in document.extensions.items():
        _extension(expander, name, extension)
    for name, schema in document.schemas.items():
        _schema(expander, name, schema)
    for key, function in document.functions.items():
        _function(expander, key, function)
    keys = primary_keys(document, expander.naming)
    for key, table in document.tables.items():
        _table(expander, key, table, keys)
    expander.declared = list(_after_their_keys(expander.declared))
    return expander


def _after_their_keys(declared: list[Declared]) -> Iterator[Declared]:
    """Foreign keys wait for the primary key or unique constraint that they refer to: no field of
    theirs names it."""
    keys = {
        (table_of(one.address).name, frozenset(one.spec.columns or ())): one.address
        for one in declared
        if isinstance(one.spec, PrimaryKey | Unique)
    }
    for one in declared:
        spec = one.spec
        if isinstance(spec, ForeignKey):
            key = keys.get((spec.references or "", frozenset(spec.referenced_columns or ())))
            if key is not None:
                lifecycle = replace(one.lifecycle, depends_on=one.lifecycle.depends_on | {key})
                one = replace(one, lifecycle=lifecycle)
        yield one


def primary_keys(document: PostgresSchema, naming: Naming) -> Keys:
    """Returns the columns of each primary key that the document declares, by table."""
    found = {}
    for key, table in document.tables.items():
        name = naming.relation(key)
        if name is not None and table.primary_key is not None:
            primary_key = table.primary_key
            found[name] = primary_key if isinstance(primary_key, tuple) else primary_key.columns
    return found


def _extension(expander: Expander, name: str, block: ExtensionBlock) -> None:
    values = given(block, "version")
    if block.schema_ is not None:
        values["schema_name"] = block.schema_
    address = Address(expander.naming.store, "extension", spelled(name))
    expander.declare(address, Extension(**values), ("extensions", name), block.lifecycle)


def _schema(expander: Expander, name: str, block: SchemaBlock) -> None:
    address = Address(expander.naming.store, "schema", spelled(name))
    expander.declare(address, Schema(**comment_of(block)), ("schemas", name), block.lifecycle, spelled)


def _function(expander: Expander, key: str, block: FunctionBlock) -> None:
    path: Path = ("functions", key)
    name = expander.naming.function(key)
    if name is None:
        expander.problems.append(_no_signature(key, path))
        return
    types = name.partition("(")[2].removesuffix(")")
    spec = Function(
        arguments=types if block.arguments is None else block.arguments.strip(),
        returns=block.returns,
        language=block.language,
        body=block.body,
        volatility=block.volatility,
        strict=block.strict,
        security_definer=block.security_definer,
        parallel=block.parallel,
        settings=dict(block.settings),
        **comment_of(block),
    )

    def former(old: str) -> str | None:
        return expander.naming.function(old if "(" in old else f"{old}({types})")

    address = Address(expander.naming.store, "function", name)
    expander.declare(address, spec, path, block.lifecycle, former)


def _table(expander: Expander, key: str, block: TableBlock, keys: Keys) -> None:
    path: Path = ("tables", key)
    name = expander.naming.relation(key)
    if name is None:
        expander.problems.append(bad_name(key, path, "it has more parts than schema.table"))
        return
    values = comment_of(block)
    if "with_" in block.model_fields_set:
        values["options"] = {key: parameter_text(value) for key, value in sorted(block.with_.items())}
    address = Address(expander.naming.store, "table", name)
    expander.declare(address, Table(**values), path, block.lifecycle, expander.naming.relation)
    expand_table(expander, name, block, path, keys)


# ------------------------------------------------------------------ the messages


def _no_signature(key: str, path: Path) -> Problem:
    return Problem(
        "bad-signature",
        path,
        "a function's key is no signature",
        f"`{key}`",
        "functions of one name differ by the types of their arguments",
        "write name(type, type), such as score(integer, text), and name() where there are none",
    )
