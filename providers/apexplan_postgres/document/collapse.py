"""Live objects → the short document that declares them, for `inspect`.

Written as a person would: short forms where they say enough, nothing that is the server's default,
tables and what stands in them by name, columns in the order they come. How a column is stored is
left out, for the default depends on its type. An object that `checks` would refuse (a name with a
blank, say) cannot be expressed and is left out with all that stands in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from apexplan.model.address import Address
from apexplan.model.change import Declared
from apexplan.model.diagnostics import Severity
from apexplan.model.spec import Spec
from apexplan_postgres.document.checks import columns_of, of_object, table_name
from apexplan_postgres.document.expand_table import default_primary_key
from apexplan_postgres.document.rules import TABLE_PARAMETERS
from apexplan_postgres.names import last, parts, spelled
from apexplan_postgres.specs import (
    Check,
    Column,
    Exclude,
    ExcludeKey,
    Extension,
    ForeignKey,
    Function,
    Identity,
    Index,
    IndexKey,
    PrimaryKey,
    Schema,
    Table,
    Trigger,
    Unique,
)
from apexplan_postgres.specs.index import STORAGE_PARAMETERS

Json = dict[str, Any]
_DEFAULT_SCHEMA: Final = "public"


def collapse(objects: Mapping[Address, Spec]) -> Json:
    """Returns the sections of the document that declares `objects`."""
    kept = _expressible(objects)
    return _without_empty(
        {
            "extensions": {last(a): _extension(s) for a, s in sorted(_of(Extension, kept))},
            "schemas": {last(a): _commented({}, s) for a, s in sorted(_of(Schema, kept)) if _is_told(a, s)},
            "functions": {_short(a.name): _function(a, s) for a, s in sorted(_of(Function, kept))},
            "tables": _tables(kept),
        }
    )


def _expressible(objects: Mapping[Address, Spec]) -> dict[Address, Spec]:
    declared = [Declared(address, _tame(spec)) for address, spec in objects.items()]
    columns = columns_of(declared)
    kept = {
        one.address: one.spec
        for one in declared
        if not any(problem.severity is Severity.ERROR for problem in of_object(one, columns))
    }
    tables = {address.name for address in kept if address.kind == "table"}
    return {
        address: spec
        for address, spec in kept.items()
        if (table_name(Declared(address, spec)) or None) in {None, *tables}
    }


def _tame(spec: Spec) -> Spec:
    """Leaves out storage parameters that are not PostgreSQL's own."""
    if not isinstance(spec, Table) or not spec.options:
        return spec
    known = {name: value for name, value in spec.options.items() if name in TABLE_PARAMETERS}
    return spec.model_copy(update={"options": known})


def _of(kind: type[Any], kept: Mapping[Address, Spec]) -> list[tuple[Address, Any]]:
    return [(address, spec) for address, spec in kept.items() if isinstance(spec, kind)]


def _tables(kept: Mapping[Address, Spec]) -> Json:
    found = {address.name: _table(spec) for address, spec in sorted(_of(Table, kept))}
    for address, spec in kept.items():
        if isinstance(spec, Column):
            found[table_name(Declared(address, spec))]["columns"][last(address)] = _column(spec)
    for address, spec in sorted(kept.items(), key=lambda item: item[0]):
        table = found.get(table_name(Declared(address, spec)))
        if table is None:
            continue
        if isinstance(spec, PrimaryKey):
            table["primary_key"] = _primary_key(address, spec)
        elif type(spec) in _SECTIONS:
            section, write = _SECTIONS[type(spec)]
            table[section][last(address)] = write(spec)
    return {_short(name): _without_empty(table) for name, table in found.items()}


def _short(name: str) -> str:
    """A name without the schema that is the document's default."""
    return name.removeprefix(f"{_DEFAULT_SCHEMA}.")


def _without_empty(values: Json) -> Json:
    return {name: value for name, value in values.items() if value not in (None, {}, [])}


def _differing(spec: Any, **defaults: Any) -> Json:
    """The named fields whose value is not the default."""
    found = {name: getattr(spec, name) for name in defaults}
    return {name: _plain(found[name]) for name in defaults if found[name] != defaults[name]}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _commented(values: Json, spec: Any) -> Json:
    return values | ({"comment": spec.comment} if spec.comment is not None else {})


def _parameter(text: str) -> str | int | float | bool:
    """A parameter as YAML would have it, where that gives the same text back."""
    if text in ("true", "false"):
        return text == "true"
    for number in (int, float):
        try:
            if text[-1:].isdigit() and str(number(text)) == text:
                return number(text)
        except ValueError:
            continue
    return text


# ------------------------------------------------------------------ one object each


def _is_told(address: Address, spec: Schema) -> bool:
    """The schema public is there from the start; only its comment is worth a line."""
    return address.name != _DEFAULT_SCHEMA or spec.comment is not None


def _extension(spec: Extension) -> Json:
    values = _differing(spec, version=None)
    if spec.schema_name not in (None, _DEFAULT_SCHEMA):
        values["schema"] = spec.schema_name
    return values


