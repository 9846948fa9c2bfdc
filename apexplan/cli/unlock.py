"""`apexplan unlock ID --reason …`: takes the lock from a run that is dead."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from apexplan.cli import options
from apexplan.cli import project as projects
from apexplan.cli.options import Format
from apexplan.cli.output import answer

app = typer.Typer(add_completion=False)


@app.command()
def unlock(
    lock_id: Annotated[str, typer.Argument(metavar="ID", help="the lock's id, as the refusal told it")],
    reason: Annotated[str, typer.Option("--reason", help="why; it goes into the history")],
    root: options.Root = Path(),
    env: options.Environment = None,
    format_: options.FormatOption = Format.TEXT,
) -> None:
    """Breaks a lock. Its holder, should it still live, stops before its next step."""
    project = projects.load_settings(root, env)
    with projects.state_of(project) as state:
        holder = state.unlock(lock_id, projects.event("unlock", f"{lock_id}: {reason}"))
    data = {"lock": lock_id, "holder": holder, "reason": reason}
    answer(format_, "unlocked", data, [f"unlocked; it was held by {holder}"])
