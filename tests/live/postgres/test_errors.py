"""Every error of the driver becomes one of ours, and none of them tells a secret."""

from __future__ import annotations

import os
import socket

import psycopg
import pytest
from psycopg import errors as driver

from apexplan.model.address import Address
from apexplan.model.errors import (
    AccessDenied,
    Ambiguous,
    StoreError,
    StoreUnreachable,
    Transient,
    Unsupported,
)
from apexplan_postgres.errors import translate, translated

SECRET = "hunter2secret"
CLASSES = sorted(
    {c for c in driver.__dict__.values() if isinstance(c, type) and issubclass(c, psycopg.Error)},
    key=lambda c: c.__name__,
)
TITLE = Address("sql", "column", "public.documents.title")


def from_server(url: str, query: str) -> StoreError:
    with psycopg.connect(url) as connection:
        try:
            connection.execute(query.encode())
        except psycopg.Error as error:
            return translate(error, store="sql", sent=True)
    raise AssertionError(f"no error: {query}")


def from_connecting(url: str) -> StoreError:
    with pytest.raises(StoreError) as caught, translated("sql", sent=False):
        psycopg.connect(url, connect_timeout=2)
    return caught.value


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("sent", [False, True])
def test_every_driver_error_becomes_ours_without_its_text(kind: type[psycopg.Error], sent: bool) -> None:
    error = kind(f'connection to postgresql://u:{SECRET}@host/db failed: password={SECRET} "{SECRET}"')
    told = translate(error, store="sql", address=TITLE, sent=sent)
    assert isinstance(told, StoreError)
    assert SECRET not in str(told) + told.mend + repr(told) + repr(told.args)


@pytest.mark.parametrize(
    "kind", [driver.LockNotAvailable, driver.DeadlockDetected, driver.SerializationFailure]
)
def test_lock_trouble_is_transient(kind: type[psycopg.Error]) -> None:
    assert type(translate(kind("x"), store="sql", sent=True)) is Transient


@pytest.mark.parametrize("kind", [driver.CannotConnectNow, driver.TooManyConnections])
def test_a_busy_server_is_transient(kind: type[psycopg.Error]) -> None:
    assert type(translate(kind("x"), store="sql", sent=False)) is Transient


@pytest.mark.parametrize("kind", [psycopg.OperationalError, driver.AdminShutdown, driver.ConnectionFailure])
def test_a_connection_lost_after_sending_is_ambiguous(kind: type[psycopg.Error]) -> None:
    assert type(translate(kind("x"), store="sql", sent=True)) is Ambiguous


@pytest.mark.parametrize("kind", [psycopg.OperationalError, driver.AdminShutdown, driver.ConnectionFailure])
def test_a_connection_lost_before_sending_is_unreachable(kind: type[psycopg.Error]) -> None:
    assert type(translate(kind("x"), store="sql", sent=False)) is StoreUnreachable


def test_a_wrong_password_is_access_denied() -> None:
    error = psycopg.OperationalError('FATAL:  password authentication failed for user "u"')
    assert type(translate(error, store="sql", sent=False)) is AccessDenied


def test_a_malformed_url_is_told_without_its_password() -> None:
    told = from_connecting(f"postgresql://user:{SECRET}@[broken/db")
    assert SECRET not in str(told) + told.mend
    assert "postgresql://user:password@host/database" in told.mend


def test_a_closed_port_is_unreachable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        told = from_connecting(f"postgresql://u:{SECRET}@127.0.0.1:{taken.getsockname()[1]}/db")
    assert type(told) is StoreUnreachable
    assert SECRET not in str(told)


@pytest.mark.live
def test_a_database_that_is_not_there_is_told_with_a_mend(server: str) -> None:
    told = from_connecting(server.replace("/postgres?", "/nowhere?"))
    assert "create the database" in told.mend


@pytest.mark.live
def test_an_unknown_user_is_access_denied(server: str) -> None:
    assert type(from_connecting(server.replace("//postgres@", "//nobody_at_all@"))) is AccessDenied


@pytest.mark.live
def test_the_servers_message_and_code_are_kept(server: str) -> None:
    told = from_server(server, "SELECT * FROM nowhere")
    assert str(told) == 'sql: relation "nowhere" does not exist [42P01]'


@pytest.mark.live
def test_a_value_in_a_data_exception_is_left_out(server: str) -> None:
    told = from_server(server, f"SELECT '{SECRET}'::integer")
    assert str(told) == 'sql: invalid input syntax for type integer: "…" [22P02]'


@pytest.mark.live
def test_the_values_of_a_duplicate_row_are_left_out(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("CREATE TABLE t (a text)")
        connection.execute("INSERT INTO t VALUES (%s), (%s)", (SECRET, SECRET))
    told = from_server(database, "CREATE UNIQUE INDEX t_a_idx ON t (a)")
    assert told.code == "23505"
    assert SECRET not in str(told) + told.mend


@pytest.mark.live
def test_an_extension_that_is_not_installed_is_unsupported_with_a_mend(server: str) -> None:
    told = from_server(server, "CREATE EXTENSION no_such_extension")
    assert type(told) is Unsupported
    assert "installed" in told.mend


@pytest.mark.live
def test_a_column_that_a_view_uses_is_no_matter_of_the_servers_version(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("CREATE TABLE t (a varchar(5))")
        connection.execute("CREATE VIEW v AS SELECT a FROM t")
        with pytest.raises(psycopg.Error) as caught:
            connection.execute("ALTER TABLE t ALTER a TYPE varchar(9)")
    told = translate(caught.value, store="sql", sent=True)
    assert (type(told), told.mend) == (StoreError, "drop what uses it, apply, and make it again")


def test_a_missing_privilege_is_access_denied(database: str) -> None:
    role = f"apexplan_test_{os.getpid()}_nobody"
    with psycopg.connect(database) as connection:
        connection.execute(f"CREATE ROLE {role}".encode())
        connection.execute("CREATE TABLE t ()")
        connection.execute(f"SET ROLE {role}".encode())
        try:
            with pytest.raises(AccessDenied), translated("sql"):
                connection.execute("SELECT 1 FROM t")
        finally:
            connection.rollback()


@pytest.mark.live
def test_a_killed_backend_is_ambiguous_when_the_call_was_sent(server: str) -> None:
    connection = psycopg.connect(server, autocommit=True)
    with pytest.raises(Ambiguous), translated("sql"):
        connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
