"""Specs → SQL text: the one place that spells CREATE, ALTER and DROP. Pure.

Every name is quoted by `names`. Types, defaults, expressions and bodies are SQL of the manifest's
author and stand as written; `run` sends each statement alone by the extended protocol, so that
none of them can hold a second statement.

A field that is None or not set is left to the server. Statements are made to be typed by hand:
none of them depends on a parameter, a search path or the one before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from typing import Any, Final

from apexplan.model.address import Address
from apexplan.model.errors import PlanError
from apexplan.model.spec import Spec
from apexplan_postgres.fragments import is_sql_body
from apexplan_postgres.names import IN_TABLE, last, literal, parts, quote, sql_name, table_of, table_sql
from apexplan_postgres.specs import (
    Check,
    Column,
    Exclude,
    ForeignKey,
    Function,
    Identity,
    Index,
    IndexKey,
    PrimaryKey,
    Trigger,
    Unique,
)
from apexplan_postgres.specs.index import STORAGE_PARAMETERS

_DEFERRABLE: Final = {
    "no": "NOT DEFERRABLE",
    "immediate": "DEFERRABLE INITIALLY IMMEDIATE",
    "deferred": "DEFERRABLE INITIALLY DEFERRED",
}
_LISTS: Final = frozenset({"search_path", "temp_tablespaces", "local_preload_libraries"})
"""Settings whose value is a list of names; the catalogue keeps it as SQL (GUC_LIST_QUOTE)."""
_COMMENTED: Final = {
    "table": "TABLE",
    "column": "COLUMN",
    "index": "INDEX",
    "function": "FUNCTION",
    "trigger": "TRIGGER",
    "schema": "SCHEMA",
}


def names(given: Iterable[str]) -> str:
    """Returns names as a list in SQL."""
    return ", ".join(map(quote, given))


def relation(name: str) -> str:
    """Returns the name part of a table's or index's address as SQL."""
    return ".".join(map(quote, parts(name)))


# ------------------------------------------------------------------ tables and columns


def create_table(
    address: Address,
    columns: Mapping[Address, Column],
    constraints: Mapping[Address, Spec],
    options: Mapping[str, str],
) -> str:
    """CREATE TABLE with columns and named constraints, one a line."""
    lines = [column(last(a), spec) for a, spec in columns.items()]
    lines += [f"CONSTRAINT {quote(last(a))} {constraint(spec)}" for a, spec in constraints.items()]
    body = ",\n".join(f"  {line}" for line in lines)
    inside = f"(\n{body}\n)" if lines else "()"
    tail = f" WITH ({storage(options)})" if options else ""
    return f"CREATE TABLE {sql_name(address)} {inside}{tail}"


def column(name: str, spec: Column, *, default: bool = True, null: bool = False) -> str:
    """A column as in CREATE TABLE; without its default, or open to NULL, where asked for."""
    words = [quote(name), spec.type or "text"]
    if spec.collation:
        words.append(f"COLLATE {spec.collation}")
    if spec.generated:
        kept = "STORED" if spec.generated.stored else "VIRTUAL"
        words.append(f"GENERATED ALWAYS AS ({spec.generated.expression}) {kept}")
    elif spec.identity:
        words.append(identity(spec.identity))
    elif default and spec.default is not None:
        words.append(f"DEFAULT {spec.default}")
    if spec.null is False and not null:
        words.append("NOT NULL")
    return " ".join(words)


def identity(spec: Identity) -> str:
    """GENERATED … AS IDENTITY with every option of the sequence."""
    return f"GENERATED {spec.generated.upper()} AS IDENTITY ({' '.join(sequence_options(spec).values())})"


def sequence_options(spec: Identity) -> dict[str, str]:
    """The options of an identity's sequence, each as a clause, by the field's name."""
    return {
        "start": f"START WITH {spec.start}",
        "increment": f"INCREMENT BY {spec.increment}",
        "minimum": f"MINVALUE {spec.minimum}",
        "maximum": "NO MAXVALUE" if spec.maximum is None else f"MAXVALUE {spec.maximum}",
        "cache": f"CACHE {spec.cache}",
        "cycle": "CYCLE" if spec.cycle else "NO CYCLE",
    }


def alter_table(address: Address, action: str) -> str:
    """ALTER TABLE on the table of `address`."""
    return f"ALTER TABLE {table_sql(address)} {action}"


def alter_column(address: Address, action: str) -> str:
    """ALTER TABLE … ALTER COLUMN on the column `address`."""
    return alter_table(address, f"ALTER COLUMN {sql_name(address)} {action}")


def set_default(address: Address, default: str | None) -> str:
    return alter_column(address, "DROP DEFAULT" if default is None else f"SET DEFAULT {default}")


def storing(address: Address, spec: Column) -> list[str]:
    """The statements for what CREATE TABLE and ADD COLUMN cannot say on every version."""
    statements = []
    if spec.storage is not None:
        statements.append(alter_column(address, f"SET STORAGE {spec.storage.upper()}"))
    if spec.compression is not None and spec.compression != "default":
        statements.append(alter_column(address, f"SET COMPRESSION {spec.compression}"))
    if spec.statistics is not None and spec.statistics != -1:
        statements.append(alter_column(address, f"SET STATISTICS {spec.statistics}"))
    return statements


def storage(options: Mapping[str, str]) -> str:
    """Storage parameters as they stand in WITH (…) and SET (…)."""
    return ", ".join(f"{_parameter(name)} = {literal(value)}" for name, value in sorted(options.items()))


def _parameter(name: str) -> str:
    """A parameter's name; `toast.` is a prefix, not a part of it."""
    return ".".join(map(quote, name.split(".")))


