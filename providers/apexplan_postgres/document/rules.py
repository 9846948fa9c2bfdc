"""Checks of one object's fields against each other: what PostgreSQL would refuse whatever is live."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from apexplan.document import Path
from apexplan.model.change import Declared
from apexplan.model.diagnostics import Problem
from apexplan_postgres.document.methods import nearest
from apexplan_postgres.document.signatures import canonical_type
from apexplan_postgres.specs import Column, Exclude, ForeignKey, Index, IndexKey, Table, Trigger
from apexplan_postgres.sqltext import freezes

# Manual 18: CREATE TABLE, Storage Parameters. Those of the TOAST table (`toast.…`) are kept
# elsewhere and not read, so they are not among them.
TABLE_PARAMETERS: Final = frozenset(
    """fillfactor toast_tuple_target parallel_workers autovacuum_enabled vacuum_index_cleanup
    vacuum_truncate autovacuum_vacuum_threshold autovacuum_vacuum_max_threshold
    autovacuum_vacuum_scale_factor autovacuum_vacuum_insert_threshold
    autovacuum_vacuum_insert_scale_factor autovacuum_analyze_threshold
    autovacuum_analyze_scale_factor autovacuum_vacuum_cost_delay autovacuum_vacuum_cost_limit
    autovacuum_freeze_min_age autovacuum_freeze_max_age autovacuum_freeze_table_age
    autovacuum_multixact_freeze_min_age autovacuum_multixact_freeze_max_age
    autovacuum_multixact_freeze_table_age log_autovacuum_min_duration
    log_autoanalyze_min_duration vacuum_max_eager_freeze_failure_rate
    user_catalog_table""".split()  # noqa: SIM905  one word a line would be a screen
)
_MOMENTS: Final = frozenset({"now", "today", "tomorrow", "yesterday"})
_WHOLE_NUMBERS: Final = frozenset({"smallint", "integer", "bigint"})


def rule_problems(one: Declared) -> Iterator[Problem]:
    """What is wrong with one object by itself."""
    spec, path = one.spec, one.path
    match spec:
        case Table():
            yield from _table_parameters(spec, path)
        case Column():
            yield from _column(spec, path)
        case Index() | Exclude():
            for number, key in enumerate(spec.keys or ()):
                yield from _key(key, (*path, "on", number))
        case ForeignKey():
            yield from _foreign_key(spec, path)
        case Trigger():
            yield from _trigger(spec, path)


def _table_parameters(spec: Table, path: Path) -> Iterator[Problem]:
    for name in spec.options or {}:
        if name not in TABLE_PARAMETERS:
            yield Problem(
                "unknown-parameter",
                (*path, "with", name),
                "a table has no such storage parameter",
                f"`{name}`",
                "manual: CREATE TABLE, Storage Parameters",
                nearest(name, TABLE_PARAMETERS) or "remove it",
            )


def _column(spec: Column, path: Path) -> Iterator[Problem]:
    given = [name for name in ("identity", "generated", "default") if getattr(spec, name) is not None]
    for name in given[1:]:
        yield _contradiction(
            (*path, name),
            f"`{given[0]}` and `{name}` of one column",
            "a column gets its value in one way: a default, an identity, or an expression",
            "leave one of the two out",
        )
    if spec.identity is not None and spec.null:
        yield _contradiction(
            (*path, "null"),
            "`null: true` of an identity",
            "an identity is never null",
            "write `null: false`, or leave it out",
        )
    if spec.identity is not None and canonical_type(spec.type or "") not in _WHOLE_NUMBERS:
        yield _contradiction(
            (*path, "identity"),
            f"an identity of type {spec.type}",
            "an identity is a whole number",
            "use smallint, integer or bigint",
        )
    yield from _moments(spec, path)


def _moments(spec: Column, path: Path) -> Iterator[Problem]:
    type_ = canonical_type(spec.type or "")
    for name in ("default", "backfill"):
        text = getattr(spec, name)
        if text is not None and (freezes(text, type_) or text.strip().lower() in _MOMENTS):
            yield Problem(
                "frozen-moment",
                (*path, name),
                "a moment would be stored once and stay for ever",
                f"`{text}`",
                "'now' is read when the statement is, and not again for each row (manual 8.5.1.4)",
                "write now() or CURRENT_DATE",
            )


def _key(key: IndexKey, path: Path) -> Iterator[Problem]:
    if (key.column is None) == (key.expression is None):
        both = "both `column` and `expression`" if key.column is not None else "neither column nor expression"
        mend = "name a column or an expression, not both"
        yield _contradiction(path, f"a key with {both}", "a key is one of the two", mend)
    if key.opclass_options and key.opclass is None:
        yield _contradiction(
            (*path, "opclass_options"),
            "options of an operator class that is not named",
            "SQL has no words for them without the operator class's name",
            "name the operator class beside its options",
        )


def _foreign_key(spec: ForeignKey, path: Path) -> Iterator[Problem]:
    columns, referenced = spec.columns or (), spec.referenced_columns
    if referenced is not None and len(columns) != len(referenced):
        yield _contradiction(
            (*path, "columns"),
            f"here {len(columns)} ({', '.join(columns)}), there {len(referenced)} ({', '.join(referenced)})",
            "each column of a foreign key refers to one of the other table",
            "name as many columns on both sides",
        )
    if spec.on_delete_columns and spec.on_delete not in ("set null", "set default"):
        yield _contradiction(
            (*path, "on_delete_columns"),
            f"`on_delete_columns` with `on_delete: {spec.on_delete}`",
            "only set null and set default touch columns",
            "remove `on_delete_columns`",
        )


def _trigger(spec: Trigger, path: Path) -> Iterator[Problem]:
    events = spec.events or ()
    if spec.update_of and "update" not in events:
        yield _contradiction(
            (*path, "update_of"),
            "`update_of` without the event update",
            "it says which updates count",
            "add update to `events`, or remove `update_of`",
        )
    if "truncate" in events and spec.for_each == "row":
        yield _contradiction(
            (*path, "events"),
            "the event truncate for each row",
            "TRUNCATE does not look at rows",
            "write `for_each: statement`",
        )
    if (spec.old_table or spec.new_table) and (spec.timing != "after" or spec.update_of):
        yield _contradiction(
            (*path, "old_table" if spec.old_table else "new_table"),
            "a table of changed rows in a trigger that is not `after`, or has `update_of`",
            "the rows are known after the statement alone (manual: CREATE TRIGGER)",
            "write `timing: after`, without `update_of`",
        )


def _contradiction(path: Path, what: str, why: str, mend: str) -> Problem:
    return Problem("contradiction", path, "two settings contradict each other", what, why, mend)
