"""A collection under another name. Qdrant cannot rename a collection: an alias of the new name leads to it,
and an alias of the former name goes. A collection that has the former name itself keeps it."""

from __future__ import annotations

from apexplan.model.address import Address
from apexplan.model.change import Change
from apexplan.model.plan import Step
from apexplan_qdrant.specs import Collection
from apexplan_qdrant.steps.aliases import Turn, door, point
from apexplan_qdrant.steps.base import Planning


def rename_steps(change: Change, covers: tuple[Address, ...], planning: Planning) -> list[Step]:
    """Returns the step that turns the aliases; `covers`: the indexes, whose addresses follow."""
    live = change.live
    assert isinstance(live, Collection) and change.origin is not None
    former, name = change.origin.name, change.address.name
    physical = live.physical or former
    turns = [Turn(name, planning.aliases.get(name), physical, name in planning.taken)]
    if name != physical and turns[0].bare and turns[0].before is None:
        turns.insert(0, door(name))
    if planning.aliases.get(former) == physical:
        turns.append(Turn(former, physical, None, former in planning.taken))
    if name == physical:
        turns = turns[1:]  # it has the new name already, behind an alias of the former one
    step = point(change.address, turns, f"read {physical} as {name} instead of {former}", covers=covers)
    back = step.inverse
    assert back is not None
    return [
        step.model_copy(
            update={
                "args": step.args | {"known": {physical: name}},
                "inverse": back.model_copy(update={"args": back.args | {"known": {physical: former}}}),
            }
        )
    ]
