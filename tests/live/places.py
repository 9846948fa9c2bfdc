"""A project directory with a PostgreSQL database and a state of its own, in which real commands are run."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from uuid import uuid4

import psycopg

from apexplan_postgres import local
from tests.live.home import ROOT, Done, Home

__all__ = ["PROJECT", "ROOT", "Done", "Place", "applied_in", "open_up", "server_in"]

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


@dataclass(frozen=True)
class Place(Home):
    """A project of one PostgreSQL store: the database at `url`."""

    variable: ClassVar[str] = "DATABASE_URL"
    head: ClassVar[str] = PROJECT

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
