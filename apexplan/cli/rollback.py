"""`apexplan rollback [RUN]`: undoes what a stopped run did so far, or a whole applied run."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from apexplan.cli import options, running
from apexplan.cli import project as projects
from apexplan.cli.options import Format
from apexplan.cli.output import console, say, width_of
from apexplan.cli.resume import waiting_run
from apexplan.engine import hazards, planfile, runs, survey
from apexplan.engine import rollback as rollbacks
from apexplan.engine.apply import OnFailure
from apexplan.engine.ports import Run, StateStore
from apexplan.manifest import Policy, Project
from apexplan.model.address import Address
from apexplan.model.errors import EXIT_OK, UsageError
from apexplan.model.plan import Plan, Size
from apexplan.report import text

app = typer.Typer(add_completion=False)

_RECENT = 50
"""So many runs are read first: a run holds its whole plan, and mostly the last one is wanted."""


@app.command()
def rollback(
    run_id: Annotated[
        str | None, typer.Argument(metavar="[RUN]", help="default: the last one", show_default=False)
    ] = None,
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
    still are as it left them.

    Exit: as apply; for a run that stopped half-way 3, since it ends undone.
    """
    project = projects.load_settings(root, env)
    with projects.state_of(project) as state:
        if dry_run:
            _show_only(run_id, state, project, format_, verbose)
            raise typer.Exit(EXIT_OK)
        with (
            state.lock("rollback", lock_timeout) as lock,
            projects.stores_of(project) as stores,
        ):
            if state.open_run() is not None:
                run = waiting_run(state, run_id)
                plan, action, question = run.plan, partial(runs.undo, run), "Undo this?"
                if format_ is Format.TEXT:
                    _show_undo(run, state)
            else:
                plan = _plan(run_id, state, stores)
                action, question = partial(runs.start, plan), "Roll back?"
                policy = project.policy
                _show(plan, format_, verbose, policy)
                hazards.check(plan, policy.allow | frozenset(allow or ()), policy.deny)
            running.agree(question, yes=yes)
            code = running.carry_out(
                action, plan, state, lock, stores, format_=format_, on_failure=on_failure
            )
    raise typer.Exit(code)


def _show_only(
    run_id: str | None, state: StateStore, project: Project, format_: Format, verbose: bool
) -> None:
    if state.open_run() is not None:
        _show_undo(waiting_run(state, run_id), state)
        return
    with projects.stores_of(project) as stores:
        plan = _plan(run_id, state, stores)
    if format_ is Format.JSON:
        sys.stdout.write(planfile.dump(plan))
    else:
        running.show_plan(plan, verbose=verbose, policy=project.policy)


def _show(plan: Plan, format_: Format, verbose: bool, policy: Policy) -> None:
    if format_ is Format.TEXT:
        running.show_plan(plan, verbose=verbose, policy=policy)
    else:
        running.announce(plan)


def _show_undo(run: Run, state: StateStore) -> None:
    out = console()
    say(text.undo_lines(run, state.journal(run.id), width=width_of(out)), out)


def _chosen(run_id: str | None, state: StateStore) -> Run:
    """Returns the run to undo, looking further back for as long as there are older runs."""
    limit = _RECENT
    while True:
        runs_read = state.runs(limit)
        try:
            return rollbacks.choose(runs_read, run_id)
        except UsageError:
            if len(runs_read) < limit:
                raise
        limit *= 4


def _plan(run_id: str | None, state: StateStore, stores: Mapping[str, survey.OpenStore]) -> Plan:
    run = _chosen(run_id, state)
    touched = frozenset(run.after)
    views = survey.read_live(stores, touched)
    live = {address: spec for view in views.values() for address, spec in view.objects.items()}
    rollbacks.check_untouched(run, live)
    at_stake = frozenset(s.address for s in run.plan.steps) & frozenset(live)
    sizes: dict[Address, Size] = {}
    for store in stores.values():
        sizes |= survey.measured(store, frozenset(a for a in at_stake if a.store == store.name))
    return rollbacks.plan(run, state.head(), created=projects.stamp(), sizes=sizes)
