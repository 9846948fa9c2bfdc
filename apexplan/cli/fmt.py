"""`apexplan fmt`: brings the manifests into one form. Comments and the order of keys stay."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from apexplan.cli import options
from apexplan.cli import project as projects
from apexplan.cli.options import Format
from apexplan.cli.output import answer
from apexplan.manifest import FILE_NAME
from apexplan.manifest.fmt import format_text
from apexplan.manifest.paths import matching
from apexplan.model.errors import EXIT_ERROR, EXIT_OK, UsageError

app = typer.Typer(add_completion=False)


@app.command()
def fmt(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILE]...", help="default: the whole project; - for stdin", show_default=False
        ),
    ] = None,
    root: options.Root = Path(),
    env: options.Environment = None,
    check: Annotated[bool, typer.Option("--check", help="write nothing; exit 1 on differences")] = False,
    format_: options.FormatOption = Format.TEXT,
) -> None:
    """Rewrites manifests in one form; their meaning is checked to be the same before and after."""
    if files == [Path("-")]:
        sys.stdout.write(format_text(sys.stdin.read()))
        raise typer.Exit(EXIT_OK)
    changed = [path for path in files or _all(root, env) if _reformat(path, check)]
    word = "would change" if check else "formatted"
    data = {"checked_only": check, "changed": [str(path) for path in changed]}
    answer(format_, "formatted", data, [f"{word} {path}" for path in changed])
    raise typer.Exit(EXIT_ERROR if check and changed else EXIT_OK)


def _all(root: Path, env: str | None) -> list[Path]:
    project = projects.load_settings(root, env)
    found = [file.name for pattern in project.manifests for file in matching(project.root, pattern)]
    return [root / FILE_NAME, *(root / name for name in dict.fromkeys(found))]


def _reformat(path: Path, check: bool) -> bool:
    try:
        before = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read as text", mend="check the path") from error
    after = format_text(before, str(path))
    if after != before and not check:
        path.write_text(after, encoding="utf-8")
    return after != before
