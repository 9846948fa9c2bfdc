"""A plan as readers want it: by store, destructive first, one row an object, parts folded into the
object that they come or go with. Shared by all formats. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from apexplan.engine.hazards import must_be_allowed
from apexplan.model.address import Address
from apexplan.model.change import Action
from apexplan.model.plan import Hazard, HazardKind, Plan, PlannedChange, Size, Step

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
    def label(self) -> str:
        return f"{self.change.address.kind} {self.change.address.name}".replace("_key ", " key ")

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
    """How often a hazard stands in a plan. `needs_allow`: at least once it must be allowed."""

    kind: HazardKind
    count: int
    needs_allow: bool


def stores(plan: Plan) -> list[StoreRows]:
    """Returns the rows of a plan by store, in the order in which the stores first appear."""
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
    return [StoreRows(name, tuple(sorted(found, key=lambda r: r.rank))) for name, found in rows.items()]


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


def hazard_counts(plan: Plan) -> list[HazardCount]:
    """Returns every hazard of the plan with its count, the worst first."""
    counts: Counter[HazardKind] = Counter()
    needing: set[HazardKind] = set()
    for step in plan.steps:
        for hazard in step.hazards:
            counts[hazard.kind] += 1
            if must_be_allowed(step, hazard):
                needing.add(hazard.kind)
    return [HazardCount(kind, counts[kind], kind in needing) for kind in HazardKind if counts[kind]]


_WORDS = [
    (Action.CREATE, "to create"),
    (Action.UPDATE, "to change"),
    (Action.RENAME, "to rename"),
    (Action.REPLACE, "to replace"),
    (Action.DELETE, "to drop"),
    (Action.ADOPT, "to adopt"),
    (Action.FORGET, "to forget"),
]


def counts_line(plan: Plan) -> str:
    """Returns `Plan: 3 to create, 1 to drop. 5 steps in 4 units.`; says so where nothing is to do."""
    if plan.empty:
        return f"Nothing to do: {_objects(plan.in_sync)} in sync."
    counts = Counter(c.action for c in plan.changes)
    told = ", ".join(f"{counts[a]} {word}" for a, word in _WORDS if counts[a])
    steps = sum(1 for _ in plan.steps)
    if not steps:
        return f"Plan: {told}. The stores are not touched."
    return (
        f"Plan: {told or 'nothing to change'}. "
        f"{steps} step{'s' * (steps != 1)} in {len(plan.units)} unit{'s' * (len(plan.units) != 1)}, "
        f"rollback {plan.rollback}."
    )


def _objects(count: int) -> str:
    return f"{count:,} object{'s' * (count != 1)}"


def value(item: Any) -> str:
    """Returns a JSON value as a reader wants it: bare words, `(none)`, compact lists and mappings."""
    if item is None:
        return "(none)"
    if isinstance(item, bool):
        return "yes" if item else "no"
    if isinstance(item, str):
        return item if item and "\n" not in item else json.dumps(item, ensure_ascii=False)
    if isinstance(item, dict):
        inner = ", ".join(f"{k}: {value(v)}" for k, v in item.items() if v not in (None, [], {}))
        return "{" + inner + "}"
    if isinstance(item, list):
        return "[" + ", ".join(value(v) for v in item) + "]"
    return str(item)


def size_text(size: Size) -> str:
    """Returns `5,000 rows, 41 MB`; a tilde stands before an estimate."""
    unit = size.unit.removesuffix("s") if size.count == 1 else size.unit
    text = f"{'' if size.exact else '~'}{size.count:,} {unit}"
    return f"{text}, {bytes_text(size.size_bytes)}" if size.size_bytes else text


def bytes_text(count: int) -> str:
    """Returns a number of bytes in the largest fitting unit of 1,000: `41 MB`."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if amount >= 10 or unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def parts_text(parts: Sequence[tuple[str, int]]) -> str:
    """Returns `with 4 columns, 1 primary key`."""
    return "with " + ", ".join(_counted(kind, count) for kind, count in parts) if parts else ""


def _counted(kind: str, count: int) -> str:
    word = kind.replace("_", " ")
    if count == 1:
        return f"1 {word}"
    plural = {"index": "indexes"}.get(word) or (
        word + "es" if word.endswith(("x", "s", "ch", "sh")) else word + "s"
    )
    return f"{count} {plural}"


def counted_by_kind(addresses: Iterable[Address]) -> list[str]:
    """Returns `3 indexes`, `1 column` for many objects."""
    return [_counted(kind, n) for kind, n in sorted(Counter(a.kind for a in addresses).items())]
