"""Constraints of tables that are there already, added without stopping readers or writers.

    check, foreign key   ADD … NOT VALID ─ VALIDATE
    unique, primary key  the columns NOT NULL ─ CREATE UNIQUE INDEX CONCURRENTLY ─ ADD … USING INDEX
    exclude              no online way (manual, ALTER TABLE): ADD under ACCESS EXCLUSIVE

One that changes is made beside the former (a key as its index) and takes its place in one
transaction; an exclusion constraint is dropped first.
"""

from __future__ import annotations

from typing import Final

from apexplan.model.address import Address
from apexplan.model.change import Action, Change
from apexplan.model.plan import Hazard, HazardKind, Step
from apexplan.model.spec import Spec
from apexplan_postgres import ddl
from apexplan_postgres.names import ASIDE, in_table, quote, sql_name, table_of
from apexplan_postgres.specs import Check, Column, Exclude, ForeignKey, PrimaryKey, Unique
from apexplan_postgres.steps.base import (
    Back,
    Planning,
    alone,
    aside,
    blocking,
    hazard,
    mark,
    nothing,
    owned_by,
    quick,
    rows,
    short,
    whole,
)
from apexplan_postgres.steps.fill import NOT_VALID, PATIENT, VALIDATING, not_null, reading
from apexplan_postgres.steps.index import build

Constraint = PrimaryKey | Unique | Check | ForeignKey | Exclude
_NAMES: Final = {
    "primary_key": "primary key",
    "unique": "unique constraint",
    "check": "check",
    "foreign_key": "foreign key",
    "exclude": "exclusion constraint",
}


def constraint_steps(change: Change, planning: Planning) -> list[Step]:
    """The steps of one constraint whose table stays."""
    address = change.address
    if change.action is Action.CREATE:
        former = _same_key(change, planning)
        return _added(address, whole(change, Spec), planning) if former is None else [_called(change, former)]
    if change.action is Action.DELETE:
        return [_dropped(address, change.spec, planning)]
    spec = whole(change, Spec)
    assert change.live is not None
    if any(f.rule.how == "replace" for f in change.fields):
        if isinstance(spec, Check | ForeignKey):
            return _anew(address, change.live, spec, planning)
        if isinstance(spec, PrimaryKey | Unique):
            return _key_anew(address, change.live, spec, planning)
        return [_dropped(address, change.live, planning), *_added(address, spec, planning)]
    return _altered(change, spec, planning)


# ------------------------------------------------------------------ the same under another name


def _same_key(change: Change, planning: Planning) -> Address | None:
    """Returns the primary key that this plan drops and that differs from the new one by its name
    alone, and takes over its change: `<table>_pkey` of a table that has another name now."""
    for other in planning.changed_on(table_of(change.address), Action.DELETE):
        if other.address.kind == "primary_key" and _is_same(other, change, planning):
            planning.covered.add(other.address)
            return other.address
    return None


def _is_same(former: Change, change: Change, planning: Planning) -> bool:
    live, desired = former.live, change.desired
    assert isinstance(live, PrimaryKey) and isinstance(desired, PrimaryKey)
    table = table_of(change.address).name
    columns = [in_table(change.address.store, "column", table, name) for name in live.columns or ()]
    made_anew = any(
        column_change.changed(field)
        for column in columns
        if (column_change := planning.changes.get(column)) is not None
        for field in ("type", "collation", "generated")
    )
    return not made_anew and all(getattr(live, f) == getattr(desired, f) for f in desired.managed)


def _called(change: Change, former: Address) -> Step:
    address, own = change.address, sql_name(change.address)
    return quick(
        address,
        "rename",
        f"rename {_told(former)} to {own}",
        [_rename(address, sql_name(former), own)],
        Back(f"rename it back to {sql_name(former)}", (_rename(address, own, sql_name(former)),)),
        covers=(former,),
        reason="it is the same key under another name",
    )


# ------------------------------------------------------------------ adding


def _added(address: Address, spec: Spec, planning: Planning) -> list[Step]:
    match spec:
        case Check() | ForeignKey():
            steps = _added_in_two(address, spec, planning)
        case PrimaryKey() | Unique():
            steps = _added_over_index(address, spec, planning)
        case _:
            assert isinstance(spec, Exclude)
            steps = [_added_blocking(address, spec, planning)]
    comments = ddl.commented(address, spec)
    if comments:
        title = f"comment on {_told(address)}"
        steps.append(quick(address, "comment", title, comments, nothing("nothing: the constraint goes")))
    return steps


def _added_in_two(address: Address, spec: Check | ForeignKey, planning: Planning) -> list[Step]:
    if spec.validated is not False and planning.is_empty(table_of(address)):
        return [_add(address, spec, planning)]
    added = _add(address, spec, planning, not_valid=True)
    return [added] if spec.validated is False else [added, _validate(address, planning)]


