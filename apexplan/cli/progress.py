"""Tells a run as it goes: a live line on a terminal, plain lines elsewhere, JSON lines on request."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.status import Status
from rich.text import Text

from apexplan.cli.options import Format
from apexplan.cli.output import console, say
from apexplan.engine.ports import Reporter
from apexplan.model.plan import Step, Unit
from apexplan.report.text import unit_title
from apexplan.report.view import visible

_QUIET_S = 10.0
"""Off a terminal, a long step tells its progress at most this often, in seconds."""


class TextReporter:
    """Lines for people. `status` is the live line of a terminal, or None elsewhere."""

    def __init__(self, out: Console, status: Status | None) -> None:
        self._out = out
        self._status = status
        self._title = ""
        self._told = 0.0

    def unit_started(self, unit: Unit, number: int, total: int, undo: bool) -> None:
        self._title = f"[{number}/{total}] {'undo: ' if undo else ''}{unit_title(unit)}"
        self._told = time.monotonic()
        self._live(self._title)

    def step_progress(self, step: Step, done: float, total: float | None, unit: str, phase: str) -> None:
        share = f" {done / total:4.0%}" if total else ""
        of = f" of {total:,.0f}" if total else ""
        text = f"{self._title}  {phase}{share} {done:,.0f}{of} {unit}"
        if self._status is not None:
            self._live(text)
        elif time.monotonic() - self._told > _QUIET_S:
            self._told = time.monotonic()
            self._print(f"    {text}")

    def unit_finished(self, unit: Unit, outcome: str, seconds: float) -> None:
        sign = {"done": "✓", "was done already": "✓", "undone": "↶"}.get(outcome, "✗")
        style = {"✓": "green", "↶": "yellow", "✗": "red"}[sign]
        told = "" if outcome in ("done", "undone") else f" ({outcome})"
        line = Text().append(f"  {sign} ", style=style).append(f"{self._title}{told}")
        say([line.append(f"  {seconds:.1f} s", style="dim")], self._out)

    def retrying(self, unit: Unit, attempt: int, wait_s: float, error: str) -> None:
        text = f"  … {unit_title(unit)}: {error}; again in {wait_s:.1f} s (attempt {attempt})"
        say([Text(text, style="yellow")], self._out)

    def said(self, text: str) -> None:
        self._print(f"  note: {text}")

    def _live(self, text: str) -> None:
        if self._status is not None:
            self._status.update(Text(visible(text)))

    def _print(self, text: str) -> None:
        say([Text(text, style="dim")], self._out)


class JsonReporter:
    """One JSON object a line: `event` and its data."""

    def unit_started(self, unit: Unit, number: int, total: int, undo: bool) -> None:
        steps = [s.id for s in unit.steps]
        emit("unit_started", unit=unit.id, number=number, total=total, undo=undo, steps=steps)

    def step_progress(self, step: Step, done: float, total: float | None, unit: str, phase: str) -> None:
        emit("progress", step=step.id, done=done, total=total, unit=unit, phase=phase)

    def unit_finished(self, unit: Unit, outcome: str, seconds: float) -> None:
        emit("unit_finished", unit=unit.id, outcome=outcome, seconds=round(seconds, 3))

    def retrying(self, unit: Unit, attempt: int, wait_s: float, error: str) -> None:
        emit("retrying", unit=unit.id, attempt=attempt, wait_s=round(wait_s, 3), error=error)

    def said(self, text: str) -> None:
        emit("note", text=text)


def emit(event: str, **data: Any) -> None:
    """Prints one event as a JSON line, at once."""
    print(json.dumps({"version": 1, "event": event, **data}, ensure_ascii=False), flush=True)


@contextmanager
def reporting(format_: Format) -> Iterator[Reporter]:
    """Yields the reporter for a format; a live line is taken away at the end."""
    if format_ is Format.JSON:
        yield JsonReporter()
        return
    out = console()
    if not sys.stdout.isatty():
        yield TextReporter(out, None)
        return
    with out.status("") as status:
        yield TextReporter(out, status)
