"""A plan as an Alembic revision, run by Alembic itself: upgrade gives what the manifests say, downgrade
what was before. And a database that Alembic made is taken over as it is."""

from __future__ import annotations

import subprocess
import sys
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
extensions: {vector: {}}
tables:
  items:
    columns:
      id: {type: bigint, null: false}
      at: {type: time without time zone}
      body: {type: text}
      extra: {type: text, null: false, default: "'x'"}
      v: {type: vector(3)}
    primary_key: [id]
    indexes:
      items_old_idx: {on: [at]}
      items_v_idx: {using: hnsw, on: [{column: v, opclass: vector_cosine_ops}]}
"""
AFTER = """
kind: PostgresSchema
store: sql
extensions: {vector: {}}
functions:
  items_touch():
    returns: trigger
    language: plpgsql
    body: |
      BEGIN
        NEW.body := coalesce(NEW.body, 'at :x or 50%');
        RETURN NEW;
      END
tables:
  items:
    columns:
      id: {type: bigint, null: false}
      at: {type: time without time zone, default: "'12:30:00'::time without time zone"}
      body: {type: text, null: false}
      n: {type: integer, null: false, default: "7"}
      v: {type: halfvec(3)}
    primary_key: [id]
    checks:
      items_n_check: n % 2 = 1
    indexes:
      items_body_idx: {using: hash, on: [body]}
      items_v_idx: {using: hnsw, on: [{column: v, opclass: halfvec_cosine_ops}]}
    triggers:
      items_touch: {timing: before, events: [insert], for_each: row, function: items_touch()}
"""
ROWS = """
INSERT INTO items
  SELECT i, NULL, 'x', 'extra ' || i, ARRAY[i, 1, 2]::vector(3) FROM generate_series(1, 100) AS i
"""
VALUES = "SELECT string_agg(concat_ws('|', id, body, extra, v), ',' ORDER BY id) FROM items"
ENV = """
from alembic import context
from sqlalchemy import create_engine, pool

engine = create_engine({url!r}, poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"""


@pytest.fixture
def place(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with server_in(tmp_path_factory.mktemp("alembic")) as server:
        here = Place(tmp_path / "project", local.create_database(server.url, f"a_{uuid4().hex[:8]}"))
        here.write(BEFORE)
        assert here.command("apply", "--yes").returncode == 0
        here.sql(ROWS)
        here.write(AFTER)
        yield here


def alembic(here: Place, *arguments: str) -> None:
    """Runs Alembic in an environment of the place."""
    home = here.home / "alembic"
    if not home.exists():
        (home / "versions").mkdir(parents=True)
        (home / "alembic.ini").write_text(f"[alembic]\nscript_location = {home}\n")
        url = here.url.replace("postgresql://", "postgresql+psycopg://")
        (home / "env.py").write_text(ENV.format(url=url))
    command = [sys.executable, "-m", "alembic", "-c", str(home / "alembic.ini"), *arguments]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def write_revision(here: Place) -> None:
    """Writes the plan of the place as the first revision."""
    revision = here.command("plan", "--format", "alembic")
    assert revision.returncode == 0, revision.stderr
    alembic(here, "history")
    (here.home / "alembic" / "versions" / "first.py").write_text(revision.stdout)


def test_a_revision_upgrades_to_the_manifests_and_downgrades_to_what_was(place: Place) -> None:
    before = place.command("inspect").stdout
    values = place.one(VALUES)
    write_revision(place)
    alembic(place, "upgrade", "head")
    plan = place.command("plan")
    assert "The stores are not touched" in plan.stdout, plan.stdout
    alembic(place, "downgrade", "base")
    place.sql("DROP TABLE alembic_version")
    assert place.command("inspect").stdout == before
    assert place.one(VALUES) == values


def test_after_a_revision_an_apply_records_and_nothing_is_left_to_do(place: Place) -> None:
    write_revision(place)
    alembic(place, "upgrade", "head")
    assert place.command("apply", "--yes").returncode == 0
    assert place.command("plan", "--detailed-exitcode").returncode == 0


def test_a_revision_needs_no_ledger_of_ours(place: Place) -> None:
    write_revision(place)
    place.sql("DROP SCHEMA apexplan CASCADE")
    alembic(place, "upgrade", "head")
    alembic(place, "downgrade", "base")
    assert place.one("SELECT to_regnamespace('apexplan')") is None


def test_a_database_that_others_made_is_adopted_by_inspect_and_apply(place: Place) -> None:
    place.sql("CREATE TABLE made_by_alembic (id int PRIMARY KEY, note varchar(20) DEFAULT 'a:b')")
    (place.home / "schema.yaml").unlink()
    done = place.command("inspect", "-w", str(place.home / "found"))
    assert done.returncode == 0, done.stderr
    (place.home / "found" / "sql.yaml").rename(place.home / "schema.yaml")
    plan = place.command("plan")
    assert "The stores are not touched" in plan.stdout, plan.stdout
    assert place.command("apply", "--yes").returncode == 0
    assert "made_by_alembic" in place.command("state", "list").stdout
    assert place.command("plan", "--detailed-exitcode").returncode == 0
