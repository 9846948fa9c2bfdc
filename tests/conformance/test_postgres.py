"""The PostgreSQL provider passes the suite on a real server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar
from uuid import uuid4

import psycopg
import pytest
from pydantic import SecretStr

from apexplan.engine.survey import StoreConfig
from apexplan.manifest.check import check_manifest
from apexplan.manifest.load import load_text
from apexplan.migrations.kind import MigrationFiles, MigrationKind
from apexplan.model.address import Address
from apexplan.model.change import Declared
from apexplan.model.plan import HazardKind
from apexplan.provider import SourceFile
from apexplan.testing import chaos
from apexplan.testing.conformance import Case, ProviderSuite
from apexplan.testing.faults import Fault
from apexplan_postgres import local
from apexplan_postgres.provider import PROVIDER, PostgresSettings
from apexplan_postgres.script import SQL
from tests.live.places import open_up

pytestmark = [pytest.mark.live, pytest.mark.slow]


def objects(manifest: str) -> dict[Address, Declared]:
    """Returns what a manifest declares; its head is added."""
    loaded = load_text(f"kind: PostgresSchema\nstore: sql\n{manifest}", "case.yaml")
    assert loaded.node is not None, loaded.diagnostics
    checked = check_manifest(loaded.node, {"sql": PROVIDER})
    assert not checked.diagnostics, checked.diagnostics
    return {d.address: d for d in checked.declared}


def filled(sql: str) -> Callable[[StoreConfig], None]:
    """Returns what puts rows into the store of a case."""

    def fill(config: StoreConfig) -> None:
        assert isinstance(config.settings, PostgresSettings)
        with psycopg.connect(config.settings.url.get_secret_value()) as connection:
            connection.execute(sql.encode())

    return fill


ITEMS = """
tables:
  items:
    columns:
      id: {{type: bigint, null: false}}
      title: {{type: text{title}}}
      n: {{type: integer}}
      {columns}
    primary_key: [id]
    indexes:
      items_n_idx: {{on: [n]}}
      {indexes}
    {more}
"""
ROWS = "INSERT INTO items (id, title, n) SELECT i, 'title ' || i, i % 7 FROM generate_series(1, 300) AS i"


def items(title: str = "", columns: str = "", indexes: str = "", more: str = "") -> dict[Address, Declared]:
    return objects(ITEMS.format(title=title, columns=columns, indexes=indexes, more=more))


VECTORS = """
extensions: {{vector: {{}}}}
tables:
  docs:
    columns:
      id: {{type: bigint, null: false}}
      v: {{type: {type}(3)}}
    primary_key: [id]
    indexes:
      docs_v_idx: {{using: hnsw, on: [{{column: v, opclass: {type}_cosine_ops}}], with: {{m: {m}}}}}
"""
VECTOR_ROWS = "INSERT INTO docs SELECT i, ARRAY[i, i % 7, 1]::vector(3) FROM generate_series(1, 200) AS i"


def vectors(type_: str, m: int) -> dict[Address, Declared]:
    return objects(VECTORS.format(type=type_, m=m))


RENAMED_BEFORE = objects("""
tables:
  users:
    columns:
      id: {type: bigint, null: false}
      email: {type: varchar(100), default: "'none'::character varying"}
      extra: {type: text}
    primary_key: {name: the_key, columns: [id]}
    checks: {users_email_check: length(email) > 1}
    indexes: {users_email_idx: {on: [email]}}
""")
RENAMED_AFTER = objects("""
tables:
  people:
    lifecycle: {renamed_from: users}
    columns:
      id: {type: bigint, null: false}
      mail:
        type: varchar(100)
        default: "'nobody'::character varying"
        lifecycle: {renamed_from: email}
    primary_key: {name: the_key, columns: [id]}
    checks: {users_email_check: length(mail) > 1}
    indexes: {users_email_idx: {on: [mail]}}
