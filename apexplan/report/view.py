"""A plan as readers want it: by store, destructive first, one row an object, parts folded into the
object that they come or go with. Shared by all formats. Pure."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from apexplan.engine.hazards import must_be_allowed
from apexplan.manifest import Policy
from apexplan.model.address import Address
from apexplan.model.change import Action
from apexplan.model.plan import Hazard, HazardKind, Note, Plan, PlannedChange, PlannedField, Size, Step
from apexplan.model.spec import How

SYMBOLS = {
    Action.CREATE: "+",
    Action.UPDATE: "~",
    Action.RENAME: "~",
    Action.REPLACE: "±",
    Action.DELETE: "-",
    Action.ADOPT: "=",
    Action.FORGET: "·",
}
_ORDER = [
    Action.DELETE,
    Action.REPLACE,
    Action.UPDATE,
    Action.RENAME,
    Action.CREATE,
    Action.ADOPT,
    Action.FORGET,
]


@dataclass(frozen=True, slots=True)
class Row:
    """One object. `parts` counts, by kind, the objects that come or go with it in the same step.
    `steps` serve this object, in the order of the plan."""

    change: PlannedChange
    steps: tuple[Step, ...]
    parts: tuple[tuple[str, int], ...] = ()

    @property
    def symbol(self) -> str:
        return SYMBOLS[self.change.action]

    @property
    def destructive(self) -> bool:
        """True for what takes something away or must be allowed by name: no report leaves it out."""
        return self.change.action in (Action.DELETE, Action.REPLACE) or bool(self.serious)

    @property
    def hazards(self) -> tuple[Hazard, ...]:
        """The hazards of all its steps, each kind once, the worst first."""
        found: dict[HazardKind, Hazard] = {}
        for step in self.steps:
            for hazard in step.hazards:
                found.setdefault(hazard.kind, hazard)
        order = list(HazardKind)
        return tuple(sorted(found.values(), key=lambda h: order.index(h.kind)))

    @property
    def serious(self) -> frozenset[HazardKind]:
        """The kinds among its hazards that must be allowed by name."""
        return frozenset(h.kind for s in self.steps for h in s.hazards if must_be_allowed(s, h))

    @property
    def reason(self) -> str:
        """Why it must be replaced: what the fields say that force it."""
        whys = [f.why for f in self.change.fields if f.how == How.REPLACE and f.why]
        return "; ".join(dict.fromkeys(whys)) if self.change.action is Action.REPLACE else ""

    @property
    def size(self) -> Size | None:
        return max((s.size for s in self.steps if s.size), key=lambda s: s.count, default=None)

    @property
    def rank(self) -> tuple[int, int]:
        """What the rows are sorted by: what must be allowed, then the action."""
        return (0 if self.serious else 1, _ORDER.index(self.change.action))


@dataclass(frozen=True, slots=True)
class StoreRows:
    """The rows of one store, destructive first."""

    store: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class HazardCount:
    """How often a hazard stands in a plan. `needs_allow`: at least once it must be allowed, and the
    policy does not. `denied`: the policy refuses it whatever is allowed."""

    kind: HazardKind
    count: int
    needs_allow: bool
    denied: bool = False

    @property
    def stops(self) -> bool:
        """True where an apply without flags is refused for it."""
        return self.denied or self.needs_allow


def stores(plan: Plan) -> list[StoreRows]:
    """Returns the rows of a plan by store: the stores with the gravest rows first, else in the
    order in which they appear in the plan."""
    serving = _serving(plan)
    folded = _folded(plan, serving)
    parts: dict[Address, Counter[str]] = {}
    for part, owner in folded.items():
        parts.setdefault(owner, Counter())[part.kind] += 1
    rows: dict[str, list[Row]] = {}
    for change in plan.changes:
        if change.address in folded:
            continue
        with_it = sorted(parts.get(change.address, {}).items())
        row = Row(change, tuple(serving.get(change.address, ())), tuple(with_it))
        rows.setdefault(change.address.store, []).append(row)
    groups = [StoreRows(name, tuple(sorted(found, key=lambda r: r.rank))) for name, found in rows.items()]
    return sorted(groups, key=lambda group: not any(row.destructive for row in group.rows))


def unlisted_steps(plan: Plan) -> list[Step]:
    """Returns the steps that work on an object which itself does not change, such as an index that
    is made anew because its column is."""
    changing = {change.address for change in plan.changes}
    return [step for step in plan.steps if step.address not in changing]


def details(row: Row) -> list[str]:
    """Returns what is to be said of an object beside its name, in a few words each."""
    change, found = row.change, []
    if change.renamed_from is not None:
        found.append(f"renamed from {change.renamed_from.name}")
    if change.action is Action.ADOPT:
        found.append("owned from now on" if change.adopts else "recorded anew")
    if change.action is Action.FORGET:
        gone = change.live is None
        found.append("no longer there, recorded no more" if gone else "stays as it is, recorded no more")
    return [text for text in (*found, change.summary, parts_text(row.parts)) if text]


def _serving(plan: Plan) -> dict[Address, list[Step]]:
    serving: dict[Address, list[Step]] = {}
    for step in plan.steps:
        for address in step.covers:
            serving.setdefault(address, []).append(step)
    return serving


def _folded(plan: Plan, serving: dict[Address, list[Step]]) -> dict[Address, Address]:
    """Returns part → owner for objects that have no step of their own beside their parent's."""
    actions = {c.address: c.action for c in plan.changes}
    folded = {}
    for change in plan.changes:
        owner = change.parent
        if owner is None or owner not in actions or owner == change.address:
            continue
        mine = serving.get(change.address, [])
        with_it = mine and all(step.address == owner for step in mine)
        if with_it or change.action is actions[owner] is Action.ADOPT:
            folded[change.address] = owner
    return {part: _root(part, folded) for part in folded}


