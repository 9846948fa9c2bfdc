"""`plan`: what it shows, where, and with which exit code."""

from __future__ import annotations

import json
from unittest import mock

import jsonschema
import pytest
from cli_kit import THREE, Shop, stopped

from apexplan.cli.plan import _refuse_other_than_sql
from apexplan.cli.schema import all_schemas
from apexplan.model.address import Address
from apexplan.model.errors import UsageError
from apexplan.model.plan import Note, Plan, Step, Unit
from apexplan.testing.fake import FakeSession


def test_a_plan_for_people_ends_with_its_counts(shop: Shop) -> None:
    ran = shop.ok("plan")
    assert ran.out.splitlines()[-1] == "Plan: 3 to create. 3 steps, rollback lossless."
    assert ran.err == ""


def test_changes_exit_2_only_when_asked(shop: Shop) -> None:
    assert shop.run("plan").code == 0
    assert shop.run("plan", "--detailed-exitcode").code == 2


def test_no_changes_exit_0(shop: Shop) -> None:
    shop.applied()
    ran = shop.run("plan", "--detailed-exitcode")
    assert (ran.code, ran.out) == (0, "Nothing to do: 3 objects in sync.\n")


def test_planning_writes_nothing(shop: Shop) -> None:
    shop.ok("plan")
    assert not shop.store_file.exists() and not shop.state_file.exists()


def test_json_is_one_document_that_its_schema_knows(shop: Shop) -> None:
    jsonschema.Draft202012Validator(all_schemas()["plan"]).validate(shop.ok("plan", "-f", "json").data)


def test_the_file_is_written_beside_what_is_printed(shop: Shop) -> None:
    ran = shop.ok("plan", "-o", str(shop.root / "p.json"), "-f", "json")
    assert (shop.root / "p.json").read_text() == ran.out


def test_a_file_that_cannot_be_written_is_told(shop: Shop) -> None:
    ran = shop.run("plan", "-o", str(shop.root / "none" / "p.json"))
    assert ran.code == 1
    assert "cannot be written" in ran.err and "defect" not in ran.err


def test_markdown_is_markdown_alone(shop: Shop) -> None:
    assert shop.ok("plan", "-f", "markdown").out.startswith("### apexplan: shop\n")


def test_alembic_is_refused_for_what_is_no_sql(shop: Shop) -> None:
    ran = shop.run("plan", "-f", "alembic")
    assert ran.code == 1
    assert "Alembic runs SQL, and the plan has steps on shelf" in ran.err


def test_a_target_that_means_nothing_is_refused(shop: Shop) -> None:
    ran = shop.run("plan", "--target", "shelf.box.rde")
    assert (ran.code, ran.out) == (1, "")
    assert "no declared or owned object is meant by --target shelf.box.rde" in ran.err


def test_a_plan_says_what_the_policy_denies(shop: Shop) -> None:
    shop.applied()
    shop.edit_store(rows={"green": 1})
    shop.declare({"red": THREE["red"], "blue": THREE["blue"]})
    out = shop.ok("plan", "--env", "prod").out
    assert "denied by the policy: apply refuses it" in out
    assert "--allow" not in out


def test_a_written_plan_says_how_it_is_applied(shop: Shop) -> None:
    path = shop.root / "p.json"
    ran = shop.ok("plan", "--env", "prod", "-o", str(path))
    assert f"wrote {path}: `apexplan apply {path} --env prod`" in ran.err


def test_a_target_is_an_address_or_a_pattern(shop: Shop) -> None:
    data = shop.ok("plan", "-f", "json", "--target", "shelf.box.red").data
    assert [c["address"] for c in data["changes"]] == ["shelf.box.red"]
    data = shop.ok("plan", "-f", "json", "--target", "shelf.box.*e*", "--exclude", "*.red").data
    assert [c["address"] for c in data["changes"]] == ["shelf.box.blue", "shelf.box.green"]


def test_the_environment_stands_in_the_plan(shop: Shop) -> None:
    assert shop.ok("plan", "--env", "prod").out.startswith("Plan for shop (prod)\n")


