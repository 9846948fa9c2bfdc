"""Filling a column in batches, and NOT NULL without stopping anyone.

fill    UPDATE … WHERE column IS NULL, block range by block range, each its own transaction
18      ADD CONSTRAINT … NOT NULL … NOT VALID ─ VALIDATE CONSTRAINT
before  CHECK (… IS NOT NULL) NOT VALID ─ VALIDATE ─ SET NOT NULL, which then scans nothing ─ drop it
"""

from __future__ import annotations

from typing import Any, Final

from apexplan.model.address import Address
from apexplan.model.change import Action
from apexplan.model.plan import Hazard, HazardKind, RollbackClass, Step
from apexplan_postgres import ddl
from apexplan_postgres.names import ASIDE, last, quote, sql_name, table_of, table_sql
from apexplan_postgres.steps.base import Back, Planning, alone, fitting, hazard, nothing, quick, rows, short
from apexplan_postgres.steps.types import is_steady

NOT_NULL_CONSTRAINTS: Final = 180000
"""From here on NOT NULL may be NOT VALID."""
PATIENT: Final = {"lock_wait_s": 60}
"""`args` of a VALIDATE: its SHARE UPDATE EXCLUSIVE lets readers and writers pass, and a vacuum that
stands in the way gives up only after deadlock_timeout, a second by default."""


NOT_VALID: Final = "NOT VALID binds new rows at once and reads none of the others"
VALIDATING: Final = "VALIDATE reads the rows while others read and write them"


def fill(address: Address, expression: str, planning: Planning, *, kept: bool) -> Step:
    """Fills the NULLs of a column. `kept`: the column was there before, so the values stay when the
    run is undone."""
    column = sql_name(address)
    empty = f"{column} IS NULL"
    if is_steady(expression):
        # A row for which the expression is NULL would be left over for ever.
        empty += f" AND ({expression}) IS NOT NULL"
    title = "leave the values that were filled in" if kept else "nothing: the column goes"
    return in_batches(
        address,
        "backfill",
        f"fill {short(address)} of {rows(planning.size(address))} in batches",
        address,
        expression,
        empty,
        planning,
        once=not kept,
        back=title,
        rollback=RollbackClass.LOSSY if kept else RollbackClass.LOSSLESS,
        after=_triggers(address, planning),
    )


def _triggers(address: Address, planning: Planning) -> tuple[str, ...]:
    """The steps that make triggers on the table: rows that are written meanwhile are theirs. One
    that fires on this very column can only come after it."""
    made = planning.changed_on(table_of(address), Action.CREATE)
    triggers = [c for c in made if c.address.kind == "trigger"]
    return tuple(f"{c.address}/create" for c in triggers if address not in c.spec.requires(c.address))


def in_batches(
    owner: Address,
    verb: str,
    title: str,
    column: Address,
    expression: str,
    where: str,
    planning: Planning,
    *,
    once: bool,
    back: str,
    **more: Any,
) -> Step:
    """UPDATE … SET `column` WHERE `where`, in batches; done when no row is left that `where` finds.

    `once`: also done when every row had its turn; those that come later are left alone.
    """
    table = table_sql(column)
    undo = quick(owner, f"{verb}/undo", back, [], nothing("")).model_copy(update={"inverse": None})
    text = f"every one of {rows(planning.size(owner))} is read, and written where it is needed"
    return Step(
        id=f"{owner}/{verb}",
        address=owner,
        covers=(owner,),
        verb="backfill",
        title=title,
        statements=(f"UPDATE {table} SET {sql_name(column)} = {expression} WHERE ({where})",),  # noqa: S608  quoted
        args={"table": table, "column": last(column), "where": where, "once": once},
        reason="each batch is a transaction of its own and locks about a thousand rows for a moment",
        hazards=(hazard(HazardKind.SCANS_DATA, text),),
        size=planning.size(owner),
        inverse=undo,
        **more,
    )


def not_null(address: Address, planning: Planning) -> list[Step]:
    """NOT NULL for a column of a table that may have rows."""
    if planning.version >= NOT_NULL_CONSTRAINTS:
        return _by_constraint(address, planning)
    return _by_check(address, planning)


def not_null_name(address: Address) -> str:
    """The name of a column's NOT NULL constraint, as the server itself would choose it."""
    return fitting(last(table_of(address)), last(address), "not_null")


def _by_constraint(address: Address, planning: Planning) -> list[Step]:
    name = quote(not_null_name(address))
    add = ddl.alter_table(address, f"ADD CONSTRAINT {name} NOT NULL {sql_name(address)} NOT VALID")
    return [
        quick(
            address,
            "not_null",
            f"{short(address)} NOT NULL for new rows",
            [add],
            open_again(address),
            reason=NOT_VALID,
        ),
        validated(address, name, planning),
    ]


def _by_check(address: Address, planning: Planning) -> list[Step]:
    name = quote(fitting(f"{ASIDE}{last(table_of(address))}", last(address), "not_null"))
    add = ddl.alter_table(address, f"ADD CONSTRAINT {name} CHECK ({sql_name(address)} IS NOT NULL) NOT VALID")
    gone = ddl.alter_table(address, f"DROP CONSTRAINT {name}")
    set_it = ddl.alter_column(address, "SET NOT NULL")
    return [
        quick(
            address,
            "check_null",
            f"{short(address)} not null for new rows",
            [add],
            Back(f"drop the check on {short(address)}", (gone,)),
            reason=NOT_VALID,
        ),
        validated(address, name, planning),
        quick(
            address,
            "not_null",
            f"{short(address)} NOT NULL",
            [set_it, gone],
            Back(f"{short(address)} open to NULL again", (ddl.alter_column(address, "DROP NOT NULL"), add)),
            reason="the validated check spares SET NOT NULL its scan under a lock",
        ),
    ]


def validated(address: Address, name: str, planning: Planning, back: Back | None = None) -> Step:
    """VALIDATE of the constraint `name`, in SQL, which says that a column is never NULL."""
    return alone(
        address,
        "validate_null",
        f"validate that {short(address)} is never NULL",
        [ddl.alter_table(address, f"VALIDATE CONSTRAINT {name}")],
        back or nothing("nothing: the constraint goes"),
        args=PATIENT,
        reason=VALIDATING,
        size=planning.size(address),
        hazards=(reading(address, planning),),
    )


def open_again(address: Address) -> Back:
    return Back(f"{short(address)} open to NULL again", (ddl.alter_column(address, "DROP NOT NULL"),))


def reading(address: Address, planning: Planning) -> Hazard:
    """The hazard of a validation."""
    text = f"{rows(planning.size(address))} are read; one that does not fit makes it fail"
    return hazard(HazardKind.SCANS_DATA, text)
