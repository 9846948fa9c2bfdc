"""`apexplan doctor`: versions, abilities and privileges of each store, and the state's health."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import typer
from rich.text import Text

from apexplan import __version__, registry
from apexplan.cli import options
from apexplan.cli import project as projects
from apexplan.cli.options import Format
from apexplan.cli.output import say
from apexplan.engine.survey import StoreConfig, opened
from apexplan.manifest import Project
from apexplan.model.errors import EXIT_ERROR, EXIT_OK, ApexplanError
from apexplan.provider import Check, Examinable
from apexplan.report.json_ import dumps

app = typer.Typer(add_completion=False)


@app.command()
def doctor(
    root: options.Root = Path(),
    env: options.Environment = None,
    format_: options.FormatOption = Format.TEXT,
) -> None:
    """Asks each store for its version, abilities and privileges. Writes nothing.

    A store that does not answer is told, and the others are asked all the same. Exit: 0 if every
    check passed, 1 if one failed.
    """
    project = projects.load_settings(root, env)
    sections = {"apexplan": _own()}
    for block in project.stores.values():
        config = StoreConfig(block.name, registry.provider(block.provider), block.settings)
        sections[f"{block.name} ({block.provider})"] = _asked(partial(_store, config))
    sections["state"] = _asked(partial(_state, project))
    failed = any(check.ok is False for checks in sections.values() for check in checks)
    if format_ is Format.JSON:
        data = {
            name: [{"name": c.name, "value": c.value, "ok": c.ok, "mend": c.mend or None} for c in checks]
            for name, checks in sections.items()
        }
        sys.stdout.write(dumps("doctor", {"ok": not failed, "checks": data}))
    else:
        _print(sections)
    raise typer.Exit(EXIT_ERROR if failed else EXIT_OK)


def _own() -> list[Check]:
    return [
        Check("version", __version__),
        Check("python", platform.python_version()),
        Check("providers", ", ".join(registry.names())),
    ]


def _asked(ask: Callable[[], list[Check]]) -> list[Check]:
    """Returns the checks, or the one check that the store could not be asked."""
    try:
        return ask()
    except ApexplanError as error:
        return [Check("answers", str(error), False, error.mend)]


def _store(config: StoreConfig) -> list[Check]:
    with opened([config]) as stores:
        session = stores[config.name].session
        checks = [Check("answers", "yes", True)]
        return checks + (list(session.examine()) if isinstance(session, Examinable) else [])


def _state(project: Project) -> list[Check]:
    with projects.state_of(project) as state:
        head, waiting = state.head(), state.open_run()
        checks = [Check("serial", str(head.serial)), Check("owned objects", str(len(state.recorded())))]
    if waiting is not None:
        mend = f"apexplan resume {waiting.id}, or apexplan rollback {waiting.id}"
        checks.append(Check("open run", f"{waiting.id} ({waiting.status})", False, mend))
    return checks


def _print(sections: dict[str, list[Check]]) -> None:
    for name, checks in sections.items():
        say([Text(name, style="bold")])
        for check in checks:
            sign, style = {True: ("✓", "green"), False: ("✗", "red"), None: ("·", "dim")}[check.ok]
            say([Text().append(f"  {sign} ", style=style).append(f"{check.name}: {check.value}")])
            if check.ok is False and check.mend:
                say([Text(f"      mend: {check.mend}", style="green")])
