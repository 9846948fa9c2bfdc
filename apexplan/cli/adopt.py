"""`apexplan adopt`: begins to own declared objects as they are live, without touching them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from apexplan.cli import options
from apexplan.cli import project as projects
from apexplan.cli.options import Format
from apexplan.cli.output import answer, note
from apexplan.cli.secrets import refuse_in_records
from apexplan.engine import adopt as adoption
from apexplan.engine import survey
from apexplan.engine.record import write_marks
from apexplan.model.errors import UsageError
from apexplan.report import view

app = typer.Typer(add_completion=False)


@app.command()
def adopt(
    target: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ADDRESS]...", help="addresses or patterns; default: all that can be", show_default=False
        ),
    ] = None,
    root: options.Root = Path(),
    env: options.Environment = None,
    lock_timeout: options.LockTimeout = 0,
    format_: options.FormatOption = Format.TEXT,
) -> None:
    """Records declared objects that are live but belong to nobody. No store is changed, save for
    its own marks of ownership. Where manifest and store differ, the next plan says so."""
    workspace = projects.load(root, env)
    project = workspace.project
    with (
        projects.state_of(project) as state,
        state.lock("adopt", lock_timeout) as lock,
        projects.stores_of(project) as stores,
    ):
        views = survey.read_live(stores, frozenset(workspace.declared))
        live = {a: s for seen in views.values() for a, s in seen.objects.items()}
        found = adoption.adoptable(workspace.declared, live, state.recorded(), projects.choice(target, None))
        if not found:
            raise UsageError("nothing to adopt: each such object is owned, not declared, or not there")
        refuse_in_records(found.values())
        state.replace(lock, found, projects.event("adopt", ", ".join(map(str, found))))
        for problem in write_marks(project.name, found, stores.values(), state.recorded()):
            note(problem)
    lines = [*(f"= {address}" for address in found), f"Adopted: {view.counted('object', len(found))}."]
    answer(format_, "adopted", {"adopted": [str(address) for address in found]}, lines)
