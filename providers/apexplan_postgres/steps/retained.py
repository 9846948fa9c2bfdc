"""Purging what earlier plans dropped by moving it aside: the one step that nothing brings back."""

from __future__ import annotations

from apexplan.model.change import Change
from apexplan.model.plan import HazardKind, RollbackClass, Step
from apexplan_postgres.names import parts, quote
from apexplan_postgres.specs import Retained
from apexplan_postgres.steps.base import DDL, Planning, hazard, rows
from apexplan_postgres.steps.table import forget


def retained_steps(change: Change, planning: Planning) -> list[Step]:
    """The step that deletes one kept table with its schema, or one kept column."""
    address, live = change.address, change.live
    assert isinstance(live, Retained)
    schema, table, *column = parts(address.name)
    if column:
        statements = [f"ALTER TABLE {quote(schema)}.{quote(table)} DROP COLUMN {quote(column[0])}"]
    else:
        statements = [f"DROP TABLE {quote(schema)}.{quote(table)}", f"DROP SCHEMA {quote(schema)}"]
    text = f"{rows(planning.size(address))} of {live.former}, kept since {live.since}, are deleted for good"
    return [
        Step(
            id=f"{address}/purge",
            address=address,
            covers=(address,),
            verb="purge",
            title=f"delete what was kept of {live.former}",
            statements=tuple(statements),
            args=forget(address.name),
            hazards=(hazard(HazardKind.DELETES_DATA, text), hazard(HazardKind.IRREVERSIBLE, text)),
            size=planning.size(address),
            rollback=RollbackClass.IMPOSSIBLE,
            no_inverse="what is purged is gone; only a backup has it",
            group=DDL,
            removes=True,
        )
    ]
