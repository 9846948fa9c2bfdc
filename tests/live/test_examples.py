"""The examples, as they stand: planned, applied, rolled back; and the demo, whole."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from apexplan_postgres import local

from .places import ROOT, Place, server_in

pytestmark = [pytest.mark.slow, pytest.mark.live]
EXAMPLE = ROOT / "examples" / "apex-sql"


@pytest.fixture
def place(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with server_in(tmp_path_factory.mktemp("example")) as server:
        here = Place(tmp_path / "project", local.create_database(server.url, "apex"))
        shutil.copytree(EXAMPLE, here.home)
        yield here


def manifests(here: Place, version: str) -> None:
    shutil.rmtree(here.home / "schema")
    shutil.copytree(EXAMPLE / version, here.home / "schema")


def test_apex_sql_goes_from_the_database_by_hand_to_v2_and_back(place: Place) -> None:
    place.sql((EXAMPLE / "before.sql").read_text())
    manifests(place, "v1")
    adopted = place.command("apply", "--yes")
    assert "The stores are not touched" in adopted.stdout, adopted.stdout + adopted.stderr
    before = place.command("inspect").stdout
    place.sql("INSERT INTO documents (user_id, title, content) VALUES ('u', 'a title', 'some content')")
    manifests(place, "schema")
    assert place.command("plan", "--detailed-exitcode").returncode == 2
    done = place.command("apply", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert place.command("plan", "--detailed-exitcode").returncode == 0
    found = "SELECT count(*) FROM documents WHERE search_vector @@ plainto_tsquery('english', 'content')"
    assert place.one(found) == 1
    done = place.command("rollback", "--yes", "--allow", "DELETES_DATA")
    assert done.returncode == 0, done.stdout + done.stderr
    assert place.command("inspect").stdout == before
    assert place.command("drift").returncode == 0


def test_apex_sql_is_built_from_nothing(place: Place) -> None:
    done = place.command("apply", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert place.command("plan", "--detailed-exitcode").returncode == 0


def test_rows_written_while_the_column_is_filled_are_not_missed(place: Place) -> None:
    """The trigger is there before the backfill begins."""
    manifests(place, "v1")
    assert place.command("apply", "--yes").returncode == 0
    place.sql("INSERT INTO documents (user_id, title) SELECT 'u', 't' FROM generate_series(1, 50)")
    manifests(place, "schema")
    plan = place.command("plan", "-v").stdout
    steps = {line.strip() for line in plan.splitlines() if "step " in line}
    number = {word: _step_number(steps, word) for word in ("fill documents.search_vector", "create trigger")}
    assert number["create trigger"] < number["fill documents.search_vector"], steps


def _step_number(steps: set[str], word: str) -> int:
    return next(int(s.split(":")[0].removeprefix("step ")) for s in steps if word in s)


def test_the_demo_runs_to_its_end() -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLE / "demo.py")],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "schema and rows are equal to the byte" in done.stdout
