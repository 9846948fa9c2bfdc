"""From two sides to steps, without a server: what the tests of planning share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from apexplan.engine import graph, rename
from apexplan.engine.diff import Sides, diff
from apexplan.model.address import Address
from apexplan.model.change import Action, Declared, Lifecycle, Recorded
from apexplan.model.plan import HazardKind, Size, Step
from apexplan.model.spec import Spec
from apexplan.provider import Facts, Normal, Provider
from apexplan_postgres.specs import Column, Index, IndexKey, PrimaryKey, Table
from apexplan_postgres.steps import plan_steps, renamed

Side = Mapping[str, Spec]

FULL = Size(count=5000, exact=True, size_bytes=400 * 1024 * 1024)
EMPTY = Size(count=0, exact=True)
DETAILS = {
    "version_num": 180004,
    "maintenance_work_mem_kb": 65536,
    "extension_versions": {"vector": ["0.8.10", "0.8.5", "0.8.9", "0.7.0"]},
    "extension_updates": {"vector": ["0.8.9", "0.8.10"]},
    "not_null_names": {},
}


class _Planner:
    """As much of a provider as a diff needs."""

    renamed = staticmethod(renamed)


def address(text: str) -> Address:
    return Address.parse(f"sql.{text}")


def side(specs: Side) -> dict[Address, Spec]:
    return {address(text): spec for text, spec in specs.items()}


def planned(
    live: Side,
    desired: Side,
    *,
    size: Size = FULL,
    renames: Mapping[str, str] | None = None,
    unmanaged: Iterable[str] = (),
    **details: Any,
) -> list[Step]:
    """Returns the steps from `live` to `desired` in the order of a plan. All that is live is owned,
    but for `unmanaged`."""
    former = {address(new): address(old).name for new, old in (renames or {}).items()}
    there, wish = side(live), side(desired)
    owned = there.keys() - {address(text) for text in unmanaged}
    declared = {
        a: Declared(a, spec, lifecycle=Lifecycle(renamed_from=former.get(a))) for a, spec in wish.items()
    }
    recorded = {a: Recorded(a, there[a].values()) for a in owned}
    moved = rename.renamed(there, declared, cast(Provider, _Planner()))
    found = diff(Sides(moved, declared, Normal(wish), recorded))
    acting = [c for c in found.changes if c.action not in (Action.ADOPT, Action.FORGET)]
    sizes = dict.fromkeys((*found.live, *(c.address for c in acting)), size)
    facts = Facts(found.live, wish, frozenset(owned), sizes, DETAILS | details)
    steps = plan_steps(acting, facts)
    covered = {a for step in steps for a in step.covers}
    assert {c.address for c in acting} <= covered
    assert len({step.id for step in steps}) == len(steps)
    return graph.ordered(steps, {c.address: c for c in acting})


def sql(steps: Sequence[Step]) -> list[str]:
    """All statements in order."""
    return [statement for step in steps for statement in step.statements]


def back(steps: Sequence[Step]) -> list[str]:
    """The statements of the way back, in the order in which an undo runs them."""
    return [s for step in reversed(steps) if step.inverse for s in step.inverse.statements]


def kinds(step: Step) -> set[HazardKind]:
    return {hazard.kind for hazard in step.hazards}


def column(**given: Any) -> Column:
    """A column as the server shows one: every field set."""
    whole: dict[str, Any] = {
        "type": "integer",
        "null": True,
        "null_validated": True,
        "default": None,
        "identity": None,
        "generated": None,
        "collation": None,
        "storage": "plain",
        "compression": "default",
        "statistics": -1,
        "comment": None,
    }
    return Column(**(whole | given))


def index(*columns: str, **given: Any) -> Index:
    """An index of `t` as the server shows one: every field set."""
    whole: dict[str, Any] = dict.fromkeys(Index.model_fields, None) | {
        "table": "public.t",
        "using": "btree",
        "keys": tuple(IndexKey(column=name) for name in columns),
        "include": (),
        "unique": False,
        "nulls_not_distinct": False,
        "valid": True,
    }
    return Index(**(whole | given))


T: Side = {
    "table.public.t": Table(comment=None, options={}),
    "column.public.t.id": column(type="bigint", null=False),
    "column.public.t.a": column(),
    "column.public.t.b": column(type="text", storage="extended"),
    "primary_key.public.t.t_pkey": PrimaryKey(columns=("id",), include=(), deferrable="no", comment=None),
}
"""A table that is there."""
