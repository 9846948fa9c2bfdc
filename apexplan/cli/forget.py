"""`apexplan forget ADDRESS…`: stops owning objects without touching them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from apexplan.cli import options
from apexplan.cli import project as projects
from apexplan.cli.options import Format
from apexplan.cli.output import answer, note
from apexplan.engine.adopt import forgettable
from apexplan.engine.record import write_marks
from apexplan.report import view

app = typer.Typer(add_completion=False)


@app.command()
def forget(
    target: Annotated[list[str], typer.Argument(metavar="ADDRESS...", help="addresses or patterns")],
    root: options.Root = Path(),
    env: options.Environment = None,
    lock_timeout: options.LockTimeout = 0,
    format_: options.FormatOption = Format.TEXT,
) -> None:
    """Stops owning objects: they stay as they are and become unmanaged. Take them out of the
    manifests as well, or the next apply adopts them again."""
    project = projects.load_settings(root, env)
    with projects.state_of(project) as state, state.lock("forget", lock_timeout) as lock:
        found = forgettable(state.recorded(), projects.choice(target, None))
        names = {a.store for a in found}
        with projects.stores_of(project, sorted(names)) as stores:
            state.replace(lock, found, projects.event("forget", ", ".join(map(str, found))))
            for problem in write_marks(project.name, found, stores.values(), state.recorded()):
                note(problem)
    lines = [*(f"· {address}" for address in found), f"Forgotten: {view.counted('object', len(found))}."]
    answer(format_, "forgotten", {"forgotten": [str(address) for address in found]}, lines)
