"""Plan and drift as Markdown for a pull request: under 60,000 characters whatever the size.

Destructive rows come first and are never cut. Equal changes (same kind, same action, same fields
with the same values) are one row with a count. What does not fit is counted, by kind and action.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from apexplan.engine.drift import Drift, DriftKind, Finding
from apexplan.model.change import Action
from apexplan.model.plan import Plan
from apexplan.report import view
from apexplan.report.text import drift_count

MOST_CHARACTERS = 60_000
"""GitHub refuses a comment above 65,536 characters; this leaves room for what is put around it."""
_ROW_CHARACTERS = 600
"""A row's changed fields beyond this are counted, so that no single row can fill the report."""
_DESTRUCTIVE = frozenset({Action.DELETE, Action.REPLACE})
_NAMES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class _Block:
    """One row of the report, or several equal ones. `kept` rows are never cut."""

    text: str
    kept: bool
    what: str
    count: int = 1


def plan_markdown(plan: Plan) -> str:
    """Returns the plan for a pull request's comment."""
    title = f"### apexplan: {plan.project}" + (f" ({plan.environment})" if plan.environment else "")
    head = [title, "", f"**{view.counts_line(plan)}**", ""]
    head += _hazard_lines(plan)
    tail = [f"> {_escaped(n.text if not n.address else f'{n.address}: {n.text}')}" for n in plan.notes[:20]]
    if len(plan.notes) > 20:
        tail.append(f"> … and {len(plan.notes) - 20} more notes")
    if plan.unmanaged:
        tail += ["", f"Not managed and left alone: {', '.join(view.counted_by_kind(plan.unmanaged))}."]
    tail += ["", f"<sub>plan {plan.id}, state serial {plan.serial}, made {plan.created}</sub>"]
    return _fitted(head, list(_plan_blocks(plan)), tail)


def drift_markdown(drift: Drift) -> str:
    """Returns the drift for an issue or a comment."""
    head = ["### apexplan: drift", "", f"**{drift_count(drift)}**", ""]
    order = sorted(drift.findings, key=lambda f: (f.waived is not None, f.kind is not DriftKind.MISSING))
    tail = [f"- resolved: {_code(label)}" for label in drift.resolved[:50]]
    tail += [
        f"- expired waiver of {_escaped(w.owner)} for {_code(str(w.address))}" for w in drift.expired[:50]
    ]
    if drift.unmanaged:
        tail.append(f"- not managed: {', '.join(view.counted_by_kind(drift.unmanaged))}")
    return _fitted(head, [_drift_block(f) for f in order], tail)


def _hazard_lines(plan: Plan) -> list[str]:
    counts = view.hazard_counts(plan)
    if not counts:
        return []
    lines = ["| hazard | steps | |", "|---|---|---|"]
    for item in counts:
        needs = f"needs `--allow {item.kind}`" if item.needs_allow else ""
        lines.append(f"| {'⚠️ ' if item.needs_allow else ''}`{item.kind}` | {item.count} | {needs} |")
    return [*lines, ""]


def _plan_blocks(plan: Plan) -> Iterable[_Block]:
    rows = [(s.store, row) for s in view.stores(plan) for row in s.rows]
    rows.sort(key=lambda pair: pair[1].rank)
    grouped: dict[object, list[view.Row]] = {}
    for store, row in rows:
        grouped.setdefault(_likeness(store, row), []).append(row)
    return [_row_block(group) for group in grouped.values()]


def _likeness(store: str, row: view.Row) -> object:
    """Returns what makes two rows equal but for their names; every destructive row stands alone."""
    change = row.change
    if change.action in _DESTRUCTIVE or row.serious:
        return change.address
    fields = tuple((f.field, repr(f.live), repr(f.desired)) for f in change.fields)
    hazards = tuple(h.kind for h in row.hazards)
    return (store, change.address.kind, change.action, change.summary, row.parts, fields, hazards)


def _row_block(rows: Sequence[view.Row]) -> _Block:
    row = rows[0]
    kept = row.change.action in _DESTRUCTIVE or bool(row.serious)
    what = f"{row.change.address.kind} to {row.change.action}"
    return _Block("\n".join(_row_lines(rows)), kept, what, len(rows))


