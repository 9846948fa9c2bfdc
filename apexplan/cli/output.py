"""Where the command line prints and writes: consoles, lines for people, files. All of it is masked."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from apexplan.cli.options import Format
from apexplan.model.errors import UsageError
from apexplan.report.json_ import dumps
from apexplan.report.redact import Redactor
from apexplan.report.text import WIDTH, prose
from apexplan.report.view import visible

REDACTOR = Redactor()
"""Learns what is secret in the environment and in the project; everything printed goes through it."""
_WIDEST = 140
"""Sentences are no longer than this many columns, however wide the window."""


def console() -> Console:
    """Returns a console on standard output."""
    return Console(file=sys.stdout, highlight=False, markup=False, emoji=False)


def err_console() -> Console:
    """Returns a console on standard error."""
    return Console(file=sys.stderr, highlight=False, markup=False, emoji=False)


def width_of(out: Console) -> int:
    """Returns how many columns lines may fill: the window's, or a fixed number in a pipe or file."""
    return min(out.width, _WIDEST) if out.is_terminal else WIDTH


def say(lines: Iterable[Text | str], out: Console | None = None) -> None:
    """Prints lines as they are, on standard output unless `out` is given. Nothing in them can steer
    the terminal."""
    out = out or console()
    for line in lines:
        text = Text(line) if isinstance(line, str) else line
        text.plain = visible(text.plain)
        out.print(text, soft_wrap=True)


def answer(format_: Format, kind: str, data: Mapping[str, Any], lines: Iterable[Text | str]) -> None:
    """Prints what a small command did: `lines` for people, or a JSON document of its `kind`."""
    if format_ is Format.JSON:
        sys.stdout.write(dumps(kind, data))
    else:
        say(lines)


def note(text: str, *commands: str) -> None:
    """Prints a remark that is no part of the result, and what may be typed: to standard error."""
    out = err_console()
    say([*prose(f"note: {text}", width_of(out), style="yellow"), *(f"  {c}" for c in commands)], out)


def write_file(path: Path, text: str) -> None:
    """Writes a file, masked. Raises UsageError where that cannot be."""
    try:
        path.write_text(REDACTOR.clean(text), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", mend="check the path") from error


def deliver(text: str, path: Path | None) -> None:
    """Writes what a command made into a file, or prints it and nothing else."""
    if path is None:
        sys.stdout.write(text)
    else:
        write_file(path, text)
