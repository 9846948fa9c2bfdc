"""Indexes: built, rebuilt and dropped CONCURRENTLY, each a unit of its own.

    create      CREATE INDEX CONCURRENTLY           on a table of this plan: plain, with the table
    replace     build under another name ─ swap the names ─ DROP INDEX CONCURRENTLY the former one
    m, lists …  ALTER INDEX SET and REINDEX INDEX CONCURRENTLY in one step: the catalogue alone is
                not the graph (measured on 18.4: the meta page keeps the former m)
    fillfactor… ALTER INDEX SET, in the transaction of its neighbours

A build that was interrupted leaves an invalid index of exactly this definition: the step's
`args` hold the definition by which `run` knows it as its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from apexplan.model.address import Address
from apexplan.model.change import Action, Change
from apexplan.model.plan import Hazard, HazardKind, Step
from apexplan_postgres import ddl
from apexplan_postgres.names import ASIDE, parts, sql_name
from apexplan_postgres.specs import Index
from apexplan_postgres.specs.index import STORAGE_PARAMETERS
from apexplan_postgres.steps.base import (
    Back,
    Planning,
    aside,
    hazard,
    mark,
    nothing,
    quick,
    rows,
    short,
    whole,
)

BUILT_IN: Final = frozenset({"m", "ef_construction", "lists", "pages_per_range"})
"""Parameters that a build puts into the index; the others hold for what is written from then on."""
_VECTOR: Final = frozenset({"hnsw", "ivfflat"})
_ASIDE: Final = "built under another name, and put in its place when it is complete"
_MOST_MEMORY_KB: Final = 1024 * 1024
"""What a build may take at most: enough for a graph of some 150,000 vectors of 1,536 components."""
_DEFAULT_M, _DEFAULT_EF = 16, 64
"""pgvector's own, README, HNSW index options."""


def index_steps(change: Change, planning: Planning) -> list[Step]:
    """The steps of one index."""
    address = change.address
    if change.action is Action.DELETE:
        return [drop(address, address, whole(change, Index), planning)]
    spec = whole(change, Index)
    _check_graph(address, spec, planning)
    if change.action is Action.CREATE:
        return _created(address, spec, planning)
    if any(f.rule.how == "replace" for f in change.fields):
        return _anew(change, spec, planning)
    return _altered(change, spec, planning)


def _check_graph(address: Address, spec: Index, planning: Planning) -> None:
    m, ef = spec.m or _DEFAULT_M, spec.ef_construction or _DEFAULT_EF
    if spec.using == "hnsw" and ef < 2 * m:
        text = f"ef_construction is {ef} and m is {m}; pgvector needs ef_construction ≥ 2·m"
        planning.refuse(address, text, f"set ef_construction to {2 * m} or more")


def _created(address: Address, spec: Index, planning: Planning) -> list[Step]:
    table = spec.parent(address)
    if table is None or not planning.is_new(table):
        return [build(address, address, spec, planning)]
    statements = [ddl.create_index(address, spec, concurrently=False), *ddl.commented(address, spec)]
    back = Back(f"drop index {short(address)}", (ddl.drop_index(address, concurrently=False),), removes=True)
    return [quick(address, "create", f"create index {short(address)}", statements, back)]


# ------------------------------------------------------------------ concurrently


def build(
    owner: Address, address: Address, spec: Index, planning: Planning, *, verb: str = "build", **more: Any
) -> Step:
    """Builds the index `address` for the object `owner`; they differ while it is made aside."""
    there = _build(owner, address, spec, planning, verb)
    back = _drop(owner, address, spec, planning, f"{verb}/undo")
    return there.model_copy(update={"inverse": back, **more})


def drop(
    owner: Address, address: Address, spec: Index, planning: Planning, *, verb: str = "drop", **more: Any
) -> Step:
    """Drops the index `address`; undone by building it again."""
    there = _drop(owner, address, spec, planning, verb)
    back = _build(owner, address, spec, planning, f"{verb}/undo")
    return there.model_copy(update={"inverse": back, **more})


def _build(owner: Address, address: Address, spec: Index, planning: Planning, verb: str) -> Step:
    create = ddl.create_index(address, spec, concurrently=True)
    return Step(
        id=f"{owner}/{verb}",
        address=owner,
        covers=(owner,),
        verb="build",
        title=f"create index {short(address)} concurrently",
        statements=(*_memory(owner, spec, planning), create, *ddl.commented(address, spec)),
        args=_args(address, spec),
        reason="" if owner == address else _ASIDE,
        hazards=_build_hazards(owner, spec, planning),
        size=planning.size(owner),
    )


def _drop(owner: Address, address: Address, spec: Index, planning: Planning, verb: str) -> Step:
    return Step(
        id=f"{owner}/{verb}",
        address=owner,
        covers=(owner,),
        verb="drop",
        title=f"drop index {short(address)} concurrently",
        statements=(ddl.drop_index(address, concurrently=True),),
        args=_args(address, spec),
        size=planning.size(owner),
        removes=True,
    )


def _args(address: Address, spec: Index) -> dict[str, Any]:
    return {"index": str(address), "values": spec.values(spec.managed - {"valid"})}


def _build_hazards(owner: Address, spec: Index, planning: Planning) -> tuple[Hazard, ...]:
    found = []
    if spec.unique:
        text = f"{rows(planning.size(owner))} are read; duplicates make the build fail"
        found.append(hazard(HazardKind.SCANS_DATA, text))
    if _memory(owner, spec, planning):
        text = "the build may take as much memory on the server as its first statement says"
        found.append(hazard(HazardKind.COSTS_MEMORY, text))
    return tuple(found)


