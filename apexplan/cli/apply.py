"""`apexplan apply [PLANFILE]`: plans, shows, asks, and carries it out under the lock."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from apexplan.cli import options, running
from apexplan.cli import project as projects
from apexplan.cli.auditing import audited
from apexplan.cli.options import Format
from apexplan.cli.output import note
from apexplan.cli.secrets import refuse_in_plan
from apexplan.engine import audit as audits
from apexplan.engine import hazards, planfile, planner, runs
from apexplan.engine.apply import OnFailure
from apexplan.engine.ports import StateStore
from apexplan.engine.survey import OpenStore, Wanted
from apexplan.manifest import Workspace
from apexplan.model.errors import EXIT_OK, StalePlan, UsageError
from apexplan.model.plan import Plan

app = typer.Typer(add_completion=False)


@app.command()
def apply(
    planfile_: Annotated[Path | None, typer.Argument(metavar="[PLANFILE]", show_default=False)] = None,
    root: options.Root = Path(),
    env: options.Environment = None,
    allow: options.Allow = None,
    yes: options.Yes = False,
    on_failure: options.OnFailureOption = OnFailure.UNDO,
    target: options.Target = None,
    exclude: options.Exclude = None,
    purge: options.Purge = None,
    audit: options.Audit = False,
    rate: options.Rate = None,
    lock_timeout: options.LockTimeout = 0,
    format_: options.FormatOption = Format.TEXT,
    verbose: options.Verbose = False,
) -> None:
    """Brings the live stores to the manifests. Every step is journaled with its inverse.

    A step that fails undoes the finished ones, unless --on-failure stop. An approved PLANFILE is
    planned again and refused if anything that it touches has changed; it is approved, so nothing is
    asked, but hazards still need --allow.

    Exit: 0 applied, 1 refused, 3 undone, 4 stopped or stuck.
    """
    workspace = projects.load(root, env)
    approved = planfile.load(planfile_) if planfile_ else None
    if approved is not None and (target or exclude or purge is not None or audit):
        raise UsageError(
            "a plan file says itself what is applied: no --target, --exclude, --purge or --audit beside it",
            mend="give them to `apexplan plan -o`",
        )
    with projects.state_of(workspace.project) as state:
        if approved is not None:
            _refuse_spent(approved, state)
        with ExitStack() as stack:
            lock = stack.enter_context(state.lock("apply", lock_timeout))
            runs.refuse_if_open(state)  # under the lock: a run of somebody else's is not open but at work
            stores = stack.enter_context(projects.stores_of(workspace.project))
            looked = approved.audited if approved is not None else audit
            if looked:
                audited(stores, audits.declared(workspace.declared), rate=rate, for_plan=True)
            if approved is not None:
                plan = _again(approved, workspace, state, stores)
            else:
                if purge is None:
                    projects.refuse_unmatched(target, {*workspace.declared, *state.recorded()})
                plan = _fresh(
                    workspace,
                    state,
                    stores,
                    projects.choice(target, exclude),
                    purge_before=projects.purge_before(purge),
                    audited=audit,
                )
            if lost := projects.without_store(workspace.project, state.recorded()):
                note(lost)
            if format_ is Format.TEXT:
                running.show_plan(plan, verbose=verbose, policy=workspace.project.policy)
            else:
                running.announce(plan)
            if plan.empty:
                raise typer.Exit(EXIT_OK)
            refuse_in_plan(plan)
            policy = workspace.project.policy
            hazards.check(plan, policy.allow | frozenset(allow or ()), policy.deny)
            running.agree("Apply?", yes=yes or approved is not None)
            code = running.carry_out(
                partial(runs.start, plan),
                plan,
                state,
                lock,
                stores,
                format_=format_,
                on_failure=on_failure,
            )
    raise typer.Exit(code)


def _fresh(
    workspace: Workspace,
    state: StateStore,
    stores: Mapping[str, OpenStore],
    wanted: Wanted,
    *,
    purge_before: str,
    audited: bool,
    created: str | None = None,
) -> Plan:
    return planner.plan(
        projects.desired_of(workspace),
        state.recorded(),
        state.head(),
        stores,
        created=created or projects.stamp(),
        wanted=wanted,
        purge_before=purge_before,
        audited=audited,
    )


def _refuse_spent(approved: Plan, state: StateStore) -> None:
    spender = state.spent(approved.id)
    if spender is not None:
        raise StalePlan("spent", f"the plan was used already, by run {spender}")


def _again(approved: Plan, workspace: Workspace, state: StateStore, stores: Mapping[str, OpenStore]) -> Plan:
    """Returns the approved plan as made anew, with its id; raises StalePlan where it differs."""
    planfile.check_origin(
        approved,
        manifests=workspace.digest,
        environment=workspace.project.environment,
        head=state.head(),
    )
    touched = {c.address for c in approved.changes}
    fresh = _fresh(
        workspace,
        state,
        stores,
        touched.__contains__,
        purge_before=approved.purge_before,
        audited=approved.audited,
        created=approved.created,
    )
    planfile.check_same(approved, fresh)
    return fresh.model_copy(update={"id": approved.id})
