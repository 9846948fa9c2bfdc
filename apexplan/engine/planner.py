"""Changes and facts → the plan: steps from the providers, in order, in units, with everything a
reader needs to judge them. Pure but for the sizes, which `plan` lets the sessions measure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from apexplan.engine import graph, survey
from apexplan.engine.diff import Difference, Sides, diff
from apexplan.engine.ports import Head
from apexplan.model.address import Address
from apexplan.model.change import Action, Change, Declared, Recorded
from apexplan.model.errors import MissingDependency, PlanError, Protected
from apexplan.model.plan import (
    Hazard,
    HazardKind,
    Note,
    Plan,
    PlannedChange,
    PlannedField,
    Size,
    Step,
)
from apexplan.model.spec import REPLACE, Spec, fingerprint
from apexplan.provider import Facts

STATE_ONLY = frozenset({Action.ADOPT, Action.FORGET})


@dataclass(frozen=True, slots=True)
class Desired:
    """The desired side of a whole project. `digest` is over all of it."""

    project: str
    environment: str
    declared: Mapping[Address, Declared]
    digest: str


def everything(_: Address) -> bool:
    """The choice of every object."""
    return True


def plan(
    desired: Desired,
    recorded: Mapping[Address, Recorded],
    head: Head,
    stores: Mapping[str, survey.OpenStore],
    *,
    created: str,
    wanted: survey.Wanted = everything,
    purge_before: str = "",
    audited: bool = False,
) -> Plan:
    """Returns the plan that brings the live stores to `desired`. Reads the stores, writes nothing.

    `purge_before` (RFC 3339, "" for none): what drops before that time kept aside is deleted.
    `audited`: the sessions have audited their data, and speak of what they found.
    Raises PlanError where there is no safe way, StoreError where a store cannot be read.
    """
    views = survey.view(stores, desired.declared, recorded)
    changes: list[Change] = []
    steps: list[Step] = []
    notes: list[Note] = []
    unmanaged: list[Address] = []
    kept: list[Address] = []
    in_sync = 0
    missing: list[tuple[Address, Address, str]] = []
    for name, seen in views.items():
        sides = Sides(seen.renamed, seen.desired, seen.normal, seen.recorded, purge_before or None)
        found = diff(sides)
        mine = tuple(c for c in found.changes if wanted(c.address))
        missing += _missing(mine, found.live.keys() | seen.desired.keys())
        in_sync += found.in_sync
        unmanaged += found.unmanaged
        kept += found.kept
        hindrances = [] if missing else survey.obstacles(stores[name], mine)
        notes += [*hindrances, *seen.live.notes, *_unproven(found)]
        changes += mine
        if not missing:
            facts = Facts(
                live=found.live,
                desired=seen.normal.specs,
                owned=frozenset(seen.recorded),
                sizes=_sizes(mine, stores[name]),
                details=seen.live.details,
            )
            steps += _steps(mine, stores[name], facts)
    if missing:
        raise MissingDependency(missing)
    _refuse_protected(changes)
    order = graph.ordered(steps, {c.address: c for c in changes})
    return Plan(
        created=created,
        project=desired.project,
        environment=desired.environment,
        manifests=desired.digest,
        lineage=head.lineage,
        serial=head.serial,
        changes=tuple(planned(c) for c in changes),
        units=graph.units(order),
        unmanaged=tuple(unmanaged),
        kept=tuple(kept),
        purge_before=purge_before,
        audited=audited,
        in_sync=in_sync,
        notes=tuple(notes),
    ).sealed()


def planned(change: Change) -> PlannedChange:
    """Returns `change` for the plan: JSON values, reasons, the fingerprint of what is live."""
    reasons = [f.rule.why for f in change.fields if change.action is Action.REPLACE and f.rule.how == REPLACE]
    return PlannedChange(
        address=change.address,
        action=change.action,
        fields=tuple(
            PlannedField(
                field=f.field,
                live=f.live,
                desired=f.desired,
                live_text=change.live.told(f.field) if change.live else "",
                desired_text=change.desired.told(f.field) if change.desired else "",
                how=str(f.rule.how),
                why=f.rule.why,
                rebuilds=f.rule.rebuilds,
            )
            for f in change.fields
        ),
        summary=change.spec.summary() if change.action is not Action.FORGET else "",
        reason="; ".join(dict.fromkeys(reasons)),
        live=change.live.values() if change.live else None,
        desired=change.desired.values() if change.desired else None,
        protect=change.protect,
        adopts=change.adopts,
        renamed_from=change.renamed_from,
        origin=change.origin,
        parent=change.spec.parent(change.address) if change.action is not Action.FORGET else None,
        live_fingerprint=_fingerprint(change.live),
        where=str(change.where or ""),
    )


def _fingerprint(live: Spec | None) -> str | None:
    return fingerprint(live.kind, live.values()) if live else None


def _steps(changes: Sequence[Change], store: survey.OpenStore, facts: Facts) -> list[Step]:
    acting = [c for c in changes if c.action not in STATE_ONLY]
    steps = store.provider.steps(acting, facts) if acting else []
    _every_change_is_covered(acting, steps)
    adopting = {c.address for c in acting if c.adopts and c.action is not Action.CREATE}
    return list(_with_adoptions(steps, adopting))


def _every_change_is_covered(changes: Sequence[Change], steps: Sequence[Step]) -> None:
    covered = {address for step in steps for address in step.covers}
    bare = [str(c.address) for c in changes if c.address not in covered]
    if bare:
        raise PlanError(f"the provider has no step for {', '.join(bare)}", mend="please report this")


def _with_adoptions(steps: Sequence[Step], adopting: set[Address]) -> Iterator[Step]:
    """Yields the steps, the first of each object that is adopted with the hazard that says so."""
    told: set[Address] = set()
    for step in steps:
        if step.address in adopting - told:
            told.add(step.address)
            if all(h.kind is not HazardKind.ADOPTS_UNMANAGED for h in step.hazards):
                text = "the object was there and belonged to nobody"
                hazard = Hazard(kind=HazardKind.ADOPTS_UNMANAGED, text=text)
                step = step.model_copy(update={"hazards": (*step.hazards, hazard)})
        yield step


def _sizes(changes: Iterable[Change], store: survey.OpenStore) -> dict[Address, Size]:
    """Returns the sizes that matter: of what is there already, and of what a new object is put on."""
    asked: dict[Address, Address] = {}
    for change in changes:
        if change.action in STATE_ONLY:
            continue
        if change.live is not None:
            asked[change.address] = change.origin or change.address
        parent = change.spec.parent(change.address)
        if parent is not None:
            asked.setdefault(parent, parent)
    sizes = survey.measured(store, frozenset(asked.values()))
    return {address: sizes[former] for address, former in asked.items() if former in sizes}


def _missing(changes: Sequence[Change], known: Set[Address]) -> list[tuple[Address, Address, str]]:
    """Returns what changed objects require but nobody declares and their store does not hold."""
    return [
        (change.address, needed, str(change.where or ""))
        for change in changes
        if change.desired is not None
        for needed in sorted(change.desired.requires(change.address))
        if needed not in known and needed.store == change.address.store
    ]


def _refuse_protected(changes: Sequence[Change]) -> None:
    lost = [c.address for c in changes if c.protect and c.action in (Action.DELETE, Action.REPLACE)]
    if lost:
        raise Protected(lost)


def _unproven(found: Difference) -> list[Note]:
    return [
        Note(
            address=address,
            text=f"{field}: not proven equal; a session that may write to temporary tables can tell",
        )
        for address, field in found.unproven
    ]
