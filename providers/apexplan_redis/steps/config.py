"""Parameters: one CONFIG SET for all that change, and what was before is remembered."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from apexplan.model.change import Action, Change
from apexplan.model.plan import Hazard, HazardKind, Step
from apexplan_redis.read.everywhere import ALL
from apexplan_redis.specs import Config
from apexplan_redis.steps.base import Planning, hazard, line

CONFIG: Final = "config"


def config_steps(changes: Sequence[Change], planning: Planning) -> list[Step]:
    """Returns the one step for all parameters that change, none where there are none."""
    if not changes:
        return []
    values, was = {}, {}
    before: dict[str, str | None] = {}
    remembered: dict[str, str | None] = {}
    for change in changes:
        name, live = change.address.name, change.live
        known = live.before if isinstance(live, Config) else None
        former = live.value if isinstance(live, Config) else None
        was[name] = planning.was(change.address, former)
        remembered[name] = known
        if change.action is Action.DELETE:
            values[name] = {ALL: known} if known is not None else was[name]
            before[name] = None
        else:
            assert isinstance(change.desired, Config)
            values[name] = {ALL: change.desired.value}
            before[name] = known if known is not None else was[name].get(ALL)
    step = _step(changes, values, before, "set " + ", ".join(values))
    back = _step(changes, was, remembered, "set " + ", ".join(was) + " back")
    hazards = tuple(_hazards(changes, planning))
    back = back.model_copy(update={"id": f"{back.id}/back", "hazards": tuple(_hazards_back(changes))})
    return [step.model_copy(update={"inverse": back, "hazards": hazards})]


def _step(
    changes: Sequence[Change],
    values: Mapping[str, Mapping[str, str | None]],
    before: Mapping[str, str | None],
    title: str,
) -> Step:
    first = changes[0].address
    return Step(
        id=f"{first}/{CONFIG}",
        address=first,
        covers=tuple(change.address for change in changes),
        verb=CONFIG,
        title=title,
        statements=tuple(_statements(values)),
        args={"values": values, "before": before},
        removes=all(change.action is Action.DELETE for change in changes),
    )


def _statements(values: Mapping[str, Mapping[str, str | None]]) -> Iterator[str]:
    """Yields the command for all servers, and those for single ones."""
    for server in dict.fromkeys(server for by_server in values.values() for server in by_server):
        pairs = [(name, of[server]) for name, of in values.items() if of.get(server) is not None]
        words = [word for name, value in pairs for word in (name, value or "")]
        if words:
            yield line("CONFIG", "SET", *words) + ("" if server == ALL else f"   # on {server}")


def _hazards(changes: Sequence[Change], planning: Planning) -> Iterator[Hazard]:
    """Yields what the memory's new bound does at once."""
    wished: dict[str, Any] = {
        c.address.name: c.desired.value for c in changes if isinstance(c.desired, Config)
    }
    live = {c.address.name: c.live.value for c in changes if isinstance(c.live, Config)}
    if not {"maxmemory", "maxmemory-policy"} & wished.keys():
        return
    store = changes[0].address.store
    bound = wished.get("maxmemory", live.get("maxmemory", _value(planning, store, "maxmemory")))
    policy = wished.get("maxmemory-policy", _value(planning, store, "maxmemory-policy"))
    if bound is None or not bound.isdigit() or not 0 < int(bound) < planning.used_bytes:
        return
    uses = f"{planning.used_bytes:,} bytes are in use, and the bound is {int(bound):,}"
    if policy == "noeviction":
        yield hazard(HazardKind.BLOCKS_WRITES, f"{uses}: every write fails with OOM from then on")
    else:
        yield hazard(HazardKind.DELETES_DATA, f"{uses}: keys are evicted at once")


def _hazards_back(changes: Sequence[Change]) -> Iterator[Hazard]:
    """Yields what it does to lower the memory's bound again, once more is in use than it allows."""
    live = {c.address.name: c.live.value for c in changes if isinstance(c.live, Config)}
    desired = {c.address.name: c.desired.value for c in changes if isinstance(c.desired, Config)}
    lower, upper = _bound(live.get("maxmemory")), _bound(desired.get("maxmemory"))
    if not lower < upper:
        return
    uses = f"if more than {lower:,} bytes are in use by then"
    if live.get("maxmemory-policy") == "noeviction":
        yield hazard(HazardKind.BLOCKS_WRITES, f"{uses}, every write fails with OOM")
    else:
        yield hazard(HazardKind.DELETES_DATA, f"{uses}, keys are evicted at once")


def _bound(maxmemory: str | None) -> float:
    """Returns the bytes that a server may use. 0 is no bound, and neither is what is not known."""
    return int(maxmemory) or math.inf if maxmemory and maxmemory.isdigit() else math.inf


def _value(planning: Planning, store: str, name: str) -> str | None:
    """Returns a parameter that does not change, where somebody looks after it."""
    spec = planning.live(store, Config, name)
    return spec.value if isinstance(spec, Config) else None
