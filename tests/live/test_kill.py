"""The real command on a real PostgreSQL, killed at each write of its journal, and again in `resume`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from apexplan_postgres import local

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.live]

PROJECT = """
version: 1
project: killed
stores:
  sql: {provider: postgres, url: "${DATABASE_URL}"}
manifests: [schema.yaml]
"""
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


Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Place:
    """A project directory with its own copy of the database and of the state."""

    home: Path
    url: str

    def command(
        self, *arguments: str, kill: tuple[int, str] = (0, "after")
    ) -> subprocess.CompletedProcess[str]:
        number, when = kill
        return subprocess.run(
            [sys.executable, "-m", "tests.live.killer", str(number), when, *arguments, "-C", str(self.home)],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": self.url},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def broken(self) -> list[str]:
        """What an interrupted command may leave behind: invalid indexes, names of our own."""
        query = """
            SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
            WHERE NOT (i.indisvalid AND i.indisready AND i.indislive) OR c.relname ~ '^_apx_|_cc(new|old)'
            UNION ALL SELECT attname FROM pg_attribute WHERE attname ~ '^_apx_' AND NOT attisdropped
            UNION ALL SELECT tgname FROM pg_trigger WHERE tgname ~ '_apx_'
            UNION ALL SELECT conname FROM pg_constraint WHERE conname ~ '^_apx_' OR NOT convalidated
        """
        with psycopg.connect(self.url) as connection:
            return [name for (name,) in connection.execute(query)]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Place]:
    """Returns a function that makes a fresh place in which `BEFORE` was applied and filled."""
    base = tmp_path_factory.mktemp("killed")
    for parent in (base, *base.parents[:3]):
        parent.chmod(parent.stat().st_mode | 0o111)
    server = local.start(str(base / "pg"), fast=True)
    first = Place(base / "first", local.create_database(server.url, "template_of_all"))
    first.home.mkdir()
    (first.home / "apexplan.yaml").write_text(PROJECT)
    (first.home / "schema.yaml").write_text(BEFORE)
    done = first.command("apply", "--yes")
    assert done.returncode == 0, done.stderr
    with psycopg.connect(first.url) as connection:
        connection.execute(FILL.encode())
    (first.home / "schema.yaml").write_text(AFTER)

    def make() -> Place:
        name = f"copy_{uuid4().hex[:12]}"
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template_of_all".encode())
        home = base / name
        shutil.copytree(first.home, home)
        return Place(home, first.url.replace("template_of_all", name))

    yield make
    server.stop()


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
    assert here.broken() == []


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
    assert here.broken() == []


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
    assert here.broken() == []
