"""Plan and drift as Markdown for a pull request: under 60,000 characters whatever the size.

Destructive rows come first and are left out last: where they are many, their details go, then they
stand as bare names, and only when even those do not fit are they counted, in so many words. Other
changes that are equal (same kind, action and values) are one row with a count; what does not fit
is counted by kind and action. The statements follow as far as there is room.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from apexplan.engine.drift import Drift, DriftKind, Finding
from apexplan.manifest import Policy
from apexplan.model.address import Address
from apexplan.model.plan import Note, Plan
from apexplan.report import view
from apexplan.report.text import drift_count

MOST_CHARACTERS = 60_000
"""GitHub refuses a comment above 65,536 characters; this leaves room for what is put around it."""
_FOR_COUNTS = 2_500
"""What the lines of counts may take, in characters: at most 20 counts."""
_VALUE = 160
_TEXT = 300
_ROW_CHARACTERS = 600
"""A row's changed fields beyond this are counted, so that no single row can fill the report."""
_NAMES_SHOWN = 5
_LISTED = 20
"""Notes, counts and other asides beyond this many are counted."""


@dataclass(frozen=True, slots=True)
class _Block:
    """One row of the report, or several equal ones. `kept` rows are left out last."""

    lines: tuple[str, ...]
    addresses: tuple[Address, ...]
    kept: bool
    what: str

    @property
    def size(self) -> int:
        return _size(self.lines)


def plan_markdown(plan: Plan, policy: Policy = Policy()) -> str:
    """Returns the plan for a pull request's comment."""
    head = [f"### apexplan: {as_text(view.title(plan))}", "", f"**{as_text(view.counts_line(plan))}**", ""]
    head += _hazard_lines(plan, policy)
    head += [f"> **Cannot be applied:** {as_text(_told(note))}" for note in plan.notes if note.blocks]
    told = [_told(note) for note in plan.notes if not note.blocks]
    tail = [f"> {as_text(text)}" for text in told[:_LISTED]]
    if len(told) > _LISTED:
        tail.append(f"> … and {len(told) - _LISTED} more notes")
    if plan.unmanaged:
        tail += ["", f"Not managed and left alone: {', '.join(view.counted_by_kind(plan.unmanaged))}."]
    if plan.kept:
        tail += ["", f"Moved aside by earlier drops, and kept: {', '.join(view.counted_by_kind(plan.kept))}."]
    tail += ["", f"<sub>plan {plan.id}, state serial {plan.serial}, made {plan.created}</sub>"]
    body = _fitted(_plan_blocks(plan), MOST_CHARACTERS - _size(head) - _size(tail))
    room = MOST_CHARACTERS - _size(head) - _size(body) - _size(tail)
    return _joined([*head, *body, *_statements(plan, room), "", *tail])


def drift_markdown(drift: Drift) -> str:
    """Returns the drift for an issue or a comment."""
    head = ["### apexplan: drift", "", f"**{drift_count(drift)}**", ""]
    order = sorted(drift.findings, key=lambda f: (f.waived is not None, f.kind is not DriftKind.MISSING))
    tail = [f"- resolved: {as_code(label)}" for label in drift.resolved[:_LISTED]]
    tail += [
        f"- expired waiver of {as_text(w.owner)} for {_name(w.address)}" for w in drift.expired[:_LISTED]
    ]
    more = len(drift.resolved) + len(drift.expired) - len(tail)
    if more:
        tail.append(f"- … and {more} more that are resolved or expired")
    tail += [f"- {as_text(view.remark(note))}" for note in drift.remarks[:_LISTED]]
    if drift.unmanaged:
        tail.append(f"- not managed: {', '.join(view.counted_by_kind(drift.unmanaged))}")
    room = MOST_CHARACTERS - _size(head) - _size(tail)
    return _joined([*head, *_fitted([_drift_block(f) for f in order], room), "", *tail])


def _hazard_lines(plan: Plan, policy: Policy) -> list[str]:
    counts = view.hazard_counts(plan, policy)
    if not counts:
        return []
    lines = ["| hazard | steps | |", "|---|---|---|"]
    for item in counts:
        needs = f"needs `--allow {item.kind}`" if item.needs_allow else ""
        needs = "denied by the policy" if item.denied else needs
        lines.append(f"| {'⚠️ ' if item.stops else ''}`{item.kind}` | {item.count} | {needs} |")
    return [*lines, ""]


