"""Collections: made, changed by one PATCH, taken out of use, purged.

One PATCH for all changes of a collection: a second one cancels the rebuild that the first one started. It
carries a mark in the metadata, which the server saves last: the mark there means that all of it is there.

A collection that nothing declares any more is not deleted but marked as out of use, and kept until a purge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from apexplan.model.address import Address
from apexplan.model.change import Change, FieldChange
from apexplan.model.plan import Hazard, HazardKind, RollbackClass, Step
from apexplan_qdrant.names import index_parts, side_door
from apexplan_qdrant.specs import Collection, PayloadIndex, Retained
from apexplan_qdrant.steps.aliases import Turn, door, point, take_over
from apexplan_qdrant.steps.base import Planning, hazard, mark, own_name, points, request
from apexplan_qdrant.steps.indexes import index_body
from apexplan_qdrant.wire.bodies import create_body, patch_body, unsettable

CREATE: Final = "create"
DELETE: Final = "delete"
PATCH: Final = "patch"
RETIRE: Final = "retire"
RESTORE: Final = "restore"
PURGE: Final = "purge"

DIRECTIVES: Final = frozenset({"on_replace", "over", "copying", "health", "physical"})


def create_steps(change: Change, planning: Planning) -> list[Step]:
    """Returns the steps that make a collection, and the alias that it is read under if it has one."""
    desired = change.desired
    assert isinstance(desired, Collection)
    name = change.address.name
    physical = own_name(name, desired)
    steps = [create(change.address, name, physical, desired)]
    if physical != name:
        steps.append(_read_as(change.address, physical, desired, planning))
    return steps


def _read_as(address: Address, physical: str, desired: Collection, planning: Planning) -> Step:
    """Returns the step that makes the alias of a new collection."""
    name = address.name
    turn = Turn(name, planning.aliases.get(name), physical, name in planning.taken)
    hides = turn.bare and turn.before is None
    if hides and desired.over == "gap":
        return take_over(address, name, physical)
    turns = [door(name), turn] if hides else [turn]
    return point(address, turns, f"read it as {name}, through an alias")


def create(
    address: Address,
    name: str,
    physical: str,
    spec: Collection,
    indexes: Mapping[str, PayloadIndex] | None = None,
) -> Step:
    """Returns the step that makes a collection `physical`, to be known by `name`; with the payload indexes,
    by path, that it has from the beginning."""
    step = _made(address, name, physical, spec, indexes or {})
    gone = hazard(HazardKind.DELETES_DATA, f"the points in {physical} go with it")
    back = _step(address, DELETE, physical, f"delete the collection {physical}", "DELETE", None)
    back = back.model_copy(update={"hazards": (gone,), "removes": True})
    return step.model_copy(update={"inverse": back.model_copy(update={"args": step.args})})


def _made(
    address: Address, name: str, physical: str, spec: Collection, indexes: Mapping[str, PayloadIndex]
) -> Step:
    body = create_body(spec)
    with_them = f" with {len(indexes)} payload index{'es' * (len(indexes) > 1)}" if indexes else ""
    step = _step(address, CREATE, physical, f"create the collection {physical}{with_them}", "PUT", body)
    bodies = {path: index_body(path, index) for path, index in indexes.items()}
    puts = tuple(request("PUT", physical, one, "/index?wait=true") for one in bodies.values())
    args = {
        "physical": physical,
        "name": name,
        "spec": spec.values(),
        "indexes": {path: index.values() for path, index in indexes.items()},
        "made": mark(address, CREATE, physical, body, bodies),
    }
    return step.model_copy(update={"args": args, "statements": (*step.statements, *puts)})


def patch_steps(change: Change, planning: Planning) -> list[Step]:
    """Returns the one step of a collection that stays: a PATCH, and the wait for what it sets going."""
    live, desired = change.live, change.desired
    assert isinstance(live, Collection) and isinstance(desired, Collection)
    fields = [f for f in change.fields if f.field not in DIRECTIVES]
    physical = live.physical or change.address.name
    config = planning.configs[physical]
    wish = _with_overrides({f.field: f.desired for f in fields}, desired)
    kept = {f: v for f, v in _former(wish, live).items() if not unsettable(f, v)}
    lost = [f.field for f in fields if f.field not in kept]
    size = planning.size(change.address)
    former = {f.field: f.live for f in fields}
    step = _patch(change, physical, patch_body(config, wish), wish, former)
    back = _patch(change, physical, patch_body(config, kept), kept, {f.field: f.desired for f in fields})
    told = _hazards(change, points(size)) if size is None or not size.empty else ()
    return [
        step.model_copy(
            update={
                "hazards": told,
                "size": size,
                "title": f"change {', '.join(f.field for f in change.fields)} of {physical}",
                "rollback": RollbackClass.LOSSY if lost else RollbackClass.LOSSLESS,
                "reason": f"Qdrant cannot unset {', '.join(lost)} again: a rollback leaves it"
                if lost
                else "",
                "inverse": back.model_copy(
                    update={"title": f"change {physical} back", "hazards": told, "size": size}
                ),
            }
        )
    ]


def _patch(
    change: Change,
    physical: str,
    body: Mapping[str, Any],
    wish: Mapping[str, Any],
    former: Mapping[str, Any],
) -> Step:
    """Returns a PATCH; an empty one where only waiting work is to be woken."""
    body = body or {"optimizers_config": {}}
    step = _step(change.address, PATCH, physical, "", "PATCH", body)
    changed = mark(change.address, PATCH, physical, body, wish)
    args = {"physical": physical, "body": dict(body), "wish": dict(wish), "former": dict(former)}
    return step.model_copy(
        update={"id": f"{change.address}/{PATCH} {changed}", "args": args | {"changed": changed}}
    )


def _with_overrides(wish: dict[str, Any], desired: Collection) -> dict[str, Any]:
    """Returns the changes, with the settings that must stay while others change: a vector without settings of
    its own follows the collection, and `payload_m` follows `m`."""
    if "hnsw_m" in wish and desired.hnsw_payload_m is not None:
        wish.setdefault("hnsw_payload_m", desired.hnsw_payload_m)
    for field, follower in _FOLLOWERS.items():
        kept = getattr(desired, follower)
        if field in wish and kept:
            wish.setdefault(follower, desired.values(frozenset({follower}))[follower])
    return wish


_FOLLOWERS: Final = {
    "quantization": "vector_quantization",
    **{
        f"hnsw_{part}": "vector_hnsw"
        for part in ("m", "ef_construct", "full_scan_threshold", "payload_m", "on_disk", "inline_storage")
    },
}


def _former(wish: Mapping[str, Any], live: Collection) -> dict[str, Any]:
    """Returns the live values of what `wish` speaks of."""
    values = live.values(frozenset(wish))
    return {
        field: {key: values[field].get(key) for key in value}
        if isinstance(value, dict) and isinstance(values[field], dict) and field != "quantization"
        else values[field]
        for field, value in wish.items()
    }


def _hazards(change: Change, told: str) -> tuple[Hazard, ...]:
    rebuilding = [f for f in change.fields if f.rule.rebuilds]
    if not rebuilding:
        return ()
    text = f"every segment of {told} is rebuilt in the background, because of {_named(rebuilding)}"
    space = "while it is rebuilt, a segment is there twice"
    return hazard(HazardKind.REBUILDS, text), hazard(HazardKind.COSTS_MEMORY, space)


def _named(fields: Sequence[FieldChange]) -> str:
    return ", ".join(f.field for f in fields)


# ------------------------------------------------------------------ out of use


def delete_steps(change: Change, planning: Planning) -> list[Step]:
    """Returns the steps that take a collection out of use; where it cannot be marked, it is deleted."""
    live = change.live
    assert isinstance(live, Collection)
    name = (change.origin or change.address).name
    physical = live.physical or name
    steps = []
    if planning.aliases.get(name) == physical:
        turn = Turn(name, physical, None, name in planning.taken)
        steps.append(point(change.address, [turn], f"drop the alias {name}", removes=True))
    if planning.marks:
        return [*steps, retire(change.address, name, physical, planning)]
    return [*steps, _deleted(change, name, physical, live, planning)]


def retire(address: Address, name: str, physical: str, planning: Planning) -> Step:
    """Returns the step that marks a collection as out of use."""
    mark_of_it = {"metadata": {"apexplan": {"retired": {"name": name, "since": "now"}}}}
    unmark = {"metadata": {"apexplan": {"retired": None}}}
    step = _step(address, RETIRE, physical, f"keep {physical} aside until a purge", "PATCH", mark_of_it)
    back = _step(address, RESTORE, physical, f"take {physical} into use again", "PATCH", unmark)
    args = {"physical": physical, "name": name}
    return step.model_copy(
        update={
            "args": args,
            "size": planning.size(address),
            "rollback": RollbackClass.RETENTION,
            "removes": True,
            "inverse": back.model_copy(update={"args": args}),
        }
    )


def _deleted(change: Change, name: str, physical: str, live: Collection, planning: Planning) -> Step:
    size = planning.size(change.address)
    step = _step(change.address, DELETE, physical, f"delete the collection {physical}", "DELETE", None)
    indexes = {index_parts(one)[1]: spec for one, spec in planning.indexes(change.address).items()}
    again = _made(change.address, name, physical, live, indexes)
    gone = hazard(HazardKind.DELETES_DATA, f"{points(size)} are deleted: before 1.16 nothing can be kept")
    return step.model_copy(
        update={
            "args": again.args | {"made": ""},
            "hazards": () if size is not None and size.empty else (gone,),
            "size": size,
            "rollback": RollbackClass.LOSSY,
            "removes": True,
            "inverse": again,
        }
    )


def purge_steps(change: Change, planning: Planning) -> list[Step]:
    """Returns the step that deletes for good what was kept aside."""
    live, physical = change.live, change.address.name
    assert isinstance(live, Retained)
    size = planning.size(change.address)
    text = f"{points(size)} of {live.former}, kept since {live.since}, are deleted for good"
    hazards = [hazard(HazardKind.DELETES_DATA, text), hazard(HazardKind.IRREVERSIBLE, text)]
    also = sorted(a for a, to in planning.aliases.items() if to == physical and a != side_door(physical))
    if also:
        gone = f"with the collection go the aliases that lead to it: {', '.join(also)}"
        hazards.append(hazard(HazardKind.DOWNTIME, gone))
    step = _step(change.address, PURGE, physical, f"delete {physical}, kept of {live.former}", "DELETE", None)
    return [
        step.model_copy(
            update={
                "args": {"physical": physical},
                "hazards": tuple(hazards),
                "size": size,
                "rollback": RollbackClass.IMPOSSIBLE,
                "no_inverse": "what is purged is gone; only a backup has it",
                "removes": True,
            }
        )
    ]


def _step(
    address: Address, verb: str, physical: str, title: str, method: str, body: Mapping[str, Any] | None
) -> Step:
    return Step(
        id=f"{address}/{verb} {physical}",
        address=address,
        covers=(address,),
        verb=verb,
        title=title,
        statements=(request(method, physical, body),),
    )