def _root(part: Address, folded: dict[Address, Address]) -> Address:
    owner = folded[part]
    while owner in folded:
        owner = folded[owner]
    return owner


def hazard_counts(plan: Plan, policy: Policy = Policy()) -> list[HazardCount]:
    """Returns every hazard of the plan with its count, the worst first."""
    counts: Counter[HazardKind] = Counter()
    needing: set[HazardKind] = set()
    for step in plan.steps:
        for hazard in step.hazards:
            counts[hazard.kind] += 1
            if must_be_allowed(step, hazard):
                needing.add(hazard.kind)
    needing -= policy.allow | policy.deny
    return [
        HazardCount(kind, counts[kind], kind in needing, kind in policy.deny)
        for kind in HazardKind
        if counts[kind]
    ]


_WORDS = {
    Action.DELETE: "to drop",
    Action.REPLACE: "to replace",
    Action.UPDATE: "to change",
    Action.RENAME: "to rename",
    Action.CREATE: "to create",
    Action.ADOPT: "to adopt",
    Action.FORGET: "to forget",
}


def title(plan: Plan) -> str:
    """Returns `memory (prod)`, or `memory (prod): rollback of run …`."""
    name = f"{plan.project} ({plan.environment})" if plan.environment else plan.project
    return f"{name}: rollback of run {plan.undoes}" if plan.undoes else name


def counts_line(plan: Plan) -> str:
    """Returns `Plan: 1 to drop, 3 to create. 5 steps in 4 units, rollback lossless.`; says so where
    nothing is to do."""
    if plan.empty:
        return f"Nothing to do: {counted('object', plan.in_sync)} in sync."
    counts = Counter(c.action for c in plan.changes)
    told = ", ".join(f"{counts[a]:,} {word}" for a, word in _WORDS.items() if counts[a])
    steps, units = sum(1 for _ in plan.steps), len(plan.units)
    if not steps:
        return f"Plan: {told}. The stores are not touched."
    grouped = f" in {counted('unit', units)}" if units != steps else ""
    work = f"{counted('step', steps)}{grouped}, rollback {plan.rollback}"
    return f"Plan: {told or 'nothing to change'}. {work}."