def set_options(head: str, wished: Mapping[str, str | None]) -> list[str]:
    """ALTER … SET and RESET for storage parameters; None resets one to the server's default."""
    given = {name: value for name, value in wished.items() if value is not None}
    gone = [name for name, value in wished.items() if value is None]
    statements = [f"{head} SET ({storage(given)})"] if given else []
    if gone:
        statements.append(f"{head} RESET ({', '.join(map(_parameter, sorted(gone)))})")
    return statements


def comment(address: Address, text: str | None) -> str:
    """COMMENT ON …; None takes it away."""
    what = _COMMENTED.get(address.kind, "CONSTRAINT")
    name = sql_name(address)
    if address.kind == "column":
        name = f"{table_sql(address)}.{name}"
    elif address.kind in IN_TABLE:
        name = f"{name} ON {table_sql(address)}"
    return f"COMMENT ON {what} {name} IS {'NULL' if text is None else literal(text)}"


def commented(address: Address, spec: Any) -> list[str]:
    """The comment of a new object, where it has one."""
    return [comment(address, spec.comment)] if spec.comment is not None else []


# ------------------------------------------------------------------ constraints


def constraint(spec: Spec) -> str:
    """A constraint as in CREATE TABLE, without its name."""
    match spec:
        case PrimaryKey():
            return f"PRIMARY KEY ({names(spec.columns or ())}){_included(spec.include)}{_deferred(spec)}"
        case Unique():
            nulls = " NULLS NOT DISTINCT" if spec.nulls_not_distinct else ""
            return f"UNIQUE{nulls} ({names(spec.columns or ())}){_included(spec.include)}{_deferred(spec)}"
        case Check():
            return f"CHECK ({spec.expression}){' NO INHERIT' if spec.no_inherit else ''}"
        case ForeignKey():
            return _foreign_key(spec)
        case Exclude():
            keys = ", ".join(f"{key(k)} WITH {_operator(k.operator)}" for k in spec.keys or ())
            using = f" USING {quote(spec.using)}" if spec.using else ""
            return f"EXCLUDE{using} ({keys}){_where(spec.where)}{_deferred(spec)}"
    raise AssertionError(f"{spec.kind} is no constraint")


def add_constraint(address: Address, spec: Spec, *, not_valid: bool = False, name: str = "") -> str:
    """ALTER TABLE … ADD CONSTRAINT; NOT VALID where asked for (CHECK and FOREIGN KEY alone)."""
    called = quote(name) if name else sql_name(address)
    tail = " NOT VALID" if not_valid else ""
    return alter_table(address, f"ADD CONSTRAINT {called} {constraint(spec)}{tail}")


