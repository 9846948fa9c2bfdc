"""`apexplan state`: list what is owned, show the state itself, rebuild it from marks, purge what it keeps."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from apexplan.cli import options, running
from apexplan.cli import project as projects
from apexplan.cli.options import Format
from apexplan.cli.output import answer, say
from apexplan.engine import adopt, rollback, survey
from apexplan.model.change import Recorded
from apexplan.model.errors import UsageError
from apexplan.provider import Ledger
from apexplan.report import view
from apexplan.report.json_ import dumps, recorded_data

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Look at the state, rebuild it, or purge it."
)


@app.command("list")
def list_(
    root: options.Root = Path(),
    env: options.Environment = None,
    target: options.Target = None,
    format_: options.FormatOption = Format.TEXT,
) -> None:
    """Lists the owned objects."""
    project = projects.load_settings(root, env)
    wanted = projects.choice(target, None)
    with projects.state_of(project) as state:
        owned = [r for a, r in sorted(state.recorded().items()) if wanted(a)]
    if format_ is Format.JSON:
        sys.stdout.write(dumps("objects", {"objects": [recorded_data(r) for r in owned]}))
        return
    say([_line(recorded) for recorded in owned] or ["nothing is owned yet"])


def _line(recorded: Recorded) -> Text:
    return Text(str(recorded.address)).append("  protected" if recorded.protect else "", style="cyan")


@app.command()
def show(
    root: options.Root = Path(),
    env: options.Environment = None,
    format_: options.FormatOption = Format.TEXT,
) -> None:
    """Shows which state this is, how often it was written, and what waits."""
    project = projects.load_settings(root, env)
    with projects.state_of(project) as state:
        head, owned, waiting, kept = state.head(), state.recorded(), state.open_run(), state.kept_bytes()
    if format_ is Format.JSON:
        data: dict[str, object] = {"lineage": head.lineage, "serial": head.serial, "objects": len(owned)}
        data |= {"open_run": waiting.id if waiting else None, "kept_bytes": kept}
        sys.stdout.write(dumps("state", data))
        return
    say([f"lineage {head.lineage or '(none yet)'}, serial {head.serial}"])
    say(["owned: " + (", ".join(view.counted_by_kind(owned)) or "nothing")])
    if kept:
        say([f"kept for rollbacks: {_kept_text(kept)}"])
    if waiting is not None:
        say([f"run {waiting.id} waits for resume or rollback ({waiting.status})"])


def _kept_text(kept: Mapping[str, int]) -> str:
    return f"{view.bytes_text(sum(kept.values()))} of {view.counted('run', len(kept))}"


@app.command()
def purge(
    older_than: Annotated[
        int, typer.Option("--older-than", metavar="DAYS", min=0, help="of runs that ended so many days ago")
    ],
    root: options.Root = Path(),
    env: options.Environment = None,
    yes: options.Yes = False,
    lock_timeout: options.LockTimeout = 0,
    format_: options.FormatOption = Format.TEXT,
) -> None:
    """Deletes what the state keeps of applied runs' data, such as keys that a repair overwrote. Those runs,
    and older ones, can no longer be rolled back. The runs and their journals stay."""
    project = projects.load_settings(root, env)
    with projects.state_of(project) as state, state.lock("purge", lock_timeout) as lock:
        found = rollback.purgeable(state, projects.purge_before(older_than))
        told = _kept_text(found)
        if found:
            running.agree(f"Delete {told}, which can then no longer be rolled back?", yes=yes)
            state.purge(lock, sorted(found), projects.event("purge", f"{told} that was kept for rollbacks"))
    lines = [f"Purged: {told}."] if found else ["nothing is kept of runs that are so old"]
    answer(format_, "purged", {"purged": found}, lines)


@app.command()
def recover(
    root: options.Root = Path(),
    env: options.Environment = None,
    yes: options.Yes = False,
    lock_timeout: options.LockTimeout = 0,
    format_: options.FormatOption = Format.TEXT,
) -> None:
    """Rebuilds a lost state from the marks that the stores hold. The state must own nothing."""
    project = projects.load_settings(root, env)
    with projects.state_of(project) as state, state.lock("recover", lock_timeout) as lock:
        if state.recorded():
            raise UsageError(
                "the state owns objects: there is nothing to recover",
                mend="`apexplan adopt` takes single objects",
            )
        with projects.stores_of(project) as stores:
            marks = [
                mark
                for store in stores.values()
                if isinstance(store.session, Ledger)
                for mark in store.session.marks(project.name).values()
            ]
            views = survey.read_live(stores, frozenset(m.address for m in marks))
        live = {a: s for seen in views.values() for a, s in seen.objects.items()}
        found = adopt.recovered(marks, live)
        if format_ is Format.TEXT:
            say(f"marked, but no longer there: {address}" for address in found.gone)
            say(["found: " + (", ".join(view.counted_by_kind(found.found)) or "nothing")])
        told = view.counted("object", len(found.found))
        if found.found:
            running.agree("Record these as owned?", yes=yes)
            state.replace(lock, found.found, projects.event("recover", f"{told} from the stores' marks"))
    lines = [f"Recovered: {told}. `apexplan drift` tells what changed since."] if found.found else []
    data = {"recovered": [str(a) for a in found.found], "gone": [str(a) for a in found.gone]}
    answer(format_, "recovered", data, lines)
