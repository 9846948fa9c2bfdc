"""Plans, runs and drifts for a terminal. Returns rich Text, line by line; `cli` prints it.

    Plan for memory (prod)

    sql
      - index  public.documents_old_idx        5,000 rows, 41 MB  DELETES_DATA
          DELETES_DATA: searches lose the index
      ± index  public.documents_embedding_idx  hnsw (embedding)  5,000 rows  INDEX_GAP
          using  ivfflat → hnsw
          because an index has one method for life
      + table  public.events                   with 4 columns, 1 primary key

    DELETES_DATA × 1  apply needs --allow DELETES_DATA
    INDEX_GAP    × 1
    Plan: 1 to drop, 1 to replace, 6 to create. 3 steps, rollback lossy.

Colour only repeats what the signs and words say. Names and statements are never cut or broken;
what does not fit beside them goes below.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap

from rich.text import Text

from apexplan.engine.apply import Progress, Result, UnitError
from apexplan.engine.drift import Age, Drift, DriftKind, Finding
from apexplan.engine.ports import Entry, EntryKind, Run, RunStatus
from apexplan.manifest import Policy
from apexplan.model.change import Action
from apexplan.model.diagnostics import Diagnostic
from apexplan.model.plan import Note, Plan, PlannedChange, Step, Unit
from apexplan.model.spec import How
from apexplan.report import view

WIDTH = 100
"""Columns to fill where nobody says how wide the reader's window is."""

_STYLE = {
    "+": "green",
    "~": "yellow",
    "±": "magenta",
    "-": "red",
    "=": "cyan",
    "·": "dim",
}
_NAME_COLUMN = 44
"""Names up to this long are padded to one column; a longer one pushes what follows it."""
_INDENT = " " * 6
_LEAST_VALUE = 24
"""However narrow the window, so much of a value is shown."""


def plan_lines(
    plan: Plan, *, verbose: bool = False, width: int = WIDTH, policy: Policy = Policy()
) -> Iterator[Text]:
    """Yields the plan: rows by store, notes, hazards, the line of counts."""
    numbers = {step.id: number for number, step in enumerate(plan.steps, 1)}
    if not plan.empty:
        yield Text(view.title(plan) if plan.undoes else f"Plan for {view.title(plan)}", style="bold")
        yield Text()
    for store in view.stores(plan):
        yield Text(store.store, style="bold")
        columns = _columns(store.rows)
        for row in store.rows:
            yield from _row_lines(row, columns, verbose, width)
            if verbose:
                own = [s for s in row.steps if s.address == row.change.address]
                yield from _step_lines(own, numbers, width)
        yield Text()
    if verbose:
        yield from _unlisted(plan, numbers, width)
    yield from _notes(plan, width)
    yield from _unmanaged(plan, verbose, width)
    yield from _kept(plan, verbose, width)
    yield from _hazards(plan, policy)
    yield Text(view.counts_line(plan), style="bold")


def _columns(rows: Sequence[view.Row]) -> tuple[int, int]:
    """Returns how wide the kinds and the names are set."""
    names = [len(row.change.address.name) for row in rows]
    fitting = [n for n in names if n <= _NAME_COLUMN] or [0]
    return max(len(row.change.address.kind) for row in rows), max(fitting)


def _row_lines(row: view.Row, columns: tuple[int, int], verbose: bool, width: int) -> Iterator[Text]:
    change, style = row.change, _STYLE[row.symbol]
    kind, name = change.address.kind.ljust(columns[0]), change.address.name
    head = Text().append(f"  {row.symbol} {kind}  {name}", style=style)
    details = [Text(detail, style="dim") for detail in view.details(row)]
    if row.size is not None:
        details.append(Text(view.size_text(row.size), style="cyan"))
    details += [Text(h.kind, style="bold red" if h.kind in row.serious else "yellow") for h in row.hazards]
    yield from _flow(head, columns[0] + columns[1] + 6, details, width)
    yield from _field_lines(row, verbose, width)
    if row.reason:
        yield from prose(f"because {row.reason}", width, _INDENT, "dim")
    for hazard in row.hazards:
        if hazard.kind in row.serious or verbose:
            yield from prose(f"{hazard.kind}: {hazard.text}", width, _INDENT, "dim")
    if verbose and change.where:
        yield Text(f"{_INDENT}declared at {change.where}", style="dim")