def add_constraint_using(address: Address, spec: PrimaryKey | Unique, index: str) -> str:
    """ALTER TABLE … ADD CONSTRAINT … USING INDEX, which gives the index the constraint's name."""
    what = "PRIMARY KEY" if isinstance(spec, PrimaryKey) else "UNIQUE"
    return alter_table(
        address, f"ADD CONSTRAINT {sql_name(address)} {what} USING INDEX {quote(index)}{_deferred(spec)}"
    )


def drop_constraint(address: Address, name: str = "") -> str:
    return alter_table(address, f"DROP CONSTRAINT {quote(name) if name else sql_name(address)}")


def alter_deferrable(address: Address, deferrable: str | None) -> str:
    return alter_table(address, f"ALTER CONSTRAINT {sql_name(address)} {_DEFERRABLE[deferrable or 'no']}")


def index_of(address: Address, spec: PrimaryKey | Unique) -> Index:
    """Returns the unique index that a key constraint can take over."""
    return Index(
        table=table_of(address).name,
        using="btree",
        keys=tuple(IndexKey(column=name) for name in spec.columns or ()),
        include=spec.include or (),
        unique=True,
        nulls_not_distinct=bool(isinstance(spec, Unique) and spec.nulls_not_distinct),
        where=None,
    )


def _foreign_key(spec: ForeignKey) -> str:
    text = f"FOREIGN KEY ({names(spec.columns or ())}) REFERENCES {relation(spec.references or '')}"
    if spec.referenced_columns:
        text += f" ({names(spec.referenced_columns)})"
    if spec.match == "full":
        text += " MATCH FULL"
    if spec.on_delete and spec.on_delete != "no action":
        text += f" ON DELETE {spec.on_delete.upper()}"
        text += f" ({names(spec.on_delete_columns)})" if spec.on_delete_columns else ""
    if spec.on_update and spec.on_update != "no action":
        text += f" ON UPDATE {spec.on_update.upper()}"
    return text + _deferred(spec)


def _deferred(spec: PrimaryKey | Unique | ForeignKey | Exclude) -> str:
    return f" {_DEFERRABLE[spec.deferrable]}" if spec.deferrable and spec.deferrable != "no" else ""


def _included(include: tuple[str, ...] | None) -> str:
    return f" INCLUDE ({names(include)})" if include else ""


def _operator(name: str) -> str:
    return f"OPERATOR({name})" if "." in name else name


# ------------------------------------------------------------------ indexes


def create_index(address: Address, spec: Index, *, concurrently: bool) -> str:
    """CREATE INDEX. `address` says its name: a temporary one, while it is built aside."""
    words = ["CREATE", "UNIQUE" if spec.unique else "", "INDEX", "CONCURRENTLY" if concurrently else ""]
    head = " ".join(filter(None, words))
    using = f" USING {quote(spec.using)}" if spec.using else ""
    keys = ", ".join(map(key, spec.keys or ()))
    text = f"{head} {quote(last(address))} ON {relation(spec.table or '')}{using} ({keys})"
    text += _included(spec.include)
    text += " NULLS NOT DISTINCT" if spec.nulls_not_distinct else ""
    parameters = {name: value for name, value in index_parameters(spec).items() if value is not None}
    text += f" WITH ({storage(parameters)})" if parameters else ""
    return text + _where(spec.where)


def index_parameters(spec: Index) -> dict[str, str | None]:
    """Returns the parameters of WITH (…) that are set, as text; None: the server's default."""
    return {name: parameter(getattr(spec, name)) for name in STORAGE_PARAMETERS if name in spec.managed}