def _add(address: Address, spec: Spec, planning: Planning, *, not_valid: bool = False) -> Step:
    statements = [ddl.add_constraint(address, spec, not_valid=not_valid)]
    title = f"add {_told(address)}{' for new rows' if not_valid else ''}"
    after = _keys_of(address.store, spec, planning) if isinstance(spec, ForeignKey) else ()
    reason = NOT_VALID if not_valid else ""
    return quick(address, "add", title, statements, _dropping(address), after=after, reason=reason)


def _keys_of(store: str, spec: ForeignKey, planning: Planning) -> tuple[str, ...]:
    """The steps that make the keys on which a foreign key may rest."""
    table = Address(store, "table", spec.references or "")
    made = [c for action in (Action.CREATE, Action.REPLACE) for c in planning.changed_on(table, action)]
    keys = [c.address for c in made if isinstance(c.desired, PrimaryKey | Unique)]
    return tuple(f"{key}/{verb}" for key in keys for verb in ("add", "swap"))


def _validate(address: Address, planning: Planning, *, name: str = "", back: Back | None = None) -> Step:
    called = quote(name) if name else sql_name(address)
    return alone(
        address,
        "validate",
        f"validate {_told(address)}",
        [ddl.alter_table(address, f"VALIDATE CONSTRAINT {called}")],
        back or nothing("nothing: the constraint goes"),
        args=PATIENT,
        reason=VALIDATING,
        hazards=(reading(address, planning),),
        size=planning.size(address),
    )


def _added_over_index(address: Address, spec: PrimaryKey | Unique, planning: Planning) -> list[Step]:
    if planning.is_empty(table_of(address)):
        return [_add(address, spec, planning)]
    steps, name = _index_for(address, spec, planning)
    taken = [ddl.add_constraint_using(address, spec, name)]
    title = f"add {_told(address)} over the index"
    reason = "the index was built without stopping writers; ADD CONSTRAINT alone builds it under a lock"
    return [*steps, quick(address, "add", title, taken, _dropping(address), reason=reason)]


def _index_for(address: Address, spec: PrimaryKey | Unique, planning: Planning) -> tuple[list[Step], str]:
    """The steps that build the index which the constraint takes over, and the index's name."""
    steps = []
    if isinstance(spec, PrimaryKey):
        for column in _open_columns(address, spec, planning):
            steps += [owned_by(address, step) for step in not_null(column, planning)]
    name = f"{ASIDE}{mark(address, spec.values())}"
    index = aside(Address(address.store, "index", table_of(address).name), name)
    return [*steps, build(address, index, ddl.index_of(address, spec), planning)], name


def _open_columns(address: Address, spec: PrimaryKey, planning: Planning) -> list[Address]:
    """The columns of a primary key that are open to NULL and that no change of theirs closes."""
    found = []
    for name in spec.columns or ():
        column = in_table(address.store, "column", table_of(address).name, name)
        there, wish = planning.facts.live.get(column), planning.facts.desired.get(column)
        closes = isinstance(wish, Column) and wish.null is False
        if isinstance(there, Column) and there.null and not closes:
            found.append(column)
    return found


def _added_blocking(address: Address, spec: Exclude, planning: Planning) -> Step:
    return alone(
        address,
        "add",
        f"add {_told(address)}",
        [ddl.add_constraint(address, spec)],
        _dropping(address),
        hazards=blocking(planning, address, "the index is built under a lock"),
        size=planning.size(address),
        online=False,
        reason="PostgreSQL has no online way to add an exclusion constraint",
    )


def _dropping(address: Address) -> Back:
    return Back(f"drop {_told(address)}", (ddl.drop_constraint(address),), removes=True)


# ------------------------------------------------------------------ dropping


def _dropped(address: Address, live: Spec, planning: Planning) -> Step:
    """Drops a constraint. The way back is one transaction: for a key it builds the index under a
    lock, since a transaction cannot do it concurrently."""
    return quick(
        address,
        "drop",
        f"drop {_told(address)}",
        [ddl.drop_constraint(address)],
        _again(address, live, planning),
        removes=True,
        size=planning.size(address),
        after=_referring(address, live, planning),
    )


def _again(address: Address, live: Spec, planning: Planning, *first: str) -> Back:
    valid = getattr(live, "validated", True)
    statements = [ddl.add_constraint(address, live, not_valid=not valid), *ddl.commented(address, live)]
    hazards: tuple[Hazard, ...] = ()
    if valid:
        text = f"{rows(planning.size(address))} are read again under a lock, and cannot be written meanwhile"
        hazards = (hazard(HazardKind.BLOCKS_WRITES, text), hazard(HazardKind.SCANS_DATA, text))
    return Back(f"add {_told(address)} again", (*first, *statements), hazards)


