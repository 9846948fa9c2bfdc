"""Starts a run, takes one up again, undoes one that stopped. Between the commands and `apply`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from apexplan.engine.apply import Executor, OnFailure, Result, Retry, Stop
from apexplan.engine.ports import Lock, Reporter, Run, RunStatus, StateStore
from apexplan.engine.record import touched
from apexplan.engine.survey import OpenStore
from apexplan.model.address import Address
from apexplan.model.change import Recorded
from apexplan.model.errors import RunOpen
from apexplan.model.plan import Plan


@dataclass(frozen=True, slots=True)
class Context:
    """What every run needs. `now` gives RFC 3339 in UTC, `new_id` ids of runs, `by` who asks."""

    state: StateStore
    lock: Lock
    stores: Mapping[str, OpenStore]
    reporter: Reporter
    now: Callable[[], str]
    new_id: Callable[[], str]
    by: str
    on_failure: OnFailure = OnFailure.UNDO
    retry: Retry = field(default_factory=Retry)
    stop: Stop = field(default_factory=Stop)
    clock: Callable[[], float] = time.monotonic


def start(plan: Plan, context: Context) -> Result:
    """Begins a run for `plan` and carries it out.

    Raises RunOpen where an earlier run waits, StalePlan("spent") where the plan was used before.
    """
    refuse_if_open(context.state)
    recorded = context.state.recorded()
    run = Run(
        id=context.new_id(),
        status=RunStatus.RUNNING,
        plan=plan,
        started=context.now(),
        by=context.by,
        before={address: recorded.get(address) for address in touched(plan.changes)},
    )
    context.state.begin(context.lock, run)
    return _executor(run, context).forward()


def resume(run: Run, context: Context) -> Result:
    """Goes on with an open run: forward, or with its undo if it had turned round."""
    context.state.pause(context.lock, run.id, RunStatus.RUNNING)
    return _executor(run, context).forward()


def undo(run: Run, context: Context) -> Result:
    """Undoes what an open run has done so far, or goes on with its undo."""
    context.state.pause(context.lock, run.id, RunStatus.RUNNING)
    return _executor(run, context).backward()


def refuse_if_open(state: StateStore) -> None:
    """Raises RunOpen where a run waits for resume or rollback."""
    waiting = state.open_run()
    if waiting is not None:
        status = "interrupted" if waiting.status is RunStatus.RUNNING else str(waiting.status)
        raise RunOpen(waiting.id, status)


def _executor(run: Run, context: Context) -> Executor:
    return Executor(
        run,
        context.state,
        context.lock,
        context.stores,
        context.reporter,
        entries=context.state.journal(run.id),
        restore=_restored(run, context.state),
        on_failure=context.on_failure,
        retry=context.retry,
        stop=context.stop,
        now=context.now,
        clock=context.clock,
    )


def _restored(run: Run, state: StateStore) -> Mapping[Address, Recorded | None] | None:
    return state.run(run.undoes).before if run.undoes else None