def _plan_blocks(plan: Plan) -> list[_Block]:
    rows = [row for store in view.stores(plan) for row in store.rows]
    rows.sort(key=lambda row: row.rank)
    grouped: dict[object, list[view.Row]] = {}
    for row in rows:
        grouped.setdefault(_likeness(row), []).append(row)
    return [_row_block(group) for group in grouped.values()]


def _likeness(row: view.Row) -> object:
    """Returns what makes two rows equal but for their names; every destructive row stands alone."""
    change = row.change
    if row.destructive:
        return change.address
    fields = tuple((f.field, repr(f.live), repr(f.desired)) for f in change.fields)
    hazards = tuple(h.kind for h in row.hazards)
    where = (change.address.store, change.address.kind)
    return (where, change.action, change.renamed_from, change.summary, row.parts, fields, hazards)


def _row_block(rows: Sequence[view.Row]) -> _Block:
    row = rows[0]
    addresses = tuple(r.change.address for r in rows)
    what = f"{row.change.address.kind} to {row.change.action}"
    return _Block((_row_line(rows), *_field_lines(row), *_reason(row)), addresses, row.destructive, what)


def _row_line(rows: Sequence[view.Row]) -> str:
    row = rows[0]
    names = ", ".join(_name(r.change.address) for r in rows[:_NAMES_SHOWN])
    more = f" and {len(rows) - _NAMES_SHOWN} more" if len(rows) > _NAMES_SHOWN else ""
    count = f"{len(rows)} × " if len(rows) > 1 else ""
    line = f"- **{_sign(row.symbol)}** {count}{names}{more}"
    line += "".join(f" {as_text(detail)}" for detail in view.details(row))
    if row.size is not None and len(rows) == 1:
        line += f" ({as_text(view.size_text(row.size))})"
    if row.hazards:
        marked = [f"**{h.kind}**" if h.kind in row.serious else str(h.kind) for h in row.hazards]
        line += " — " + ", ".join(marked)
    return line


def _field_lines(row: view.Row) -> Iterator[str]:
    found = [pair for field in row.change.fields for pair in view.pairs(field)]
    used = 0
    for number, (name, live, desired) in enumerate(found):
        one, other = view.contrast(live, desired, _VALUE)
        text = f"  - {as_text(name)}: {as_code(one)} → {as_code(other)}"
        used += len(text)
        if used > _ROW_CHARACTERS and number:
            yield f"  - … and {len(found) - number} more fields"
            return
        yield text


def _reason(row: view.Row) -> Iterator[str]:
    if row.reason:
        yield f"  - because {as_text(row.reason)}"
    for hazard in row.hazards:
        if hazard.kind in row.serious:
            yield f"  - {hazard.kind}: {as_text(hazard.text)}"


def _drift_block(finding: Finding) -> _Block:
    gone = finding.kind is DriftKind.MISSING
    line = f"- **{'−' if gone else '~'}** {_name(finding.address)}"
    if gone:
        line += " is gone"
    else:
        recorded, live = view.contrast(finding.recorded, finding.live, _VALUE)
        line += f" {as_text(finding.field)}: recorded {as_code(recorded)}, live {as_code(live)}"
    if finding.waived:
        line += f" (waived by {as_text(finding.waived.owner)} until {finding.waived.expires})"
    what = f"{finding.address.kind} {finding.kind}"
    return _Block((line,), (finding.address,), gone and finding.waived is None, what)


def _fitted(blocks: Sequence[_Block], room: int) -> list[str]:
    """Returns the lines of the blocks that have room, in their order, and the counts of the others."""
    room -= _FOR_COUNTS
    kept = [block for block in blocks if block.kept]
    lines = _kept_lines(kept, room)
    room -= _size(lines)
    cut: Counter[str] = Counter()
    for block in blocks:
        if block.kept:
            continue
        if block.size <= room:
            lines += block.lines
            room -= block.size
        else:
            cut[block.what] += len(block.addresses)
    return [*lines, *_counts(cut)]


