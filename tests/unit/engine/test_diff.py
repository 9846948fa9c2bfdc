"""What differs, and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from worlds import box, declared, full, world

from apexplan.engine.rename import renamed
from apexplan.model.address import Address
from apexplan.model.change import Action, Lifecycle, Recorded
from apexplan.model.errors import MissingDependency, Protected
from apexplan.model.plan import HazardKind, Plan
from apexplan.model.spec import Spec
from apexplan.testing import fake
from apexplan.testing.chaos import plan_of


def actions(plan: Plan) -> dict[str, Action]:
    return {c.address.name: c.action for c in plan.changes}


def test_equal_sides_make_an_empty_plan() -> None:
    plan = plan_of(world({"a": {"color": "red"}}, {"a": full({"color": "red"})}))
    assert plan.empty
    assert plan.in_sync == 1


def test_a_field_that_is_left_out_is_neither_compared_nor_changed() -> None:
    made = world({"a": {"color": "red", "size": 5}}, {"a": {"color": "red"}})
    assert [c.action for c in plan_of(made).changes] == [Action.ADOPT]
    assert not list(plan_of(made).steps)


def test_a_key_that_is_left_out_of_a_mapping_is_not_managed() -> None:
    live = {"a": {"tags": {"mine": "1", "theirs": "2"}}}
    plan = plan_of(world(live, {"a": {"tags": {"mine": "9"}}}))
    assert plan.changes[0].fields[0].live == {"mine": "1"}
    assert plan.changes[0].fields[0].desired == {"mine": "9"}


def test_an_explicit_none_is_compared() -> None:
    plan = plan_of(world({"a": {"color": "red"}}, {"a": {"color": None}}))
    assert plan.changes[0].fields[0].desired is None


def test_a_field_in_place_is_an_update_and_one_that_is_fixed_a_replacement() -> None:
    live = {"a": {"color": "red"}, "b": {"size": 1}}
    plan = plan_of(world(live, {"a": {"color": "blue"}, "b": {"size": 2}}))
    assert actions(plan) == {"a": Action.UPDATE, "b": Action.REPLACE}
    assert plan.changes[1].reason == "a box keeps the size that it was made with"


def test_an_owned_object_that_is_not_declared_is_deleted() -> None:
    assert actions(plan_of(world({"a": {}}, {}))) == {"a": Action.DELETE}


def test_an_object_that_nobody_owns_is_listed_and_left_alone() -> None:
    plan = plan_of(world({"a": {}}, {}, owned=False))
    assert plan.empty
    assert plan.unmanaged == (box("a"),)


def test_an_owned_object_that_is_gone_and_not_declared_is_forgotten_without_a_step() -> None:
    made = world({}, {})
    made.state._objects[box("a")] = Recorded(box("a"), {})
    plan = plan_of(made)
    assert actions(plan) == {"a": Action.FORGET}
    assert not plan.units


def test_an_unowned_object_that_fits_is_adopted_without_a_step() -> None:
    plan = plan_of(world({"a": {"color": "red"}}, {"a": {"color": "red"}}, owned=False))
    assert actions(plan) == {"a": Action.ADOPT}
    assert not plan.units


def test_an_unowned_object_that_differs_is_changed_under_a_hazard() -> None:
    plan = plan_of(world({"a": {"color": "red"}}, {"a": {"color": "blue"}}, owned=False))
    assert [h.kind for s in plan.steps for h in s.hazards] == [HazardKind.ADOPTS_UNMANAGED]


def test_an_object_that_takes_two_steps_is_adopted_once() -> None:
    plan = plan_of(world({"a": {"size": 1}}, {"a": {"size": 2}}, owned=False))
    told = [h.kind for s in plan.steps for h in s.hazards if h.kind is HazardKind.ADOPTS_UNMANAGED]
    assert len(list(plan.steps)) == 2
    assert len(told) == 1


def test_a_renamed_object_is_renamed_and_not_dropped() -> None:
    desired = {"new": {"color": "blue", "lifecycle": Lifecycle(renamed_from="old")}}
    plan = plan_of(world({"old": {"color": "red"}}, desired))
    assert actions(plan) == {"new": Action.RENAME}
    assert [s.verb for s in plan.steps] == ["rename", "put"]


def test_renamed_from_is_harmless_once_the_rename_has_happened() -> None:
    desired = {"new": {**full({}), "lifecycle": Lifecycle(renamed_from="old")}}
    assert plan_of(world({"new": {}}, desired)).empty


def test_an_ignored_field_is_not_compared() -> None:
    desired = {"a": {**full({"color": "blue"}), "lifecycle": Lifecycle(ignore=frozenset({"color"}))}}
    assert plan_of(world({"a": {"color": "red"}}, desired)).empty


@pytest.mark.parametrize("desired", [{}, {"a": {"size": 2, "lifecycle": Lifecycle(protect=True)}}])
def test_a_protected_object_is_neither_deleted_nor_replaced(desired: dict[str, dict[str, object]]) -> None:
    made = world({"a": {"size": 1}}, desired)
    made.state._objects[box("a")] = Recorded(box("a"), full({"size": 1}), protect=True)
    with pytest.raises(Protected, match=r"shelf\.box\.a"):
        plan_of(made)


def test_protection_outlives_the_block_that_set_it() -> None:
    """Deleting the manifest's block does not lift the protection: the record has it."""
    made = world({"a": {}}, {})
    made.state._objects[box("a")] = Recorded(box("a"), full({}), protect=True)
    with pytest.raises(Protected):
        plan_of(made)


def test_a_reference_to_nothing_is_refused_with_the_name_that_is_missing() -> None:
    with pytest.raises(MissingDependency, match=r"shelf\.box\.a needs shelf\.box\.ghost"):
        plan_of(world({}, {"a": {"needs": ["ghost"]}}))


def test_a_reference_to_an_unmanaged_object_is_fine() -> None:
    made = world({"theirs": {}}, {"mine": {"needs": ["theirs"]}}, owned=False)
    assert actions(plan_of(made)) == {"mine": Action.CREATE}


def test_the_same_inputs_give_the_same_bytes() -> None:
    def text() -> str:
        made = world({"a": {"size": 1}, "gone": {}}, {"a": {"size": 2}, "b": {"needs": ["a"]}})
        return plan_of(made).model_dump_json()

    assert text() == text()


def test_a_rename_inside_of_a_rename_knows_all_three_names() -> None:
    """As a column does that is renamed in a table that is renamed: the fake's boxes stand for both."""

    class Nested(fake.FakeProvider):
        def renamed(
            self, live: Mapping[Address, Spec], renames: Mapping[Address, Address]
        ) -> Mapping[Address, tuple[Address, Spec]]:
            moved = dict(super().renamed(live, renames))
            if box("t") in renames:
                moved[box("t.c")] = (box("u.c"), live[box("t.c")])
            return moved

    there = renamed(
        {box(n): fake.Box(color=n) for n in ("t", "t.c")},
        declared(
            {
                "u": {"lifecycle": Lifecycle(renamed_from="t")},
                "u.d": {"lifecycle": Lifecycle(renamed_from="u.c")},
            }
        ),
        Nested(),
    )
    assert set(there.live) == {box("u"), box("u.d")}
    assert there.former == {box("u"): box("t"), box("u.d"): box("u.c")}
    assert there.origin == {box("u"): box("t"), box("u.d"): box("t.c")}
