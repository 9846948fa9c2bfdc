"""How much is at stake, and what doctor is told."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from pydantic import SecretStr

from apexplan.model.address import Address
from apexplan.model.plan import Size
from apexplan_postgres import measure
from apexplan_postgres.provider import PROVIDER, PostgresSession, PostgresSettings

from .samples import address, execute

pytestmark = pytest.mark.live

TABLE = "CREATE TABLE t (a int CONSTRAINT positive CHECK (a > 0)); CREATE INDEX t_a_idx ON t (a)"


@contextmanager
def plain_role(database: str) -> Iterator[tuple[str, PostgresSession]]:
    """A role that owns nothing, and a session of it."""
    role = f"apexplan_test_{os.getpid()}_plain"
    execute(database, f"CREATE ROLE {role} LOGIN")
    url = SecretStr(database.replace("//postgres@", f"//{role}@"))
    try:
        with PROVIDER.connect("sql", PostgresSettings(url=url)) as session:
            yield role, session
    finally:
        execute(database, f"DROP OWNED BY {role}; DROP ROLE {role}")


def size(session: PostgresSession, text: str) -> Size:
    return session.measure(frozenset({address(text)}))[address(text)]


def test_an_empty_table_is_surely_empty(database: str, session: PostgresSession) -> None:
    execute(database, TABLE)
    assert size(session, "table.public.t").empty


def test_a_small_table_is_counted(database: str, session: PostgresSession) -> None:
    execute(database, TABLE)
    execute(database, "INSERT INTO t SELECT generate_series(1, 123)")
    found = size(session, "table.public.t")
    assert (found.count, found.exact) == (123, True)


def test_a_large_table_is_estimated(database: str, session: PostgresSession) -> None:
    execute(database, TABLE)
    execute(database, f"INSERT INTO t SELECT generate_series(1, {measure.SMALL + 5})")
    execute(database, "ANALYZE t")
    found = size(session, "table.public.t")
    assert (found.count, found.exact) == (measure.SMALL + 5, False)


SECRET = "CREATE SCHEMA app; CREATE TABLE app.t (a int); INSERT INTO app.t SELECT generate_series(1, 9)"
SHARED = SECRET + "; GRANT USAGE ON SCHEMA app TO {role}; GRANT SELECT ON app.t TO {role}"
HIDDEN = SHARED + "; ALTER TABLE app.t ENABLE ROW LEVEL SECURITY"


@pytest.mark.parametrize("before", [SECRET, HIDDEN], ids=["no privilege", "row security"])
@pytest.mark.parametrize("analyze", ["SELECT 1", "ANALYZE"])
def test_rows_that_a_role_cannot_see_are_estimated_or_not_told(
    database: str, before: str, analyze: str
) -> None:
    with plain_role(database) as (role, session):
        execute(database, before.format(role=role))
        execute(database, analyze)
        found = session.measure(frozenset({address("table.app.t")}))
    expected = [(9, False)] if analyze == "ANALYZE" else []
    assert [(one.count, one.exact) for one in found.values()] == expected


def test_rows_that_a_role_may_read_are_counted(database: str) -> None:
    with plain_role(database) as (role, session):
        execute(database, SHARED.format(role=role))
        found = session.measure(frozenset({address("table.app.t")}))
    assert [(one.count, one.exact) for one in found.values()] == [(9, True)]


@pytest.mark.parametrize("name", ["public.t", "public.t.a"])
def test_what_is_kept_aside_has_the_rows_of_its_table(
    database: str, session: PostgresSession, name: str
) -> None:
    execute(database, TABLE)
    execute(database, "INSERT INTO t SELECT generate_series(1, 9)")
    assert size(session, f"retained.{name}").count == 9


def test_counting_ends_at_a_bound(
    database: str, session: PostgresSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure, "COUNTED", 10)
    execute(database, TABLE)
    execute(database, "INSERT INTO t SELECT generate_series(1, 100)")
    found = size(session, "table.public.t")
    assert (found.count, found.exact) == (11, False)


@pytest.mark.parametrize("what", ["column.public.t.a", "check.public.t.positive", "index.public.t_a_idx"])
def test_what_stands_on_a_table_has_its_rows(database: str, session: PostgresSession, what: str) -> None:
    execute(database, TABLE)
    execute(database, "INSERT INTO t SELECT generate_series(1, 7)")
    assert size(session, what).count == 7


def test_an_index_has_its_own_bytes(database: str, session: PostgresSession) -> None:
    execute(database, TABLE)
    execute(database, "INSERT INTO t SELECT generate_series(1, 7)")
    row = session.connection.execute("SELECT pg_relation_size('public.t_a_idx')").fetchone()
    assert (size(session, "index.public.t_a_idx").size_bytes,) == row


def test_what_holds_no_rows_has_no_size(database: str, session: PostgresSession) -> None:
    execute(database, TABLE)
    nothing = frozenset({address("schema.public"), address("table.public.gone"), address("extension.vector")})
    assert session.measure(nothing) == {}


def test_odd_names_are_measured(database: str, session: PostgresSession) -> None:
    execute(database, 'CREATE SCHEMA "S s"; CREATE TABLE "S s"."a"".b" ()')
    odd = Address("sql", "table", '"S s"."a"".b"')
    assert session.measure(frozenset({odd}))[odd].empty


def test_many_tables_are_counted_in_batches(
    database: str, session: PostgresSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure, "_AT_ONCE", 2)
    execute(database, ";".join(f"CREATE TABLE t{n} ()" for n in range(5)))
    found = session.measure(frozenset(address(f"table.public.t{n}") for n in range(5)))
    assert [one.empty for one in found.values()] == [True] * 5


def test_a_healthy_session_passes_every_check(session: PostgresSession) -> None:
    assert [check for check in session.examine() if check.ok is False] == []


def test_a_role_without_temp_is_told_what_to_grant(database: str) -> None:
    name = database.partition("?")[0].rpartition("/")[2]
    execute(database, f"REVOKE TEMP ON DATABASE {name} FROM PUBLIC")
    with plain_role(database) as (role, session):
        mends = [check.mend for check in session.examine() if check.ok is False]
    assert mends == [f"GRANT TEMPORARY ON DATABASE {name} TO {role}"]


def test_a_read_only_role_is_told_so(database: str) -> None:
    name = database.partition("?")[0].rpartition("/")[2]
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on".encode())
    with PROVIDER.connect("sql", PostgresSettings(url=SecretStr(database))) as session:
        values = [check.value for check in session.examine() if check.ok is False]
    assert values == ["no: this role's transactions are read-only"]


def test_doctor_is_told_what_an_unfinished_run_left(database: str, session: PostgresSession) -> None:
    execute(database, "CREATE TABLE t (a int, _apx_a bigint); CREATE INDEX _apx_0 ON t (a)")
    (found,) = (check for check in session.examine() if check.name == "left by unfinished runs")
    assert (found.value, found.ok) == ("_apx_0, _apx_a", False)
