"""`apexplan init`: a commented project to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from apexplan import registry
from apexplan.cli.options import Format, FormatOption, Root
from apexplan.cli.output import answer, write_file
from apexplan.manifest.scaffold import init_files
from apexplan.model.errors import UsageError

app = typer.Typer(add_completion=False)


@app.command()
def init(
    providers: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PROVIDER]...", help="the stores' providers", show_default="postgres"),
    ] = None,
    root: Root = Path(),
    format_: FormatOption = Format.TEXT,
) -> None:
    """Writes apexplan.yaml and one manifest a store. Nothing that is there is overwritten."""
    chosen = providers or ["postgres"]
    for name in chosen:
        registry.provider(name)
    files = {root / path: text for path, text in init_files(chosen).items()}
    there = [str(path) for path in files if path.exists()]
    if there:
        raise UsageError(f"already there: {', '.join(there)}", mend="start in an empty directory, or use -C")
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, text)
    next_ = "next: set the variables that apexplan.yaml names, then `apexplan plan`"
    wrote = [str(path) for path in files]
    answer(format_, "init", {"wrote": wrote}, [*(f"wrote {path}" for path in wrote), next_])