def parameter(value: object) -> str | None:
    """Returns one storage parameter as text; None stays None."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return None if value is None else str(value)


def drop_index(address: Address, *, concurrently: bool) -> str:
    return f"DROP INDEX {'CONCURRENTLY ' if concurrently else ''}{sql_name(address)}"


def rename_index(address: Address, name: str) -> str:
    return f"ALTER INDEX {sql_name(address)} RENAME TO {quote(name)}"


def key(spec: IndexKey) -> str:
    """One key of an index. Raises PlanError where SQL has no words for it."""
    text = quote(spec.column) if spec.column is not None else f"({spec.expression})"
    if spec.collation:
        text += f" COLLATE {spec.collation}"
    if spec.opclass_options and not spec.opclass:
        raise PlanError(
            f"the key {text} has parameters of an operator class that is not named",
            mend="name the operator class beside its parameters",
        )
    if spec.opclass:
        text += f" {spec.opclass}"
    if spec.opclass_options:
        text += f" ({storage(dict(spec.opclass_options))})"
    if spec.order == "desc":
        text += " DESC"
    if spec.nulls != ("first" if spec.order == "desc" else "last"):
        text += f" NULLS {spec.nulls.upper()}"
    return text


def _where(condition: str | None) -> str:
    return f" WHERE ({condition})" if condition is not None else ""


# ------------------------------------------------------------------ routines


def create_function(address: Address, spec: Function, *, replace: bool) -> str:
    """CREATE FUNCTION with every property that is set."""
    head = sql_name(address).partition("(")[0]
    words = [
        f"CREATE {'OR REPLACE ' if replace else ''}FUNCTION {head}({spec.arguments or ''})",
        f"RETURNS {spec.returns or 'void'}",
        f"LANGUAGE {quote(spec.language or 'sql')}",
    ]
    if spec.volatility:
        words.append(spec.volatility.upper())
    if spec.strict:
        words.append("STRICT")
    if spec.security_definer:
        words.append("SECURITY DEFINER")
    if spec.parallel:
        words.append(f"PARALLEL {spec.parallel.upper()}")
    words += [f"SET {name} TO {_setting(name, value)}" for name, value in (spec.settings or {}).items()]
    return "\n".join(words) + "\n" + _body(spec)


def _setting(name: str, value: str) -> str:
    return value if name.lower() in _LISTS else literal(value)


def _body(spec: Function) -> str:
    """The body: as SQL where it is SQL (`RETURN …`, `BEGIN ATOMIC …`), else between dollar signs."""
    body = spec.body or ""
    if is_sql_body(spec.language or "sql", body):
        return body
    tag = next(tag for tag in _tags() if tag not in body + tag[:-1])
    return f"AS {tag}{body}{tag}"


def _tags() -> Iterator[str]:
    """Dollar quotes: `$$`, `$body1$`, `$body2$` …"""
    yield "$$"
    for number in count(1):
        yield f"$body{number}$"


def create_trigger(address: Address, spec: Trigger, *, replace: bool) -> str:
    """CREATE TRIGGER without its enabled state."""
    events = " OR ".join(_event(event, spec.update_of or ()) for event in spec.events or ())
    text = f"CREATE {'OR REPLACE ' if replace else ''}TRIGGER {sql_name(address)}"
    text += f" {(spec.timing or 'before').upper()} {events} ON {table_sql(address)}"
    if spec.old_table or spec.new_table:
        text += " REFERENCING"
        text += f" OLD TABLE AS {quote(spec.old_table)}" if spec.old_table else ""
        text += f" NEW TABLE AS {quote(spec.new_table)}" if spec.new_table else ""
    text += f" FOR EACH {(spec.for_each or 'statement').upper()}"
    text += f" WHEN ({spec.when})" if spec.when is not None else ""
    function = relation((spec.function or "").removesuffix("()"))
    return text + f" EXECUTE FUNCTION {function}({', '.join(map(literal, spec.arguments or ()))})"


def _event(event: str, update_of: tuple[str, ...]) -> str:
    return f"UPDATE OF {names(update_of)}" if event == "update" and update_of else event.upper()


_ENABLED: Final = {
    "origin": "ENABLE TRIGGER",
    "always": "ENABLE ALWAYS TRIGGER",
    "replica": "ENABLE REPLICA TRIGGER",
    "disabled": "DISABLE TRIGGER",
}


def enable_trigger(address: Address, enabled: str | None) -> str:
    return alter_table(address, f"{_ENABLED[enabled or 'origin']} {sql_name(address)}")


def drop_trigger(address: Address) -> str:
    return f"DROP TRIGGER {sql_name(address)} ON {table_sql(address)}"