def test_verbose_shows_the_statements(shop: Shop) -> None:
    assert '        PUT red {"color": "red", "size": 3, "needs": [], "tags": {}}' in shop.ok("plan", "-v").out


def test_an_open_run_is_told_in_every_format_without_spoiling_it(shop: Shop) -> None:
    run = stopped(shop)
    for format_ in ("text", "json", "markdown"):
        ran = shop.ok("plan", "-f", format_)
        assert f"  apexplan resume {run}\n" in ran.err
        assert run not in ran.out
    json.loads(shop.ok("plan", "-f", "json").out)


def test_objects_of_a_store_that_the_project_lost_are_told(shop: Shop) -> None:
    shop.applied()
    shop.settings["stores"] = {"other": {"provider": "fake", "file": str(shop.root / "other.json")}}
    shop.save()
    (shop.root / "schema" / "shelf.yaml").write_text("kind: FakeSchema\nstore: other\n")
    assert "the state owns 3 objects of shelf, which the project no longer has" in shop.ok("plan").err


def test_a_missing_dependency_is_told_with_its_place(shop: Shop) -> None:
    shop.declare({"blue": {"needs": ["none"]}})
    ran = shop.run("plan")
    assert ran.code == 1
    assert "shelf.box.blue needs shelf.box.none" in ran.err and "schema/shelf.yaml:" in ran.err


def test_a_protected_object_is_not_dropped(shop: Shop) -> None:
    shop.applied({"red": {"lifecycle": {"protect": True}}, "blue": {}})
    shop.declare({"blue": {}})
    ran = shop.run("plan")
    assert ran.code == 1
    assert "shelf.box.red" in ran.err


def test_without_a_project_it_says_how_to_begin(shop: Shop) -> None:
    (shop.root / "apexplan.yaml").unlink()
    ran = shop.run("plan")
    assert ran.code == 1
    assert "`apexplan init`" in ran.err


def test_a_purge_is_asked_for_in_days_and_stands_in_the_plan(shop: Shop) -> None:
    assert shop.ok("plan", "-f", "json").data["purge_before"] == ""
    assert shop.ok("plan", "-f", "json", "--purge", "30").data["purge_before"].endswith("Z")


def test_an_approved_plan_with_a_purge_is_planned_again_with_it(shop: Shop) -> None:
    path = str(shop.root / "plan.json")
    shop.ok("plan", "--purge", "30", "-o", path)
    shop.ok("apply", path)


def test_check_says_of_which_store_nothing_could_be_tried(shop: Shop) -> None:
    ran = shop.ok("plan", "--check")
    assert "not tried: the steps on shelf" in ran.out


def test_what_is_in_the_way_ends_a_plan_with_1_and_refuses_an_apply(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = Note(address=Address("shelf", "box", "red"), text="it is nailed down", blocks=True, mend="pull")
    monkeypatch.setattr(FakeSession, "obstacles", lambda self, changes: [note], raising=False)
    ran = shop.run("plan")
    assert ran.code == 1
    assert "cannot be applied: shelf.box.red: it is nailed down" in ran.out
    assert "to mend it: pull" in ran.out
    applied = shop.run("apply", "--yes")
    assert applied.code == 1
    assert "this cannot be applied, because of shelf.box.red" in applied.err
    assert not shop.store_file.exists()


def test_alembic_is_refused_for_versioned_scripts() -> None:
    made = plan_of_steps("migrate")
    with pytest.raises(UsageError, match="ledger of scripts") as caught:
        _refuse_other_than_sql(made, mock.Mock())
    assert "--exclude" in caught.value.mend


def plan_of_steps(verb: str) -> Plan:
    address = Address("sql", "migration", "0001_a")
    step = Step(id="s", address=address, covers=(address,), verb=verb, title="t")
    return Plan(
        created="", project="p", manifests="", lineage="", serial=0, units=(Unit(id="u1", steps=(step,)),)
    )