def _referring(address: Address, live: Spec, planning: Planning) -> tuple[str, ...]:
    """The steps that drop the foreign keys which rest on this key; refuses where one stays."""
    if not isinstance(live, PrimaryKey | Unique):
        return ()
    after = []
    for other, spec in planning.referring_to(table_of(address)):
        if set(spec.referenced_columns or ()) == set(live.columns or ()):
            after.append(f"{other}/drop")
            if planning.action(other) is not Action.DELETE:
                text = f"{other} rests on it"
                planning.refuse(address, text, f"drop {other} first; it can be made again afterwards")
    return tuple(after)


# ------------------------------------------------------------------ altering


def _anew(address: Address, live: Spec, spec: Check | ForeignKey, planning: Planning) -> list[Step]:
    """Makes the constraint under another name; then it takes the former one's place."""
    fresh = f"{ASIDE}{mark(address, live.values(), spec.values())}"
    added = quick(
        address,
        "add_aside",
        f"add {_told(address)} anew for new rows",
        [ddl.add_constraint(address, spec, not_valid=True, name=fresh)],
        Back(f"drop the new {_told(address)}", (ddl.drop_constraint(address, fresh),)),
        reason="made under another name, so that the former one holds until the swap",
    )
    own = sql_name(address)
    to_new = [ddl.drop_constraint(address), _rename(address, quote(fresh), own)]
    to_new += ddl.commented(address, spec)
    back = [_rename(address, own, quote(fresh))]
    back += [ddl.add_constraint(address, live, not_valid=True), *ddl.commented(address, live)]
    if getattr(live, "validated", True):
        back.append(ddl.alter_table(address, f"VALIDATE CONSTRAINT {own}"))
    text = f"{rows(planning.size(address))} are read again for the former constraint"
    swapped = quick(
        address,
        "swap",
        f"put the new {_told(address)} in the place of the former",
        to_new,
        Back(f"put the former {_told(address)} back", tuple(back), (hazard(HazardKind.SCANS_DATA, text),)),
        size=planning.size(address),
    )
    if spec.validated is False:
        return [added, swapped]
    return [added, _validate(address, planning, name=fresh), swapped]


def _key_anew(address: Address, live: Spec, spec: PrimaryKey | Unique, planning: Planning) -> list[Step]:
    """Builds the index of the new key first: the table is never without one."""
    steps, name = _index_for(address, spec, planning)
    there = [ddl.drop_constraint(address), ddl.add_constraint_using(address, spec, name)]
    swapped = quick(
        address,
        "swap",
        f"put the new {_told(address)} in the place of the former",
        [*there, *ddl.commented(address, spec)],
        _again(address, live, planning, ddl.drop_constraint(address)),
        size=planning.size(address),
        after=_referring(address, live, planning),
        reason="its index is there already, so the table is without the key for no moment",
    )
    return [*steps, swapped]


def _rename(address: Address, former: str, name: str) -> str:
    return ddl.alter_table(address, f"RENAME CONSTRAINT {former} TO {name}")


def _altered(change: Change, spec: Spec, planning: Planning) -> list[Step]:
    address, live = change.address, change.live
    assert live is not None
    steps = []
    if change.changed("deferrable") and isinstance(spec, ForeignKey) and isinstance(live, ForeignKey):
        back = Back(
            f"{_told(address)} deferrable as before", (ddl.alter_deferrable(address, live.deferrable),)
        )
        there = [ddl.alter_deferrable(address, spec.deferrable)]
        steps.append(quick(address, "deferrable", f"deferrable of {_told(address)}", there, back))
    if change.changed("validated") and isinstance(spec, Check | ForeignKey):
        steps.append(_revalidated(address, live, spec, planning))
    if change.changed("comment"):
        wish, was = (getattr(side, "comment", None) for side in (spec, live))
        back = Back("put the former comment back", (ddl.comment(address, was),))
        there = [ddl.comment(address, wish)]
        steps.append(quick(address, "comment", f"comment on {_told(address)}", there, back))
    return steps


def _revalidated(address: Address, live: Spec, spec: Check | ForeignKey, planning: Planning) -> Step:
    """VALIDATE, or its contrary: the constraint is dropped and added NOT VALID, which reads nothing."""
    loosen = (
        ddl.drop_constraint(address),
        ddl.add_constraint(address, spec, not_valid=True),
        *ddl.commented(address, live),
    )
    if spec.validated:
        return _validate(address, planning, back=Back(f"{_told(address)} not validated again", loosen))
    again = ddl.alter_table(address, f"VALIDATE CONSTRAINT {sql_name(address)}")
    back = Back(f"validate {_told(address)} again", (again,), (reading(address, planning),))
    return quick(
        address, "loosen", f"{_told(address)} for new rows only", loosen, back, size=planning.size(address)
    )


def _told(address: Address) -> str:
    return f"{_NAMES[address.kind]} {short(address)}"
