"""How many points are at stake: exact counts, asked for only for what a plan changes."""

from __future__ import annotations

from collections.abc import Iterable

from apexplan.model.address import Address
from apexplan.model.errors import StoreError
from apexplan.model.plan import Size
from apexplan_qdrant.names import index_parts
from apexplan_qdrant.read.served import Served
from apexplan_qdrant.run.looking import reach
from apexplan_qdrant.specs import Alias, Collection, PayloadIndex, Retained
from apexplan_qdrant.target import Target


def measure(target: Target, addresses: Iterable[Address], who: Served) -> dict[Address, Size]:
    """Returns the number of points of those of `addresses` that hold some. Where a target cannot count now
    (Edge held by another process), nothing is said of it."""
    names = {address: _physical(address, who) for address in addresses}
    counts: dict[str, Size] = {}
    for physical in {name for name in names.values() if name is not None}:
        try:
            count = _count(target, physical)
        except StoreError:
            continue
        if count is not None:
            counts[physical] = Size(count=count, unit="points", exact=True)
    return {a: counts[name] for a, name in names.items() if name in counts}


def _count(target: Target, physical: str) -> int | None:
    """Edge tells what it counted when the shard was closed, so that a plan opens none."""
    if target.embedded:
        told: int | None = target.info(physical).get("points_count")
        return told
    return target.count(reach(target, physical))


def _physical(address: Address, who: Served) -> str | None:
    match address.kind:
        case Collection.kind:
            return who.physical(address.name)
        case PayloadIndex.kind:
            return who.physical(index_parts(address)[0])
        case Retained.kind:
            return address.name
        case Alias.kind:
            return who.aliases.get(address.name)
    return None
