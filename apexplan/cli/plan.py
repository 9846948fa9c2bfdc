"""`apexplan plan`: what an apply would do. Writes nothing but the file that it is asked for."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from apexplan.cli import options, running
from apexplan.cli import project as projects
from apexplan.engine import planfile, planner
from apexplan.model.errors import EXIT_CHANGES, EXIT_OK
from apexplan.model.plan import Plan

app = typer.Typer(add_completion=False)


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
    format_: Annotated[PlanFormat, typer.Option("--format", "-f")] = PlanFormat.TEXT,
    target: options.Target = None,
    exclude: options.Exclude = None,
    verbose: options.Verbose = False,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="exit 2 where there are changes")
    ] = False,
) -> None:
    """Compares the live stores with the manifests and shows what an apply would do.

    With -o FILE the plan is written down, to be approved and given to `apexplan apply FILE`.
    """
    workspace = projects.load(root, env)
    with projects.state_of(workspace.project) as state, projects.stores_of(workspace.project) as stores:
        made = planner.plan(
            projects.desired_of(workspace),
            state.recorded(),
            state.head(),
            stores,
            created=projects.stamp(),
            wanted=projects.choice(target, exclude),
        )
        waiting = state.open_run()
    if output is not None:
        output.write_text(planfile.dump(made))
    _print(made, format_, verbose)
    if waiting is not None and format_ is PlanFormat.TEXT:
        print(f"run {waiting.id} waits: apexplan resume {waiting.id}, or apexplan rollback {waiting.id}")
    raise typer.Exit(EXIT_CHANGES if detailed_exitcode and not made.empty else EXIT_OK)


def _print(made: Plan, format_: PlanFormat, verbose: bool) -> None:
    match format_:
        case PlanFormat.JSON:
            sys.stdout.write(planfile.dump(made))
        case PlanFormat.MARKDOWN:
            from apexplan.report.markdown import plan_markdown

            sys.stdout.write(plan_markdown(made))
        case PlanFormat.ALEMBIC:
            from apexplan.report.alembic import revision

            sys.stdout.write(revision(made))
        case PlanFormat.TEXT:
            running.show_plan(made, verbose=verbose)
