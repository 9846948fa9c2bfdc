"""What the state says of objects once they were changed, and the marks of it in the stores' ledgers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from apexplan.engine.diff import record_values
from apexplan.engine.survey import OpenStore, read_live
from apexplan.model.address import Address
from apexplan.model.change import Action, Recorded
from apexplan.model.errors import StoreError
from apexplan.model.plan import PlannedChange
from apexplan.provider import Ledger, Mark


def touched(changes: Iterable[PlannedChange]) -> list[Address]:
    """Returns the addresses of the changes, the names of today included, each once."""
    found = [a for c in changes for a in (c.address, c.origin) if a is not None]
    return list(dict.fromkeys(found))


def recorded_after(
    changes: Sequence[PlannedChange], stores: Mapping[str, OpenStore], run_id: str
) -> dict[Address, Recorded | None]:
    """Returns what the state shall say of these changes' objects, from the stores as they are now."""
    after: dict[Address, Recorded | None] = {}
    addresses = frozenset(touched(changes))
    names = {a.store for a in addresses}
    concerned = {name: store for name, store in stores.items() if name in names}
    live = {a: s for view in read_live(concerned, addresses).values() for a, s in view.objects.items()}
    for change in changes:
        if change.origin is not None:
            after[change.origin] = None
        spec = live.get(change.address)
        if change.action in (Action.DELETE, Action.FORGET) or spec is None:
            after[change.address] = None
        else:
            values = record_values(spec.values(), change.desired or {})
            after[change.address] = Recorded(change.address, values, change.protect, run_id)
    return after


def write_marks(
    project: str,
    records: Mapping[Address, Recorded | None],
    stores: Iterable[OpenStore],
    recorded: Mapping[Address, Recorded],
) -> list[str]:
    """Marks the objects as owned in the ledgers of their stores, or takes the marks away where the
    record is None; marks that a ledger has lost of what is `recorded` are written again. Returns what
    went wrong: a mark is a copy, and its loss undoes nothing."""
    problems = []
    for store in stores:
        mine = {a: r for a, r in records.items() if a.store == store.name}
        if not mine or not isinstance(store.session, Ledger):
            continue
        try:
            there = store.session.marks(project)
            lost = {a: r for a, r in recorded.items() if a.store == store.name and a not in there}
            owned = {**lost, **mine}.items()
            marks = {a: Mark(a, r.values, r.protect, r.run) if r else None for a, r in owned}
            store.session.record(project, marks)
        except StoreError as error:
            problems.append(f"the ledger in {store.name} was not written: {error}")
    return problems