def _row_lines(rows: Sequence[view.Row]) -> Iterable[str]:
    row = rows[0]
    names = ", ".join(_code(f"{r.change.address}") for r in rows[:_NAMES_SHOWN])
    more = f" and {len(rows) - _NAMES_SHOWN} more" if len(rows) > _NAMES_SHOWN else ""
    count = f"{len(rows)} × " if len(rows) > 1 else ""
    line = f"- **{_sign(row.symbol)}** {count}{names}{more}"
    for detail in (row.change.summary, view.parts_text(row.parts)):
        if detail:
            line += f" {_escaped(_cut(detail))}"
    if row.size is not None and len(rows) == 1:
        line += f" ({view.size_text(row.size)})"
    if row.hazards:
        line += " — " + ", ".join(
            f"**{h.kind}**" if h.kind in row.serious else f"{h.kind}" for h in row.hazards
        )
    yield line
    used = 0
    for number, field in enumerate(row.change.fields):
        live, desired = _code(_cut(view.value(field.live))), _code(_cut(view.value(field.desired)))
        text = f"  - {field.field}: {live} → {desired}"
        used += len(text)
        if used > _ROW_CHARACTERS:
            yield f"  - … and {len(row.change.fields) - number} more fields"
            break
        yield text
    if row.change.reason:
        yield f"  - because {_escaped(_cut(row.change.reason))}"


def _drift_block(finding: Finding) -> _Block:
    gone = finding.kind is DriftKind.MISSING
    line = f"- **{'−' if gone else '~'}** {_code(str(finding.address))}"
    if gone:
        line += " is gone"
    else:
        recorded, live = _cut(view.value(finding.recorded)), _cut(view.value(finding.live))
        line += f" {finding.field}: {_code(recorded)} → {_code(live)}"
    if finding.waived:
        line += f" (waived by {_escaped(finding.waived.owner)} until {finding.waived.expires})"
    return _Block(line, gone, f"{finding.kind} {finding.address.kind}")


def _fitted(head: Sequence[str], blocks: Sequence[_Block], tail: Sequence[str]) -> str:
    """Returns the report; blocks that need not be kept are counted once the room is used up."""
    end = "\n".join(tail)
    room = MOST_CHARACTERS - len("\n".join(head)) - len(end) - 2_000
    room -= sum(len(b.text) + 1 for b in blocks if b.kept)
    shown: list[str] = []
    cut: Counter[str] = Counter()
    for block in blocks:
        if not block.kept:
            room -= len(block.text) + 1
            if room < 0:
                cut[block.what] += block.count
                continue
        shown.append(block.text)
    if cut:
        shown += ["", f"… and {', '.join(f'{n} {what}' for what, n in cut.most_common(20))}."]
    return _squeezed([*head, *shown, "", end])


def _squeezed(lines: Sequence[str]) -> str:
    """Returns the lines as text. Where the kept rows alone are too many, their details go first and
    then each is left with its address: a destructive row itself is never left out in silence."""
    text = "\n".join(lines) + "\n"
    shorten: list[Callable[[str], str]] = [_without_details, _names_only]
    for step in shorten:
        if len(text) <= MOST_CHARACTERS:
            return text
        text = step(text)
    return text if len(text) <= MOST_CHARACTERS else _counted(text)


def _without_details(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("  - ")) + "\n"


def _names_only(text: str) -> str:
    lines = []
    for line in text.splitlines():
        parts = line.split("`")
        lines.append(f"{parts[0]}`{parts[1]}`" if line.startswith("- **") and len(parts) > 2 else line)
    return "\n".join(lines) + "\n"


def _counted(text: str) -> str:
    """Returns the front of a text that cannot be made to fit, and how many rows are missing."""
    lines = text.splitlines()
    ends = accumulate(len(line) + 1 for line in lines)
    kept = sum(1 for end in ends if end <= MOST_CHARACTERS - 200)
    missing = sum(1 for line in lines[kept:] if line.startswith("- **"))
    rest = f"**… and {missing} more destructive rows: read the plan file before you approve this.**"
    return "\n".join([*lines[:kept], "", rest]) + "\n"


def _sign(symbol: str) -> str:
    return {"-": "−", "~": "\\~"}.get(symbol, symbol)


def _cut(text: str) -> str:
    return text if len(text) <= 160 else text[:159] + "…"


def _code(text: str) -> str:
    """Returns `text` as inline code, whatever it holds."""
    flat = " ".join(text.split())
    if "`" in flat:
        return f"`` {flat} ``"
    return f"`{flat}`"


def _escaped(text: str) -> str:
    """Returns `text` so that Markdown and HTML leave it alone."""
    for character in "\\`*_[]<>|":
        text = text.replace(character, "\\" + character if character not in "<>" else f"&#{ord(character)};")
    return " ".join(text.split())
