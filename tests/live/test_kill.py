"""The real command on a real PostgreSQL, killed at each write of its journal, and again in `resume`."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from uuid import uuid4

import psycopg
import pytest

from apexplan_postgres import local

from .places import Done, Place, server_in

pytestmark = [pytest.mark.slow, pytest.mark.live]

BEFORE = """
kind: PostgresSchema
store: sql
tables:
  items:
    columns:
      id: {type: bigint, null: false}
      owner: {type: bigint}
      body: {type: text}
    primary_key: [id]
    indexes:
      items_body_idx: {on: [body]}
  owners:
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
      owner: {type: bigint, null: false}
      body: {type: text}
      size: {type: integer, backfill: length(body)}
    primary_key: [id]
    unique:
      items_id_owner_key: [id, owner]
    checks:
      items_body_check: length(body) < 1000
    foreign_keys:
      items_owner_fk: {columns: [owner], references: owners(id)}
    indexes:
      items_body_idx: {using: hash, on: [body]}
      items_owner_idx: {on: [owner]}
  owners:
    columns:
      id: {type: bigint, null: false}
    primary_key: [id]
"""
FILL = """
INSERT INTO owners SELECT i FROM generate_series(1, 10) AS i;
INSERT INTO items SELECT i, 1 + i % 10, 'body ' || i FROM generate_series(1, 500) AS i;
ANALYZE;
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Place]]:
    """Returns a function that makes a fresh place in which `BEFORE` was applied and filled."""
    base = tmp_path_factory.mktemp("killed")
    with server_in(base) as server:
        first = Place(base / "first", local.create_database(server.url, "template_of_all"))
        first.write(BEFORE)
        done = first.command("apply", "--yes")
        assert done.returncode == 0, done.stderr
        first.sql(FILL)
        first.write(AFTER)

        def make() -> Place:
            name = f"copy_{uuid4().hex[:12]}"
            with psycopg.connect(server.url, autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {name} TEMPLATE template_of_all".encode())
            shutil.copytree(first.home, base / name)
            return Place(base / name, first.url.replace("template_of_all", name))

        yield make


APPLY = ("apply", "--yes", "--allow", "DELETES_DATA")
MOST_WRITES = 16
"""More than the plan has; the test below says so when it grows."""


def writes(done: Done) -> int:
    found = re.search(r"writes: (\d+)", done.stderr)
    assert found, done.stderr
    return int(found[1])


def test_the_plan_has_eight_units_and_fewer_writes_than_are_tried(
    place: Callable[[], Place],
) -> None:
    here = place()
    done = here.command(*APPLY)
    assert done.returncode == 0, done.stdout + done.stderr
    assert 10 <= writes(done) <= MOST_WRITES
    assert here.command("plan", "--detailed-exitcode").returncode == 0
    assert here.left_behind() == []


def settle(here: Place) -> None:
    """Goes on until nothing is open, as the messages say; then the store must be as desired."""
    for _ in range(3):
        state = here.command("state", "show").stdout
        if "waits for" not in state:
            break
        done = here.command("resume")
        assert done.returncode == 0, done.stdout + done.stderr
    done = here.command(*APPLY)
    assert done.returncode == 0, done.stdout + done.stderr
    assert here.command("plan", "--detailed-exitcode").returncode == 0
    assert here.command("drift").returncode == 0
    assert here.left_behind() == []


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("write", range(1, MOST_WRITES))
def test_killed_once_it_is_resumed_to_the_end(place: Callable[[], Place], write: int, when: str) -> None:
    here = place()
    here.command(*APPLY, kill=(write, when))
    settle(here)


@pytest.mark.parametrize("write", range(2, MOST_WRITES, 2))
@pytest.mark.parametrize("again", [1, 2, 3])
def test_killed_again_while_it_is_resumed(place: Callable[[], Place], write: int, again: int) -> None:
    here = place()
    here.command(*APPLY, kill=(write, "after"))
    here.command("resume", kill=(again, "after"))
    settle(here)


@pytest.mark.parametrize("write", range(2, MOST_WRITES, 2))
def test_killed_and_rolled_back_it_is_as_before(place: Callable[[], Place], write: int) -> None:
    here = place()
    before = here.command("inspect").stdout
    here.command(*APPLY, kill=(write, "after"))
    if "waits for" in here.command("state", "show").stdout:
        done = here.command("rollback", "--yes")
        assert done.returncode in (0, 3), done.stdout + done.stderr
        assert here.command("inspect").stdout == before
    assert here.left_behind() == []
