"""`apexplan history`: the runs and the other events, newest first."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from apexplan.cli import options
from apexplan.cli import project as projects
from apexplan.cli.options import Format
from apexplan.cli.output import say
from apexplan.engine.ports import Run
from apexplan.report import view
from apexplan.report.json_ import dumps, event_data, run_data

app = typer.Typer(add_completion=False)


@app.command()
def history(
    root: options.Root = Path(),
    env: options.Environment = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="at most so many")] = 20,
    format_: options.FormatOption = Format.TEXT,
) -> None:
    """Lists runs and other events (adopt, forget, unlock, recover, purge), newest first."""
    project = projects.load_settings(root, env)
    with projects.state_of(project) as state:
        head, runs, events = state.head(), state.runs(limit), state.events(limit)
    if format_ is Format.JSON:
        data = {"lineage": head.lineage, "serial": head.serial}
        lists = {"runs": [run_data(r) for r in runs], "events": [event_data(e) for e in events]}
        sys.stdout.write(dumps("history", {**data, **lists}))
        return
    lines = [(run.started, run_line(run)) for run in runs]
    lines += [(e.at, Text(f"{e.at}  {e.verb}  {e.text}  by {e.by}")) for e in events]
    newest = sorted(lines, key=lambda pair: pair[0], reverse=True)[:limit]
    say([line for _, line in newest] or ["nothing was applied yet"])


def run_line(run: Run) -> Text:
    """Returns one run in one line."""
    verb = f"rollback of {run.undoes}" if run.undoes else "apply"
    line = Text(f"{run.started}  {verb}  run {run.id}  ")
    style = {"applied": "green", "undone": "yellow"}.get(run.status, "bold red")
    line.append(str(run.status), style=style)
    line.append(f"  {view.counted('object', len(run.plan.changes))}  by {run.by}")
    if run.undone_by:
        line.append(f"  (rolled back by {run.undone_by})", style="dim")
    if run.purged:
        line.append(f"  (kept data purged at {run.purged})", style="dim")
    return line