""")
SCRIPTS = {
    "0001_notes": (
        "CREATE TABLE notes (id bigint, body text);\nINSERT INTO notes VALUES (1, 'one');\n",
        "DROP TABLE IF EXISTS notes;\n",
    ),
    "0002_index": (
        "UPDATE notes SET body = upper(body);\n"
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS notes_body_idx ON notes (body);\nANALYZE notes;\n",
        "DROP INDEX IF EXISTS notes_body_idx;\n",
    ),
}


def scripts(*names: str) -> dict[Address, Declared]:
    """Returns what a directory with these of SCRIPTS declares."""
    kind = MigrationKind(SQL)
    document = MigrationFiles.model_validate({"kind": "Migration", "store": "sql", "directory": "m"})
    files = [
        SourceFile(f"m/{name}{half}.sql", text)
        for name in names
        for half, text in zip(("", ".rollback"), SCRIPTS[name], strict=True)
    ]
    expansion = kind.expand_files(document, files)
    assert expansion.problems == ()
    return {one.address: one for one in expansion.declared}


SCANS = HazardKind.SCANS_DATA
DELETES = HazardKind.DELETES_DATA
FILL = filled(ROWS)

CASES = (
    Case("a first table", {}, items()),
    Case(
        "an index on rows", items(), items(indexes="items_title_idx: {using: hash, on: [title]}"), fill=FILL
    ),
    Case(
        "a column that must be filled",
        items(),
        items(columns="size: {type: integer, null: false, backfill: length(title)}"),
        frozenset({SCANS}),
        fill=FILL,
    ),
    Case(
        "constraints on rows",
        items(),
        items(title=", null: false", more="checks: {items_n_check: n >= 0}"),
        frozenset({SCANS}),
        fill=FILL,
    ),
    Case(
        "a unique constraint",
        items(),
        items(more="unique: {items_title_key: [title]}"),
        frozenset({SCANS}),
        fill=FILL,
    ),
    Case(
        "an index of another method",
        items(indexes="items_title_idx: {on: [title]}"),
        items(indexes="items_title_idx: {using: hash, on: [title]}"),
        fill=FILL,
    ),
    Case(
        "a graph with another m",
        vectors("vector", 16),
        vectors("vector", 8),
        frozenset({HazardKind.REBUILDS}),
        fill=filled(VECTOR_ROWS),
    ),
    Case(
        "a column goes",
        items(columns="extra: {type: text}"),
        items(),
        frozenset({DELETES}),
        fill=FILL,
        chaos=False,
    ),
    Case(
        "a table is renamed, and in it one column renamed and one dropped",
        RENAMED_BEFORE,
        RENAMED_AFTER,
        frozenset({DELETES}),
        fill=filled(
            "INSERT INTO users (id, email, extra) SELECT i, 'e' || i, 'x' FROM generate_series(1, 50) i"
        ),
    ),
    Case("first scripts", {}, scripts("0001_notes", "0002_index"), inspected=False),
    Case(
        "a script beside a table",
        {**items(), **scripts("0001_notes")},
        {**items(columns="extra: {type: text}"), **scripts("0001_notes", "0002_index")},
        fill=FILL,
        inspected=False,
    ),
    Case("everything goes", items(), {}, frozenset({DELETES}), fill=FILL, chaos=False),
)


class TestPostgres(ProviderSuite):
    provider = PROVIDER
    cases = CASES
    server: ClassVar[str]

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def running(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
        base = tmp_path_factory.mktemp("conformance")
        open_up(base)
        started = local.start(str(Path(base) / "pg"), fast=True)
        cls.server = started.url
        yield
        started.stop()

    @contextmanager
    def fresh(self) -> Iterator[StoreConfig]:
        name = f"conformance_{uuid4().hex[:12]}"
        url = local.create_database(self.server, name)
        try:
            yield StoreConfig("sql", PROVIDER, PostgresSettings(url=SecretStr(url)))
        finally:
            with psycopg.connect(self.server, autocommit=True) as connection:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())

    def mishaps(self, life: chaos.Life) -> Iterator[chaos.Mishap]:
        """Each place once: the recoveries take turns."""
        recoveries = list(chaos.Recovery)
        for write in range(1, life.writes + 1):
            yield chaos.Mishap(write=write, after=True, recovery=recoveries[write % 2])
        for call in range(1, life.calls + 1):
            for fault in (Fault.FINAL_AFTER, Fault.CRASH_AFTER):
                yield chaos.Mishap(calls=((call, fault),), recovery=recoveries[call % 2])
