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
from apexplan.engine.ports import StateStore
from apexplan.model.address import Address
from apexplan.model.errors import EXIT_OK
from apexplan.model.plan import Plan, Size

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
    with (
        projects.state_of(project) as state,
        state.lock("rollback", lock_timeout) as lock,
        projects.stores_of(project) as stores,
    ):
        waits = state.open_run() is not None
        if waits:
            run = waiting_run(state, run_id)
            plan, action, question = run.plan, partial(runs.undo, run), "Undo what was done of this?"
        else:
            plan = _plan(run_id, state, stores)
            action, question = partial(runs.start, plan), "Roll back?"
        if format_ is Format.TEXT:
            running.show_plan(plan, verbose=verbose)
        if dry_run:
            raise typer.Exit(EXIT_OK)
        if not waits:
            policy = project.policy
            hazards.check(plan, policy.allow | frozenset(allow or ()), policy.deny)
        running.agree(plan, yes=yes, question=question)
        code = running.carry_out(action, plan, state, lock, stores, format_=format_, on_failure=on_failure)
    raise typer.Exit(code)


def _plan(run_id: str | None, state: StateStore, stores: dict[str, survey.OpenStore]) -> Plan:
    run = rollbacks.choose(state.runs(), run_id)
    touched = frozenset(run.after)
    views = survey.read_live(stores, touched)
    live = {address: spec for view in views.values() for address, spec in view.objects.items()}
    rollbacks.check_untouched(run, live)
    at_stake = frozenset(s.address for s in run.plan.steps) & frozenset(live)
    sizes: dict[Address, Size] = {}
    for store in stores.values():
        sizes |= survey.measured(store, frozenset(a for a in at_stake if a.store == store.name))
    return rollbacks.plan(run, state.head(), created=projects.stamp(), sizes=sizes)
