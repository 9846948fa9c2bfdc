"""What drops moved aside is deleted by a later plan, once it is old enough, and not before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from apexplan_postgres import local

from .places import Place, server_in

pytestmark = [pytest.mark.slow, pytest.mark.live]

BEFORE = """
kind: PostgresSchema
store: sql
tables:
  items:
    columns:
      id: {type: bigint, null: false}
      body: {type: text}
    primary_key: [id]
  others:
    columns:
      id: {type: bigint, null: false}
    primary_key: [id]
"""
AFTER = """
kind: PostgresSchema
store: sql
tables:
  items:
    columns:
      id: {type: bigint, null: false}
    primary_key: [id]
"""
FILL = """
INSERT INTO items SELECT i, 'body ' || i FROM generate_series(1, 40) AS i;
INSERT INTO others SELECT generate_series(1, 30);
"""
PURGE = ("apply", "--yes", "--purge", "0", "--allow", "DELETES_DATA", "--allow", "IRREVERSIBLE")
KEPT = "SELECT count(*) FROM apexplan.retained"
A_MINUTE_AGO = "UPDATE apexplan.retained SET since = since - interval '1 minute'"
"""A purge counts in whole seconds: what was dropped in this very second is too young even for 0 days."""
THERE = """
SELECT (SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'apexplan\\_retained%')
     + (SELECT count(*) FROM pg_attribute WHERE attname LIKE '\\_retained%' AND NOT attisdropped)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[local.LocalServer]:
    with server_in(tmp_path_factory.mktemp("purge")) as running:
        yield running


@pytest.fixture
def place(server: local.LocalServer, tmp_path: Path) -> Place:
    """A place in which a table and a column with rows were dropped, and so kept aside."""
    here = Place(tmp_path / "project", local.create_database(server.url, f"p_{uuid4().hex[:12]}"))
    here.write(BEFORE)
    assert here.command("apply", "--yes").returncode == 0
    here.sql(FILL)
    here.write(AFTER)
    done = here.command("apply", "--yes", "--allow", "DELETES_DATA")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (here.one(KEPT), here.one(THERE)) == (2, 2)
    here.sql(A_MINUTE_AGO)
    return here


def test_a_purge_deletes_the_kept_table_and_the_kept_column(place: Place) -> None:
    done = place.command(*PURGE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (place.one(KEPT), place.one(THERE)) == (0, 0)


def test_after_a_purge_there_is_nothing_left_to_purge(place: Place) -> None:
    assert place.command(*PURGE).returncode == 0
    assert place.command("plan", "--purge", "0", "--detailed-exitcode").returncode == 0


def test_a_plan_says_how_many_rows_a_purge_deletes(place: Place) -> None:
    told = place.command("plan", "--purge", "0").stdout
    assert "40 rows" in told and "30 rows" in told, told


def test_a_purge_that_is_not_allowed_deletes_nothing(place: Place) -> None:
    assert place.command("apply", "--yes", "--purge", "0").returncode == 1
    assert place.one(THERE) == 2


def test_what_was_dropped_just_now_is_too_young_for_a_purge_of_seven_days(place: Place) -> None:
    assert place.command("plan", "--purge", "7", "--detailed-exitcode").returncode == 0


def test_without_a_purge_what_is_kept_stays(place: Place) -> None:
    assert place.command("plan", "--detailed-exitcode").returncode == 0


def test_a_table_with_a_kept_column_is_dropped_and_the_column_purged_in_one_plan(place: Place) -> None:
    place.write("kind: PostgresSchema\nstore: sql\ntables: {}\n")
    done = place.command(*PURGE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert place.one("SELECT name ~ '^apexplan_retained_.*\\.items$' FROM apexplan.retained") is True


def test_a_kept_table_that_somebody_deleted_is_no_longer_listed(place: Place) -> None:
    schema = place.one("SELECT split_part(name, '.', 1) FROM apexplan.retained WHERE name LIKE '%.others'")
    place.sql(f"DROP TABLE {schema}.others")
    done = place.command("plan", "--purge", "0")
    assert done.returncode == 0, done.stderr
    assert "others" not in done.stdout


def test_a_table_can_be_kept_where_somebody_deleted_the_one_before(place: Place) -> None:
    schema = place.one("SELECT split_part(name, '.', 1) FROM apexplan.retained WHERE name LIKE '%.others'")
    place.sql(f"DROP TABLE {schema}.others")
    for manifest in (BEFORE, AFTER):
        place.write(manifest)
        done = place.command("apply", "--yes", "--allow", "DELETES_DATA")
        assert done.returncode == 0, done.stdout + done.stderr
    assert place.one("SELECT count(*) FROM pg_class WHERE relname = 'others'") == 1