def _counts(cut: Counter[str]) -> list[str]:
    if not cut:
        return []
    told = [f"{count:,} {as_text(_cut(what, 60))}" for what, count in cut.most_common(_LISTED)]
    rest = sum(cut.values()) - sum(count for _, count in cut.most_common(_LISTED))
    return ["", f"… and {', '.join(told)}{f', {rest:,} others' if rest else ''}."]


def _kept_lines(blocks: Sequence[_Block], room: int) -> list[str]:
    """Returns the rows that must not be missed in the fullest form that has room."""
    for lines in (
        [line for block in blocks for line in block.lines],
        [block.lines[0] for block in blocks],
        list(_name_lists(blocks)),
    ):
        if _size(lines) <= room:
            return lines
    shown: list[str] = []
    used = 0
    for block in blocks:
        line = f"- {_name(block.addresses[0])}"
        used += len(line) + 1
        if used > room:
            break
        shown.append(line)
    missing = len(blocks) - len(shown)
    rest = f"**… and {missing:,} more destructive changes: read the plan file before you approve this.**"
    return [*shown, "", rest]


def _name_lists(blocks: Sequence[_Block]) -> Iterator[str]:
    """Yields one line for each store, kind and action: all names, nothing else."""
    names: dict[tuple[str, str], list[str]] = {}
    for block in blocks:
        address = block.addresses[0]
        names.setdefault((f"{address.store}.{address.kind}", block.what), []).append(as_code(address.name))
    for (prefix, what), found in names.items():
        yield f"- **{len(found):,} {as_text(what)}** in {as_code(prefix)}: {', '.join(found)}"


def _statements(plan: Plan, room: int) -> list[str]:
    """Returns what will be sent to the stores, folded away, as far as there is room."""
    steps = [step for step in plan.steps if step.statements]
    texts = [f"-- {' '.join(s.title.split())}\n" + "\n".join(s.statements) for s in steps]
    fence = "`" * max(3, 1 + max((_longest_run(text) for text in texts), default=0))
    lines = ["", "<details><summary>Statements, in order</summary>", "", f"{fence}sql"]
    end = [fence, "", "</details>"]
    room -= _size(lines) + _size(end) + 100
    shown = 0
    for text in texts:
        room -= len(text) + 1
        if room < 0:
            break
        lines += map(view.visible, text.split("\n"))
        shown += 1
    if not shown:
        return []
    if shown < len(texts):
        lines.append(f"-- … and the statements of {len(texts) - shown:,} more steps")
    return [*lines, *end]


def _size(lines: Iterable[str]) -> int:
    return sum(len(line) + 1 for line in lines)


def _joined(lines: Sequence[str]) -> str:
    return "\n".join(lines).rstrip("\n") + "\n"


def _sign(symbol: str) -> str:
    return {"-": "−", "~": "\\~"}.get(symbol, symbol)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _name(address: Address) -> str:
    return as_code(str(address))


def as_code(text: str) -> str:
    """Returns `text` as inline code, whatever it holds."""
    flat = _cut(view.visible(" ".join(text.split())), _TEXT)
    fence = "`" * (_longest_run(flat) + 1)
    blank = " " if "`" in flat else ""
    return f"{fence}{blank}{flat}{blank}{fence}"


def _longest_run(text: str) -> int:
    """Returns how many backticks stand together in `text` at most."""
    longest = run = 0
    for character in text:
        run = run + 1 if character == "`" else 0
        longest = max(longest, run)
    return longest


def _told(note: Note) -> str:
    about = f"{note.address}: " if note.address else ""
    return f"{about}{note.text}" + (f" (to mend it: {note.mend})" if note.mend else "")


def as_text(text: str) -> str:
    """Returns `text` so that Markdown and HTML leave it alone, and nobody is mentioned by it."""
    flat = _cut(view.visible(" ".join(text.split())), _TEXT).replace("&", "&amp;")
    for character in "\\`*_[]|~":
        flat = flat.replace(character, "\\" + character)
    for character in "<>@":
        flat = flat.replace(character, f"&#{ord(character)};")
    return flat
