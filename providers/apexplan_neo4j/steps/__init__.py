"""Changes of one database → steps. Pure.

    indexes/N     up to BATCH steps that make indexes, or drop one and make it anew, in one transaction
    drops/N       up to BATCH steps that only drop
    …: constraint X  one constraint, in a transaction of its own (measured on 5.26.12: in a longer one the
                  server's table of names can break)

An open schema transaction keeps waiting who writes nodes of its labels, or reads them through an
index, some 15 ms a statement: so batches are short. What only goes is dropped last, after everything
new is ONLINE; where a name or a place is taken by what goes, the engine puts the drop first.

Where an object is made anew under its name there is a gap. Under another name (`renamed_from`) the
new one can be built beside it, unless the database allows only one of the two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Final

from apexplan.migrations.spec import Migration
from apexplan.migrations.steps import migration_steps
from apexplan.model.address import Address
from apexplan.model.change import Action, Change
from apexplan.model.errors import PlanError
from apexplan.model.plan import Step
from apexplan.model.spec import Spec
from apexplan.provider import Facts
from apexplan_neo4j.steps.base import Thing, drop, make

BATCH: Final = 20


def plan_steps(changes: Sequence[Change], facts: Facts) -> list[Step]:
    """Returns the steps for all changes of one database."""
    schema = [change for change in changes if not isinstance(change.spec, Migration)]
    made, dropped = _Batches("indexes"), _Batches("drops")
    steps: list[Step] = []
    for change in sorted(schema, key=lambda c: c.action is Action.DELETE):
        steps += _steps(change, facts, made, dropped)
    return steps + migration_steps([c for c in changes if isinstance(c.spec, Migration)])


def renamed(
    live: Mapping[Address, Spec], renames: Mapping[Address, Address]
) -> Mapping[Address, tuple[Address, Spec]]:
    """Returns the renamed objects under their new names; nothing else speaks of a name."""
    return {former: (address, live[former]) for former, address in renames.items()}


class _Batches:
    """Gives groups in turn, `BATCH` steps each."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._numbers = count()

    def group(self, thing: Thing) -> str:
        if thing.is_constraint:
            return f"{self._name}: constraint {thing.name}"
        return f"{self._name}/{next(self._numbers) // BATCH}"


def _steps(change: Change, facts: Facts, made: _Batches, dropped: _Batches) -> list[Step]:
    match change.action:
        case Action.CREATE:
            thing = Thing.desired(change, facts)
            return [make(thing, made.group(thing))]
        case Action.DELETE:
            thing = Thing.live(change, facts)
            return [drop(thing, dropped.group(thing))]
        case Action.REPLACE | Action.UPDATE:
            return _anew(change, facts, made, dropped)
        case Action.RENAME:
            old, new = Thing.live(change, facts), Thing.desired(change, facts)
            return (
                _beside(old, new, made, dropped) if old.allows(new) else _anew(change, facts, made, dropped)
            )
        case _:
            raise PlanError(f"{change.address}: no way to {change.action}", mend="please report this")


def _anew(change: Change, facts: Facts, made: _Batches, dropped: _Batches) -> list[Step]:
    """Drops and makes again: an index in one transaction, a constraint in two."""
    old, new = Thing.live(change, facts), Thing.desired(change, facts)
    group = made.group(new)
    apart = dropped.group(old) if old.is_constraint else group
    return [drop(old, apart, gap=True), make(new, group, gap=True)]


def _beside(old: Thing, new: Thing, made: _Batches, dropped: _Batches) -> list[Step]:
    """Builds the new one, waits until it is ONLINE, and only then drops the old one."""
    first = make(new, made.group(new))
    last = drop(old, dropped.group(old))
    return [first, last.model_copy(update={"after": (first.id,)})]
