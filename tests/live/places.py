"""A project directory with a database and a state of its own, in which real commands are run."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import psycopg

from apexplan_postgres import local

ROOT = Path(__file__).parents[2]
PROJECT = """
version: 1
project: place
stores:
  sql: {provider: postgres, url: "${DATABASE_URL}"}
manifests: [schema.yaml]
"""
LEFT_BEHIND = """
SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE NOT (i.indisvalid AND i.indisready AND i.indislive) OR c.relname ~ '^_apx_|_cc(new|old)'
UNION ALL SELECT attname FROM pg_attribute WHERE attname ~ '^_apx_' AND NOT attisdropped
UNION ALL SELECT tgname FROM pg_trigger WHERE tgname ~ '_apx_'
UNION ALL SELECT proname FROM pg_proc WHERE proname ~ '^_apx_'
UNION ALL SELECT conname FROM pg_constraint WHERE conname ~ '^_apx_' OR NOT convalidated
"""

Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Place:
    """Where commands run: the project in `home`, the database at `url`."""

    home: Path
    url: str
    env: Mapping[str, str] = field(default_factory=dict)

    def write(self, manifest: str, project: str = PROJECT) -> None:
        """Writes the project with its one manifest."""
        self.home.mkdir(parents=True, exist_ok=True)
        (self.home / "apexplan.yaml").write_text(project)
        (self.home / "schema.yaml").write_text(manifest)

    def command(self, *arguments: str, kill: tuple[int, str] = (0, "after")) -> Done:
        """Runs one command; `kill` names the write of the journal at which it dies."""
        return subprocess.run(
            self.typed(*arguments, kill=kill),
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def started(self, *arguments: str) -> subprocess.Popen[str]:
        """Starts one command and leaves it running."""
        return subprocess.Popen(
            self.typed(*arguments),
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def typed(self, *arguments: str, kill: tuple[int, str] = (0, "after")) -> list[str]:
        number, when = kill
        head = [sys.executable, "-m", "tests.live.killer", str(number), when]
        return [*head, *arguments, "-C", str(self.home)]

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "DATABASE_URL": self.url, **self.env}

    def sql(self, text: str) -> None:
        """Runs SQL as somebody with psql would."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(text.encode())

    def one(self, query: str) -> object:
        """Returns the first column of the first row."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            row = connection.execute(query.encode()).fetchone()
        return row[0] if row else None

    def left_behind(self) -> list[str]:
        """What an interrupted command may leave: invalid indexes, names of our own."""
        with psycopg.connect(self.url) as connection:
            return [name for (name,) in connection.execute(LEFT_BEHIND.encode())]


def applied_in(home: Path, server_url: str, before: str, fill: str) -> Place:
    """Returns a place in `home` with a database of its own, in which `before` was applied and filled."""
    here = Place(home, local.create_database(server_url, f"p_{uuid4().hex[:12]}"))
    here.write(before)
    assert here.command("apply", "--yes").returncode == 0
    here.sql(fill)
    return here


def open_up(directory: Path) -> None:
    """Lets everybody pass through `directory` and its parents below the one for temporary files: run by
    root, the server is another user."""
    top = Path(tempfile.gettempdir())
    for path in (directory, *directory.parents):
        if top in path.parents:
            path.chmod(path.stat().st_mode | 0o111)


@contextmanager
def server_in(base: Path) -> Iterator[local.LocalServer]:
    """Gives a server that keeps its files below `base`, and stops it."""
    open_up(base)
    server = local.start(str(base / "pg"), fast=True)
    try:
        yield server
    finally:
        server.stop()