def _flow(head: Text, column: int, details: Sequence[Text], width: int) -> Iterator[Text]:
    """Yields `head` and the details beside it from `column` on, those that do not fit below it."""
    line = head
    for number, detail in enumerate(details):
        gap = max(2, column + 2 - len(line)) if number == 0 else 2
        if len(line) + gap + len(detail) > width and line.plain.strip():
            yield line
            line, gap = Text(_INDENT), 0
        line = line.copy().append(" " * gap).append_text(detail)
    yield line


def _field_lines(row: view.Row, verbose: bool, width: int) -> Iterator[Text]:
    found = [(field, pair) for field in row.change.fields for pair in view.pairs(field)]
    if not found:
        return
    column = max(min(len(name), 24) for _, (name, _, _) in found)
    word, costly = _costly(row.change)
    for field, (name, live, desired) in found:
        start = f"{_INDENT}{name.ljust(column)}  "
        room = max(_LEAST_VALUE, width - len(start) - 2)
        one, other = view.contrast(live, desired, None if verbose else room)
        line = Text(start).append(one, style="red")
        if len(start) + len(one) + len(other) + 3 > width:
            yield line
            line = Text(" " * (len(start) - 2) + "→ ")
        else:
            line.append(" → ")
        line.append(other, style="green")
        if field.field in costly:
            line.append(f"  ({word})", style="dim")
        yield line
        if verbose and field.why and row.change.action is not Action.REPLACE:
            yield from prose(field.why, width, _INDENT + "  ", "dim")


def _costly(change: PlannedChange) -> tuple[str, frozenset[str]]:
    """Returns which of the fields make the change costly, and in what way; none where all of them do."""
    if change.action is Action.REPLACE:
        word, costs = "forces the replacement", {f.field for f in change.fields if f.how == How.REPLACE}
    else:
        word, costs = "rebuilds", {f.field for f in change.fields if f.rebuilds}
    return word, frozenset(costs) if len(costs) < len(change.fields) else frozenset()


def _step_lines(steps: Iterable[Step], numbers: dict[str, int], width: int) -> Iterator[Text]:
    for step in steps:
        mode = "" if step.online else "  (blocks)"
        yield Text(f"{_INDENT}step {numbers[step.id]}: {step.title}{mode}", style="italic")
        if step.reason:
            yield from prose(f"because {step.reason}", width, _INDENT + "  ", "dim")
        for statement in step.statements:
            for line in statement.strip().splitlines():
                yield Text(f"{_INDENT}  {line}", style="blue")
        yield from prose(f"undo: {_undo_text(step)}", width, _INDENT + "  ", "dim")


def _undo_text(step: Step) -> str:
    if step.inverse is None:
        return f"impossible: {step.no_inverse}"
    return f"{step.inverse.title} ({step.rollback})"


def _unlisted(plan: Plan, numbers: dict[str, int], width: int) -> Iterator[Text]:
    steps = view.unlisted_steps(plan)
    if steps:
        yield Text("on objects that stay as they are", style="bold")
        yield from _step_lines(steps, numbers, width)
        yield Text()


def _notes(plan: Plan, width: int) -> Iterator[Text]:
    for note in sorted(plan.notes, key=lambda note: not note.blocks):
        yield from _note_lines(note, width)


def _note_lines(note: Note, width: int) -> Iterator[Text]:
    word, style = ("cannot be applied", "bold red") if note.blocks else ("note", "dim")
    yield from prose(f"{word}: {view.remark(note)}", width, style=style)
    if note.mend:
        yield from prose(f"to mend it: {note.mend}", width, _INDENT, "dim")


def _unmanaged(plan: Plan, verbose: bool, width: int) -> Iterator[Text]:
    if not plan.unmanaged:
        return
    kinds = ", ".join(view.counted_by_kind(plan.unmanaged))
    yield from prose(f"not managed here and left alone: {kinds}", width, style="dim")
    if verbose:
        for address in plan.unmanaged:
            yield Text(f"    {address}", style="dim")


def _kept(plan: Plan, verbose: bool, width: int) -> Iterator[Text]:
    if not plan.kept:
        return
    kinds = ", ".join(view.counted_by_kind(plan.kept))
    told = f"moved aside by earlier drops, and kept: {kinds} (--purge DAYS deletes the older ones)"
    yield from prose(told, width, style="dim")
    if verbose:
        for address in plan.kept:
            yield Text(f"    {address}", style="dim")


