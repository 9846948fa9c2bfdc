"""`apexplan resume [RUN]`: goes on with a run that stopped, was interrupted, or crashed."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from apexplan.cli import options, running
from apexplan.cli import project as projects
from apexplan.cli.options import Format
from apexplan.engine import runs
from apexplan.engine.apply import OnFailure
from apexplan.engine.ports import Run, StateStore
from apexplan.model.errors import UsageError

app = typer.Typer(add_completion=False)


@app.command()
def resume(
    run_id: Annotated[str | None, typer.Argument(metavar="[RUN]", show_default=False)] = None,
    root: options.Root = Path(),
    env: options.Environment = None,
    on_failure: options.OnFailureOption = OnFailure.UNDO,
    lock_timeout: options.LockTimeout = 0,
    format_: options.FormatOption = Format.TEXT,
) -> None:
    """Goes on where a run stopped: the step at hand is looked up in the store, never guessed.

    A run that was undoing goes on undoing. Exit: as apply.
    """
    project = projects.load_settings(root, env)
    with projects.state_of(project) as state, state.lock("resume", lock_timeout) as lock:
        run = waiting_run(state, run_id)
        with projects.stores_of(project) as stores:
            code = running.carry_out(
                partial(runs.resume, run),
                run.plan,
                state,
                lock,
                stores,
                format_=format_,
                on_failure=on_failure,
            )
    raise typer.Exit(code)


def waiting_run(state: StateStore, run_id: str | None) -> Run:
    """Returns the run that waits for resume or rollback; raises UsageError where it is not that one."""
    run = state.open_run()
    if run is None:
        raise UsageError("no run waits to be resumed", mend="`apexplan history` shows the runs")
    if run_id is not None and run.id != run_id:
        raise UsageError(f"the run that waits is {run.id}, not {run_id}")
    return run
