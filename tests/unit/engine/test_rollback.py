"""Undoing an applied run."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from worlds import box, server_of, world

from apexplan.engine import rollback, runs, survey
from apexplan.engine.apply import Result, Retry
from apexplan.engine.ports import Run, RunStatus
from apexplan.model.address import Address
from apexplan.model.change import Action, Lifecycle
from apexplan.model.errors import StalePlan, UsageError
from apexplan.model.plan import Plan, PlannedChange, PlannedField, RollbackClass, Size
from apexplan.testing.chaos import Silent, World, plan_of
from apexplan.testing.faults import Fault, Faults, faulty

IDS = itertools.count(1)


@contextmanager
def context(made: World, faults: Faults | None = None) -> Iterator[runs.Context]:
    with made.open() as stores, made.state.lock("test", 0) as lock:
        yield runs.Context(
            state=made.state,
            lock=lock,
            stores=faulty(stores, faults or Faults()),
            reporter=Silent(),
            now=lambda: "2026-01-01T00:00:01Z",
            new_id=lambda: f"r{next(IDS)}",
            by="test",
            retry=Retry(attempts=2, sleep=lambda _: None),
        )


def apply(made: World, plan: Plan | None = None, faults: Faults | None = None) -> Result:
    with context(made, faults) as ready:
        return runs.start(plan or plan_of(made), ready)


def back(made: World, run_id: str | None = None) -> Plan:
    run = rollback.choose(made.state.runs(), run_id)
    with made.open() as stores:
        live = survey.read_live(stores, frozenset(run.after))["shelf"].objects
    rollback.check_untouched(run, live)
    return rollback.plan(run, made.state.head(), created="2026-01-02T00:00:00Z", sizes={})


def test_a_rollback_brings_store_and_record_back_to_what_they_were() -> None:
    made = world(
        {"old": {}, "paint": {"color": "red"}, "grow": {"size": 1}, "a": {}},
        {
            "new": {},
            "paint": {"color": "blue"},
            "grow": {"size": 2},
            "b": {"lifecycle": Lifecycle(renamed_from="a")},
        },
    )
    store, record = made.snapshot(), made.state.recorded()
    assert apply(made).status is RunStatus.APPLIED
    assert made.snapshot() != store
    assert apply(made, back(made)).status is RunStatus.APPLIED
    assert made.snapshot() == store
    assert made.state.recorded() == record


def test_a_run_that_was_rolled_back_is_not_rolled_back_again() -> None:
    made = world({}, {"a": {}})
    apply(made)
    apply(made, back(made))
    with pytest.raises(UsageError, match="no applied run"):
        back(made)


def test_a_run_that_others_followed_is_refused_with_their_names() -> None:
    made = world({}, {"a": {}})
    first = apply(made)
    server_of(made).boxes["a"]["color"] = "red"
    second = apply(made, plan_of(made).model_copy(update={"created": "later"}).sealed())
    with pytest.raises(UsageError, match=second.run):
        back(made, first.run)


def test_an_object_that_was_changed_since_is_refused_by_name() -> None:
    made = world({}, {"a": {"color": "red"}})
    apply(made)
    server_of(made).boxes["a"]["color"] = "by hand"
    with pytest.raises(StalePlan, match=r"shelf\.box\.a \(color\)"):
        back(made)


def test_a_dropped_object_that_is_there_again_is_refused() -> None:
    made = world({"a": {}}, {})
    apply(made)
    server_of(made).create("a", {"color": "other", "size": 1, "needs": [], "tags": {}})
    with pytest.raises(StalePlan, match="is there again"):
        back(made)


def test_a_rollback_that_fails_half_way_is_itself_undone() -> None:
    made = world({}, {"a": {}, "b": {}})
    apply(made)
    applied, record = made.snapshot(), made.state.recorded()
    result = apply(made, back(made), Faults({2: Fault.FINAL_BEFORE}))
    assert result.status is RunStatus.UNDONE
    assert made.snapshot() == applied
    assert made.state.recorded() == record


def test_a_rollback_plan_names_the_run_that_it_undoes() -> None:
    made = world({}, {"a": {}})
    applied = apply(made)
    plan = back(made)
    assert plan.undoes == applied.run
    assert [(c.address, str(c.action)) for c in plan.changes] == [(box("a"), "delete")]


def test_choose_takes_the_newest_applied_run(request: pytest.FixtureRequest) -> None:
    made = world({}, {"a": {}})
    apply(made)
    run: Run = rollback.choose(made.state.runs(), None)
    assert run.status is RunStatus.APPLIED


@pytest.mark.parametrize(("rows", "expected"), [(0, RollbackClass.LOSSLESS), (3, RollbackClass.LOSSY)])
def test_a_rollback_that_deletes_data_is_lossy_itself(rows: int, expected: RollbackClass) -> None:
    made = world({}, {"a": {}})
    apply(made)
    run = rollback.choose(made.state.runs(), None)
    sizes = {Address("shelf", "box", "a"): Size(count=rows, exact=True)}
    back = rollback.plan(run, made.state.head(), created="2026-01-02T00:00:00Z", sizes=sizes)
    assert back.rollback is expected


def test_the_way_back_is_not_described_by_what_it_undoes() -> None:
    change = PlannedChange(
        address=box("a"), action=Action.UPDATE, summary="of size 2", fields=(PlannedField(field="size"),)
    )
    assert rollback._inverted(change).summary == ""
    assert rollback._inverted(change.model_copy(update={"fields": ()})).summary == "of size 2"
