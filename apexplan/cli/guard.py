"""The edge of the program: errors become text and exit codes, secrets never become text at all."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper
from typing import Protocol, TextIO, cast

import typer
from rich.text import Text

from apexplan.cli.output import REDACTOR, err_console, say, width_of
from apexplan.cli.secrets import secret_values
from apexplan.model.errors import EXIT_ERROR, EXIT_OK, ApexplanError, ManifestError
from apexplan.report.redact import CleanStream
from apexplan.report.text import diagnostic_lines

EXIT_INTERRUPTED = 130
"""What shells expect of a program that Ctrl-C ended."""


class _UsageProblem(Protocol):
    """What typer raises for a wrong command line; its classes are private to it."""

    def format_message(self) -> str: ...


def guarded(name: str, arguments: Sequence[str]) -> int:
    """Runs the command `name` with clean streams and returns its exit code."""
    REDACTOR.learn(secret_values(os.environ))
    streams = sys.stdout, sys.stderr
    for stream in streams:
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without → is no reason to fail
    out, err = (CleanStream(stream, REDACTOR) for stream in streams)
    sys.stdout, sys.stderr = cast(TextIO, out), cast(TextIO, err)
    try:
        code = _run(name, arguments)
        out.flush()
        if out.broken:
            say([f"error: the output could not be written: {out.error}"], err_console())
            code = code or EXIT_ERROR
        err.flush()
        return code
    finally:
        sys.stdout, sys.stderr = streams


def _run(name: str, arguments: Sequence[str]) -> int:
    try:
        app = import_module(f"apexplan.cli.{name}").app
        app.rich_markup_mode = "markdown"  # which alone fills the paragraphs of a docstring
        code = app(list(arguments), prog_name=f"apexplan {name}", standalone_mode=False)
    except typer.Abort:
        print("given up; nothing was changed", file=sys.stderr)
        return EXIT_ERROR
    except ApexplanError as error:
        show_error(error)
        return error.exit_code
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except Exception as error:
        if hasattr(error, "format_message"):
            _show_usage(cast(_UsageProblem, error), name)
        else:
            _show_defect(error)
        return EXIT_ERROR
    return code if isinstance(code, int) else EXIT_OK


def show_error(error: ApexplanError) -> None:
    """Prints an error with what mends it, to standard error."""
    out = err_console()
    if isinstance(error, ManifestError):
        for diagnostic in error.diagnostics:
            say(diagnostic_lines(diagnostic, width=width_of(out)), out)
        say([Text(error.text, style="bold")], out)
        return
    _show(str(error), error.mend)


def _show(text: str, mend: str) -> None:
    first, *more = text.splitlines() or [""]
    lines = [Text().append("error: ", style="bold red").append(first), *(Text(line) for line in more)]
    if mend:
        lines.append(Text().append("mend: ", style="green").append(mend))
    say(lines, err_console())


def _show_usage(error: _UsageProblem, name: str) -> None:
    """Prints what is wrong with a command line. A group without a command shows its help instead."""
    text = error.format_message().rstrip(".")
    if text:
        _show(text, f"`apexplan {name} --help` tells what there is")


def _show_defect(error: Exception) -> None:
    """Prints an unexpected error: the trace without locals, since a local may hold a secret."""
    trace = traceback.TracebackException.from_exception(error, capture_locals=False)
    print("".join(trace.format()), file=sys.stderr)
    print("error: this is a defect of apexplan; please report the lines above", file=sys.stderr)
