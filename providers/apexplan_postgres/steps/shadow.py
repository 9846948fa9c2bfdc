"""A column of another type beside the one in use, filled while everybody goes on, then swapped in.

    1 shadow     ADD COLUMN _apx_c, with a trigger that fills it in every row that is written
    2 backfill   the rows that were there before, in batches
    3 not null   as for any column, where the column is NOT NULL
    4 build      each index that stays, concurrently, over the shadow
    5 swap       one transaction: the trigger goes, the names change places, and the former column
                 is kept aside as `_retained_c_…`
    6 drop       the former column's indexes, concurrently

Every step leaves something of its own by which it is known, so a run that dies between any two of
them, or within one, goes on from there. Undone after the swap, rows that were written since are
carried back first, under a lock that lets readers pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from apexplan.model.address import Address
from apexplan.model.plan import HazardKind, RollbackClass, Step
from apexplan_postgres import ddl
from apexplan_postgres.names import (
    ASIDE,
    in_table,
    last,
    quote,
    schema_of,
    spelled,
    sql_name,
    table_of,
    table_sql,
)
from apexplan_postgres.specs import Column, Function, Index, Trigger
from apexplan_postgres.steps.base import (
    Back,
    Planning,
    alone,
    aside,
    fitting,
    hazard,
    mark,
    owned_by,
    quick,
    rows,
    short,
)
from apexplan_postgres.steps.fill import NOT_NULL_CONSTRAINTS, in_batches, not_null, not_null_name
from apexplan_postgres.steps.index import build, drop
from apexplan_postgres.steps.table import forget, keep, kept_name


@dataclass(frozen=True, slots=True)
class _Indexes:
    """One index of the column: as it is, as it shall be, and the names that it bears meanwhile."""

    address: Address
    live: Index
    desired: Index
    fresh: Address
    former: Address


@dataclass(frozen=True, slots=True)
class _Shadow:
    """The column in three guises: in use, being made, kept aside."""

    address: Address
    live: Column
    desired: Column
    making: Address
    kept: Address
    digits: str
    indexes: tuple[_Indexes, ...]

    @property
    def function(self) -> Address:
        name = spelled(schema_of(self.address), f"{ASIDE}sync_{self.digits}")
        return Address(self.address.store, "function", f"{name}()")

    @property
    def trigger(self) -> Address:
        """Triggers fire in the order of their names: this one sees what the others made of the row."""
        return in_table(self.address.store, "trigger", table_of(self.address).name, f"zz_apx_{self.digits}")


def shadowed(
    address: Address, live: Column, desired: Column, indexes: Sequence[Address], planning: Planning
) -> list[Step]:
    """The steps that replace the column by one of `desired.type`; they cover the indexes' changes."""
    digits = mark(address, live.values(), desired.type)
    shadow = _Shadow(
        address,
        live,
        desired,
        in_table(address.store, "column", table_of(address).name, fitting(f"{ASIDE}{last(address)}")),
        kept_name(address, live, planning),
        digits,
        tuple(_indexes(i, digits, planning) for i in indexes),
    )
    planning.covered.update(indexes)
    steps = [_add(shadow), _fill(shadow, planning)]
    if live.null is False:
        steps += [owned_by(address, step) for step in not_null(shadow.making, planning)]
    steps += [_build(shadow, index, planning) for index in shadow.indexes]
    steps.append(_swap(shadow, planning))
    return steps + [_drop(shadow, index, planning) for index in shadow.indexes]


def _indexes(address: Address, digits: str, planning: Planning) -> _Indexes:
    live, wish = planning.facts.live[address], planning.facts.desired[address]
    assert isinstance(live, Index) and isinstance(wish, Index)
    desired = live.model_copy(update={name: getattr(wish, name) for name in wish.managed})
    one = mark(address, digits)
    return _Indexes(
        address, live, desired, aside(address, f"{ASIDE}{one}"), aside(address, f"{ASIDE}old_{one}")
    )


def _over(spec: Index, former: Address, column: Address) -> Index:
    """Returns the index with one column in another's place."""

    def renamed(name: str | None) -> str | None:
        return last(column) if name == last(former) else name

    keys = tuple(k.model_copy(update={"column": renamed(k.column)}) for k in spec.keys or ())
    include = tuple(renamed(name) for name in spec.include or ())
    return spec.model_copy(update={"keys": keys, "include": include, "valid": True})


# ------------------------------------------------------------------ before the swap


def _add(shadow: _Shadow) -> Step:
    bare = ddl.column(last(shadow.making), shadow.desired, default=False, null=True)
    statements = [ddl.alter_table(shadow.address, f"ADD COLUMN {bare}")]
    statements += ddl.storing(shadow.making, shadow.desired) + ddl.commented(shadow.making, shadow.desired)
    gone = ddl.alter_table(shadow.address, f"DROP COLUMN {quote(last(shadow.making))}")
    return quick(
        shadow.address,
        "shadow",
        f"add a shadow of {short(shadow.address)} as {shadow.desired.type}, kept up by a trigger",
        [*statements, *_keep_up(shadow)],
        Back(f"drop the shadow of {short(shadow.address)}", (*_leave(shadow), gone), removes=True),
        reason="ALTER COLUMN TYPE would write every row anew under a lock; a column beside it needs none",
    )


