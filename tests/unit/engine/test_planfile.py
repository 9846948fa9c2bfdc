"""An approved plan is refused unless it still says what would be done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from worlds import full, server_of, world

from apexplan.engine import planfile, planner
from apexplan.engine.ports import Head
from apexplan.model.errors import StalePlan
from apexplan.model.plan import Plan
from apexplan.testing.chaos import World, plan_of


def approved() -> tuple[World, Plan]:
    made = world({"a": {"size": 1}, "other": {}}, {"a": {"size": 2}, "other": full({})})
    return made, plan_of(made)


def again(made: World, plan: Plan) -> Plan:
    touched = {c.address for c in plan.changes}
    with made.open() as stores:
        return planner.plan(
            made.desired,
            made.state.recorded(),
            made.state.head(),
            stores,
            created=plan.created,
            wanted=touched.__contains__,
        )


def refusal(path: Path) -> str:
    with pytest.raises(StalePlan) as caught:
        planfile.load(path)
    return caught.value.why


def test_a_plan_comes_back_from_its_file_unchanged(tmp_path: Path) -> None:
    _, plan = approved()
    (tmp_path / "plan.json").write_text(planfile.dump(plan))
    assert planfile.load(tmp_path / "plan.json") == plan


def test_an_edited_file_is_refused(tmp_path: Path) -> None:
    _, plan = approved()
    data = json.loads(planfile.dump(plan))
    data["units"][0]["steps"][0]["statements"] = ["DROP EVERYTHING"]
    (tmp_path / "plan.json").write_text(json.dumps(data))
    assert refusal(tmp_path / "plan.json") == "edited"


def test_an_edited_file_with_a_mended_id_is_refused_all_the_same() -> None:
    made, plan = approved()
    unit = plan.units[0]
    forged = unit.steps[0].model_copy(update={"statements": ("DROP EVERYTHING",)})
    units = (unit.model_copy(update={"steps": (forged, *unit.steps[1:])}), *plan.units[1:])
    forgery = plan.model_copy(update={"units": units}).sealed()
    with pytest.raises(StalePlan) as caught:
        planfile.check_same(forgery, again(made, plan))
    assert caught.value.why == "stale"


@pytest.mark.parametrize("content", ["", "no json", "[]", "{}", '{"format": 99}'])
def test_what_is_no_plan_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "plan.json").write_text(content)
    assert refusal(tmp_path / "plan.json") == "format"


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nothing.json") == "format"


def test_an_unchanged_world_gives_the_same_plan() -> None:
    made, plan = approved()
    planfile.check_same(plan, again(made, plan))


def test_a_change_of_a_touched_object_makes_it_stale() -> None:
    made, plan = approved()
    server_of(made).boxes["a"]["color"] = "painted by hand"
    with pytest.raises(StalePlan, match=r"shelf\.box\.a") as caught:
        planfile.check_same(plan, again(made, plan))
    assert caught.value.why == "stale"


def test_a_change_elsewhere_does_not_void_it() -> None:
    made, plan = approved()
    server_of(made).boxes["other"]["color"] = "painted by hand"
    planfile.check_same(plan, again(made, plan))


def test_more_rows_do_not_void_it() -> None:
    made, plan = approved()
    server_of(made).rows["a"] = 1000
    planfile.check_same(plan, again(made, plan))


@pytest.mark.parametrize(
    ("why", "origin"),
    [
        ("manifests", {"manifests": "other"}),
        ("environment", {"environment": "prod"}),
        ("lineage", {"head": Head("other", 1)}),
    ],
)
def test_a_plan_of_another_origin_is_refused(why: str, origin: dict[str, object]) -> None:
    _, plan = approved()
    given = {"manifests": plan.manifests, "environment": "", "head": Head("memory", 1), **origin}
    with pytest.raises(StalePlan) as caught:
        planfile.check_origin(plan, **given)  # type: ignore[arg-type]  # a table of keyword arguments
    assert caught.value.why == why


def test_a_plan_from_before_the_state_fits_a_state_that_was_never_written() -> None:
    _, plan = approved()
    first = plan.model_copy(update={"lineage": ""})
    planfile.check_origin(first, manifests=plan.manifests, environment="", head=Head("new", 0))


def test_a_plan_from_before_the_state_does_not_fit_one_that_was_written() -> None:
    _, plan = approved()
    first = plan.model_copy(update={"lineage": ""})
    with pytest.raises(StalePlan):
        planfile.check_origin(first, manifests=plan.manifests, environment="", head=Head("new", 1))
