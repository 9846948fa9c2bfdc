"""`apexplan rollback [RUN]`: undoes what a stopped run did so far, or a whole applied run."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from apexplan.cli import options, running
from apexplan.cli import project as projects
from apexplan.cli.options import Format
from apexplan.cli.resume import waiting_run
from apexplan.engine import hazards, runs, survey
from apexplan.engine import rollback as rollbacks
from apexplan.engine.apply import OnFailure
from apexplan.engine.ports import Lock, StateStore
from apexplan.manifest import Project
from apexplan.model.address import Address
from apexplan.model.plan import HazardKind, Plan

app = typer.Typer(add_completion=False)


@app.command()
def rollback(
    run_id: Annotated[str | None, typer.Argument(metavar="[RUN]", show_default="the last one")] = None,
    root: options.Root = Path(),
    env: options.Environment = None,
    allow: options.Allow = None,
    yes: options.Yes = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="show the plan, do nothing")] = False,
    on_failure: options.OnFailureOption = OnFailure.UNDO,
    lock_timeout: options.LockTimeout = 0,
    format_: options.FormatOption = Format.TEXT,
    verbose: options.Verbose = False,
) -> None:
    """Undoes a run: its inverse steps in reverse, shown and applied like any plan.

    A run that stopped half-way is undone as far as it got. An applied run is undone if its objects
    still are as it left them. Exit: as apply.
    """
    project = projects.load_settings(root, env)
    with projects.state_of(project) as state, state.lock("rollback", lock_timeout) as lock:
        with projects.stores_of(project) as stores:
            if state.open_run() is not None:
                run = waiting_run(state, run_id)
                running.agree(run.plan, yes=yes or dry_run, question=f"Undo what run {run.id} did of this?")
                code = (
                    0
                    if dry_run
                    else running.carry_out(
                        partial(runs.undo, run), run.plan, state, lock, stores, format_=format_
                    )
                )
            else:
                plan = _plan(run_id, state, stores)
                if format_ is Format.TEXT:
                    running.show_plan(plan, verbose=verbose)
                code = (
                    0
                    if dry_run
                    else _apply(
                        plan, project, state, lock, stores, frozenset(allow or ()), yes, on_failure, format_
                    )
                )
    raise typer.Exit(code)


def _plan(run_id: str | None, state: StateStore, stores: dict[str, survey.OpenStore]) -> Plan:
    run = rollbacks.choose(state.runs(), run_id)
    touched = frozenset(run.after)
    views = survey.read_live(stores, touched)
    live = {address: spec for view in views.values() for address, spec in view.objects.items()}
    rollbacks.check_untouched(run, live)
    at_stake = frozenset(s.address for s in run.plan.steps) & frozenset(live)
    sizes = {
        a: s for store in stores.values() for a, s in survey.measured(store, _of(store, at_stake)).items()
    }
    return rollbacks.plan(run, state.head(), created=projects.stamp(), sizes=sizes)


def _of(store: survey.OpenStore, addresses: frozenset[Address]) -> frozenset[Address]:
    return frozenset(a for a in addresses if a.store == store.name)


def _apply(
    plan: Plan,
    project: Project,
    state: StateStore,
    lock: Lock,
    stores: dict[str, survey.OpenStore],
    allowed: frozenset[HazardKind],
    yes: bool,
    on_failure: OnFailure,
    format_: Format,
) -> int:
    hazards.check(plan, project.policy.allow | allowed, project.policy.deny)
    running.agree(plan, yes=yes, question="Roll back?")
    return running.carry_out(
        partial(runs.start, plan), plan, state, lock, stores, format_=format_, on_failure=on_failure
    )
