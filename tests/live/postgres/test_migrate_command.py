"""`apexplan migrate` on a real server: status, up, rollback, baseline."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from apexplan_postgres import local
from tests.live.places import server_in

from .script_places import Scripts
from .scripts import PAIRS, PEOPLE

pytestmark = [pytest.mark.slow, pytest.mark.live]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[local.LocalServer]:
    with server_in(tmp_path_factory.mktemp("migrate")) as running:
        yield running


@pytest.fixture
def place(server: local.LocalServer, tmp_path: Path) -> Scripts:
    """A place with three scripts, of which none has run."""
    here = Scripts(tmp_path / "project", local.create_database(server.url, f"m_{uuid4().hex[:12]}"))
    here.write_scripts(*PAIRS)
    return here


def ok(place: Scripts, *arguments: str) -> str:
    done = place.command(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def states(place: Scripts, code: int = 0) -> dict[str, str]:
    """Returns what `status` says of each version."""
    done = place.command("migrate", "status", "--format", "json")
    assert done.returncode == code, done.stdout + done.stderr
    scripts: list[dict[str, Any]] = json.loads(done.stdout)["stores"]["sql"]
    return {one["version"]: one["state"] for one in scripts}


UP = ("migrate", "up", "--yes", "--allow", "DELETES_DATA")
BACK = ("migrate", "rollback", "--yes", "--allow", "DELETES_DATA", "--to")


def test_up_runs_what_is_pending_and_status_says_when_by_whom_and_in_which_run(place: Scripts) -> None:
    assert states(place) == {"0001": "pending", "0002": "pending", "0003": "pending"}
    ok(place, *UP)
    assert states(place) == {"0001": "applied", "0002": "applied", "0003": "applied"}
    run = json.loads(ok(place, "history", "--format", "json"))["runs"][0]["id"]
    told = ok(place, "migrate", "status").splitlines()
    assert told[0] == "sql"
    assert all(f"run {run}" in line and " ms  by " in line for line in told[1:4])


def test_a_row_that_somebody_takes_away_is_drift(place: Scripts) -> None:
    ok(place, *UP)
    ok(place, "drift")
    place.sql("DELETE FROM apexplan.migration WHERE version = '0003'")
    done = place.command("drift")
    assert done.returncode == 2 and "migration" in done.stdout and "0003_mixed" in done.stdout


def test_up_to_a_version_leaves_the_rest_pending(place: Scripts) -> None:
    ok(place, *UP, "--to", "2")
    assert states(place) == {"0001": "applied", "0002": "applied", "0003": "pending"}


def test_a_dry_run_prints_every_statement_and_does_nothing(place: Scripts) -> None:
    told = ok(place, "migrate", "up", "--dry-run")
    assert "CREATE INDEX people_name_idx ON people (name)" in told
    assert "CREATE INDEX CONCURRENTLY IF NOT EXISTS people_size_idx" in told
    assert place.one("SELECT count(*) FROM pg_namespace WHERE nspname = 'apexplan'") == 0


def test_a_dry_run_of_a_rollback_prints_the_rollback_scripts(place: Scripts) -> None:
    ok(place, *UP)
    told = ok(place, "migrate", "rollback", "--to", "1", "--dry-run")
    assert "DELETE FROM people WHERE id <= 10" in told and "DROP TABLE" not in told
    assert place.one("SELECT count(*) FROM people") == 11


def test_back_before_the_first_and_up_again(place: Scripts) -> None:
    before = place.shape()
    ok(place, *UP)
    full = place.shape()
    ok(place, *BACK, "none")
    assert (place.shape(), set(states(place).values())) == (before, {"pending"})
    ok(place, *UP)
    assert place.shape() == full


def test_back_to_a_version_keeps_it(place: Scripts) -> None:
    ok(place, *UP)
    ok(place, *BACK, "0001")
    assert states(place) == {"0001": "applied", "0002": "pending", "0003": "pending"}
    assert place.one("SELECT count(*) FROM people") == 0


def test_a_rollback_that_deletes_must_be_allowed(place: Scripts) -> None:
    ok(place, *UP)
    done = place.command("migrate", "rollback", "--yes", "--to", "none")
    assert done.returncode == 1 and "--allow DELETES_DATA" in done.stderr
    assert place.one("SELECT count(*) FROM people") == 11


def test_a_rollback_that_fails_is_undone(place: Scripts) -> None:
    bad = ("INSERT INTO people VALUES (50, 'x');\n", "DELETE FROM people WHERE id = 50 OR id = nowhere;\n")
    last = ("INSERT INTO people VALUES (60, 'y');\n", "DELETE FROM people WHERE id = 60;\n")
    place.write_pairs({"0001_people": PAIRS["0001_people"], "0002_bad": bad, "0003_last": last})
    ok(place, *UP)
    done = place.command(*BACK, "1")
    assert done.returncode == 3, done.stdout + done.stderr
    assert "statement 1 at line 1" in done.stdout
    assert set(states(place).values()) == {"applied"}
    assert place.one("SELECT count(*) FROM people") == 2


def test_an_irreversible_script_is_not_taken_back(place: Scripts) -> None:
    final = ("UPDATE people SET name = NULL;\n", "-- irreversible: the names are gone\n")
    place.write_pairs({"0001_people": PAIRS["0001_people"], "0002_final": final})
    ok(place, *UP, "--allow", "IRREVERSIBLE")
    done = place.command(*BACK, "none")
    assert done.returncode == 1 and "it cannot be taken back: the names are gone" in done.stderr
    assert set(states(place).values()) == {"applied"}


def test_baseline_marks_up_to_a_version(place: Scripts) -> None:
    place.sql(PEOPLE)
    ok(place, "migrate", "baseline", "--to", "1", "--yes")
    assert states(place) == {"0001": "applied", "0002": "pending", "0003": "pending"}
    assert "marked" in ok(place, "migrate", "status").splitlines()[1]
    ok(place, *UP)
    assert set(states(place).values()) == {"applied"}


def test_a_changed_file_a_missing_one_and_one_out_of_order_make_status_fail(place: Scripts) -> None:
    late = {"0002_late": ("SELECT 1;\n", "SELECT 2;\n")}
    place.write_pairs({"0001_people": PAIRS["0001_people"], "0003_rows": PAIRS["0002_rows"]})
    ok(place, *UP)
    place.write_pairs({"0001_people": (PEOPLE + "-- more\n", PAIRS["0001_people"][1]), **late})
    assert states(place, code=1) == {"0001": "changed", "0002": "out of order", "0003": "missing"}
    done = place.command(*UP)
    assert done.returncode == 1
    assert "its file was changed" in done.stderr and "its file is gone" in done.stderr


def test_status_says_of_a_script_that_was_begun_how_far_it_is(place: Scripts) -> None:
    place.command(*UP, kill=(12, "after"))
    done = place.command("migrate", "status")
    assert "pending" in done.stdout
    assert "sql.migration.0003_mixed: it was begun by run" in done.stderr


def test_a_version_that_no_script_has_is_refused(place: Scripts) -> None:
    done = place.command(*BACK, "9")
    assert done.returncode == 1 and "--to takes one of none, 0001, 0002, 0003" in done.stderr


def test_nothing_to_take_back_is_no_run(place: Scripts) -> None:
    ok(place, *BACK, "none")
    assert json.loads(ok(place, "history", "--format", "json"))["runs"] == []


def test_a_rollback_of_the_run_takes_its_scripts_back(place: Scripts) -> None:
    before = place.shape()
    ok(place, *UP)
    ok(place, "rollback", "--yes", "--allow", "DELETES_DATA")
    assert (place.shape(), set(states(place).values())) == (before, {"pending"})


def test_inspect_writes_no_manifest_of_scripts(place: Scripts) -> None:
    ok(place, *UP)
    done = place.command("inspect")
    assert "kind: Migration" not in done.stdout
    assert "left out, a manifest cannot declare it: sql.migration.0001_people" in done.stderr
