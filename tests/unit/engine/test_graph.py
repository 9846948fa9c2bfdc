"""The order of steps and what makes a unit."""

from __future__ import annotations

import random

import pytest
from worlds import box, world

from apexplan.engine import graph
from apexplan.model.change import Lifecycle
from apexplan.model.errors import DependencyCycle
from apexplan.model.plan import Plan, RollbackClass, Step
from apexplan.testing.chaos import plan_of
from apexplan.testing.fake import Behaviour


def order(plan: Plan) -> list[str]:
    return [f"{s.verb} {s.address.name}" for s in plan.steps]


def step(name: str, **fields: object) -> Step:
    address = box(name)
    return Step.model_validate(
        {"id": name, "address": address, "covers": (address,), "verb": "put", "title": name, **fields}
    )


def test_what_is_required_is_made_first() -> None:
    plan = plan_of(world({}, {"a": {"needs": ["b"]}, "b": {"needs": ["c"]}, "c": {}}))
    assert order(plan) == ["put c", "put b", "put a"]


def test_what_requires_is_dropped_first() -> None:
    plan = plan_of(world({"a": {}, "b": {"needs": ["a"]}, "c": {"needs": ["b"]}}, {}))
    assert order(plan) == ["remove c", "remove b", "remove a"]


def test_a_chain_that_is_made_anew_comes_down_from_the_top_and_goes_up_again() -> None:
    live = {"a": {"size": 1}, "b": {"size": 1, "needs": ["a"]}}
    plan = plan_of(world(live, {"a": {"size": 2}, "b": {"size": 2, "needs": ["a"]}}))
    assert order(plan) == ["remove b", "remove a", "put a", "put b"]


def test_a_name_is_freed_before_it_is_taken() -> None:
    desired = {
        "b": {"color": "red", "lifecycle": Lifecycle(renamed_from="a")},
        "a": {"color": "new"},
    }
    plan = plan_of(world({"a": {"color": "red"}}, {"b": desired["b"], "c": {}}))
    assert order(plan)[0] == "rename b"


def test_things_that_need_each_other_are_an_error_that_shows_the_circle() -> None:
    with pytest.raises(DependencyCycle) as caught:
        plan_of(world({}, {"a": {"needs": ["b"]}, "b": {"needs": ["a"]}}))
    assert caught.value.cycle[0] == caught.value.cycle[-1]
    assert len(caught.value.cycle) == 3


def test_what_cannot_be_undone_goes_last() -> None:
    steps = [step("a", rollback=RollbackClass.IMPOSSIBLE), step("b"), step("c")]
    assert [s.id for s in graph.ordered(steps, {})] == ["b", "c", "a"]


def test_what_cannot_be_undone_still_waits_for_nothing_but_its_needs() -> None:
    steps = [step("a", rollback=RollbackClass.LOSSY), step("b", after=("a",))]
    assert [s.id for s in graph.ordered(steps, {})] == ["a", "b"]


def test_a_group_is_gathered_into_one_transaction() -> None:
    steps = [step("a", group="g"), step("b"), step("c", group="g")]
    inverse = {"inverse": step("x")}
    ordered = graph.ordered([s.model_copy(update=inverse) for s in steps], {})
    assert [[s.id for s in u.steps] for u in graph.units(ordered)] == [["a", "c"], ["b"]]


def test_steps_without_an_inverse_share_no_unit_with_others() -> None:
    with_inverse = step("a", group="g", inverse=step("x"))
    assert len(graph.units([with_inverse, step("b", group="g")])) == 2


def test_a_transactional_store_gets_one_unit_for_all_new_boxes() -> None:
    plan = plan_of(world({}, {"a": {}, "b": {}, "c": {"needs": ["b"]}}, Behaviour(transactional=True)))
    assert len(plan.units) == 1


@pytest.mark.parametrize("seed", range(20))
def test_any_order_of_declaration_respects_every_need(seed: int) -> None:
    draw = random.Random(seed)
    names = [f"b{n:02d}" for n in range(30)]
    needs = {name: draw.sample(names[:i], min(i, 3)) for i, name in enumerate(names)}
    shuffled = draw.sample(names, len(names))
    plan = plan_of(world({}, {name: {"needs": needs[name]} for name in shuffled}))
    place = {s.address.name: i for i, s in enumerate(plan.steps)}
    assert all(place[n] < place[name] for name in names for n in needs[name]), f"seed {seed}"
