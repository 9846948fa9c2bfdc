"""Tables: made in one statement with their columns and constraints, dropped by moving them aside.

A dropped table moves, with everything that stands on it, to a schema `apexplan_retained_…` of its
own: in a common one the names of its indexes and sequences could meet those of another kept table.
The way back moves it home again; a later plan purges it.
"""

from __future__ import annotations

from itertools import count
from typing import Any, Final

from apexplan.model.address import Address
from apexplan.model.change import Action, Change
from apexplan.model.plan import HazardKind, RollbackClass, Step
from apexplan.model.spec import Spec
from apexplan_postgres import ddl
from apexplan_postgres.names import (
    RETAINED_SCHEMA,
    in_table,
    last,
    quote,
    schema_of,
    spelled,
    sql_name,
    table_of,
)
from apexplan_postgres.specs import Check, Column, Exclude, ForeignKey, PrimaryKey, Table, Unique
from apexplan_postgres.steps.base import Back, Planning, fitting, hazard, mark, quick, rows, short, whole

_INLINE: Final = (PrimaryKey, Unique, Check, Exclude)
KEPT: Final = "_retained"
"""What the name of a column begins with that was dropped by renaming it aside."""


def table_steps(change: Change, planning: Planning) -> list[Step]:
    """The steps of one table."""
    if change.action is Action.CREATE:
        return [_created(change, planning)]
    if change.action is Action.DELETE:
        return _retained(change, planning)
    return _altered(change)


def _is_left_open(spec: Spec) -> bool:
    """True for a check that shall stay NOT VALID, which CREATE TABLE cannot say."""
    return isinstance(spec, Check) and spec.validated is False


def _created(change: Change, planning: Planning) -> Step:
    address, spec = change.address, whole(change, Table)
    parts_of_it = planning.changed_on(address, Action.CREATE)
    columns = {c.address: c.desired for c in parts_of_it if isinstance(c.desired, Column)}
    constraints = {
        c.address: c.desired
        for c in parts_of_it
        if isinstance(c.desired, _INLINE) and not _is_left_open(c.desired)
    }
    planning.covered.update(columns, constraints)
    statements = [ddl.create_table(address, columns, constraints, spec.options or {})]
    statements += ddl.commented(address, spec)
    for name, column in columns.items():
        statements += ddl.storing(name, column)
        statements += ddl.commented(name, column)
    for name, constraint in constraints.items():
        statements += ddl.commented(name, constraint)
    text = "rows that were written since then go with the table"
    back = Back(
        f"drop table {short(address)}",
        (f"DROP TABLE {sql_name(address)}",),
        (hazard(HazardKind.DELETES_DATA, text),),
        removes=True,
    )
    covers = (*columns, *constraints)
    return quick(address, "create", f"create table {short(address)}", statements, back, covers=covers)


def _altered(change: Change) -> list[Step]:
    address, live, spec = change.address, change.live, whole(change, Table)
    assert isinstance(live, Table)
    steps = []
    if (field := change.changed("options")) is not None:
        head = f"ALTER TABLE {sql_name(address)}"
        changed = [name for name, value in field.desired.items() if field.live.get(name) != value]
        back = Back(
            "set the former storage parameters again",
            tuple(ddl.set_options(head, {name: field.live.get(name) for name in changed})),
        )
        there = ddl.set_options(head, {name: field.desired[name] for name in changed})
        steps.append(
            quick(address, "set", f"set {', '.join(changed)} of table {short(address)}", there, back)
        )
    if change.changed("comment"):
        back = Back("put the former comment back", (ddl.comment(address, live.comment),))
        title = f"comment on table {short(address)}"
        steps.append(quick(address, "comment", title, [ddl.comment(address, spec.comment)], back))
    return steps


# ------------------------------------------------------------------ moving aside


def _retained(change: Change, planning: Planning) -> list[Step]:
    address = change.address
    assert change.live is not None
    _refuse_lost(address, planning)
    schema = _free_schema(change, planning)
    kept = spelled(schema, last(address))
    goes = planning.changed_on(address, Action.DELETE)
    covers = [c.address for c in goes if not isinstance(c.live, ForeignKey)]
    planning.covered.update(covers)
    text = f"{rows(planning.size(address))} go aside as {kept}; a later purge deletes them"
    home = quote(schema_of(address))
    step = quick(
        address,
        "retain",
        f"move table {short(address)} aside",
        [
            f"CREATE SCHEMA IF NOT EXISTS {quote(schema)}",
            f"ALTER TABLE {sql_name(address)} SET SCHEMA {quote(schema)}",
        ],
        Back(
            f"move table {short(address)} back",
            (
                f"ALTER TABLE {ddl.relation(kept)} SET SCHEMA {home}",
                f"DROP SCHEMA {quote(schema)}",
            ),
            args=forget(kept),
        ),
        args=keep(kept, address),
        # A purge in the same plan speaks of the table where it is now.
        after=tuple(f"{column}/purge" for column in planning.kept_in(address)),
        covers=covers,
        removes=True,
        rollback=RollbackClass.RETENTION,
        size=planning.size(address),
        hazards=(hazard(HazardKind.DELETES_DATA, text),),
    )
    return [step]


def _free_schema(change: Change, planning: Planning) -> str:
    """Returns a schema for this table alone: its indexes and sequences move with it under their
    names, which another kept table may have as well."""
    assert change.live is not None
    for number in count():
        schema = f"{RETAINED_SCHEMA}_{mark(change.address, change.live.values(), number)}"
        kept = Address(change.address.store, "retained", spelled(schema, last(change.address)))
        if kept not in planning.facts.live:
            return schema
    raise AssertionError("unreachable")


def keep(kept: str, former: Address) -> dict[str, Any]:
    """The `args` by which our ledger learns what is kept aside, and what it was."""
    return {"keep": {kept: str(former)}}


def forget(kept: str) -> dict[str, Any]:
    """The `args` by which our ledger learns that something is kept aside no longer."""
    return {"forget": [kept]}


def follow(former: str, name: str) -> dict[str, Any]:
    """The `args` by which our ledger learns of another name of a schema or table: what is kept in
    it has another name as well."""
    return {"follow": {former: name}}


def kept_name(address: Address, live: Column, planning: Planning) -> Address:
    """Returns the address that a column bears once it is kept aside."""
    for number in count():
        name = fitting(KEPT, last(address), mark(address, live.values(), number))
        kept = in_table(address.store, "column", table_of(address).name, name)
        if not {kept, Address(kept.store, "retained", kept.name)} & planning.facts.live.keys():
            return kept
    raise AssertionError("unreachable")


def _refuse_lost(address: Address, planning: Planning) -> None:
    """Refuses to take a table away under what nobody asked to lose."""
    for other, _ in planning.standing_on(address):
        if not planning.goes(other):
            planning.refuse(
                address,
                f"{other} stands on it and would go with it",
                f"declare or drop {other} as well, or keep the table",
            )
    for other, _ in planning.referring_to(address):
        if table_of(other) != address and not planning.goes(other):
            planning.refuse(
                address,
                f"the foreign key {other} refers to it",
                f"drop {other} in the same plan, or keep the table",
            )
