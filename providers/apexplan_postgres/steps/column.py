"""Columns of tables that are there already: added, altered, dropped by renaming them aside.

add       directly where no row is written for it; else open to NULL, filled in batches, then
          NOT NULL. Identity and STORED have no such way: the table is rewritten, and blocked
drop      renamed to `_retained_…` and opened to NULL, so that writers who no longer know it go on
type      see `retype`; NOT NULL, see `fill`
the rest  one ALTER COLUMN each, undone by the same with the former value
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from apexplan.model.address import Address
from apexplan.model.change import Action, Change
from apexplan.model.plan import HazardKind, RollbackClass, Step
from apexplan_postgres import ddl
from apexplan_postgres.names import last, quote, sql_name, table_of
from apexplan_postgres.specs import Column, Identity
from apexplan_postgres.steps.base import (
    Back,
    Planning,
    alone,
    blocking,
    hazard,
    quick,
    rows,
    short,
    whole,
)
from apexplan_postgres.steps.fill import fill, not_null, open_again, validated
from apexplan_postgres.steps.retype import retyped
from apexplan_postgres.steps.table import forget, keep, kept_name
from apexplan_postgres.steps.types import is_steady
from apexplan_postgres.steps.uses import users


def column_steps(change: Change, planning: Planning) -> list[Step]:
    """The steps of one column whose table stays."""
    if change.action is Action.CREATE:
        return _added(change.address, whole(change, Column), planning)
    if change.action is Action.DELETE:
        assert isinstance(change.live, Column)
        return [_retained(change.address, change.live, planning)]
    generated = change.changed("generated")
    if generated is not None:
        return _generated_anew(change, planning)
    return _altered(change, planning)


# ------------------------------------------------------------------ adding


def _added(address: Address, spec: Column, planning: Planning) -> list[Step]:
    table = table_of(address)
    if planning.is_empty(table):
        return [_add(address, spec, ddl.column(last(address), spec))]
    if spec.identity or (spec.generated and spec.generated.stored):
        return [_add_rewriting(address, spec, planning)]
    expression = spec.backfill or spec.default
    deferred = spec.backfill is not None or (spec.default is not None and not is_steady(spec.default))
    if spec.null is False and expression is None and spec.generated is None:
        planning.refuse(
            address,
            f"NOT NULL without a value for {rows(planning.size(address))}",
            "give it a default or a backfill",
        )
        return []
    if expression is None or not deferred:
        return [_add(address, spec, ddl.column(last(address), spec))]
    bare, reason = ddl.column(last(address), spec, default=False, null=True), ""
    if spec.backfill is None:
        reason = "its default has a value of its own for every row, which ADD COLUMN would write under a lock"
    # The default comes after: ADD COLUMN would evaluate a volatile one for every row.
    later = [ddl.set_default(address, spec.default)] if spec.default is not None else []
    steps = [
        _add(address, spec, bare, later, reason),
        fill(address, expression, planning, kept=False),
    ]
    return steps + (not_null(address, planning) if spec.null is False else [])


def _add(
    address: Address, spec: Column, definition: str, later: Sequence[str] = (), reason: str = ""
) -> Step:
    statements = [ddl.alter_table(address, f"ADD COLUMN {definition}"), *later]
    statements += ddl.storing(address, spec) + ddl.commented(address, spec)
    return quick(
        address, "add", f"add column {short(address)}", statements, _dropping(address), reason=reason
    )


def _add_rewriting(address: Address, spec: Column, planning: Planning) -> Step:
    statements = [ddl.alter_table(address, f"ADD COLUMN {ddl.column(last(address), spec)}")]
    statements += ddl.storing(address, spec) + ddl.commented(address, spec)
    return alone(
        address,
        "add",
        f"add column {short(address)}",
        statements,
        _dropping(address),
        reason="PostgreSQL writes every row anew for an identity or a stored generated column",
        hazards=blocking(planning, address, "the table is rewritten"),
        size=planning.size(address),
        online=False,
    )


def _dropping(address: Address) -> Back:
    text = "values that were written to it since then go with the column"
    gone = ddl.alter_table(address, f"DROP COLUMN {sql_name(address)}")
    lost = (hazard(HazardKind.DELETES_DATA, text),)
    return Back(f"drop column {short(address)}", (gone,), lost, removes=True)


# ------------------------------------------------------------------ dropping


def _retained(address: Address, live: Column, planning: Planning) -> Step:
    after = []
    for other, _ in users(address, planning):
        # What is made anew elsewhere lets go of the column in its last step.
        after += [f"{other}/{verb}" for verb in ("drop_former", "swap")]
        if not planning.goes(other):
            text = f"{other} uses it and would follow it aside"
            planning.refuse(address, text, f"drop or change {other} in the same plan")
    kept = kept_name(address, live, planning)
    opens = live.null is False and live.identity is None and live.generated is None
    there = [ddl.alter_table(address, f"RENAME COLUMN {sql_name(address)} TO {quote(last(kept))}")]
    there += [ddl.alter_column(kept, "DROP NOT NULL")] if opens else []
    back = [ddl.alter_table(address, f"RENAME COLUMN {quote(last(kept))} TO {sql_name(address)}")]
    back += [ddl.alter_column(address, "SET NOT NULL")] if opens else []
    text = f"{rows(planning.size(address))} keep it as {last(kept)}; a later purge deletes it"
    scan = blocking(planning, address, "NOT NULL is checked again") if opens else ()
    return quick(
        address,
        "retain",
        f"rename column {short(address)} aside",
        there,
        Back(f"rename column {short(address)} back", tuple(back), scan, args=forget(kept.name)),
        args=keep(kept.name, address),
        removes=True,
        after=tuple(after),
        rollback=RollbackClass.RETENTION,
        size=planning.size(address),
        hazards=(hazard(HazardKind.DELETES_DATA, text),),
    )


# ------------------------------------------------------------------ altering


def _generated_anew(change: Change, planning: Planning) -> list[Step]:
    """Another generation: the former column is kept aside and a new one is added."""
    live, spec = change.live, whole(change, Column)
    assert isinstance(live, Column)
    retained = _retained(change.address, live, planning).model_copy(update={"removes": False})
    return [retained, *_added(change.address, spec, planning)]


def _altered(change: Change, planning: Planning) -> list[Step]:
    address, live, spec = change.address, change.live, whole(change, Column)
    assert isinstance(live, Column)
    steps: list[Step] = []
    if change.changed("type") or change.changed("collation"):
        steps += retyped(change, spec, planning)
    if change.changed("identity"):
        steps.append(_identity(address, live.identity, spec.identity))
    for field, (title, statement) in _SETTINGS.items():
        if change.changed(field):
            there, back = statement(address, spec), statement(address, live)
            told = Back(f"{title} of {short(address)} as before", (back,))
            steps.append(quick(address, f"set_{field}", f"{title} of {short(address)}", [there], told))
    return steps + _nullability(change, live, spec, planning)


_SETTINGS: Final[dict[str, tuple[str, Callable[[Address, Any], str]]]] = {
    "default": ("default", lambda a, s: ddl.set_default(a, s.default)),
    "storage": ("storage", lambda a, s: ddl.alter_column(a, f"SET STORAGE {s.storage.upper()}")),
    "compression": ("compression", lambda a, s: ddl.alter_column(a, f"SET COMPRESSION {s.compression}")),
    "statistics": ("statistics target", lambda a, s: ddl.alter_column(a, f"SET STATISTICS {s.statistics}")),
    "comment": ("comment", lambda a, s: ddl.comment(a, s.comment)),
}


def _nullability(change: Change, live: Column, spec: Column, planning: Planning) -> list[Step]:
    address = change.address
    if change.changed("null") and spec.null:
        scan = blocking(planning, address, "NOT NULL is checked again")
        back = Back(f"{short(address)} NOT NULL again", (ddl.alter_column(address, "SET NOT NULL"),), scan)
        there = [ddl.alter_column(address, "DROP NOT NULL")]
        return [quick(address, "drop_not_null", f"{short(address)} open to NULL", there, back)]
    if change.changed("null"):
        if planning.is_empty(table_of(address)):
            there = [ddl.alter_column(address, "SET NOT NULL")]
            return [quick(address, "not_null", f"{short(address)} NOT NULL", there, open_again(address))]
        filled = [fill(address, spec.backfill, planning, kept=True)] if spec.backfill else []
        return filled + not_null(address, planning)
    if change.changed("null_validated") and spec.null_validated:
        return [_validated_in_place(change, planning)]
    return []


def _validated_in_place(change: Change, planning: Planning) -> Step:
    """Validates a NOT NULL; undone, it is added anew. Whoever added it NOT VALID chose its name,
    which only the store knows."""
    address = change.address
    name = quote(planning.facts.details["not_null_names"][str(change.origin or address)])
    loosen = (
        ddl.alter_table(address, f"DROP CONSTRAINT {name}"),
        ddl.alter_table(address, f"ADD CONSTRAINT {name} NOT NULL {sql_name(address)} NOT VALID"),
    )
    return validated(address, name, planning, Back(f"{short(address)} NOT NULL for new rows only", loosen))


def _identity(address: Address, live: Identity | None, desired: Identity | None) -> Step:
    """GENERATED … AS IDENTITY added, dropped or altered. Dropping loses where the sequence stood."""
    loses = live is not None and desired is None
    there, back = _to_identity(address, live, desired), _to_identity(address, desired, live)
    return quick(
        address,
        "identity",
        f"identity of {short(address)}",
        [there],
        Back(f"identity of {short(address)} as before", (back,)),
        rollback=RollbackClass.LOSSY if loses else RollbackClass.LOSSLESS,
        reason="undone, the sequence begins at its start again" if loses else "",
    )


def _to_identity(address: Address, live: Identity | None, desired: Identity | None) -> str:
    if desired is None:
        return ddl.alter_column(address, "DROP IDENTITY")
    if live is None:
        return ddl.alter_column(address, f"ADD {ddl.identity(desired)}")
    options = ddl.sequence_options(desired)
    words = [f"SET GENERATED {desired.generated.upper()}"] if live.generated != desired.generated else []
    changed = [n for n in options if getattr(live, n) != getattr(desired, n)]
    words += [f"SET {options[name]}" for name in changed]
    return ddl.alter_column(address, " ".join(words))
