"""The edge of the program: errors become text and exit codes, secrets never become text at all."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import Protocol, TextIO, cast

import typer
from rich.console import Console
from rich.text import Text

from apexplan.model.errors import EXIT_ERROR, EXIT_OK, ApexplanError, ManifestError
from apexplan.report.redact import CleanStream, Redactor
from apexplan.report.text import diagnostic_lines

REDACTOR = Redactor()
"""Learns the secrets of the project once it is loaded; everything printed goes through it."""


class _UsageProblem(Protocol):
    """What typer raises for a wrong command line; its classes are private to it."""

    def show(self) -> None: ...


def guarded(name: str, arguments: Sequence[str]) -> int:
    """Runs the command `name` with clean streams and returns its exit code."""
    out, err = sys.stdout, sys.stderr
    sys.stdout = cast(TextIO, CleanStream(out, REDACTOR))
    sys.stderr = cast(TextIO, CleanStream(err, REDACTOR))
    try:
        return _run(name, arguments)
    finally:
        sys.stdout, sys.stderr = out, err


def _run(name: str, arguments: Sequence[str]) -> int:
    try:
        app = import_module(f"apexplan.cli.{name}").app
        code = app(list(arguments), prog_name=f"apexplan {name}", standalone_mode=False)
    except typer.Abort:
        print("given up; nothing was changed", file=sys.stderr)
        return EXIT_ERROR
    except ApexplanError as error:
        show_error(error)
        return error.exit_code
    except BrokenPipeError:
        return EXIT_ERROR
    except Exception as error:
        if hasattr(error, "show"):
            cast(_UsageProblem, error).show()
        else:
            _show_defect(error)
        return EXIT_ERROR
    return code if isinstance(code, int) else EXIT_OK


def show_error(error: ApexplanError) -> None:
    """Prints an error with what mends it, to standard error."""
    console = err_console()
    if isinstance(error, ManifestError):
        for diagnostic in error.diagnostics:
            for line in diagnostic_lines(diagnostic):
                console.print(line, soft_wrap=True)
        console.print(Text(error.text, style="bold"))
        return
    console.print(Text("error: ", style="bold red").append(str(error), style="default"), soft_wrap=True)
    if error.mend:
        console.print(Text("mend: ", style="green").append(error.mend, style="default"), soft_wrap=True)


def _show_defect(error: Exception) -> None:
    """Prints an unexpected error: the trace without locals, since a local may hold a secret."""
    trace = traceback.TracebackException.from_exception(error, capture_locals=False)
    print("".join(trace.format()), file=sys.stderr)
    print("error: this is a defect of apexplan; please report the lines above", file=sys.stderr)


def console() -> Console:
    """Returns a console on standard output."""
    return Console(file=sys.stdout, highlight=False, markup=False, emoji=False)


def err_console() -> Console:
    """Returns a console on standard error."""
    return Console(file=sys.stderr, highlight=False, markup=False, emoji=False)
