"""A schema that was dumped and restored, or rebuilt in place, is the same schema."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from pydantic import SecretStr

from apexplan.model.address import Address
from apexplan.model.spec import Spec
from apexplan_postgres import local
from apexplan_postgres.provider import PROVIDER, PostgresSession, PostgresSettings

from .samples import EVERYTHING, everything, execute

pytestmark = pytest.mark.live

TEXTS = """
CREATE TABLE public.texts (
  v varchar(20) DEFAULT 'x' CHECK (v IN ('a', 'b', 'c')),
  n numeric(8, 2) DEFAULT 1.50 CHECK (n BETWEEN 0 AND 9.9),
  at timestamptz DEFAULT now() + interval '1 day',
  j jsonb DEFAULT '{"a": [1]}',
  g text GENERATED ALWAYS AS (CASE WHEN v LIKE 'a%' THEN lower(v) ELSE v || '!' END) STORED,
  CHECK (v NOT IN ('x', 'y') OR n IS DISTINCT FROM 5)
);
CREATE INDEX texts_some_idx ON public.texts ((j ->> 'a'), lower(v)) WHERE v IN ('a', 'b') AND n > 1;
CREATE TRIGGER texts_touch BEFORE UPDATE ON public.texts FOR EACH ROW
  WHEN (OLD.v IS DISTINCT FROM NEW.v AND NEW.v IN ('a', 'b')) EXECUTE FUNCTION app.touch();
"""


def programs(session: PostgresSession) -> Path:
    return local.programs(session.connection.info.server_version // 10000)


def restored(session: PostgresSession, source: str, target: str) -> None:
    """Copies the schema of one database into another by pg_dump and psql."""
    tools = programs(session)
    dump = subprocess.check_output([tools / "pg_dump", "--schema-only", source])
    subprocess.run(
        [tools / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", target],
        input=dump,
        check=True,
        stdout=subprocess.DEVNULL,
    )


def differences(session: PostgresSession, desired: dict[Address, Spec]) -> dict[str, list[str]]:
    """Returns the fields of each object in which live is not what `desired` means."""
    live = everything(session)
    assert live.keys() == desired.keys()
    normal = session.normalize(desired, live)
    assert not normal.unproven
    return {
        str(address): changed
        for address, spec in normal.specs.items()
        if (changed := sorted(f for f in spec.managed if getattr(spec, f) != getattr(live[address], f)))
    }


def test_a_dumped_and_restored_schema_is_the_same(
    server: str, database: str, session: PostgresSession
) -> None:
    execute(database, EVERYTHING + TEXTS)
    before = everything(session)
    name = database.partition("?")[0].rpartition("/")[2] + "_restored"
    copy = local.create_database(server, name)
    try:
        restored(session, database, copy)
        with PROVIDER.connect("sql", PostgresSettings(url=SecretStr(copy))) as there:
            assert everything(there) != before  # the texts do differ: the test has something to show
            assert differences(there, before) == {}
    finally:
        execute(server, f"DROP DATABASE {name} WITH (FORCE)")


def test_a_schema_restored_twice_is_the_same(server: str, database: str, session: PostgresSession) -> None:
    execute(database, EVERYTHING + TEXTS)
    before = everything(session)
    name = database.partition("?")[0].rpartition("/")[2]
    first, second = (local.create_database(server, f"{name}_{n}") for n in (1, 2))
    try:
        restored(session, database, first)
        restored(session, first, second)
        with PROVIDER.connect("sql", PostgresSettings(url=SecretStr(second))) as there:
            assert differences(there, before) == {}
    finally:
        for n in (1, 2):
            execute(server, f"DROP DATABASE {name}_{n} WITH (FORCE)")


@pytest.mark.parametrize("work", ["VACUUM FULL", "REINDEX SCHEMA public", "ANALYZE", "CHECKPOINT"])
def test_upkeep_changes_nothing_that_is_read(database: str, session: PostgresSession, work: str) -> None:
    execute(database, EVERYTHING + TEXTS)
    before = everything(session)
    execute(database, work)
    assert everything(session) == before