def _keep_up(shadow: _Shadow) -> list[str]:
    """The function and trigger that fill the shadow in every row that is written."""
    made = f"NEW.{quote(last(shadow.making))} := {_cast('NEW.', shadow)};"
    function = Function(
        returns="trigger",
        language="plpgsql",
        body=f"\nBEGIN\n  {made}\n  RETURN NEW;\nEND\n",
        settings={"search_path": "public, pg_temp"},
    )
    trigger = Trigger(
        timing="before",
        events=("insert", "update"),
        for_each="row",
        function=shadow.function.name,
    )
    return [
        ddl.create_function(shadow.function, function, replace=False),
        ddl.create_trigger(shadow.trigger, trigger, replace=False),
    ]


def _leave(shadow: _Shadow) -> list[str]:
    return [ddl.drop_trigger(shadow.trigger), f"DROP FUNCTION {sql_name(shadow.function)}"]


def _cast(row: str, shadow: _Shadow) -> str:
    return f"{row}{quote(last(shadow.address))}::{shadow.desired.type}"


def _fill(shadow: _Shadow, planning: Planning) -> Step:
    making, column = quote(last(shadow.making)), quote(last(shadow.address))
    return in_batches(
        shadow.address,
        "backfill",
        f"fill the shadow of {short(shadow.address)} of {rows(planning.size(shadow.address))} in batches",
        shadow.making,
        _cast("", shadow),
        f"{making} IS NULL AND {column} IS NOT NULL",
        planning,
        once=False,
        back="nothing: the shadow goes",
    )


def _build(shadow: _Shadow, index: _Indexes, planning: Planning) -> Step:
    spec = _over(index.desired, shadow.address, shadow.making)
    verb = f"build/{last(index.address)}"
    covers = (shadow.address, index.address)
    return build(shadow.address, index.fresh, spec, planning, verb=verb, covers=covers)


def _drop(shadow: _Shadow, index: _Indexes, planning: Planning) -> Step:
    spec = _over(index.live, shadow.address, shadow.kept)
    verb = f"drop_former/{last(index.address)}"
    covers = (shadow.address, index.address)
    return drop(shadow.address, index.former, spec, planning, verb=verb, covers=covers, removes=False)


# ------------------------------------------------------------------ the swap


def _swap(shadow: _Shadow, planning: Planning) -> Step:
    size = planning.size(shadow.address)
    reason = (
        f"the former column is kept as {last(shadow.kept)} until a purge; the new one comes last in the"
        " table, which an INSERT without a list of columns notices"
    )
    carried = f"rows written since are carried back: {rows(size)} are read and cannot be written meanwhile"
    return alone(
        shadow.address,
        "swap",
        f"put the shadow in the place of {short(shadow.address)}",
        [*_leave(shadow), *_forth(shadow, planning)],
        Back(
            f"put the former {short(shadow.address)} back",
            (
                *_carry_back(shadow),
                *_back(shadow, planning),
                *_keep_up(shadow),
            ),
            (hazard(HazardKind.BLOCKS_WRITES, carried),),
            args=forget(shadow.kept.name),
        ),
        args=keep(shadow.kept.name, shadow.address),
        covers=tuple(index.address for index in shadow.indexes),
        rollback=RollbackClass.RETENTION,
        reason=reason,
        size=size,
    )


def _forth(shadow: _Shadow, planning: Planning) -> list[str]:
    address, kept = shadow.address, shadow.kept
    statements = [_rename(address, kept), _rename(shadow.making, address)]
    if shadow.live.default is not None:
        statements.append(ddl.set_default(kept, None))
    if shadow.desired.default is not None:
        statements.append(ddl.set_default(address, shadow.desired.default))
    if shadow.live.null is False:
        statements.append(ddl.alter_column(kept, "DROP NOT NULL"))
        statements += _name_not_null(shadow, planning, not_null_name(shadow.making), not_null_name(address))
    for index in shadow.indexes:
        statements += [
            ddl.rename_index(index.address, last(index.former)),
            ddl.rename_index(index.fresh, last(index.address)),
        ]
    return statements


def _back(shadow: _Shadow, planning: Planning) -> list[str]:
    address, kept = shadow.address, shadow.kept
    statements = []
    for index in shadow.indexes:
        statements += [
            ddl.rename_index(index.address, last(index.fresh)),
            ddl.rename_index(index.former, last(index.address)),
        ]
    if shadow.live.null is False:
        statements += _name_not_null(shadow, planning, not_null_name(address), not_null_name(shadow.making))
        statements.append(ddl.alter_column(kept, "SET NOT NULL"))
    if shadow.desired.default is not None:
        statements.append(ddl.set_default(address, None))
    if shadow.live.default is not None:
        statements.append(ddl.set_default(kept, shadow.live.default))
    return [*statements, _rename(address, shadow.making), _rename(kept, address)]


def _name_not_null(shadow: _Shadow, planning: Planning, former: str, name: str) -> list[str]:
    """The NOT NULL of the shadow bears the column's name, where NOT NULL has one."""
    if planning.version < NOT_NULL_CONSTRAINTS:
        return []
    return [ddl.alter_table(shadow.address, f"RENAME CONSTRAINT {quote(former)} TO {quote(name)}")]


def _carry_back(shadow: _Shadow) -> list[str]:
    table, column, kept = table_sql(shadow.address), quote(last(shadow.address)), quote(last(shadow.kept))
    new = shadow.desired.type
    return [
        f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE",
        f"UPDATE {table} SET {kept} = {column}::{shadow.live.type}"  # noqa: S608  quoted
        f" WHERE {kept}::{new} IS DISTINCT FROM {column}",
    ]


def _rename(former: Address, address: Address) -> str:
    return ddl.alter_table(former, f"RENAME COLUMN {quote(last(former))} TO {quote(last(address))}")
