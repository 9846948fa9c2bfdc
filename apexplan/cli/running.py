"""What apply, resume and rollback have in common: the signals, the question, the ending."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import FrameType

import typer

from apexplan.cli import project as projects
from apexplan.cli.options import Format
from apexplan.cli.output import console, say, width_of
from apexplan.cli.progress import emit, reporting
from apexplan.engine import runs
from apexplan.engine.apply import OnFailure, Result, Stop
from apexplan.engine.ports import Lock, RunStatus, StateStore
from apexplan.engine.survey import OpenStore
from apexplan.manifest import Policy
from apexplan.model.errors import EXIT_ERROR, EXIT_OK, EXIT_STUCK, EXIT_UNDONE, UsageError
from apexplan.model.plan import Plan
from apexplan.report import text, view

EXIT_OF = {
    RunStatus.APPLIED: EXIT_OK,
    RunStatus.UNDONE: EXIT_UNDONE,
    RunStatus.STOPPED: EXIT_STUCK,
    RunStatus.STUCK: EXIT_STUCK,
    RunStatus.RUNNING: EXIT_ERROR,
}
_SHOW_CURSOR = "\x1b[?25h"
_SOON = "stopping after the step at hand; once more stops at once"
_AT_ONCE = "stopped at once; `apexplan resume` asks the stores what became of the last step"


def carry_out(
    action: Callable[[runs.Context], Result],
    plan: Plan,
    state: StateStore,
    lock: Lock,
    stores: Mapping[str, OpenStore],
    *,
    format_: Format,
    on_failure: OnFailure = OnFailure.UNDO,
) -> int:
    """Runs `action` under signals and a reporter, tells how it ended, returns the exit code."""
    with stopping() as stop, reporting(format_) as reporter:
        result = action(
            runs.Context(
                state=state,
                lock=lock,
                stores=stores,
                reporter=reporter,
                now=projects.stamp,
                new_id=projects.new_run_id,
                by=projects.who(),
                on_failure=on_failure,
                stop=stop,
            )
        )
    tell(result, plan, format_)
    return EXIT_OF[result.status]


def tell(result: Result, plan: Plan, format_: Format) -> None:
    """Prints how a run ended."""
    if format_ is Format.JSON:
        emit(
            "finished",
            run=result.run,
            status=str(result.status),
            applied=[u.id for u in result.applied],
            undone=[u.id for u in result.undone],
            left=[u.id for u in result.left],
            stuck=[u.id for u in result.stuck],
            untouched=[u.id for u in result.untouched],
            error=result.failure.error if result.failure else None,
            undo_error=result.undo_failure.error if result.undo_failure else None,
        )
        return
    out = console()
    say(text.result_lines(result, plan, width=width_of(out)), out)


@contextmanager
def stopping(soon: str = _SOON, at_once: str = _AT_ONCE, code: int = EXIT_STUCK) -> Iterator[Stop]:
    """Yields a stop that the first SIGINT or SIGTERM sets, and says `soon`. A second one says `at_once` and
    ends the process with `code`, as a crash would: the journal is written before each step, so the next
    command knows where it was."""
    stop = Stop()

    def wish(number: int, frame: FrameType | None) -> None:
        if stop.wished:
            _to_terminal(f"{at_once}\n{_SHOW_CURSOR * sys.stdout.isatty()}")
            os._exit(code)
        stop.wished = True
        _to_terminal(f"{soon}\n")

    former = {number: signal.signal(number, wish) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _to_terminal(message: str) -> None:
    """Writes past all buffers: a signal may have come in the middle of a write to one of them. On a
    terminal it begins a new line, since the live line of progress stands there."""
    with suppress(OSError):  # nobody reads; stopping matters more
        os.write(2, ("\n" * os.isatty(2) + message).encode())


def show_plan(plan: Plan, *, verbose: bool, policy: Policy = Policy()) -> None:
    """Prints a plan for people. `policy` is that of the environment in which it would be applied."""
    out = console()
    say(text.plan_lines(plan, verbose=verbose, width=width_of(out), policy=policy), out)


def agree(question: str, *, yes: bool) -> None:
    """Asks unless `yes`; raises typer.Abort on no, UsageError where nobody can be asked."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("nobody is there to be asked", mend="read what would be done, then pass --yes")
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise typer.Abort


def announce(plan: Plan) -> None:
    """Prints what is about to be done, as the first JSON line."""
    hazards = [
        {"kind": str(h.kind), "count": h.count, "needs_allow": h.needs_allow}
        for h in view.hazard_counts(plan)
    ]
    emit(
        "planned",
        plan=plan.id,
        undoes=plan.undoes or None,
        changes=len(plan.changes),
        units=len(plan.units),
        hazards=hazards,
    )