def _function(address: Address, spec: Function) -> Json:
    types = address.name.partition("(")[2].removesuffix(")")
    values: Json = {} if spec.arguments in (None, types) else {"arguments": spec.arguments}
    values |= {"returns": spec.returns, "language": spec.language}
    values |= _differing(spec, volatility="volatile", strict=False, security_definer=False, parallel="unsafe")
    if spec.settings:
        values["settings"] = dict(spec.settings)
    # The line break after `AS $$` means nothing, and YAML's block has no place for it.
    return _commented(values, spec) | {"body": (spec.body or "").removeprefix("\n")}


def _table(spec: Table) -> Json:
    return _commented({}, spec) | {
        "with": {name: _parameter(value) for name, value in (spec.options or {}).items()},
        "columns": {},
        "primary_key": None,
        **{section: {} for section, _ in _SECTIONS.values()},
    }


def _column(spec: Column) -> str | Json:
    values: Json = {"type": spec.type} | ({"null": False} if spec.null is False else {})
    if spec.null_validated is False:
        values["null_validated"] = False
    values |= _differing(spec, default=None)
    if spec.identity is not None:
        values["identity"] = _identity(spec.identity)
    if spec.generated is not None:
        expression = spec.generated.expression
        stored = spec.generated.stored
        values["generated"] = expression if stored else {"expression": expression, "stored": False}
    if spec.collation is not None:
        values["collation"] = spelled(*parts(spec.collation))
    if spec.compression not in (None, "default"):
        values["compression"] = spec.compression
    if spec.statistics not in (None, -1):
        values["statistics"] = spec.statistics
    values = _commented(values, spec)
    return values["type"] if values.keys() == {"type"} else values


def _identity(spec: Identity) -> str | Json:
    usual = Identity(generated=spec.generated)
    changed = {name: value for name, value in spec.model_dump().items() if value != getattr(usual, name)}
    return {"generated": spec.generated} | changed if changed else spec.generated


def _primary_key(address: Address, spec: PrimaryKey) -> list[str] | Json:
    _, table, name = parts(address.name)
    values: Json = {} if name == default_primary_key(table) else {"name": name}
    values["columns"] = list(spec.columns or ())
    values |= _differing(spec, include=(), deferrable="no")
    values = _commented(values, spec)
    return values["columns"] if values.keys() == {"columns"} else values


def _unique(spec: Unique) -> list[str] | Json:
    values: Json = {"columns": list(spec.columns or ())}
    values |= _differing(spec, include=(), nulls_not_distinct=False, deferrable="no")
    values = _commented(values, spec)
    return values["columns"] if values.keys() == {"columns"} else values


def _check(spec: Check) -> str | Json:
    values = _commented(
        {"expression": spec.expression} | _differing(spec, no_inherit=False, validated=True), spec
    )
    return values["expression"] if values.keys() == {"expression"} else values


def _foreign_key(spec: ForeignKey) -> Json:
    columns = f"({', '.join(spec.referenced_columns)})" if spec.referenced_columns else ""
    values: Json = {
        "columns": list(spec.columns or ()),
        "references": _short(spec.references or "") + columns,
    }
    usual: Json = {"on_delete": "no action", "on_delete_columns": (), "on_update": "no action"}
    usual |= {"match": "simple", "deferrable": "no", "validated": True}
    return _commented(values | _differing(spec, **usual), spec)


def _exclude(spec: Exclude) -> Json:
    values: Json = {"using": spec.using, "on": [_key(key) for key in spec.keys or ()]}
    return _commented(values | _differing(spec, where=None, deferrable="no"), spec)


def _index(spec: Index) -> Json:
    values = _differing(spec, using="btree") | {"on": _keys(spec.keys or ())}
    values |= _differing(spec, unique=False, include=(), where=None, nulls_not_distinct=False)
    parameters = _differing(spec, **dict.fromkeys(STORAGE_PARAMETERS))
    return _commented(values | ({"with": parameters} if parameters else {}), spec)


def _keys(keys: Iterable[IndexKey]) -> list[str | Json]:
    written = [_key(key) for key in keys]
    return [key["column"] if key.keys() == {"column"} else key for key in written]


def _key(key: IndexKey) -> Json:
    values = _differing(key, column=None, expression=None)
    if key.opclass is not None:
        values["opclass"] = spelled(*parts(key.opclass))
    if key.opclass_options:
        values["opclass_options"] = {name: _parameter(value) for name, value in key.opclass_options}
    if key.collation is not None:
        values["collation"] = spelled(*parts(key.collation))
    usual = "first" if key.order == "desc" else "last"
    values |= _differing(key, order="asc", nulls=usual)
    return values | ({"operator": key.operator} if isinstance(key, ExcludeKey) else {})


def _trigger(spec: Trigger) -> Json:
    values: Json = {"timing": spec.timing, "events": list(spec.events or ())}
    values |= _differing(spec, update_of=(), for_each="row", when=None)
    values["function"] = _short(spec.function or "")
    return _commented(
        values | _differing(spec, arguments=(), old_table=None, new_table=None, enabled="origin"), spec
    )


_SECTIONS: Final[dict[type[Spec], tuple[str, Callable[[Any], Any]]]] = {
    Unique: ("unique", _unique),
    Check: ("checks", _check),
    ForeignKey: ("foreign_keys", _foreign_key),
    Exclude: ("exclude", _exclude),
    Index: ("indexes", _index),
    Trigger: ("triggers", _trigger),
}
"""Where in a table each kind of object stands, and how it is written."""
