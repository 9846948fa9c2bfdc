"""`apexplan show WHAT`: a run with its journal, a plan file, or one object on all its sides."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from apexplan.cli import options, running
from apexplan.cli import project as projects
from apexplan.cli.history import run_line
from apexplan.cli.options import Format
from apexplan.cli.output import say
from apexplan.engine import planfile, survey
from apexplan.engine.ports import Entry, Run
from apexplan.model.address import Address
from apexplan.model.errors import UsageError
from apexplan.report import view
from apexplan.report.json_ import dumps, recorded_data, run_data

app = typer.Typer(add_completion=False)


@app.command()
def show(
    what: Annotated[str, typer.Argument(help="a run's id, a plan file, or an address")],
    root: options.Root = Path(),
    env: options.Environment = None,
    format_: options.FormatOption = Format.TEXT,
    verbose: options.Verbose = False,
) -> None:
    """Shows one run with its journal, one plan file, or one object: desired, live and recorded."""
    if Path(what).is_file():
        plan = planfile.load(Path(what))
        if format_ is Format.JSON:
            sys.stdout.write(planfile.dump(plan))
        else:
            running.show_plan(plan, verbose=verbose)
        return
    try:
        address = Address.parse(what)
    except ValueError:
        _show_run(what, root, env, format_, verbose)
    else:
        _show_object(address, root, env, format_)


def _show_run(run_id: str, root: Path, env: str | None, format_: Format, verbose: bool) -> None:
    project = projects.load_settings(root, env)
    with projects.state_of(project) as state:
        run, journal = state.run(run_id), state.journal(run_id)
    if format_ is Format.JSON:
        lines = [{"entry": str(e.kind), "unit": e.unit, "data": dict(e.data)} for e in journal]
        sys.stdout.write(dumps("run", {**run_data(run, full=True), "journal": lines}))
        return
    running.show_plan(run.plan, verbose=verbose)
    say([run_line(run), *(_entry_line(entry, run) for entry in journal)])


def _entry_line(entry: Entry, run: Run) -> Text:
    titles = {u.id: u.steps[0].title for u in run.plan.units}
    line = Text(f"  {entry.kind:<7} {entry.unit} ").append(titles.get(entry.unit, ""), style="dim")
    for key in ("seconds", "error", "why"):
        if entry.data.get(key):
            line.append(f"  {entry.data[key]}", style="red" if key == "error" else "dim")
    return line


def _show_object(address: Address, root: Path, env: str | None, format_: Format) -> None:
    workspace = projects.load(root, env)
    declared = workspace.declared.get(address)
    with projects.state_of(workspace.project) as state:
        recorded = state.recorded().get(address)
    with projects.stores_of(workspace.project, [address.store]) as stores:
        live = survey.read_live(stores, frozenset({address}))
    spec = live[address.store].objects.get(address) if address.store in live else None
    sides = {
        "desired": declared.spec.values() if declared else None,
        "live": spec.values() if spec else None,
        "recorded": dict(recorded.values) if recorded else None,
    }
    if not any(side is not None for side in sides.values()):
        raise UsageError(f"{address} is neither declared nor live nor recorded")
    if format_ is Format.JSON:
        owner = recorded_data(recorded) if recorded else None
        sys.stdout.write(dumps("object", {"address": str(address), **sides, "record": owner}))
        return
    where = f"  declared at {declared.where}" if declared and declared.where else ""
    say([Text(f"{address}{where}", style="bold")])
    fields = dict.fromkeys(f for side in sides.values() if side for f in side)
    for field in fields:
        say(_field_lines(field, sides))


def _field_lines(field: str, sides: Mapping[str, Mapping[str, Any] | None]) -> Iterator[Text]:
    """Yields one line where all sides that have the field agree, else one line a side."""
    values = {name: view.value(side[field]) for name, side in sides.items() if side and field in side}
    if len(set(values.values())) == 1:
        yield Text(f"  {field}: {next(iter(values.values()))}").append(
            f"  ({', '.join(values)})", style="dim"
        )
        return
    yield Text(f"  {field}:")
    for name, value in values.items():
        yield Text(f"    {name:<8}  ", style="dim").append(value, style="yellow")
