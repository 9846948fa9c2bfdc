"""A database with a state in memory: plan, apply, roll back, as the commands do."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from apexplan.engine import planner, rollback, runs, survey
from apexplan.engine.apply import OnFailure, Result, Retry, Stop
from apexplan.engine.ports import Event, RunStatus
from apexplan.model.address import Address
from apexplan.model.change import Declared, Lifecycle, Recorded
from apexplan.model.plan import Plan
from apexplan.model.spec import Spec
from apexplan.provider import Scope
from apexplan.testing.chaos import Silent
from apexplan.testing.memory import MemoryState
from apexplan_postgres.provider import PROVIDER, PostgresSettings

from .samples import execute

_RUNS = itertools.count(1)
_WHEN = "2026-01-01T00:00:00Z"


@dataclass(slots=True)
class Bench:
    """One database. `renames`: new address → former name, for the next plan."""

    url: str
    state: MemoryState = field(default_factory=MemoryState)
    reporter: Silent = field(default_factory=Silent)
    stop: Stop = field(default_factory=Stop)
    renames: dict[Address, str] = field(default_factory=dict)
    on_failure: OnFailure = OnFailure.UNDO

    def run_sql(self, ddl: str) -> None:
        execute(self.url, ddl)

    def live(self) -> dict[Address, Spec]:
        """Everything in the database but our own ledger."""
        with self.stores() as stores:
            return dict(stores["sql"].session.read(Scope("sql", everything=True)).objects)

    def own(self) -> dict[Address, Spec]:
        """Takes everything that is there, but what is kept aside, as owned, and returns it."""
        live = {a: spec for a, spec in self.live().items() if a.kind != "retained"}
        with self.state.lock("adopt", 0) as lock:
            records = {a: Recorded(a, spec.values()) for a, spec in live.items()}
            self.state.replace(lock, records, Event(_WHEN, "test", "adopt", "all"))
        return live

    @contextmanager
    def stores(self) -> Iterator[dict[str, survey.OpenStore]]:
        config = survey.StoreConfig("sql", PROVIDER, PostgresSettings(url=SecretStr(self.url)))
        with survey.opened([config]) as stores:
            yield stores

    def plan(self, desired: Mapping[Address, Spec]) -> Plan:
        declared = {
            a: Declared(a, spec, lifecycle=Lifecycle(renamed_from=self.renames.get(a)))
            for a, spec in desired.items()
        }
        wish = planner.Desired("test", "", declared, "digest")
        with self.stores() as stores:
            return planner.plan(wish, self.state.recorded(), self.state.head(), stores, created=_WHEN)

    def apply(self, desired: Mapping[Address, Spec]) -> Result:
        return self.start(self.plan(desired))

    def start(self, plan: Plan) -> Result:
        with self.context() as context:
            return runs.start(plan, context)

    def resume(self) -> Result:
        waiting = self.state.open_run()
        assert waiting is not None
        with self.context() as context:
            return runs.resume(waiting, context)

    def undo(self) -> Result:
        waiting = self.state.open_run()
        assert waiting is not None
        with self.context() as context:
            return runs.undo(waiting, context)

    def roll_back(self) -> Result:
        chosen = rollback.choose(self.state.runs(), None)
        return self.start(rollback.plan(chosen, self.state.head(), created=_WHEN, sizes={}))

    @contextmanager
    def context(self) -> Iterator[runs.Context]:
        with self.stores() as stores, self.state.lock("apply", 0) as lock:
            yield runs.Context(
                state=self.state,
                lock=lock,
                stores=stores,
                reporter=self.reporter,
                now=lambda: _WHEN,
                new_id=lambda: f"run-{next(_RUNS)}",
                by="test",
                on_failure=self.on_failure,
                retry=Retry(attempts=4, base_s=0.05),
                stop=self.stop,
            )


def lives_through(bench: Bench, desired: Mapping[Address, Spec]) -> Plan:
    """Applies `desired`, finds nothing more to do, rolls back, and finds everything as it was."""
    before, recorded = bench.live(), bench.state.recorded()
    plan = bench.plan(desired)
    result = bench.start(plan)
    assert result.status is RunStatus.APPLIED, result.failure
    again = bench.plan(desired)
    assert again.empty, [(c.address, c.action, c.fields) for c in again.changes]
    undone = bench.roll_back()
    assert undone.status is RunStatus.APPLIED, undone.failure
    assert differing(before, bench.live()) == {}
    assert bench.state.recorded() == recorded
    return plan


def differing(before: Mapping[Address, Spec], after: Mapping[Address, Spec]) -> dict[str, Any]:
    """Returns what differs, by address: the fields' values before and after, or the missing side."""
    found: dict[str, Any] = {}
    for address in sorted(before.keys() | after.keys()):
        one, other = before.get(address), after.get(address)
        if one is None or other is None:
            found[str(address)] = (one, other)
        elif one != other:
            values = one.values(), other.values()
            found[str(address)] = {n: (v, values[1][n]) for n, v in values[0].items() if v != values[1][n]}
    return found
