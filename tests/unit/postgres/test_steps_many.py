"""Large plans: transactions that the server can hold."""

from __future__ import annotations

from itertools import groupby

from steps_kit import T, column, planned

from apexplan.model.plan import HazardKind
from apexplan.model.spec import Spec
from apexplan_postgres.specs import Column, Table


def test_a_large_plan_is_split_into_transactions() -> None:
    wish: dict[str, Spec] = {}
    for number in range(600):
        wish[f"table.public.t{number}"] = Table()
        wish[f"column.public.t{number}.a"] = Column(type="integer")
    steps = planned({}, wish)
    sizes = [sum(4 + len(s.covers) for s in group) for _, group in groupby(steps, lambda s: s.group)]
    assert len(sizes) > 1 and max(sizes) <= 64 * 16
    assert all(s.inverse is not None and s.inverse.group == s.group for s in steps)


def test_a_small_plan_is_one_transaction() -> None:
    steps = planned(T, {**T, "column.public.t.x": column(), "column.public.t.y": column()})
    assert {step.group for step in steps} == {"ddl"}
    assert not any(h.kind is HazardKind.BLOCKS_WRITES for step in steps for h in step.hazards)
