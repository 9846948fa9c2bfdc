"""`drift`, `history`, `show`, `state`, `unlock`, `adopt`, `forget`, `doctor`, `inspect`."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import pytest
import yaml
from cli_kit import THREE, Shop, stopped

BROWN = {"color": "brown", "size": 3, "needs": [], "tags": {}}


# ── drift ─────────────────────────────────────────────────────────────────────────────────────


def test_no_drift_exits_0(shop: Shop) -> None:
    shop.applied()
    ran = shop.run("drift")
    assert (ran.code, ran.out) == (0, "In sync: 3 objects checked, nothing drifted.\n")


def test_drift_exits_2_and_says_what_differs(shop: Shop) -> None:
    shop.applied()
    shop.edit_store(boxes={"red": BROWN, "green": None})
    ran = shop.run("drift")
    assert ran.code == 2
    assert ran.out.splitlines() == [
        "  - shelf.box.green",
        "      recorded, but no longer there",
        "  ~ shelf.box.red",
        "      color  recorded red, live brown",
        "Drift: 2 differences in 2 objects. 3 checked.",
    ]


def test_drift_writes_nothing(shop: Shop) -> None:
    shop.applied()
    shop.edit_store(boxes={"red": BROWN})
    before = (shop.store_file.read_bytes(), shop.state_file.read_bytes())
    shop.run("drift")
    assert (shop.store_file.read_bytes(), shop.state_file.read_bytes()) == before


def waive(shop: Shop, expires: str) -> None:
    shop.settings["waivers"] = [
        {"address": "shelf.box.red", "owner": "ann", "reason": "for a test", "expires": expires}
    ]
    shop.save()


def test_waived_drift_exits_0(shop: Shop) -> None:
    shop.applied()
    shop.edit_store(boxes={"red": BROWN})
    waive(shop, "2999-12-31")
    ran = shop.run("drift")
    assert ran.code == 0
    assert "waived by ann until 2999-12-31: for a test" in ran.out


def test_an_expired_waiver_accepts_nothing(shop: Shop) -> None:
    shop.applied()
    shop.edit_store(boxes={"red": BROWN})
    waive(shop, "2020-01-01")
    ran = shop.run("drift")
    assert ran.code == 2
    assert "the waiver of ann for shelf.box.red expired on 2020-01-01" in ran.out


def test_since_an_earlier_report_known_and_resolved_drift_is_told(shop: Shop) -> None:
    shop.applied()
    shop.edit_store(boxes={"red": BROWN, "green": None})
    report = shop.root / "drift.json"
    shop.run("drift", "-f", "json", "-o", str(report))
    shop.edit_store(boxes={"green": {"color": "green", "size": 1, "needs": [], "tags": {"a": "b"}}})
    ran = shop.run("drift", "--since", str(report))
    assert ran.code == 2
    assert "recorded red, live brown  (known)" in ran.out and "  resolved: shelf.box.green" in ran.out


def test_since_something_that_is_no_report_is_refused(shop: Shop) -> None:
    ran = shop.run("drift", "--since", str(shop.root / "apexplan.yaml"))
    assert ran.code == 1
    assert "is no drift report" in ran.err


@pytest.mark.parametrize("format_", ["text", "json", "markdown", "junit", "sarif", "prometheus"])
def test_every_format_of_drift_goes_to_a_file(shop: Shop, format_: str) -> None:
    shop.applied()
    shop.edit_store(boxes={"red": BROWN})
    path = shop.root / "out"
    ran = shop.run("drift", "-f", format_, "-o", str(path))
    written = path.read_text()
    assert (ran.code, ran.out) == (2, "")
    assert "red" in written or 'kind="box"' in written
    if format_ in ("json", "sarif"):
        json.loads(written)
    if format_ == "junit":
        ElementTree.fromstring(written)


def test_drift_of_a_store_that_the_project_lost_is_an_error_not_a_loss(shop: Shop) -> None:
    shop.applied()
    shop.settings["stores"] = {"other": {"provider": "fake", "file": str(shop.root / "other.json")}}
    shop.save()
    ran = shop.run("drift")
    assert ran.code == 1
    assert "the state owns 3 objects of shelf" in ran.err


# ── history, show ─────────────────────────────────────────────────────────────────────────────


def test_history_is_newest_first_with_other_events(shop: Shop) -> None:
    run = shop.applied()
    shop.ok("forget", "shelf.box.green")
    told = shop.ok("history").out.splitlines()
    assert len(told) == 2
    assert any("forget  shelf.box.green" in line for line in told)
    assert any(f"apply  run {run}  applied  3 objects  by " in line for line in told)


def test_history_before_the_first_apply(shop: Shop) -> None:
    assert shop.ok("history").out == "nothing was applied yet\n"


def test_history_keeps_to_its_limit(shop: Shop) -> None:
    shop.applied({"red": {}})
    shop.applied({"red": {}, "blue": {}})
    assert len(shop.ok("history", "-n", "1").out.splitlines()) == 1


def test_show_tells_a_run_with_its_journal(shop: Shop) -> None:
    run = shop.applied({"red": {}})
    told = shop.ok("show", run).out
    assert "  intent  u0001 put box red" in told and "  done    u0001 put box red" in told


def test_show_tells_a_run_to_programs(shop: Shop) -> None:
    run = shop.applied({"red": {}})
    data = shop.ok("show", run, "-f", "json").data
    assert [entry["entry"] for entry in data["journal"]] == ["intent", "done"]


def test_show_tells_a_plan_file(shop: Shop) -> None:
    path = str(shop.root / "p.json")
    printed = shop.ok("plan", "-o", path).out
    assert shop.ok("show", path).out == printed


def test_show_tells_the_sides_of_an_object(shop: Shop) -> None:
    shop.applied()
    shop.edit_store(boxes={"red": BROWN})
    told = shop.ok("show", "shelf.box.red").out.splitlines()
    assert told[1:6] == [
        "  color:",
        "    desired   red",
        "    live      brown",
        "    recorded  red",
        "  size: 3  (desired, live, recorded)",
    ]


@pytest.mark.parametrize("what", ["shelf.box.none", "no-such-run"])
def test_show_of_nothing_is_refused(shop: Shop, what: str) -> None:
    ran = shop.run("show", what)
    assert ran.code == 1
    assert what in ran.err


# ── the state ─────────────────────────────────────────────────────────────────────────────────


def test_the_state_lists_what_is_owned(shop: Shop) -> None:
    shop.applied({"red": {"lifecycle": {"protect": True}}, "blue": {}})
    assert shop.ok("state", "list").out == "shelf.box.blue\nshelf.box.red  protected\n"
    assert shop.ok("state", "list", "--target", "*.blue").out == "shelf.box.blue\n"


def test_the_state_tells_of_an_open_run(shop: Shop) -> None:
    run = stopped(shop)
    assert f"run {run} waits for resume or rollback (stopped)" in shop.ok("state", "show").out
    assert shop.ok("state", "show", "-f", "json").data["open_run"] == run


def test_a_lost_state_is_recovered_from_the_marks_in_the_store(shop: Shop) -> None:
    shop.applied()
    for file in shop.state_file.parent.iterdir():
        file.unlink()
    shop.ok("state", "recover", "--yes")
    assert shop.ok("plan").out == "Nothing to do: 3 objects in sync.\n"
    assert shop.run("drift").code == 0


def test_recover_tells_what_is_marked_but_gone(shop: Shop) -> None:
    shop.applied()
    for file in shop.state_file.parent.iterdir():
        file.unlink()
    shop.edit_store(boxes={"green": None})
    assert "marked, but no longer there: shelf.box.green" in shop.ok("state", "recover", "--yes").out


def test_recover_of_a_state_that_owns_something_is_refused(shop: Shop) -> None:
    shop.applied()
    assert "there is nothing to recover" in shop.run("state", "recover", "--yes").err


def test_recover_asks(shop: Shop) -> None:
    shop.applied()
    for file in shop.state_file.parent.iterdir():
        file.unlink()
    ran = shop.run("state", "recover")
    assert ran.code == 1
    assert shop.ok("state", "list").out == "nothing is owned yet\n"


def test_unlock_of_a_lock_that_nobody_holds_is_refused(shop: Shop) -> None:
    shop.applied()
    ran = shop.run("unlock", "nonsense", "--reason", "test")
    assert ran.code == 1
    assert "Traceback" not in ran.err


def test_unlock_needs_a_reason(shop: Shop) -> None:
    assert "--reason" in shop.run("unlock", "id").err


def test_unlock_breaks_the_lock_whose_id_the_refusal_told(shop: Shop) -> None:
    shop.applied()
    shop.declare({**THREE, "more": {}})
    with shop.locked():
        refused = shop.run("apply", "--yes")
        assert refused.code == 1
        found = re.search(r"apexplan unlock (\S+) --reason", refused.err)
        assert found is not None, refused.err
        assert shop.run("unlock", found[1], "--reason", "it hangs").code == 0
        assert shop.run("apply", "--yes").code == 0
    assert f"unlock  {found[1]}: it hangs" in shop.ok("history").out


# ── adopt, forget ─────────────────────────────────────────────────────────────────────────────


def test_adopt_begins_to_own_what_is_declared_and_there(shop: Shop) -> None:
    shop.edit_store(boxes={"red": BROWN, "other": BROWN})
    ran = shop.ok("adopt")
    assert ran.out == "= shelf.box.red\nAdopted: 1 object.\n"
    assert shop.ok("state", "list").out == "shelf.box.red\n"
    assert shop.boxes["red"] == BROWN


def test_adopt_of_nothing_is_refused(shop: Shop) -> None:
    assert "nothing to adopt" in shop.run("adopt").err


def test_forget_leaves_the_object_where_it_is(shop: Shop) -> None:
    shop.applied()
    ran = shop.ok("forget", "shelf.box.red", "shelf.box.blue")
    assert ran.out.endswith("Forgotten: 2 objects.\n")
    assert shop.ok("state", "list").out == "shelf.box.green\n"
    assert len(shop.boxes) == 3


def test_a_forgotten_object_has_no_mark_in_its_store(shop: Shop) -> None:
    shop.applied()
    shop.ok("forget", "shelf.box.red")
    assert "shelf.box.red" not in shop.store["ledger"]


def test_forget_of_what_is_not_owned_is_refused(shop: Shop) -> None:
    assert "none of these is owned" in shop.run("forget", "shelf.box.red").err


# ── doctor, inspect ───────────────────────────────────────────────────────────────────────────


def test_doctor_asks_the_others_when_one_store_fails(shop: Shop) -> None:
    shop.settings["stores"]["sql"] = {"provider": "postgres", "url": "postgresql://u:s3cr3t-x@127.0.0.1:1/d"}
    shop.save()
    ran = shop.run("doctor")
    assert ran.code == 1
    assert "  ✗ answers: sql: connection refused" in ran.out and "  · boxes: 0" in ran.out
    assert "s3cr3t-x" not in ran.out + ran.err


def test_doctor_of_a_healthy_project_exits_0(shop: Shop) -> None:
    data = shop.ok("doctor", "-f", "json").data
    assert data["ok"] is True
    assert set(data["checks"]) == {"apexplan", "shelf (fake)", "state"}


def test_doctor_tells_of_an_open_run(shop: Shop) -> None:
    run = stopped(shop)
    ran = shop.run("doctor")
    assert ran.code == 1
    assert f"✗ open run: {run} (stopped)" in ran.out


def test_inspect_writes_manifests_whose_plan_only_adopts(shop: Shop) -> None:
    shop.edit_store(boxes={"red": BROWN})
    (shop.root / "schema" / "shelf.yaml").unlink()
    shop.ok("inspect", "-w", str(shop.root / "schema"))
    data = shop.ok("plan", "-f", "json").data
    assert [c["action"] for c in data["changes"]] == ["adopt"]


def test_inspect_overwrites_nothing(shop: Shop) -> None:
    before = (shop.root / "schema" / "shelf.yaml").read_text()
    ran = shop.run("inspect", "-w", str(shop.root / "schema"))
    assert ran.code == 1
    assert (shop.root / "schema" / "shelf.yaml").read_text() == before


def test_inspect_prints_yaml(shop: Shop) -> None:
    shop.edit_store(boxes={"red": BROWN})
    assert yaml.safe_load(shop.ok("inspect", "shelf").out)["boxes"]["red"]["color"] == "brown"


def test_inspect_names_what_no_manifest_can_declare(shop: Shop) -> None:
    shop.edit_store(boxes={"red": BROWN, "tiny": {**BROWN, "size": 0}})
    ran = shop.ok("inspect")
    assert ran.err == "note: left out, a manifest cannot declare it: shelf.box.tiny\n"


def test_inspect_of_an_unknown_store_names_those_there_are(shop: Shop) -> None:
    assert "there are: shelf" in shop.run("inspect", "none").err
