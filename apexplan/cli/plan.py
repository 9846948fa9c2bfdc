"""`apexplan plan`: what an apply would do. Writes nothing but the file that it is asked for."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from apexplan.cli import options, running
from apexplan.cli import project as projects
from apexplan.cli.auditing import audited
from apexplan.cli.output import err_console, note, say, write_file
from apexplan.cli.secrets import refuse_in_plan
from apexplan.engine import audit as audits
from apexplan.engine import planfile, planner, survey
from apexplan.engine.ports import Run, RunStatus
from apexplan.manifest import Project
from apexplan.migrations.steps import VERBS as MIGRATION_VERBS
from apexplan.model.errors import EXIT_CHANGES, EXIT_ERROR, EXIT_OK, UsageError
from apexplan.model.plan import Plan

app = typer.Typer(add_completion=False)

_SQL_PROVIDERS = frozenset({"postgres"})
"""Those whose statements Alembic can run."""


class PlanFormat(StrEnum):
    """What a plan can be printed as."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    ALEMBIC = "alembic"


@app.command()
def plan(
    root: options.Root = Path(),
    env: options.Environment = None,
    output: options.Output = None,
    format_: Annotated[PlanFormat, typer.Option("--format", "-f", help="what is printed")] = PlanFormat.TEXT,
    target: options.Target = None,
    exclude: options.Exclude = None,
    purge: options.Purge = None,
    audit: options.Audit = False,
    rate: options.Rate = None,
    sample: options.Sample = None,
    verbose: options.Verbose = False,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="exit 2 where there are changes")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="try the steps on the stores that can take them back at once")
    ] = False,
    revises: Annotated[
        str | None, typer.Option("--revises", help="for --format alembic: the revision that comes before")
    ] = None,
) -> None:
    """Compares the live stores with the manifests and shows what an apply would do.

    With -o FILE the plan is written down as well, to be approved and given to `apexplan apply FILE`.
    Exit: 0, 1 error or a plan that cannot be applied, with --detailed-exitcode 2 where there are changes.
    """
    workspace = projects.load(root, env)
    with projects.state_of(workspace.project) as state:
        waiting = state.open_run()
        recorded = state.recorded()
        if purge is None:
            projects.refuse_unmatched(target, {*workspace.declared, *recorded})
        with projects.stores_of(workspace.project) as stores:
            if audit:
                declared = audits.declared(workspace.declared)
                audited(stores, declared, rate=rate, sample=sample, for_plan=True)
            made = planner.plan(
                projects.desired_of(workspace),
                recorded,
                state.head(),
                stores,
                created=projects.stamp(),
                wanted=projects.choice(target, exclude),
                purge_before=projects.purge_before(purge),
                audited=audit,
            )
            if check:
                made = made.model_copy(
                    update={"notes": (*survey.rehearsed(stores, made), *made.notes)}
                ).sealed()
    if waiting is not None:
        _tell_open_run(waiting)
    if lost := projects.without_store(workspace.project, recorded):
        note(lost)
    if output is not None:
        refuse_in_plan(made)
        write_file(output, planfile.dump(made))
    _print(made, format_, verbose, workspace.project, revises)
    if output is not None:
        command = f"apexplan apply {output}" + (f" --env {env}" if env else "")
        say([f"wrote {output}: `{command}` does this and nothing else"], err_console())
    if any(n.blocks for n in made.notes):
        raise typer.Exit(EXIT_ERROR)
    raise typer.Exit(EXIT_CHANGES if detailed_exitcode and not made.empty else EXIT_OK)


def _tell_open_run(waiting: Run) -> None:
    how = "is at work, or was interrupted" if waiting.status is RunStatus.RUNNING else f"is {waiting.status}"
    note(
        f"run {waiting.id} {how}: nothing can be applied before it ends, by itself or by one of",
        f"apexplan resume {waiting.id}",
        f"apexplan rollback {waiting.id}",
    )


def _print(made: Plan, format_: PlanFormat, verbose: bool, project: Project, revises: str | None) -> None:
    match format_:
        case PlanFormat.JSON:
            sys.stdout.write(planfile.dump(made))
        case PlanFormat.MARKDOWN:
            from apexplan.report.markdown import plan_markdown

            sys.stdout.write(plan_markdown(made, project.policy))
        case PlanFormat.ALEMBIC:
            from apexplan.report.alembic import revision

            _refuse_other_than_sql(made, project)
            sys.stdout.write(revision(made, down_revision=revises))
        case PlanFormat.TEXT:
            running.show_plan(made, verbose=verbose, policy=project.policy)


def _refuse_other_than_sql(made: Plan, project: Project) -> None:
    if any(step.verb in MIGRATION_VERBS for step in made.steps):
        raise UsageError(
            "a revision of Alembic's writes nothing into the ledger of scripts",
            mend="leave them out: --exclude '*.migration'",
        )
    others = sorted(
        name for name in {s.store for s in made.steps} if project.stores[name].provider not in _SQL_PROVIDERS
    )
    if others:
        raise UsageError(
            f"Alembic runs SQL, and the plan has steps on {', '.join(others)}",
            mend="narrow the plan with --target STORE",
        )