def pairs(field: PlannedField) -> list[tuple[str, Any, Any]]:
    """Returns what differs in a field: name, live, desired. Of a mapping, the keys that differ; where
    the provider has words for the values, those, unless they hide the difference."""
    live, desired = field.live, field.desired
    words = field.live_text or live, field.desired_text or desired
    if (field.live_text or field.desired_text) and words[0] != words[1]:
        return [(field.field, *words)]
    if not (isinstance(live, dict) and isinstance(desired, dict)):
        return [(field.field, live, desired)]
    keys = [k for k in dict.fromkeys([*live, *desired]) if live.get(k) != desired.get(k)]
    return [(f"{field.field}.{k}", live.get(k), desired.get(k)) for k in keys] or [
        (field.field, live, desired)
    ]


def contrast(live: Any, desired: Any, limit: int | None) -> tuple[str, str]:
    """Returns both values as text that tells them apart, each of at most `limit` characters.

    Long texts are shown from shortly before the place where they begin to differ.
    """
    one, other = value(live), value(desired)
    if one == other:
        one, other = (json.dumps(v, ensure_ascii=False) for v in (live, desired))
    if limit is None or max(len(one), len(other)) <= limit:
        return one, other
    same = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0)
    start = max(0, same - limit // 3)
    return _window(one, start, limit), _window(other, start, limit)


def _window(text: str, start: int, limit: int) -> str:
    """Returns `limit` characters of `text` from `start`, with an ellipsis for what is left out."""
    if len(text) <= limit:
        return text
    start = max(0, min(start, len(text) - limit))
    front, end = ("…" if start else ""), ("…" if start + limit < len(text) else "")
    return front + text[start + len(front) : start + limit - len(end)] + end


def value(item: Any) -> str:
    """Returns a JSON value as a reader wants it: bare words, `(none)`, compact lists and mappings."""
    if item is None:
        return "(none)"
    if isinstance(item, bool):
        return "yes" if item else "no"
    if isinstance(item, str):
        plain = item.strip() == item != "" and "\n" not in item
        return item if plain else json.dumps(item, ensure_ascii=False)
    if isinstance(item, dict):
        inner = ", ".join(f"{k}: {value(v)}" for k, v in item.items() if v not in (None, [], {}))
        return "{" + inner + "}"
    if isinstance(item, list):
        return "[" + ", ".join(value(v) for v in item) + "]"
    return str(item)


def visible(text: str) -> str:
    """Returns one line of text with every control and direction character replaced by one that is seen.

    What a store or a manifest holds must not steer the reader's terminal. The length stays.
    """
    if text.isprintable():
        return text
    return "".join(c if c == "\t" or c.isprintable() else _picture(c) for c in text)


def _picture(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    return " " if unicodedata.category(character) == "Zs" else "\ufffd"


def size_text(size: Size) -> str:
    """Returns `5,000 rows, 41 MB`; a tilde stands before an estimate."""
    if size.empty:
        return "empty"
    unit = size.unit.removesuffix("s") if size.count == 1 else size.unit
    text = f"{'' if size.exact else '~'}{size.count:,} {unit}"
    return f"{text}, {bytes_text(size.size_bytes)}" if size.size_bytes else text


def bytes_text(count: int) -> str:
    """Returns a number of bytes in the largest fitting unit of 1,000: `41 MB`."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if round(amount) < 1000:
            return f"{amount:.0f} {unit}" if amount >= 9.95 or unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def parts_text(parts: Sequence[tuple[str, int]]) -> str:
    """Returns `with 4 columns, 1 primary key`."""
    return "with " + ", ".join(counted(kind, count) for kind, count in parts) if parts else ""


def counted(kind: str, count: int) -> str:
    """Returns `1 index`, `1,200 foreign keys`."""
    word = kind.replace("_", " ")
    if count != 1 and not word.endswith("ed"):
        ending = "es" if word.endswith(("x", "s", "ch", "sh")) else "s"
        word = word[:-1] + "ies" if word.endswith("y") and word[-2:-1] not in "aeiou" else word + ending
    return f"{count:,} {word}"


def counted_by_kind(addresses: Iterable[Address]) -> list[str]:
    """Returns `3 indexes`, `1 column` for many objects."""
    return [counted(kind, n) for kind, n in sorted(Counter(a.kind for a in addresses).items())]


def remark(note: Note) -> str:
    """Returns a remark with the object that it is about."""
    return f"{note.address}: {note.text}" if note.address else note.text