def _hazards(plan: Plan, policy: Policy) -> Iterator[Text]:
    counts = view.hazard_counts(plan, policy)
    column = max((len(item.kind) for item in counts), default=0)
    for item in counts:
        style = "bold red" if item.stops else "yellow"
        line = Text(f"{item.kind:<{column}} × {item.count}", style=style)
        if item.denied:
            line.append("  denied by the policy: apply refuses it", style="default")
        elif item.needs_allow:
            line.append(f"  apply needs --allow {item.kind}", style="default")
        yield line


def prose(text: str, width: int, indent: str = "", style: str = "") -> Iterator[Text]:
    """Yields a sentence broken between words; a word that is longer than the line is left whole."""
    lines = wrap(
        " ".join(text.split()),
        max(width, len(indent) + _LEAST_VALUE),
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return (Text(line, style=style) for line in lines)


def result_lines(result: Result, plan: Plan, *, width: int = WIDTH) -> Iterator[Text]:
    """Yields how a run ended: what failed, what was undone, what is in effect, what is left, and
    what to type next."""
    yield from _failure_lines(result.failure, "failed", width)
    yield from _failure_lines(result.undo_failure, "could not be undone", width)
    halfway = result.status is not RunStatus.APPLIED
    failed = result.failure.unit.id if result.failure else None
    untouched = [unit for unit in result.untouched if unit.id != failed]
    for word, units, style in (
        ("undone", result.undone, "yellow"),
        ("in effect", result.applied if halfway else (), ""),
        ("in effect, cannot be undone", result.left, "bold red"),
        ("undecided", result.stuck, "bold red"),
        ("not begun", untouched if halfway else (), "dim"),
    ):
        yield from _unit_lines(word, units, style, width)
    yield from prose(_verdict(result, plan), width, style="bold")
    if result.status.open:
        yield Text(f"next: apexplan resume {result.run}     goes on")
        yield Text(f"  or: apexplan rollback {result.run}   undoes what was done")


def _unit_lines(word: str, units: Sequence[Unit], style: str, width: int) -> Iterator[Text]:
    for unit in units:
        for step in unit.steps:
            lost = word.endswith("undone") and step.no_inverse
            why = f" ({step.no_inverse})" if lost and step.inverse is None else ""
            yield from prose(f"{word}: {step.title}{why}", width, "  ", style)


def _failure_lines(error: UnitError | None, word: str, width: int) -> Iterator[Text]:
    if error is None:
        return
    yield from prose(f"{word}: {unit_title(error.unit)}", width, "  ", "red")
    for line in error.error.splitlines():
        yield Text(f"    {line}", style="red")
    if error.mend:
        yield from prose(f"mend: {error.mend}", width, "    ", "green")


def _verdict(result: Result, plan: Plan) -> str:
    total = view.counted("unit", len(plan.units))
    done = f"{len(result.applied)} of {total}"
    match result.status:
        case RunStatus.APPLIED:
            done = done if plan.units else f"{view.counted('object', len(plan.changes))} recorded"
            return f"{'Rolled back' if plan.undoes else 'Applied'}: {done}. Run {result.run}."
        case RunStatus.UNDONE if result.left:
            return (
                f"Undone, but for {len(result.left)} that cannot be: "
                f"{view.counted('unit', len(result.undone))} taken back. Run {result.run}."
            )
        case RunStatus.UNDONE:
            return f"Undone: everything is as before the run. Run {result.run}."
        case RunStatus.STUCK:
            return (
                f"Stuck, {done} in effect: look at the objects above in the store; "
                f"both commands below ask it again. Run {result.run}."
            )
        case _:
            how = "Interrupted" if result.interrupted else "Stopped"
            return f"{how}, {done} in effect. Run {result.run}."


def undo_lines(run: Run, journal: Iterable[Entry], *, width: int = WIDTH) -> Iterator[Text]:
    """Yields what undoing an open run will take back, by its journal: the last unit first."""
    progress = Progress.of(run.plan.units, journal)
    yield Text(f"{view.title(run.plan)}: undoing what run {run.id} did", style="bold")
    waiting = 0
    for unit in reversed(run.plan.units):
        state = progress.states[unit.id]
        if state in (EntryKind.DONE, EntryKind.INTENT, EntryKind.UNDO):
            waiting += 1
            inverse = unit.undone()
            if inverse is None:
                yield from _unit_lines("stays, cannot be undone", [unit], "bold red", width)
            else:
                sure = "" if state is EntryKind.DONE else " (if the store shows it)"
                yield from prose(f"{unit_title(inverse)}{sure}", width, "  - ", "yellow")
    done = view.counted("unit", waiting)
    yield Text(f"Undo: {done} of {len(run.plan.units)} to look at.", style="bold")


def unit_title(unit: Unit) -> str:
    """Returns what a unit does, in one line."""
    first = unit.steps[0].title
    more = len(unit.steps) - 1
    return f"{first} and {more} more in one transaction" if more else first


def drift_lines(drift: Drift, *, width: int = WIDTH) -> Iterator[Text]:
    """Yields the drift: missing objects first, then changed fields, waived ones last, a line of counts."""
    order = sorted(
        drift.findings, key=lambda f: (f.waived is not None, f.kind is not DriftKind.MISSING, f.address)
    )
    told = None
    for finding in order:
        subject = (finding.address, finding.waived is not None)
        if subject != told:
            told = subject
            yield _drift_head(finding)
        yield from _finding_lines(finding, width)
    for label in drift.resolved:
        yield Text(f"  resolved: {label}", style="green")
    for waiver in drift.expired:
        text = f"the waiver of {waiver.owner} for {waiver.address} expired on {waiver.expires}"
        yield from prose(text, width, "  ", "yellow")
    for note in drift.remarks:
        yield from _note_lines(note, width)
    if drift.unmanaged:
        kinds = ", ".join(view.counted_by_kind(drift.unmanaged))
        yield from prose(f"not managed here: {kinds}", width, style="dim")
    yield Text(drift_count(drift), style="bold")


def _drift_head(finding: Finding) -> Text:
    gone = finding.kind is DriftKind.MISSING
    style = "dim" if finding.waived else ("red" if gone else "yellow")
    return Text(f"  {'-' if gone else '~'} {finding.address}", style=style)


def _finding_lines(finding: Finding, width: int) -> Iterator[Text]:
    known = "  (known)" if finding.age is Age.PERSISTING else ""
    if finding.kind is DriftKind.MISSING:
        yield Text(f"{_INDENT}recorded, but no longer there{known}")
    else:
        start = f"{_INDENT}{finding.field}  "
        recorded, live = view.contrast(
            finding.recorded, finding.live, max(_LEAST_VALUE, width - len(start) - 9)
        )
        line = Text(start).append("recorded ", style="dim").append(recorded, style="green")
        if len(line) + len(live) + len(known) + 8 > width:
            yield line
            line = Text(" " * len(start))
        else:
            line.append(", ")
        yield line.append("live ", style="dim").append(live, style="red").append(known, style="dim")
    if finding.waived:
        waiver = finding.waived
        text = f"waived by {waiver.owner} until {waiver.expires}: {waiver.reason}"
        yield from prose(text, width, _INDENT, "dim")


def drift_count(drift: Drift) -> str:
    """Returns `Drift: 3 differences in 2 objects (1 waived). 40 checked.` or says that there is none."""
    if not drift.checked:
        return "Nothing is owned yet: there is nothing that could drift."
    waived = len(drift.findings) - len(drift.open)
    aside = f" ({waived:,} waived)" if waived else ""
    if not drift.open:
        return f"In sync: {view.counted('object', drift.checked)} checked, nothing drifted{aside}."
    objects = len({f.address for f in drift.open})
    return (
        f"Drift: {view.counted('difference', len(drift.open))} in {view.counted('object', objects)}{aside}. "
        f"{drift.checked:,} checked."
    )


def diagnostic_lines(diagnostic: Diagnostic, *, width: int = WIDTH) -> Iterator[Text]:
    """Yields one diagnostic: place, what is wrong, why, how to mend it."""
    style = {"error": "bold red", "warning": "yellow"}.get(diagnostic.severity, "dim")
    line = Text(f"{diagnostic.where}: " if diagnostic.where else "", style="bold")
    yield line.append(f"{diagnostic.severity}: ", style=style).append(diagnostic.summary)
    for label, text, style in (
        ("", diagnostic.what, ""),
        ("why: ", diagnostic.why, ""),
        ("mend: ", diagnostic.mend, "green"),
    ):
        if text:
            yield from prose(label + text, width, "    ", style)
