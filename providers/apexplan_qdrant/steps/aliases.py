"""Aliases: made, repointed, dropped, renamed; and how an alias takes a name that a collection has.

    free name, or alias of it     create_alias, which repoints: readers see the one or the other
    a collection has the name
      shadow                      create_alias to a name of our own, rename_alias over the collection's name.
                                  rename_alias looks for no collection, so the alias hides it at once;
                                  deleting the alias shows the collection again. Measured on 1.16.3, promised
                                  by nobody: the step asks afterwards who answers under the name
      gap                         DELETE of the collection, then create_alias: readers get 404 in between

A list of actions is applied one by one and not undone by the server: so the step looks at the targets first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from apexplan.model.address import Address
from apexplan.model.change import Action, Change
from apexplan.model.plan import Hazard, HazardKind, RollbackClass, Step
from apexplan_qdrant.names import side_door
from apexplan_qdrant.specs import Alias
from apexplan_qdrant.steps.base import Planning, alias_request, hazard, request

POINT: Final = "alias"
TAKE_OVER: Final = "take over"

_SHADOW: Final = (
    "Qdrant promises nowhere that an alias may hide a collection of its name; who answers is checked at "
    "once, and taken back if it is the wrong one"
)


@dataclass(frozen=True, slots=True)
class Turn:
    """One alias, before and after. None: it is not there. `bare`: a collection has that name."""

    alias: str
    before: str | None
    after: str | None
    bare: bool = False

    @property
    def back(self) -> Turn:
        return Turn(self.alias, self.after, self.before, self.bare)

    def actions(self) -> list[dict[str, Any]]:
        if self.after is None:
            return [{"delete_alias": {"alias_name": self.alias}}]
        if not self.bare:
            return [_create(self.alias, self.after)]
        passing = f"{self.alias}__apexplan"
        renaming = {"old_alias_name": passing, "new_alias_name": self.alias}
        return [_create(passing, self.after), {"rename_alias": renaming}]


def alias_steps(change: Change, planning: Planning) -> list[Step]:
    """Returns the steps of one further alias."""
    address, live, desired = change.address, change.live, change.desired
    assert live is None or isinstance(live, Alias)
    assert desired is None or isinstance(desired, Alias)
    if change.action is Action.RENAME:
        assert desired is not None and change.origin is not None
        former = change.origin.name
        turns = [_turn(address, desired, planning), Turn(former, planning.aliases.get(former), None)]
        return [point(address, turns, f"rename the alias {former} to {address.name}")]
    if desired is None:
        turn = Turn(address.name, planning.aliases.get(address.name), None)
        return [point(address, [turn], f"drop the alias {address.name}", removes=True)]
    turn = _turn(address, desired, planning)
    hides = turn.bare and turn.before is None
    if hides and desired.over == "gap":
        assert turn.after is not None
        return [take_over(address, address.name, turn.after)]
    turns = [door(address.name), turn] if hides else [turn]
    return [point(address, turns, f"point the alias {address.name} to {turn.after}")]


def door(name: str) -> Turn:
    """Returns the turn that keeps a collection within reach which is about to be hidden: see `names`."""
    return Turn(side_door(name), None, name)


def _turn(address: Address, desired: Alias, planning: Planning) -> Turn:
    target = planning.physical(address.store, desired.collection or "")
    return Turn(address.name, planning.aliases.get(address.name), target, address.name in planning.taken)


def point(
    address: Address,
    turns: Sequence[Turn],
    title: str,
    *,
    covers: tuple[Address, ...] = (),
    removes: bool = False,
    verb: str = POINT,
) -> Step:
    """Returns the step that turns aliases, all in one request."""
    step = _pointed(address, turns, title, covers, verb)
    back = _pointed(address, [turn.back for turn in turns], _back_title(turns), covers, verb)
    shadows = any(turn.bare and turn.before is None and turn.after for turn in turns)
    return step.model_copy(
        update={
            "hazards": (_shadows(),) if shadows else (),
            "inverse": back.model_copy(update={"removes": not removes and turns[-1].before is None}),
            "removes": removes,
        }
    )


def _pointed(
    address: Address, turns: Sequence[Turn], title: str, covers: tuple[Address, ...], verb: str
) -> Step:
    actions = [action for turn in turns for action in turn.actions()]
    return Step(
        id=f"{address}/{verb} {' '.join(f'{turn.alias}={turn.after}' for turn in turns)}",
        address=address,
        covers=(address, *covers),
        verb=verb,
        title=title,
        statements=(alias_request(*actions),),
        args={
            "actions": actions,
            "before": {turn.alias: turn.before for turn in turns},
            "after": {turn.alias: turn.after for turn in turns},
        },
    )


def _back_title(turns: Sequence[Turn]) -> str:
    told = [f"{turn.alias} → {turn.before}" if turn.before else f"no alias {turn.alias}" for turn in turns]
    return "back to " + ", ".join(told)


def take_over(
    address: Address,
    name: str,
    physical: str,
    covers: tuple[Address, ...] = (),
    *,
    copied: bool = False,
    also: Sequence[str] = (),
) -> Step:
    """Returns the step that deletes a collection and gives its name to an alias. `copied`: the collection
    that the alias leads to has all its points. `also`: further aliases, which go with the old collection and
    lead to the new one then."""
    gap = (
        f"readers of {name} get 404 from the DELETE until the alias is there, some 50 ms, longer if it fails"
    )
    actions = [_create(alias, physical) for alias in (*also, name)]
    gone = f"the collection {name} is deleted"
    gone += f"; its points are in {physical}" if copied else " with all its points"
    return Step(
        id=f"{address}/{TAKE_OVER} {name}",
        address=address,
        covers=(address, *covers),
        verb=TAKE_OVER,
        title=f"delete the collection {name}, and point an alias of that name to {physical}",
        statements=(request("DELETE", name), alias_request(*actions)),
        args={"name": name, "physical": physical, "actions": actions},
        hazards=(
            hazard(HazardKind.DOWNTIME, gap),
            hazard(HazardKind.DELETES_DATA, gone),
            hazard(HazardKind.IRREVERSIBLE, gone),
        ),
        online=False,
        rollback=RollbackClass.IMPOSSIBLE,
        no_inverse=gone.replace("is deleted", "is gone"),
    )


def _shadows() -> Hazard:
    return hazard(HazardKind.COSTS_MEMORY, f"the hidden collection stays in memory and on disk; {_SHADOW}")


def _create(alias: str, physical: str) -> dict[str, Any]:
    return {"create_alias": {"alias_name": alias, "collection_name": physical}}
