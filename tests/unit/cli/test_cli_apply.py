"""`apply`, `resume`, `rollback`: effects, refusals, exit codes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cli_kit import THREE, Shop, failing, program, stopped


def approved(shop: Shop) -> str:
    """Writes a plan file and returns its path."""
    path = shop.root / "approved.json"
    shop.ok("plan", "-o", str(path))
    return str(path)


# ── apply ─────────────────────────────────────────────────────────────────────────────────────


def test_an_apply_brings_the_store_to_the_manifests(shop: Shop) -> None:
    ran = shop.ok("apply", "--yes")
    assert set(shop.boxes) == {"red", "blue", "green"}
    assert ran.out.splitlines()[-1].startswith("Applied: 3 of 3 units. Run ")
    assert shop.ok("plan").out == "Nothing to do: 3 objects in sync.\n"


def test_where_nobody_can_be_asked_nothing_is_done(shop: Shop) -> None:
    ran = shop.run("apply")
    assert (ran.code, shop.boxes) == (1, {})
    assert "nobody is there to be asked" in ran.err


def test_applying_nothing_is_no_run(shop: Shop) -> None:
    shop.applied()
    assert shop.run("apply").code == 0
    assert len(shop.ok("history", "-f", "json").data["runs"]) == 1


def test_json_events_begin_with_the_plan_and_end_with_the_outcome(shop: Shop) -> None:
    events = shop.ok("apply", "--yes", "-f", "json").events
    assert (events[0]["event"], events[0]["changes"]) == ("planned", 3)
    assert (events[-1]["event"], events[-1]["status"]) == ("finished", "applied")
    assert [e["event"] for e in events[1:-1]] == ["unit_started", "unit_finished"] * 3


def test_a_failed_apply_is_undone_and_exits_3(shop: Shop) -> None:
    with failing("put blue"):
        ran = shop.run("apply", "--yes")
    assert (ran.code, shop.boxes) == (3, {})
    assert "    shelf: the box is stuck [full]" in ran.out and "    mend: make room" in ran.out
    assert ran.out.splitlines()[-1].startswith("Undone: everything is as before the run.")


def test_a_failed_apply_that_must_stop_exits_4_and_says_what_to_type(shop: Shop) -> None:
    shop.declare(THREE)
    with failing("put blue"):
        ran = shop.run("apply", "--yes", "--on-failure", "stop")
    assert (ran.code, list(shop.boxes)) == (4, ["red"])
    run = shop.last_run()["id"]
    assert f"next: apexplan resume {run}" in ran.out and f"or: apexplan rollback {run}" in ran.out


def test_an_undo_that_fails_is_stuck_and_exits_4(shop: Shop) -> None:
    with failing("put blue", "remove red"):
        ran = shop.run("apply", "--yes")
    assert ran.code == 4
    assert "could not be undone: remove box red" in ran.out or "could not be undone: put box red" in ran.out


def test_a_hazard_must_be_allowed_by_name(shop: Shop) -> None:
    shop.applied()
    shop.edit_store(rows={"green": 5})
    shop.declare({n: THREE[n] for n in ("red", "blue")})
    ran = shop.run("apply", "--yes")
    assert (ran.code, "green" in shop.boxes) == (1, True)
    assert "repeat with --allow DELETES_DATA" in ran.err
    assert shop.run("apply", "--yes", "--allow", "DELETES_DATA").code == 0
    assert "green" not in shop.boxes


def test_a_denied_hazard_is_denied_though_allowed(shop: Shop) -> None:
    shop.applied()
    shop.edit_store(rows={"green": 5})
    shop.declare({n: THREE[n] for n in ("red", "blue")})
    ran = shop.run("apply", "--yes", "--env", "prod", "--allow", "DELETES_DATA")
    assert (ran.code, "green" in shop.boxes) == (1, True)
    assert "denied by the policy" in ran.err


def test_a_target_that_means_nothing_is_refused(shop: Shop) -> None:
    ran = shop.run("apply", "--yes", "--target", "shelf.box.rde")
    assert (ran.code, shop.boxes) == (1, {})


@pytest.mark.parametrize("more", [("--target", "shelf"), ("--exclude", "shelf"), ("--purge", "0")])
def test_a_plan_file_is_applied_whole_or_not_at_all(shop: Shop, more: tuple[str, str]) -> None:
    shop.ok("plan", "-o", str(shop.root / "p.json"))
    ran = shop.run("apply", str(shop.root / "p.json"), *more)
    assert (ran.code, shop.boxes) == (1, {})
    assert "a plan file says itself what is applied" in ran.err


def test_only_the_target_is_applied(shop: Shop) -> None:
    shop.ok("apply", "--yes", "--target", "shelf.box.red")
    assert list(shop.boxes) == ["red"]


def test_all_but_what_is_excluded_is_applied(shop: Shop) -> None:
    shop.ok("apply", "--yes", "--exclude", "shelf.box.green")
    assert set(shop.boxes) == {"red", "blue"}


# ── plan files ────────────────────────────────────────────────────────────────────────────────


def test_an_approved_plan_needs_no_yes(shop: Shop) -> None:
    path = approved(shop)
    assert shop.run("apply", path).code == 0
    assert len(shop.boxes) == 3


def test_an_approved_plan_still_needs_its_hazards_allowed(shop: Shop) -> None:
    shop.applied()
    shop.edit_store(rows={"green": 5})
    shop.declare({n: THREE[n] for n in ("red", "blue")})
    path = approved(shop)
    assert shop.run("apply", path).code == 1
    assert shop.run("apply", path, "--allow", "DELETES_DATA").code == 0


def refusal(shop: Shop, path: str, *more: str) -> str:
    ran = shop.run("apply", path, *more)
    assert ran.code == 1, ran
    return ran.err


def test_a_spent_plan_is_refused(shop: Shop) -> None:
    path = approved(shop)
    shop.ok("apply", path)
    assert "the plan was used already" in refusal(shop, path)


def test_an_edited_plan_is_refused(shop: Shop) -> None:
    path = Path(approved(shop))
    path.write_text(path.read_text().replace('"red"', '"pink"'))
    assert "was changed after it was made" in refusal(shop, str(path))
    assert shop.boxes == {}


def test_a_plan_from_other_manifests_is_refused(shop: Shop) -> None:
    path = approved(shop)
    shop.declare({**THREE, "more": {}})
    assert "not those that the plan was made from" in refusal(shop, path)


def test_a_plan_of_another_environment_is_refused(shop: Shop) -> None:
    assert "for environment (none), not for prod" in refusal(shop, approved(shop), "--env", "prod")


def test_a_plan_against_another_state_is_refused(shop: Shop) -> None:
    shop.applied({"red": {}})
    shop.declare(THREE)
    path = approved(shop)
    for file in shop.state_file.parent.iterdir():
        file.unlink()
    shop.applied({"red": {}, "other": {}})
    shop.declare(THREE)
    assert "made against another state" in refusal(shop, path)


def test_a_stale_plan_is_refused(shop: Shop) -> None:
    shop.applied()
    shop.declare({**THREE, "red": {"color": "pink", "size": 3}})
    path = approved(shop)
    shop.edit_store(boxes={"red": {"color": "brown", "size": 3, "needs": [], "tags": {}}})
    assert "this changed: shelf.box.red" in refusal(shop, path)


def test_a_change_elsewhere_does_not_void_a_plan(shop: Shop) -> None:
    shop.applied()
    shop.declare({**THREE, "red": {"color": "pink", "size": 3}})
    path = approved(shop)
    shop.edit_store(boxes={"other": {"color": "brown", "size": 3, "needs": [], "tags": {}}})
    shop.ok("apply", path)


@pytest.mark.parametrize("content", ["", "[]", '{"format": 99}', '{"format": 1}', "\xff"])
def test_what_is_no_plan_file_is_refused_without_a_trace(shop: Shop, content: str) -> None:
    path = shop.root / "plan.json"
    path.write_bytes(content.encode("latin-1"))
    assert "Traceback" not in refusal(shop, str(path))


def test_a_plan_file_that_is_not_there_is_told(shop: Shop) -> None:
    assert "No such file" in refusal(shop, str(shop.root / "none.json"))


# ── open runs ─────────────────────────────────────────────────────────────────────────────────


def test_an_open_run_refuses_an_apply_before_any_store_is_asked(shop: Shop) -> None:
    run = stopped(shop)
    shop.store_file.write_text("not a store any more")
    ran = shop.run("apply", "--yes")
    assert ran.code == 1
    assert f"run {run} is stopped" in ran.err and f"apexplan resume {run}" in ran.err


def test_resume_goes_on_where_the_run_stopped(shop: Shop) -> None:
    run = stopped(shop)
    assert shop.run("resume", run).code == 0
    assert set(shop.boxes) == set(THREE)
    assert shop.last_run()["status"] == "applied"


def test_resume_without_an_open_run_is_refused(shop: Shop) -> None:
    shop.applied()
    assert "no run waits" in shop.run("resume").err


def test_resume_of_another_run_is_refused(shop: Shop) -> None:
    run = stopped(shop)
    assert f"the run that waits is {run}, not other" in shop.run("resume", "other").err


def test_rollback_of_an_open_run_shows_what_it_takes_back(shop: Shop) -> None:
    run = stopped(shop)
    ran = shop.run("rollback", "--yes")
    assert (ran.code, shop.boxes) == (3, {})
    assert ran.out.splitlines()[:3] == [
        f"shop: undoing what run {run} did",
        "  - remove box red",
        "Undo: 1 unit of 3 to look at.",
    ]


def test_a_dry_run_of_an_undo_changes_nothing(shop: Shop) -> None:
    stopped(shop)
    ran = shop.ok("rollback", "--dry-run")
    assert "  - remove box red" in ran.out
    assert (list(shop.boxes), shop.last_run()["status"]) == (["red"], "stopped")


# ── rollback of an applied run ────────────────────────────────────────────────────────────────


def test_rollback_undoes_the_last_run(shop: Shop) -> None:
    shop.applied()
    ran = shop.ok("rollback", "--yes", "--allow", "DELETES_DATA")
    assert shop.boxes == {}
    assert "Rolled back: 3 of 3 units." in ran.out
    assert shop.ok("state", "list").out == "nothing is owned yet\n"


def test_a_dry_run_of_a_rollback_changes_nothing_and_takes_no_lock(shop: Shop) -> None:
    run = shop.applied()
    ran = shop.ok("rollback", "--dry-run")
    assert ran.out.startswith(f"shop: rollback of run {run}\n")
    assert len(shop.boxes) == 3


def test_a_dry_run_can_be_read_by_programs(shop: Shop) -> None:
    run = shop.applied()
    assert shop.ok("rollback", "--dry-run", "-f", "json").data["undoes"] == run


def test_a_rollback_needs_its_hazards_allowed(shop: Shop) -> None:
    shop.applied()
    shop.edit_store(rows={"red": 1})
    ran = shop.run("rollback", "--yes")
    assert (ran.code, len(shop.boxes)) == (1, 3)
    assert "--allow DELETES_DATA" in ran.err


def test_a_rollback_over_somebody_elses_work_is_refused(shop: Shop) -> None:
    run = shop.applied()
    shop.edit_store(boxes={"red": {"color": "brown", "size": 3, "needs": [], "tags": {}}})
    ran = shop.run("rollback", "--yes", "--allow", "DELETES_DATA")
    assert ran.code == 1
    assert f"since run {run}, this changed: shelf.box.red (color)" in ran.err


def test_rollback_without_a_run_is_refused(shop: Shop) -> None:
    assert "there is no applied run to roll back" in shop.run("rollback", "--yes").err


def test_a_run_is_found_however_many_were_rolled_back_since(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apexplan.cli.rollback._RECENT", 2)
    shop.applied({"red": {}})
    shop.applied({"red": {}, "blue": {}})
    shop.ok("rollback", "--yes", "--allow", "DELETES_DATA")
    shop.ok("rollback", "--yes", "--allow", "DELETES_DATA")
    assert shop.boxes == {}


def test_an_earlier_run_is_not_rolled_back_before_the_later(shop: Shop) -> None:
    first = shop.applied({"red": {}})
    shop.applied({"red": {}, "blue": {}})
    assert f"run {first} is followed by" in shop.run("rollback", first, "--yes").err


# ── the outside world ─────────────────────────────────────────────────────────────────────────


def test_a_run_goes_on_when_its_reader_went_away(shop: Shop) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ran = program(shop, "apply", "--yes", stdout=writing)
    os.close(writing)
    assert (ran.code, len(shop.boxes)) == (0, 3), ran.err
    assert "Error" not in ran.err


def test_a_plan_onto_a_full_disk_does_not_pass(shop: Shop) -> None:
    with Path("/dev/full").open("w") as full:
        ran = program(shop, "plan", stdout=full)
    assert ran.code == 1
    assert "the output could not be written" in ran.err


def test_a_terminal_without_unicode_gets_escapes(shop: Shop) -> None:
    shop.applied()
    shop.declare({**THREE, "red": {"color": "pink", "size": 4}})
    shop.variables["PYTHONIOENCODING"] = "ascii"
    ran = program(shop, "plan")
    assert (ran.code, "\\u2192" in ran.out) == (0, True)


def test_no_colour_where_there_is_no_terminal(shop: Shop) -> None:
    assert "\x1b" not in program(shop, "plan").out


def test_what_failed_stands_in_the_last_event(shop: Shop) -> None:
    with failing("put blue"):
        ran = shop.run("apply", "--yes", "-f", "json")
    assert (ran.code, ran.events[-1]["error"]) == (3, "shelf: the box is stuck [full]")
