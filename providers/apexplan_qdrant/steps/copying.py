"""A collection that must be made anew: blue/green, or dropped and made empty.

    1 create    the new collection aside, under the next version of its name, with its payload indexes
    2 copy      all points, insert-only, in the order of their ids; the cursor is in the new collection
    3 settle    the wait until it is indexed
    4 verify    everything that was written to the old one meanwhile is brought over, until a whole comparison
                finds no difference; then exact counts, and recall of a sample
    5 switch    the alias: readers see the one or the other
    6 retire    the old one is kept until a purge: the way back is step 5 backwards

Every step leaves something by which it is known, in the new collection's metadata; so a run that dies
anywhere goes on from there, and one that is undone removes the new collection alone. Undone after the switch,
the new collection is deleted only if the old one has every point of it; otherwise it is kept aside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from apexplan.model.address import Address
from apexplan.model.change import Change
from apexplan.model.plan import HazardKind, RollbackClass, Size, Step
from apexplan_qdrant.names import index_parts, next_version
from apexplan_qdrant.specs import Alias, Collection, PayloadIndex
from apexplan_qdrant.steps.aliases import Turn, door, point, take_over
from apexplan_qdrant.steps.base import Planning, filled, hazard, points, request
from apexplan_qdrant.steps.collection import CREATE, DELETE, create, retire
from apexplan_qdrant.steps.indexes import drop_index

COPY: Final = "copy"
SETTLE: Final = "settle"
VERIFY: Final = "verify"
SWITCH: Final = "switch"
NOTHING: Final = "nothing"
"""The way back from a step whose effect goes with what an earlier step made."""


def replace_steps(change: Change, indexes: dict[Address, Change], planning: Planning) -> list[Step]:
    """Returns the steps of a collection that must be made anew, `indexes` the changes of its payload indexes,
    which they cover too."""
    live, desired = change.live, change.desired
    assert isinstance(live, Collection) and isinstance(desired, Collection)
    if desired.on_replace == "drop":
        return _dropped(change, live, desired, indexes, planning)
    return _copied(change, live, desired, indexes, planning)


def _copied(
    change: Change, live: Collection, desired: Collection, indexes: dict[Address, Change], planning: Planning
) -> list[Step]:
    address, name = change.address, change.address.name
    old = live.physical or name
    new = new_name(change, planning)
    covers = tuple(indexes)
    size = planning.size(change.address)
    whole = filled(live, desired)
    args = {"source": old, "target": new, "options": dict(desired.copying or {})}
    steps = [
        _aside(address, name, args, whole, dict(_indexes(address, indexes, planning))),
        _copy(address, old, new, args, size),
        _settle(address, new, size),
        _verify(address, old, new, args, size),
        *_switch(change, desired, old, new, covers, planning),
    ]
    return [_owned(_with_ledger(step, planning.ledger(old)), covers) for step in steps]


def _with_ledger(step: Step, ledger: Mapping[str, Any]) -> Step:
    """Returns the step; one that makes a collection writes into it what projects own of the old one, whose
    own ledger may go with it."""
    inverse = step.inverse and _with_ledger(step.inverse, ledger)
    args = step.args | {"ledger": dict(ledger)} if step.verb == CREATE and ledger else step.args
    return step.model_copy(update={"args": args, "inverse": inverse})


def new_name(change: Change, planning: Planning) -> str:
    """Returns the name of the collection that takes the place of the live one."""
    live, desired = change.live, change.desired
    assert isinstance(live, Collection) and isinstance(desired, Collection)
    if desired.on_replace == "drop":
        return desired.physical or live.physical or change.address.name
    if desired.physical is not None and desired.physical != live.physical:
        return desired.physical
    taken = {*planning.taken, *planning.aliases}
    return next_version(change.address.name, live.physical, taken)


def _owned(step: Step, covers: tuple[Address, ...]) -> Step:
    """Returns the step with all that the replacement covers, so that half of it is never recorded."""
    inverse = step.inverse
    every = tuple(dict.fromkeys((*step.covers, *covers)))
    if inverse is not None:
        inverse = inverse.model_copy(update={"covers": every})
    return step.model_copy(update={"covers": every, "inverse": inverse, "removes": False})


def _aside(
    address: Address, name: str, args: dict[str, Any], spec: Collection, indexes: Mapping[str, PayloadIndex]
) -> Step:
    old, new = args["source"], args["target"]
    step = create(address, name, new, spec.model_copy(update={"physical": new, "health": "ok"}), indexes)
    assert step.inverse is not None
    back = step.inverse.model_copy(
        update={
            "title": f"delete {new}, or keep it aside where it has points that {old} lacks",
            "args": step.inverse.args | {"unless_lacking": args},
            "hazards": (),
        }
    )
    space = f"the collection is there twice until {old} is purged"
    return step.model_copy(update={"inverse": back, "hazards": (hazard(HazardKind.COSTS_MEMORY, space),)})


def _indexes(
    address: Address, changes: dict[Address, Change], planning: Planning
) -> Iterator[tuple[str, PayloadIndex]]:
    """Yields the indexes that the new collection gets: those of the old one, as they shall be."""
    there = planning.indexes(address)
    wished = {c.address: c.desired for c in changes.values()}
    for one in sorted({*there, *wished}):
        live, desired = there.get(one), wished.get(one, there.get(one))
        if not isinstance(desired, PayloadIndex):
            continue
        if live is not None and live.type == (desired.type or live.type):
            desired = PayloadIndex.model_validate(live.values() | desired.values())
        yield index_parts(one)[1], desired


def _copy(address: Address, old: str, new: str, args: dict[str, Any], size: Size | None) -> Step:
    told = points(size)
    return _step(
        address,
        COPY,
        new,
        f"copy {told} from {old} to {new}",
        (
            request("POST", old, {"with_payload": True, "with_vector": True}, "/points/scroll"),
            request(
                "PUT", new, {"points": "…", "update_filter": {"must": [{"has_id": []}]}}, "/points?wait=true"
            ),
        ),
        args,
    ).model_copy(
        update={
            "hazards": (hazard(HazardKind.SCANS_DATA, f"{told} are read while others read and write them"),),
            "size": size,
            "reason": "insert-only: what an application writes to the new collection is never overwritten",
        }
    )


def _settle(address: Address, new: str, size: Size | None) -> Step:
    statements = (request("GET", new), request("GET", new, None, "/optimizations"))
    step = _step(address, SETTLE, new, f"wait until {new} is indexed", statements, {"physical": new})
    return step.model_copy(update={"size": size})


def _verify(address: Address, old: str, new: str, args: dict[str, Any], size: Size | None) -> Step:
    step = _step(
        address,
        VERIFY,
        new,
        f"bring over what was written meanwhile; compare {new} with {old}, point by point",
        (
            request("POST", old, {"with_payload": True, "with_vector": True}, "/points/scroll"),
            request("POST", new, {"with_payload": True, "with_vector": True}, "/points/scroll"),
            request("POST", new, {"exact": True}, "/points/count"),
        ),
        args,
    )
    return step.model_copy(update={"size": size})


def _switch(
    change: Change,
    desired: Collection,
    old: str,
    new: str,
    covers: tuple[Address, ...],
    planning: Planning,
) -> list[Step]:
    """Returns the steps that give readers the new collection, and take the old one out of use."""
    address, name = change.address, change.address.name
    bare = name in planning.taken
    pair = {"source": old, "target": new, "options": dict(desired.copying or {})}
    if bare and planning.aliases.get(name) is None and desired.over == "gap":
        also = followers(address, old, planning)
        step = take_over(address, name, new, covers, copied=True, also=also)
        return [step.model_copy(update={"args": step.args | pair})]
    hides = bare and planning.aliases.get(name) is None
    turns = [door(name)] if hides else []
    turns.append(Turn(name, planning.aliases.get(name), new, bare))
    turns += [Turn(alias, old, new, alias in planning.taken) for alias in followers(address, old, planning)]
    former = change.origin.name if change.origin else name
    if former != name and planning.aliases.get(former) == old:
        turns.append(Turn(former, old, None, former in planning.taken))
    step = point(address, turns, f"switch readers from {old} to {new}", verb=SWITCH)
    assert step.inverse is not None
    step = step.model_copy(
        update={
            "args": step.args | pair,
            "inverse": step.inverse.model_copy(update={"title": f"switch readers back to {old}"}),
            "reason": f"what reaches {old} after it was compared is brought over once readers are on {new}; "
            "a point that is deleted in that time comes back: pause writers, or let them write to both",
        }
    )
    return [step, retire(address, name, old, planning)]


def followers(address: Address, old: str, planning: Planning) -> list[str]:
    """Returns the further aliases that go over to the new collection: those that are managed here, and are
    not themselves led elsewhere by this plan."""
    return sorted(
        alias
        for alias, target in planning.aliases.items()
        if target == old
        and alias not in {address.name, *planning.turned}
        and _is_managed(Address(address.store, Alias.kind, alias), planning)
    )


def _is_managed(alias: Address, planning: Planning) -> bool:
    return alias in planning.facts.desired or alias in planning.facts.owned


def _step(
    address: Address, verb: str, new: str, title: str, statements: tuple[str, ...], args: dict[str, Any]
) -> Step:
    back = Step(
        id=f"{address}/{NOTHING} {verb} {new}",
        address=address,
        covers=(address,),
        verb=NOTHING,
        title=f"nothing: it goes with {new}",
        args={"physical": new},
    )
    return Step(
        id=f"{address}/{verb} {new}",
        address=address,
        covers=(address,),
        verb=verb,
        title=title,
        statements=statements,
        args=args,
        inverse=back,
    )


# ------------------------------------------------------------------ dropped


def _dropped(
    change: Change, live: Collection, desired: Collection, indexes: dict[Address, Change], planning: Planning
) -> list[Step]:
    """Returns the steps that delete the collection and make it anew, empty: its aliases and indexes first,
    one by one, so that each has its way back."""
    address, name = change.address, change.address.name
    old = live.physical or name
    new = new_name(change, planning)
    size = planning.size(address)
    aliases = {a for a, target in planning.aliases.items() if target == old and a not in planning.turned}
    away = [Turn(alias, old, None, alias in planning.taken) for alias in sorted(aliases)]
    former = {change.origin.name} if change.origin else set()
    again = [
        Turn(alias, None, new, alias in planning.taken - {old})
        for alias in sorted((aliases - former | {name}) - {new})
    ]
    steps = [point(address, away, f"drop the aliases of {old}")] if away else []
    steps += [drop_index(address, old, path, spec) for path, spec in _indexes(address, {}, planning)]
    steps.append(_delete(address, name, old, live, size))
    spec = filled(live, desired).model_copy(update={"physical": new})
    anew = create(address, name, new, spec, dict(_indexes(address, indexes, planning)))
    steps.append(anew.model_copy(update={"id": f"{address}/{CREATE} {new} anew"}))
    if again:
        steps.append(point(address, again, f"point the aliases to {new}"))
    return [_owned(_with_ledger(step, planning.ledger(old)), tuple(indexes)) for step in steps]


def _delete(address: Address, name: str, old: str, live: Collection, size: Size | None) -> Step:
    empty = size is not None and size.empty
    text = f"{points(size)} are deleted, and readers of {name} find nothing until it is filled again"
    again = create(address, name, old, live)
    return again.model_copy(
        update={
            "id": f"{address}/{DELETE} {old}",
            "verb": DELETE,
            "title": f"delete the collection {old}",
            "statements": (request("DELETE", old),),
            "args": again.args | {"made": ""},
            "hazards": ()
            if empty
            else (hazard(HazardKind.DELETES_DATA, text), hazard(HazardKind.DOWNTIME, text)),
            "size": size,
            "online": empty,
            "rollback": RollbackClass.LOSSLESS if empty else RollbackClass.LOSSY,
            "inverse": again.model_copy(update={"id": f"{address}/{CREATE} {old} again", "inverse": None}),
        }
    )
