"""Which hazards may pass by themselves, which need to be allowed, which are denied. Pure.

denied by the policy          never, whatever the flags say
allowed by flag or policy     passes
DELETES_DATA, DOWNTIME, IRREVERSIBLE, and BLOCKS_* on an object that is not known to be empty
                              need to be allowed
everything else               is told, and passes
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from apexplan.model.address import Address
from apexplan.model.errors import NotAllowed, Obstructed
from apexplan.model.plan import Hazard, HazardKind, Plan, Step

MUST_BE_ALLOWED: Final = frozenset(
    {
        HazardKind.DELETES_DATA,
        HazardKind.DOWNTIME,
        HazardKind.IRREVERSIBLE,
        HazardKind.BLOCKS_READS,
        HazardKind.BLOCKS_WRITES,
    }
)
_HARMLESS_WHEN_EMPTY: Final = frozenset(
    {HazardKind.DELETES_DATA, HazardKind.BLOCKS_READS, HazardKind.BLOCKS_WRITES, HazardKind.DOWNTIME}
)


def must_be_allowed(step: Step, hazard: Hazard) -> bool:
    """True if `hazard` stops an apply unless someone allows it by name."""
    if hazard.kind not in MUST_BE_ALLOWED:
        return False
    empty = step.size is not None and step.size.empty
    return not (empty and hazard.kind in _HARMLESS_WHEN_EMPTY)


def serious(plan: Plan) -> Iterable[tuple[Address, Hazard]]:
    """Yields the hazards of a plan that must be allowed, with the address at which each stands."""
    for step in plan.steps:
        for hazard in step.hazards:
            if must_be_allowed(step, hazard):
                yield step.address, hazard


def check(plan: Plan, allowed: frozenset[HazardKind], denied: frozenset[HazardKind]) -> None:
    """Raises NotAllowed unless every hazard of the plan may pass, Obstructed where it would fail anyway.
    `denied` wins over `allowed`."""
    standing = [note for note in plan.notes if note.blocks]
    if standing:
        raise Obstructed(standing)
    against = [(s.address, h) for s in plan.steps for h in s.hazards if h.kind in denied]
    if against:
        raise NotAllowed(against, denied=True)
    missing = [(address, hazard) for address, hazard in serious(plan) if hazard.kind not in allowed]
    if missing:
        raise NotAllowed(missing)
