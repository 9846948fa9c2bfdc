"""Our own tables in the database, in the schema `apexplan`, which is made at the first write.

units      one row a committed transaction: what `probe_group` asks for
objects    the marks of ownership, from which a lost state is rebuilt
retained   what was dropped by moving it aside, and since when
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from apexplan.model.address import Address
from apexplan.model.errors import AccessDenied
from apexplan.provider import Mark
from apexplan_postgres.errors import translated
from apexplan_postgres.run.connections import Connections

if TYPE_CHECKING:
    from psycopg import Connection

_TABLES: Final = """
CREATE SCHEMA IF NOT EXISTS apexplan;
CREATE TABLE IF NOT EXISTS apexplan.units (
  unit text PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS apexplan.objects (
  project text NOT NULL,
  address text NOT NULL,
  "values" jsonb NOT NULL,
  protect boolean NOT NULL,
  run text NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (project, address)
);
CREATE TABLE IF NOT EXISTS apexplan.retained (
  name text PRIMARY KEY,
  former text NOT NULL,
  since timestamptz NOT NULL DEFAULT now()
);
"""

_LAST_MADE: Final = "apexplan.retained"
"""The last table of _TABLES: they are made in one transaction, so it stands for all."""

_UPSERT: Final = """
INSERT INTO apexplan.objects (address, project, "values", protect, run) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (project, address) DO UPDATE SET "values" = excluded."values",
  protect = excluded.protect, run = excluded.run, at = now()
"""

_UNMARK: Final = "DELETE FROM apexplan.objects WHERE project = %s AND address = ANY(%s)"

_KEEP: Final = """
INSERT INTO apexplan.retained (name, former) VALUES (%s, %s)
ON CONFLICT (name) DO UPDATE SET former = excluded.former, since = now()
"""
_FORGET: Final = "DELETE FROM apexplan.retained WHERE name = %s"
_FOLLOW: Final = """
UPDATE apexplan.retained SET name = %(name)s || substr(name, length(%(former)s) + 1)
WHERE starts_with(name, %(former)s || '.')
"""


def is_there(connection: Connection[Any]) -> bool:
    """Says whether the ledger was ever written."""
    row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [_LAST_MADE]).fetchone()
    return row is not None and bool(row[0])


def ensure(connection: Connection[Any], store: str) -> None:
    """Makes the ledger where it is missing; raises AccessDenied where that is not permitted."""
    if is_there(connection):
        return
    try:
        with translated(store), connection.transaction():
            connection.execute(_TABLES)
    except AccessDenied as error:
        mend = "let the database's owner run: CREATE SCHEMA apexplan AUTHORIZATION this_role"
        text = f"the ledger could not be made: {error.text}"
        raise AccessDenied(text, store=store, code=error.code, mend=mend) from error


def has_unit(connection: Connection[Any], unit: str) -> bool:
    """Says whether a transaction that noted `unit` was committed."""
    if not is_there(connection):
        return False
    return connection.execute("SELECT 1 FROM apexplan.units WHERE unit = %s", [unit]).fetchone() is not None


def note_unit(connection: Connection[Any], unit: str) -> None:
    """Notes `unit`. Fails where it is noted already: a transaction whose outcome was in doubt did
    commit after all."""
    connection.execute("INSERT INTO apexplan.units (unit) VALUES (%s)", [unit])


def account(connection: Connection[Any], args: Mapping[str, Any]) -> None:
    """Notes what a step kept aside, forgets what it deleted or put back, and follows what it renamed."""
    for kept, former in args.get("keep", {}).items():
        connection.execute(_KEEP, [kept, former])
    for kept in args.get("forget", ()):
        connection.execute(_FORGET, [kept])
    for former, name in args.get("follow", {}).items():
        connection.execute(_FOLLOW, {"former": former, "name": name})


def marks(connections: Connections, project: str) -> dict[Address, Mark]:
    """Returns the marks of one project, empty where no ledger was ever written. Never writes."""
    connection = connections.read()
    with translated(connections.store, sent=False):
        if not is_there(connection):
            return {}
        query = 'SELECT address, "values", protect, run FROM apexplan.objects WHERE project = %s'
        rows = connection.execute(query, [project]).fetchall()
    return {
        (address := Address.parse(text)): Mark(address, values, protect, run)
        for text, values, protect, run in rows
    }


def record(connections: Connections, project: str, given: Mapping[Address, Mark | None]) -> None:
    """Writes marks, removes those that are None, all in one transaction."""
    connection = connections.read()
    with translated(connections.store):
        ensure(connection, connections.store)
        written = [(str(a), project, json.dumps(m.values), m.protect, m.run) for a, m in given.items() if m]
        with connection.transaction(), connection.cursor() as cursor:
            gone = [str(address) for address, mark in given.items() if mark is None]
            cursor.execute(_UNMARK, [project, gone])
            cursor.executemany(_UPSERT, written)
