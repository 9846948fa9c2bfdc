"""Carries steps out and says what the store makes of them.

    group         one transaction, with a row in our ledger as its proof           `transaction`
    build, drop   CREATE INDEX, DROP INDEX CONCURRENTLY                            `concurrent`
    reindex       ALTER INDEX SET and REINDEX INDEX CONCURRENTLY                   `concurrent`
    repair        REINDEX INDEX CONCURRENTLY of an index that is invalid           `concurrent`
    backfill      UPDATE in batches, each its own transaction                      `backfill`
    migrate …     a script, its rollback script, or only its mark                  `migration`

`look` reads one index as `Session.read` would; `ledger` is the schema `apexplan` in the database, and
`migration_ledger` its table of scripts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

from apexplan.migrations.steps import MARK, MIGRATE, MIGRATE_BACK, UNMARK
from apexplan.model.errors import StoreError
from apexplan.model.plan import Step
from apexplan.provider import Outcome, Watch
from apexplan_postgres.run import backfill, concurrent, migration
from apexplan_postgres.run.connections import Claim, Connections
from apexplan_postgres.run.ledger import marks, record
from apexplan_postgres.run.transaction import probe_group, run_group


class _Verb(Protocol):
    """A module that runs and probes one kind of step."""

    run: Callable[[Connections, Step, Watch], None]
    probe: Callable[[Connections, Step], Outcome]


_VERBS: Final[dict[str, Any]] = {
    "build": concurrent,
    "drop": concurrent,
    "reindex": concurrent,
    "repair": concurrent,
    "backfill": backfill,
    MIGRATE: migration,
    MIGRATE_BACK: migration,
    MARK: migration,
    UNMARK: migration,
}


def run_step(connections: Connections, step: Step, watch: Watch) -> None:
    """Runs a step that is in no group. Does nothing where its effect is there already."""
    _verb(connections, step).run(connections, step, watch)


def probe_step(connections: Connections, step: Step) -> Outcome:
    """Returns what the store says about a step that is in no group. Never writes."""
    return _verb(connections, step).probe(connections, step)


def _verb(connections: Connections, step: Step) -> _Verb:
    verb: _Verb | None = _VERBS.get(step.verb)
    if verb is None or step.group is not None:
        text = f"the step {step.id} runs in a transaction of its group, not alone"
        raise StoreError(text, store=connections.store, address=step.address)
    return verb


__all__ = ["Claim", "Connections", "marks", "probe_group", "probe_step", "record", "run_group", "run_step"]
