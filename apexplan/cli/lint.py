"""`apexplan lint`: what is right but unwise, without asking a store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from apexplan.cli import options
from apexplan.cli import project as projects
from apexplan.cli.options import Format
from apexplan.cli.output import say
from apexplan.cli.validate import report
from apexplan.manifest.lint import lint as findings_of
from apexplan.model.errors import EXIT_ERROR, EXIT_OK

app = typer.Typer(add_completion=False)


@app.command()
def lint(
    root: options.Root = Path(),
    env: options.Environment = None,
    strict: Annotated[bool, typer.Option("--strict", help="exit 1 where anything is found")] = False,
    format_: options.FormatOption = Format.TEXT,
) -> None:
    """Says what is right but unwise in the manifests. Exit: 0, with --strict 1 where it says anything."""
    workspace = projects.load(root, env)
    found = [*workspace.warnings, *findings_of(workspace, today=projects.today())]
    report(found, format_)
    if format_ is Format.TEXT and not found:
        say(["nothing to say"])
    raise typer.Exit(EXIT_ERROR if strict and found else EXIT_OK)
