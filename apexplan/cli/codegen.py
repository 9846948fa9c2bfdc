"""`apexplan codegen`: Python modules for applications, made from the manifests. No store is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from apexplan.cli import options
from apexplan.cli import project as projects
from apexplan.cli.output import say, write_file
from apexplan.model.errors import EXIT_ERROR, UsageError

app = typer.Typer(add_completion=False)


@app.command()
def codegen(
    directory: Annotated[
        Path, typer.Option("--output", "-o", help="where the modules are written", show_default="here")
    ] = Path(),
    root: options.Root = Path(),
    env: options.Environment = None,
    check: Annotated[
        bool, typer.Option("--check", help="write nothing; exit 1 where a module is not as it would be")
    ] = False,
) -> None:
    """Writes a module for each manifest that gives applications one: a client of a RedisContract's events.

    The same manifests give the same bytes, so that `--check` can hold them in CI.
    Exit: 0, 1 an error, or with --check a module that is missing or outdated.
    """
    modules = projects.load(root, env).modules()
    if not modules:
        raise UsageError(
            "no manifest gives applications a module", mend="a RedisContract with `invalidation` does"
        )
    texts = {directory / f"{name}.py": text for name, text in modules.items()}
    if check:
        stale = [
            path for path, text in texts.items() if not path.is_file() or path.read_text("utf-8") != text
        ]
        say(
            [f"{path} is not as the manifests say" for path in stale]
            or ["all modules are as the manifests say"]
        )
        raise typer.Exit(EXIT_ERROR if stale else 0)
    directory.mkdir(parents=True, exist_ok=True)
    for path, text in texts.items():
        write_file(path, text)
        say([f"wrote {path}"])
