"""Another type or collation for a column.

the rows stay as they are    ALTER COLUMN TYPE, at once (see `types`)
the table is surely empty    ALTER COLUMN TYPE
only indexes use it          a shadow column, filled in batches and swapped in: see `shadow`
constraints use it           ALTER COLUMN TYPE under ACCESS EXCLUSIVE, which is blocking
triggers, generated columns  PostgreSQL refuses, and so does the plan
another vector length        no cast leads there: the values must be embedded again
"""

from __future__ import annotations

from apexplan.model.address import Address
from apexplan.model.change import Change
from apexplan.model.plan import Hazard, HazardKind, Step
from apexplan.model.spec import Spec
from apexplan_postgres import ddl
from apexplan_postgres.names import last, sql_name, table_of
from apexplan_postgres.specs import Column, Index, Trigger
from apexplan_postgres.steps.base import Back, Planning, alone, blocking, hazard, quick, rows, short
from apexplan_postgres.steps.shadow import shadowed
from apexplan_postgres.steps.types import keeps_rows, other_dimensions
from apexplan_postgres.steps.uses import said_in, users


def retyped(change: Change, spec: Column, planning: Planning) -> list[Step]:
    """The steps that bring `spec.type` and `spec.collation` to the column of `change`."""
    address, live = change.address, change.live
    assert isinstance(live, Column)
    former, wish = live.type or "", spec.type or ""
    if other_dimensions(former, wish):
        text = f"vectors of {former} cannot become {wish}: the values must be embedded again"
        planning.refuse(address, text, f"add a new column of {wish}, fill it, then drop this one")
        return []
    using = list(users(address, planning))
    if _has_no_way(address, using, planning):
        return []
    if keeps_rows(former, wish) and not change.changed("collation"):
        back_hazards = () if keeps_rows(wish, former) else rewriting(planning, address)
        return [_direct(address, live, spec, back_hazards, "the rows stay as they are")]
    if planning.is_empty(table_of(address)) and all(planning.goes(other) for other, _ in using):
        return [_direct(address, live, spec, (), "the table has no rows")]
    kept = [(other, s) for other, s in using if not planning.goes(other) or planning.changes[other].desired]
    if change.changed("collation") or not _can_be_shadowed(live, kept, address, planning):
        _refuse_classes(address, wish, kept, planning)
        return [_blocking(address, live, spec, _why_blocking(change, kept, planning), planning)]
    assert change.desired is not None
    if "storage" not in change.desired.managed:
        # The former type's way of storing may be none of the new type's.
        spec = spec.model_copy(update={"storage": None})
    return shadowed(address, live, spec, [other for other, _ in kept], planning)


def rewriting(planning: Planning, address: Address) -> tuple[Hazard, ...]:
    """The hazards of ALTER COLUMN TYPE that writes every row anew."""
    text = f"the table and its indexes are written anew, {rows(planning.size(address))}"
    return (
        hazard(HazardKind.REBUILDS, text),
        *blocking(planning, address, "the table is rewritten under a lock"),
    )


def _has_no_way(address: Address, using: list[tuple[Address, Spec]], planning: Planning) -> bool:
    """Refuses where PostgreSQL would: a trigger's columns and a generated column's source."""
    found = False
    for other, spec in using:
        if isinstance(spec, Trigger | Column) and not planning.goes(other):
            text = f"{other} uses it, and PostgreSQL does not let its type change then"
            planning.refuse(address, text, f"drop {other}, apply, change the type, and make it again")
            found = True
    return found


def _can_be_shadowed(
    live: Column, using: list[tuple[Address, Spec]], address: Address, planning: Planning
) -> bool:
    """True if the column's only users are managed indexes that name it as a key."""
    if live.identity or live.generated:
        return False
    return all(_lets_swap(other, spec, address, planning) for other, spec in using)


def _lets_swap(other: Address, spec: Spec, column: Address, planning: Planning) -> bool:
    """True for a managed index that names the column as a key."""
    return isinstance(spec, Index) and other in planning.facts.desired and not said_in(spec, column)


def _refuse_classes(
    address: Address, wish: str, using: list[tuple[Address, Spec]], planning: Planning
) -> None:
    """Refuses where an index names an operator class of the former type: ALTER TYPE would fail."""
    for other, spec in using:
        keys = [k for k in spec.keys or () if k.column == last(address)] if isinstance(spec, Index) else []
        if any(key.opclass for key in keys):
            text = f"{other} has an operator class of the former type, and cannot take {wish}"
            planning.refuse(
                address, text, f"drop {other} first, or declare it and nothing else over the column"
            )


def _why_blocking(change: Change, using: list[tuple[Address, Spec]], planning: Planning) -> str:
    """Says what keeps the column from being swapped for a shadow."""
    assert isinstance(change.live, Column)
    if change.changed("collation"):
        return "a collation changes only together with the indexes over the column, under one lock"
    if change.live.identity or change.live.generated:
        return "a column that PostgreSQL fills itself cannot be swapped for one that is filled beside it"
    bound = [short(other) for other, spec in using if not _lets_swap(other, spec, change.address, planning)]
    return f"{', '.join(bound)} cannot change over to another column"


def _direct(address: Address, live: Column, spec: Column, hazards: tuple[Hazard, ...], reason: str) -> Step:
    title = f"type of {short(address)}: {spec.type}"
    back = Back(f"type of {short(address)}: {live.type}", tuple(_alter(address, spec, live)), hazards)
    return quick(address, "type", title, _alter(address, live, spec), back, reason=reason)


def _blocking(address: Address, live: Column, spec: Column, reason: str, planning: Planning) -> Step:
    hazards = rewriting(planning, address)
    return alone(
        address,
        "type",
        f"type of {short(address)}: {spec.type}",
        _alter(address, live, spec),
        Back(f"type of {short(address)}: {live.type}", tuple(_alter(address, spec, live)), hazards),
        hazards=hazards,
        size=planning.size(address),
        online=False,
        reason=reason,
    )


def _alter(address: Address, before: Column, after: Column) -> list[str]:
    """ALTER COLUMN TYPE. A default is taken off and set again: it may have no cast of its own."""
    collation = f" COLLATE {after.collation}" if after.collation else ""
    using = (
        "" if keeps_rows(before.type or "", after.type or "") else f" USING {sql_name(address)}::{after.type}"
    )
    altered = ddl.alter_column(address, f"TYPE {after.type}{collation}{using}")
    if before.default is None or not using:
        return [altered]
    return [ddl.set_default(address, None), altered, ddl.set_default(address, after.default)]
