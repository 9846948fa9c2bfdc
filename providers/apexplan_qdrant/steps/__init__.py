"""Changes of one Qdrant → steps. Pure.

    collection   create, patch, retire, delete, purge
    copying      a collection that must be made anew: blue/green, or dropped
    indexes      payload indexes of collections that stay
    aliases      further aliases
    renaming     a collection under another name

A collection and its payload indexes are objects of their own, but where the collection is made anew, renamed
or taken out of use, its steps carry out the changes of the indexes as well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from apexplan.model.address import Address
from apexplan.model.change import Action, Change
from apexplan.model.plan import Step
from apexplan.model.spec import REPLACE, Spec
from apexplan.provider import Facts
from apexplan_qdrant.names import index_address, index_parts
from apexplan_qdrant.specs import Alias, Collection, PayloadIndex
from apexplan_qdrant.steps.aliases import alias_steps
from apexplan_qdrant.steps.base import Planning
from apexplan_qdrant.steps.collection import DIRECTIVES, create_steps, delete_steps, patch_steps, purge_steps
from apexplan_qdrant.steps.copying import new_name, replace_steps
from apexplan_qdrant.steps.indexes import index_steps
from apexplan_qdrant.steps.renaming import rename_steps


def plan_steps(changes: Sequence[Change], facts: Facts) -> list[Step]:
    """Returns the steps for all changes of one target."""
    planning = _planning(changes, facts)
    indexes: dict[Address, dict[Address, Change]] = defaultdict(dict)
    for change in changes:
        if isinstance(change.spec, PayloadIndex):
            parent = change.spec.parent(change.address)
            assert parent is not None
            indexes[parent][change.address] = change
    steps: list[Step] = []
    for change in changes:
        if isinstance(change.spec, Collection):
            steps += _collection(change, indexes[change.address], planning)
        elif isinstance(change.spec, Alias):
            steps += alias_steps(change, planning)
        elif not isinstance(change.spec, PayloadIndex):
            steps += purge_steps(change, planning)
    covered = {address for step in steps for address in step.covers}
    for parent, changed in indexes.items():
        for change in changed.values():
            stays = change.action is Action.RENAME and parent.name not in planning.anew
            if change.address not in covered or (stays and change.fields):
                steps += index_steps(change, planning)
    return steps


def _planning(changes: Sequence[Change], facts: Facts) -> Planning:
    """Returns the facts, with the names of what is made anew, where aliases are to lead."""
    planning = Planning(facts)
    anew = {change.address.name: new_name(change, planning) for change in changes if _is_anew(change)}
    turned = frozenset(c.address.name for c in changes if isinstance(c.spec, Alias) or _is_new(c))
    return replace(planning, anew=anew, turned=turned)


def _is_new(change: Change) -> bool:
    return isinstance(change.spec, Collection) and change.action is Action.CREATE


def _is_anew(change: Change) -> bool:
    return isinstance(change.spec, Collection) and any(f.rule.how is REPLACE for f in change.fields)


def _collection(change: Change, indexes: dict[Address, Change], planning: Planning) -> list[Step]:
    """Returns the steps of one collection, with those of its indexes that they carry out."""
    covers = tuple(indexes)
    if change.action is Action.CREATE:
        return create_steps(change, planning)
    if change.action is Action.DELETE:
        steps = delete_steps(change, planning)
        return [step.model_copy(update={"covers": (*step.covers, *covers)}) for step in steps]
    if _is_anew(change):
        return replace_steps(change, indexes, planning)
    follow = tuple(address for address, one in indexes.items() if one.action is Action.RENAME)
    steps = rename_steps(change, follow, planning) if change.action is Action.RENAME else []
    if any(f.field not in DIRECTIVES or f.field == "health" for f in change.fields):
        steps += patch_steps(change, planning)
    return steps


def renamed(
    live: Mapping[Address, Spec], renames: Mapping[Address, Address]
) -> Mapping[Address, tuple[Address, Spec]]:
    """Returns what a rename touches: the object itself, the indexes of a collection, the aliases to it."""
    moved = {former: (address, live[former]) for former, address in renames.items()}
    names = {a.name: b.name for a, b in renames.items() if a.kind == Collection.kind}
    for address, spec in live.items():
        if isinstance(spec, PayloadIndex) and index_parts(address)[0] in names:
            collection, path = index_parts(address)
            moved[address] = (index_address(address.store, names[collection], path), spec)
        elif isinstance(spec, Alias) and spec.collection in names:
            there = moved.get(address, (address, spec))[0]
            moved[address] = (there, spec.model_copy(update={"collection": names[spec.collection]}))
    return moved
