"""Functions and triggers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from apexplan.model.address import Address
from apexplan.model.spec import Spec
from apexplan_postgres.names import spelled
from apexplan_postgres.read.catalog import Catalog, options
from apexplan_postgres.specs import Function, Trigger

_FUNCTIONS = """
SELECT p.oid, p.pronamespace, p.proname, p.prokind, oidvectortypes(p.proargtypes) AS types, l.lanname,
       pg_get_function_arguments(p.oid) AS arguments, pg_get_function_result(p.oid) AS returns,
       coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) AS body,
       p.provolatile, p.proisstrict, p.prosecdef, p.proparallel, p.proconfig
FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
WHERE p.pronamespace = ANY(%(schemas)s::oid[])
"""

# pg_get_expr cannot print a condition over OLD and NEW: it is cut out of the definition.
_TRIGGERS = """
SELECT t.oid, t.tgrelid, t.tgname, t.tgtype, t.tgenabled, t.tgattr::int2[], t.tgargs, t.tgoldtable,
       t.tgnewtable, n.nspname, p.proname, p.pronamespace, t.tgconstraint <> 0 AS constraint_trigger,
       CASE WHEN t.tgqual IS NOT NULL THEN pg_get_triggerdef(t.oid, false) END AS definition
FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE t.tgrelid = ANY(%(tables)s::oid[]) AND NOT t.tgisinternal AND t.tgparentid = 0
"""

_UNMANAGED = {
    "a": ("aggregate", "aggregates"),
    "p": ("procedure", "procedures"),
    "w": ("window function", "window functions"),
    "c": ("function in C", "functions in C"),
}
_CONSTRAINT_TRIGGER = ("constraint trigger", "constraint triggers")
_VOLATILITY: Final[dict[str, Any]] = {"v": "volatile", "s": "stable", "i": "immutable"}
_PARALLEL: Final[dict[str, Any]] = {"u": "unsafe", "r": "restricted", "s": "safe"}
_ENABLED: Final[dict[str, Any]] = {"O": "origin", "A": "always", "R": "replica", "D": "disabled"}

# The bits of tgtype (catalog/pg_trigger.h).
_ROW, _BEFORE, _INSTEAD = 1, 2, 64
_EVENTS: Final[dict[Any, int]] = {"insert": 4, "update": 16, "delete": 8, "truncate": 32}


def functions(catalog: Catalog) -> Iterator[tuple[Address, Spec]]:
    """All functions but aggregates, procedures, and those in C or of an extension."""
    found: Counter[tuple[str, str]] = Counter()
    for row in catalog.rows(_FUNCTIONS):
        if catalog.is_member("pg_proc", row.oid):
            continue
        sort = "c" if row.lanname in ("c", "internal") else row.prokind
        if sort in _UNMANAGED:
            found[_UNMANAGED[sort]] += 1
            continue
        name = f"{spelled(catalog.schemas[row.pronamespace], row.proname)}({row.types})"
        yield Address(catalog.store, "function", name), _function(catalog, row)
    catalog.unmanaged(found)


def triggers(catalog: Catalog) -> Iterator[tuple[Address, Spec]]:
    """All triggers but those that implement constraints."""
    found: Counter[tuple[str, str]] = Counter()
    for row in catalog.rows(_TRIGGERS):
        if row.constraint_trigger:
            found[_CONSTRAINT_TRIGGER] += 1
            continue
        yield catalog.in_table("trigger", row.tgrelid, row.tgname), _trigger(catalog, row)
    catalog.unmanaged(found)


def _function(catalog: Catalog, row: Any) -> Function:
    return Function(
        arguments=row.arguments,
        returns=row.returns,
        language=row.lanname,
        body=row.body,
        volatility=_VOLATILITY[row.provolatile],
        strict=row.proisstrict,
        security_definer=row.prosecdef,
        parallel=_PARALLEL[row.proparallel],
        settings=options(row.proconfig or ()),
        comment=catalog.comment("pg_proc", row.oid),
    )


def _trigger(catalog: Catalog, row: Any) -> Trigger:
    return Trigger(
        timing=_timing(row.tgtype),
        events=tuple(event for event, bit in _EVENTS.items() if row.tgtype & bit),
        update_of=tuple(sorted(catalog.columns[row.tgrelid, number] for number in row.tgattr)),
        for_each="row" if row.tgtype & _ROW else "statement",
        when=_condition(row.definition) if row.definition else None,
        function=spelled(row.nspname, row.proname) + "()",
        arguments=tuple(part.decode() for part in bytes(row.tgargs).split(b"\0")[:-1]),
        old_table=row.tgoldtable,
        new_table=row.tgnewtable,
        enabled=_ENABLED[row.tgenabled],
        comment=catalog.comment("pg_trigger", row.oid),
    )


def _timing(bits: int) -> Any:
    if bits & _INSTEAD:
        return "instead of"
    return "before" if bits & _BEFORE else "after"


def _condition(definition: str) -> str:
    """Returns what stands between `WHEN (` and `) EXECUTE FUNCTION`."""
    start = definition.index(" WHEN (") + len(" WHEN (")
    return definition[start : definition.rindex(") EXECUTE FUNCTION ")]