def _memory(owner: Address, spec: Index, planning: Planning) -> list[str]:
    """Raises maintenance_work_mem for the build of a graph that would not fit otherwise: pgvector
    builds many times slower from there on (README, Index Build Time). Never lowers it."""
    size, given = planning.size(owner), planning.facts.details.get("maintenance_work_mem_kb", 0)
    if spec.using not in _VECTOR or size is None or size.size_bytes is None:
        return []
    wish = min(size.size_bytes // 1024, _MOST_MEMORY_KB)
    return [f"SET maintenance_work_mem = '{wish}kB'"] if wish > given else []


# ------------------------------------------------------------------ changes


def _anew(change: Change, spec: Index, planning: Planning) -> list[Step]:
    address, live = change.address, change.live
    assert isinstance(live, Index)
    digits = mark(address, live.values(), spec.values())
    fresh, former = aside(address, f"{ASIDE}{digits}"), aside(address, f"{ASIDE}old_{digits}")
    return [
        build(address, fresh, spec.model_copy(update={"valid": True}), planning),
        swap(address, fresh, former),
        # Not `removes`: the object stays, so what it stands on may be altered before this.
        drop(address, former, live, planning, verb="drop_former", removes=False),
    ]


def swap(address: Address, fresh: Address, former: Address) -> Step:
    """Gives the name of `address` to `fresh`, and what bears it now the name of `former`."""
    names = [parts(a.name)[-1] for a in (address, fresh, former)]
    there = (ddl.rename_index(address, names[2]), ddl.rename_index(fresh, names[0]))
    back = (ddl.rename_index(address, names[1]), ddl.rename_index(former, names[0]))
    title = f"swap the names of index {short(address)} and the one that was built aside"
    return quick(address, "swap", title, there, Back("swap the names back", back))


def _altered(change: Change, spec: Index, planning: Planning) -> list[Step]:
    live = change.live
    assert isinstance(live, Index)
    changed = [f.field for f in change.fields]
    steps = []
    light = [name for name in changed if name in STORAGE_PARAMETERS and name not in BUILT_IN]
    if light:
        steps.append(_parameters(change.address, live, spec, light))
    if any(name in BUILT_IN for name in changed):
        steps.append(_rebuilt(change.address, live, spec, planning))
    elif "valid" in changed and spec.valid:
        steps.append(_repaired(change.address, spec, planning))
    if "comment" in changed:
        back = Back("put the former comment back", (ddl.comment(change.address, live.comment),))
        title = f"comment on index {short(change.address)}"
        steps.append(
            quick(change.address, "comment", title, [ddl.comment(change.address, spec.comment)], back)
        )
    return steps


def _parameters(address: Address, live: Index, spec: Index, names: Sequence[str]) -> Step:
    title = f"set {', '.join(names)} of index {short(address)}"
    back = Back(f"set {', '.join(names)} back", tuple(_set(address, live, names)))
    return quick(address, "set", title, _set(address, spec, names), back)


def _set(address: Address, spec: Index, names: Sequence[str]) -> list[str]:
    wished = {name: ddl.parameter(getattr(spec, name)) for name in names}
    return ddl.set_options(f"ALTER INDEX {sql_name(address)}", wished)


def _rebuilt(address: Address, live: Index, spec: Index, planning: Planning) -> Step:
    names = [name for name in STORAGE_PARAMETERS if name in BUILT_IN and _differs(live, spec, name)]

    def rebuild(before: Index, after: Index, step_id: str) -> Step:
        told = ", ".join(f"{name} = {getattr(after, name) or 'default'}" for name in names)
        kept = frozenset(STORAGE_PARAMETERS) & BUILT_IN
        return _reindex(
            address,
            "reindex",
            step_id,
            f"rebuild index {short(address)} with {told}",
            after,
            planning,
            "ALTER INDEX SET alone leaves the index as it was built; the next one is built beside it",
            _set(address, after, names),
            {"before": before.values(kept), "after": after.values(kept)},
        )

    there = rebuild(live, spec, f"{address}/reindex")
    return there.model_copy(update={"inverse": rebuild(spec, live, f"{address}/reindex/undo")})


def _differs(live: Index, spec: Index, name: str) -> bool:
    return bool(getattr(live, name) != getattr(spec, name))


def _repaired(address: Address, spec: Index, planning: Planning) -> Step:
    title = f"rebuild index {short(address)}, which an interrupted build left invalid"
    reason = "an invalid index is kept up by writers and used by no query"
    there = _reindex(address, "repair", f"{address}/repair", title, spec, planning, reason, [], {})
    back = quick(address, "repair/undo", "leave the index as it is: valid", [], nothing(""))
    return there.model_copy(update={"inverse": back.model_copy(update={"inverse": None})})


def _reindex(
    address: Address,
    verb: str,
    step_id: str,
    title: str,
    spec: Index,
    planning: Planning,
    reason: str,
    before: Sequence[str],
    args: dict[str, Any],
) -> Step:
    text = f"the index is built anew from {rows(planning.size(address))} beside the one in use"
    memory = _memory(address, spec, planning)
    return Step(
        id=step_id,
        address=address,
        covers=(address,),
        verb=verb,
        title=title,
        statements=(*before, *memory, f"REINDEX INDEX CONCURRENTLY {sql_name(address)}"),
        args={"index": str(address), **args},
        reason=reason,
        hazards=(hazard(HazardKind.REBUILDS, text), *_build_hazards(address, spec, planning)),
        size=planning.size(address),
    )
