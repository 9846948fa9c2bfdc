"""`apexplan validate`: everything that is wrong in the files, without asking a store."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import typer

from apexplan.cli import options
from apexplan.cli import project as projects
from apexplan.cli.options import Format
from apexplan.cli.output import console, say, width_of
from apexplan.model.diagnostics import Diagnostic
from apexplan.model.errors import EXIT_ERROR, EXIT_OK, ManifestError
from apexplan.report import view
from apexplan.report.json_ import diagnostic_data, dumps
from apexplan.report.text import diagnostic_lines

app = typer.Typer(add_completion=False)


@app.command()
def validate(
    root: options.Root = Path(),
    env: options.Environment = None,
    format_: options.FormatOption = Format.TEXT,
) -> None:
    """Checks the project file and all manifests: every problem with its place and its mend.

    No store is asked. Exit: 0 if all is well, 1 if not.
    """
    try:
        workspace = projects.load(root, env)
    except ManifestError as error:
        if format_ is Format.TEXT:
            raise
        report(error.diagnostics, format_)
        raise typer.Exit(EXIT_ERROR) from error
    report(workspace.warnings, format_)
    if format_ is Format.TEXT:
        counted = view.counted_by_kind(workspace.declared)
        say([f"valid: {', '.join(counted) or 'nothing is declared'}"])
    raise typer.Exit(EXIT_OK)


def report(diagnostics: Sequence[Diagnostic], format_: Format) -> None:
    """Prints diagnostics."""
    if format_ is Format.JSON:
        data = [diagnostic_data(d) for d in diagnostics]
        sys.stdout.write(dumps("diagnostics", {"diagnostics": data}))
        return
    out = console()
    for diagnostic in diagnostics:
        say(diagnostic_lines(diagnostic, width=width_of(out)), out)
