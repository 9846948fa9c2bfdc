"""From changes to steps: which SQL, in which shape, with which hazards and which way back. Pure.

One module an aspect: `table`, `column` (with `fill`, `retype`, `shadow`), `index`, `constraint`,
`routine`, `extension`, `rename`, `retained`; `base` holds the shapes of a step. What locks and rewrites each
statement takes is in the manual and was measured on 18.4; see the modules.

Tables come first: one that is made or goes takes over the changes of what stands on it. Columns
come next: one that is swapped for a shadow takes over its indexes. Versioned scripts come last, and are
planned as in every store.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from apexplan.migrations.steps import migration_steps
from apexplan.model.change import Action, Change
from apexplan.model.plan import Step
from apexplan.provider import Facts
from apexplan_postgres.specs import Migration
from apexplan_postgres.steps.base import DDL, Planning
from apexplan_postgres.steps.column import column_steps
from apexplan_postgres.steps.constraint import constraint_steps
from apexplan_postgres.steps.extension import extension_steps, schema_steps
from apexplan_postgres.steps.index import index_steps
from apexplan_postgres.steps.rename import carried, rename_steps, renamed
from apexplan_postgres.steps.retained import retained_steps
from apexplan_postgres.steps.routine import function_steps, trigger_steps
from apexplan_postgres.steps.table import table_steps

_PLANNERS: Final[dict[str, Callable[[Change, Planning], list[Step]]]] = {
    "extension": extension_steps,
    "schema": schema_steps,
    "table": table_steps,
    "column": column_steps,
    "function": function_steps,
    "primary_key": constraint_steps,
    "unique": constraint_steps,
    "check": constraint_steps,
    "exclude": constraint_steps,
    "foreign_key": constraint_steps,
    "trigger": trigger_steps,
    "index": index_steps,
    "retained": retained_steps,
}
"""By kind, in the order in which they are planned."""
_FIRST: Final = frozenset({"extension", "schema"})
_SHARE: Final = 16
"""The lock table has max_locks_per_transaction for each of max_connections (100 by default): we
take the part of so many of them."""
_LOCKS: Final = 4
"""A table, its TOAST table, that one's index, and one to spare."""


def plan_steps(changes: Sequence[Change], facts: Facts) -> list[Step]:
    """Returns the steps that carry out all changes of one store.

    Raises one PlanError that names everything for which there is no safe way.
    """
    planning = Planning({c.address: c for c in changes}, facts)
    planning.carried = carried(planning)
    steps: list[Step] = []
    for kind in _PLANNERS:
        for change in changes:
            if change.address.kind == kind and change.address not in planning.covered:
                steps += _of(change, planning)
    planning.raise_refusals()
    steps += migration_steps([change for change in changes if change.address.kind == Migration.kind])
    return _in_groups(_around_extensions(steps), planning)


def _around_extensions(steps: list[Step]) -> list[Step]:
    """What an extension brings may be used anywhere: it is made first, and goes last."""
    made = tuple(s.id for s in steps if s.address.kind == "extension" and s.verb == "create")
    gone = tuple(s.id for s in steps if s.address.kind not in _FIRST and s.removes)
    ordered = []
    for step in steps:
        after: tuple[str, ...] = ()
        if step.address.kind not in _FIRST:
            after = made
        elif step.address.kind == "extension" and step.removes:
            after = gone
        ordered.append(step.model_copy(update={"after": step.after + after}) if after else step)
    return ordered


def _in_groups(steps: list[Step], planning: Planning) -> list[Step]:
    """Splits plain DDL into transactions that the server's lock table can hold: every relation that
    a transaction touches keeps a lock until its end."""
    budget = planning.facts.details.get("max_locks_per_transaction", 64) * _SHARE
    grouped, number, locks = [], 1, 0
    for step in steps:
        if step.group == DDL:
            locks += _LOCKS + len(step.covers)
            if locks > budget:
                number, locks = number + 1, _LOCKS + len(step.covers)
            step = step if number == 1 else _regrouped(step, f"{DDL}/{number}")
        grouped.append(step)
    return grouped


def _regrouped(step: Step, group: str) -> Step:
    inverse = step.inverse.model_copy(update={"group": group}) if step.inverse else None
    return step.model_copy(update={"group": group, "inverse": inverse})


def _of(change: Change, planning: Planning) -> list[Step]:
    steps = rename_steps(change, planning) if change.action is Action.RENAME else []
    if change.action is Action.RENAME and not change.fields:
        return steps
    return steps + _PLANNERS[change.address.kind](change, planning)


__all__ = ["plan_steps", "renamed"]
