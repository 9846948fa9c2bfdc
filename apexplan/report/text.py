"""Plans, runs and drifts for a terminal. Returns rich Text, line by line; `cli` prints it.

    sql
      - index public.documents_old_idx                    5,000 rows, 41 MB   DELETES_DATA
      ± index public.documents_embedding_idx  hnsw (embedding vector_cosine_ops)
          using: ivfflat → hnsw
          because a new index is built concurrently under another name, then the names are swapped
      + table public.events  with 4 columns, 1 primary key

Colour only repeats what the signs and words say.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from apexplan.engine.apply import Result, UnitError
from apexplan.engine.drift import Age, Drift, DriftKind
from apexplan.engine.ports import RunStatus
from apexplan.model.diagnostics import Diagnostic
from apexplan.model.plan import Plan, Step, Unit
from apexplan.report import view

_STYLE = {
    "+": "green",
    "~": "yellow",
    "±": "magenta",
    "-": "red",
    "=": "cyan",
    "·": "dim",
}
_VALUE_WIDTH = 72
"""Values longer than this many characters are shortened unless the reader asked for everything."""


def plan_lines(plan: Plan, *, verbose: bool = False) -> Iterator[Text]:
    """Yields the plan: rows by store, notes, hazards, the line of counts."""
    for store in view.stores(plan):
        yield Text(store.store, style="bold")
        for row in store.rows:
            yield from _row_lines(row, verbose)
        yield Text()
    yield from _notes(plan)
    yield from _unmanaged(plan, verbose)
    yield from _hazards(plan)
    yield Text(view.counts_line(plan), style="bold")


def _row_lines(row: view.Row, verbose: bool) -> Iterator[Text]:
    change, style = row.change, _STYLE[row.symbol]
    line = Text(f"  {row.symbol} ", style=style).append(row.label, style=style)
    if change.renamed_from is not None:
        line.append(f"  renamed from {change.renamed_from.name}", style="dim")
    for detail in (change.summary, view.parts_text(row.parts)):
        if detail:
            line.append(f"  {_cut(detail, verbose)}", style="dim")
    if row.size is not None:
        line.append(f"  [{view.size_text(row.size)}]", style="cyan")
    for hazard in row.hazards:
        line.append(f"  {hazard.kind}", style="bold red" if hazard.kind in row.serious else "yellow")
    yield line
    for field in change.fields:
        text = Text(f"      {field.field}: ")
        text.append(_cut(view.value(field.live), verbose), style="red")
        text.append(" → ").append(_cut(view.value(field.desired), verbose), style="green")
        yield text
    if change.reason:
        yield Text(f"      because {change.reason}", style="dim")
    for hazard in row.hazards:
        if hazard.kind in row.serious or verbose:
            yield Text(f"      {hazard.kind}: {hazard.text}", style="dim")
    if verbose:
        for step in row.steps:
            if step.address == change.address:
                yield from _step_lines(step)


def _step_lines(step: Step) -> Iterator[Text]:
    mode = "" if step.online else "  (blocks)"
    yield Text(f"      {step.title}{mode}", style="italic")
    for statement in step.statements:
        for number, line in enumerate(statement.strip().splitlines()):
            yield Text(f"        {'  ' * (number > 0)}{line}", style="blue")
    yield Text(f"        undo: {_undo_text(step)}", style="dim")


def _undo_text(step: Step) -> str:
    if step.inverse is None:
        return f"impossible: {step.no_inverse}"
    return f"{step.inverse.title} ({step.rollback})"


def _cut(text: str, verbose: bool) -> str:
    return text if verbose or len(text) <= _VALUE_WIDTH else text[: _VALUE_WIDTH - 1] + "…"


def _notes(plan: Plan) -> Iterator[Text]:
    for note in plan.notes:
        about = f"{note.address}: " if note.address else ""
        yield Text(f"note: {about}{note.text}", style="dim")


def _unmanaged(plan: Plan, verbose: bool) -> Iterator[Text]:
    if not plan.unmanaged:
        return
    kinds = ", ".join(view.counted_by_kind(plan.unmanaged))
    yield Text(f"not managed here and left alone: {kinds}", style="dim")
    if verbose:
        for address in plan.unmanaged:
            yield Text(f"    {address}", style="dim")


def _hazards(plan: Plan) -> Iterator[Text]:
    counts = view.hazard_counts(plan)
    for item in counts:
        line = Text(f"{item.kind} × {item.count}", style="bold red" if item.needs_allow else "yellow")
        if item.needs_allow:
            line.append(f"   apply needs --allow {item.kind}", style="default")
        yield line


def result_lines(result: Result, plan: Plan) -> Iterator[Text]:
    """Yields how a run ended: what was applied, undone, left, what is stuck, and what to type next."""
    yield from _failure_lines(result.failure, "failed")
    yield from _failure_lines(result.undo_failure, "could not be undone")
    for word, units, style in (
        ("undone", result.undone, "yellow"),
        ("left as it is now", result.left, "bold red"),
        ("undecided", result.stuck, "bold red"),
    ):
        for unit in units:
            for step in unit.steps:
                why = f" ({step.no_inverse})" if word.startswith("left") and step.no_inverse else ""
                yield Text(f"  {word}: {step.title}{why}", style=style)
    yield Text(_verdict(result, plan), style="bold")
    if result.status.open:
        yield Text(f"next: apexplan resume {result.run}   or: apexplan rollback {result.run}")


def _failure_lines(error: UnitError | None, word: str) -> Iterator[Text]:
    if error is not None:
        for step in error.unit.steps:
            yield Text(f"  {word}: {step.title}", style="red")
        yield Text(f"    {error.error}", style="red")
        if error.mend:
            yield Text(f"    {error.mend}")


def _verdict(result: Result, plan: Plan) -> str:
    done, total = len(result.applied), len(plan.units)
    verb = "Rolled back" if plan.undoes else "Applied"
    match result.status:
        case RunStatus.APPLIED:
            return f"{verb}: {done} of {total} units. Run {result.run}."
        case RunStatus.UNDONE if result.left:
            return (
                f"Undone, but for {len(result.left)} that cannot be: "
                f"{len(result.undone)} units taken back. Run {result.run}."
            )
        case RunStatus.UNDONE:
            return f"Undone: everything is as before the run. Run {result.run}."
        case RunStatus.STUCK:
            return f"Stuck after {done} of {total} units: somebody has to look. Run {result.run}."
        case _:
            how = "Interrupted" if result.interrupted else "Stopped"
            return f"{how} after {done} of {total} units. Run {result.run}."


def unit_title(unit: Unit) -> str:
    """Returns what a unit does, in one line."""
    first = unit.steps[0].title
    more = len(unit.steps) - 1
    return f"{first} and {more} more in one transaction" if more else first


def drift_lines(drift: Drift) -> Iterator[Text]:
    """Yields the drift: missing objects first, then changed fields, waived ones last, a line of counts."""
    order = sorted(
        drift.findings, key=lambda f: (f.waived is not None, f.kind is not DriftKind.MISSING, f.address)
    )
    for finding in order:
        gone = finding.kind is DriftKind.MISSING
        style = "dim" if finding.waived else ("red" if gone else "yellow")
        line = Text(f"  {'-' if gone else '~'} {finding.address}", style=style)
        if finding.age is Age.PERSISTING:
            line.append("  (known)", style="dim")
        yield line
        if gone:
            yield Text("      recorded, but no longer there")
        else:
            yield (
                Text(f"      {finding.field}: ")
                .append(view.value(finding.recorded), style="green")
                .append(" → ")
                .append(view.value(finding.live), style="red")
            )
        if finding.waived:
            waiver = finding.waived
            yield Text(f"      waived by {waiver.owner} until {waiver.expires}: {waiver.reason}", style="dim")
    for label in drift.resolved:
        yield Text(f"  resolved: {label}", style="green")
    for waiver in drift.expired:
        yield Text(f"  expired waiver of {waiver.owner} for {waiver.address}", style="yellow")
    if drift.unmanaged:
        kinds = ", ".join(view.counted_by_kind(drift.unmanaged))
        yield Text(f"not managed here: {kinds}", style="dim")
    yield Text(drift_count(drift), style="bold")


def drift_count(drift: Drift) -> str:
    """Returns `Drift: 2 objects, 3 differences (1 waived). 40 checked.` or says that there is none."""
    waived = len(drift.findings) - len(drift.open)
    aside = f" ({waived} waived)" if waived else ""
    if not drift.open:
        return f"In sync: {drift.checked} recorded objects are as apexplan left them{aside}."
    objects = len({f.address for f in drift.open})
    return (
        f"Drift: {len(drift.open)} difference{'s' * (len(drift.open) != 1)} in {objects} "
        f"object{'s' * (objects != 1)}{aside}. {drift.checked} checked."
    )


def diagnostic_lines(diagnostic: Diagnostic) -> Iterator[Text]:
    """Yields one diagnostic: place, what is wrong, why, how to mend it."""
    style = {"error": "bold red", "warning": "yellow"}.get(diagnostic.severity, "dim")
    line = Text(f"{diagnostic.where}: " if diagnostic.where else "", style="bold")
    yield line.append(f"{diagnostic.severity}: ", style=style).append(diagnostic.summary)
    if diagnostic.what:
        yield Text(f"    {diagnostic.what}")
    if diagnostic.why:
        yield Text(f"    why: {diagnostic.why}")
    if diagnostic.mend:
        yield Text(f"    mend: {diagnostic.mend}", style="green")
