"""From a Qdrant in memory and a manifest to steps, as a plan does it: what the tests of planning share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from fake_qdrant import FakeQdrant
from qdrant_document_kit import checked

from apexplan.engine import graph, rename
from apexplan.engine.diff import Difference, Sides, diff
from apexplan.model.address import Address
from apexplan.model.change import Action, Recorded
from apexplan.model.plan import HazardKind, Note, Size, Step
from apexplan.provider import Facts, Scope
from apexplan_qdrant.normalize import normalize
from apexplan_qdrant.obstacles import obstacles
from apexplan_qdrant.provider import PROVIDER
from apexplan_qdrant.read import Seen, read
from apexplan_qdrant.steps import plan_steps

FULL: Final = Size(count=5000, unit="points", exact=True)
EMPTY: Final = Size(count=0, unit="points", exact=True)
LATER: Final = "2030-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class Compared:
    """What a plan is made of."""

    seen: Seen
    found: Difference
    facts: Facts


def compared(
    there: FakeQdrant,
    body: str,
    *,
    size: Size | None = FULL,
    unmanaged: Iterable[str] = (),
    recorded: Iterable[str] = (),
    purge_before: str | None = None,
) -> Compared:
    """Compares what is there with a manifest. All that is there is owned, but for `unmanaged`; `recorded` are
    names that the state has beside the manifest's. Both are addresses without the store."""
    declared = {one.address: one for one in checked(body).declared} if body else {}
    assert not body or checked(body).diagnostics == ()
    seen = read(there.target, Scope("vectors", _addresses(recorded).union(declared)))
    strange = _addresses(unmanaged)
    owned = {a for a, spec in seen.live.objects.items() if a not in strange and spec.kept_since() is None}
    moved = rename.renamed(seen.live.objects, declared, PROVIDER)
    normal = normalize({a: one.spec for a, one in declared.items()}, seen.served)
    record = {a: Recorded(a, seen.live.objects[a].values()) for a in owned}
    found = diff(Sides(moved, declared, normal, record, purge_before))
    addresses = (*found.live, *(change.address for change in found.changes))
    sizes = dict.fromkeys(addresses, size) if size is not None else {}
    facts = Facts(found.live, normal.specs, frozenset(owned), sizes, seen.live.details)
    return Compared(seen, found, facts)


def _addresses(texts: Iterable[str]) -> frozenset[Address]:
    return frozenset(Address.parse(f"vectors.{text}") for text in texts)


def planned(
    there: FakeQdrant,
    body: str,
    *,
    size: Size | None = FULL,
    unmanaged: Iterable[str] = (),
    recorded: Iterable[str] = (),
    purge_before: str | None = None,
) -> list[Step]:
    """Returns the steps from what is there to a manifest, in the order of a plan."""
    made = compared(there, body, size=size, unmanaged=unmanaged, recorded=recorded, purge_before=purge_before)
    acting = [c for c in made.found.changes if c.action not in (Action.ADOPT, Action.FORGET)]
    steps = plan_steps(acting, made.facts)
    assert {change.address for change in acting} <= {a for step in steps for a in step.covers}
    assert len({step.id for step in steps}) == len(steps)
    return graph.ordered(steps, {change.address: change for change in acting})


def noted(there: FakeQdrant, body: str, *, unmanaged: Iterable[str] = ()) -> list[Note]:
    """Returns what stands in the way of a manifest."""
    made = compared(there, body, unmanaged=unmanaged)
    return obstacles(there.target, made.found.changes, made.seen, made.facts.desired.keys())


def requests(steps: Sequence[Step]) -> list[str]:
    """All statements in order."""
    return [statement for step in steps for statement in step.statements]


def back(steps: Sequence[Step]) -> list[str]:
    """The statements of the way back, in the order in which an undo runs them."""
    return [s for step in reversed(steps) if step.inverse for s in step.inverse.statements]


def kinds(step: Step) -> list[HazardKind]:
    return [hazard.kind for hazard in step.hazards]


def verbs(steps: Sequence[Step]) -> list[str]:
    return [step.verb for step in steps]
