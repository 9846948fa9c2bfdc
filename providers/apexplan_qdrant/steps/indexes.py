"""Payload indexes: made, replaced, dropped. One PUT each, with wait, between two times of rest."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from apexplan.model.address import Address
from apexplan.model.change import Action, Change
from apexplan.model.plan import Hazard, HazardKind, Step
from apexplan_qdrant.names import index_parts
from apexplan_qdrant.specs import PayloadIndex
from apexplan_qdrant.steps.base import Planning, hazard, points, request
from apexplan_qdrant.wire.payload_index import index_schema

INDEX: Final = "index"
DROP_INDEX: Final = "drop index"

_GAP: Final = (
    "until it is rebuilt, segment after segment has no index on it: who filters by it reads every payload"
)
_TEXT: Final = (
    "until it is rebuilt, match.text looks for parts of words in every payload: it answers slowly, and with "
    "points that have only a part of the word"
)


def index_steps(change: Change, planning: Planning) -> list[Step]:
    """Returns the step of one index whose collection stays."""
    physical = planning.physical(change.address.store, index_parts(change.address)[0])
    live, desired = change.live, change.desired
    assert live is None or isinstance(live, PayloadIndex)
    assert desired is None or isinstance(desired, PayloadIndex)
    if change.action is Action.DELETE:
        assert live is not None
        return [_drop(change.address, physical, live, planning)]
    assert desired is not None
    return [_put(change.address, physical, live, _filled(live, desired), planning)]


def drop_index(address: Address, physical: str, path: str, spec: PayloadIndex) -> Step:
    """Returns the step that drops an index of a collection that is made anew."""
    back = _step(address, INDEX, physical, path, spec, None)
    return _gone(address, physical, path, spec).model_copy(
        update={"id": f"{address}/{DROP_INDEX} {path} of {physical} before", "inverse": back}
    )


def _put(
    address: Address, physical: str, live: PayloadIndex | None, desired: PayloadIndex, planning: Planning
) -> Step:
    path = index_parts(address)[1]
    collection = index_parts(address)[0]
    size = planning.size(Address(address.store, "collection", collection))
    is_new = planning.live(address.store, collection) is None
    empty = is_new or (size is not None and size.empty)
    if live is None:
        back = _gone(address, physical, path, desired)
        told: tuple[Hazard, ...] = () if empty else (_scan(points(size)),)
    else:
        back = _step(address, INDEX, physical, path, live, desired).model_copy(
            update={"hazards": () if empty else _gap(live)}
        )
        told = () if empty else (_scan(points(size)), *_gap(live))
    step = _step(address, INDEX, physical, path, desired, live)
    return step.model_copy(update={"hazards": told, "size": size, "inverse": back})


def _drop(address: Address, physical: str, live: PayloadIndex, planning: Planning) -> Step:
    path = index_parts(address)[1]
    size = planning.size(Address(address.store, "collection", index_parts(address)[0]))
    back = _step(address, INDEX, physical, path, live, None)
    return _gone(address, physical, path, live).model_copy(update={"size": size, "inverse": back})


def index_body(path: str, spec: PayloadIndex) -> dict[str, Any]:
    """Returns the body of the request that makes an index."""
    return {"field_name": path, "field_schema": index_schema(spec)}


def _step(
    address: Address, verb: str, physical: str, path: str, spec: PayloadIndex, former: PayloadIndex | None
) -> Step:
    return Step(
        id=f"{address}/{verb} {path} of {physical}",
        address=address,
        covers=(address,),
        verb=verb,
        title=f"{'replace' if former else 'make'} the {spec.type} index on {path} of {physical}",
        statements=(request("PUT", physical, index_body(path, spec), "/index?wait=true"),),
        args=_args(physical, path, spec) | {"former": former.values() if former else None},
    )


def _gone(address: Address, physical: str, path: str, spec: PayloadIndex) -> Step:
    return Step(
        id=f"{address}/{DROP_INDEX} {path} of {physical}",
        address=address,
        covers=(address,),
        verb=DROP_INDEX,
        title=f"drop the {spec.type} index on {path} of {physical}",
        statements=(request("DELETE", physical, None, f"/index/{quote(path, safe='')}?wait=true"),),
        args=_args(physical, path, spec),
        removes=True,
    )


def _args(physical: str, path: str, spec: PayloadIndex) -> dict[str, Any]:
    return {"physical": physical, "path": path, "spec": spec.values()}


def _filled(live: PayloadIndex | None, desired: PayloadIndex) -> PayloadIndex:
    """Returns the whole index: the server replaces it, so what nobody manages is sent along."""
    if live is None or (desired.type or live.type) != live.type:
        return desired
    return PayloadIndex.model_validate(live.values() | desired.values())


def _scan(told: str) -> Hazard:
    return hazard(HazardKind.SCANS_DATA, f"the payloads of {told} are read to build it")


def _gap(live: PayloadIndex) -> tuple[Hazard, ...]:
    if live.type == "text":
        return hazard(HazardKind.INDEX_GAP, _GAP), hazard(HazardKind.DOWNTIME, _TEXT)
    return (hazard(HazardKind.INDEX_GAP, _GAP),)
