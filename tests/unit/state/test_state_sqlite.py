"""The state on SQLite: the contract, and what is true of a file alone."""

from __future__ import annotations

import fcntl
import sqlite3
import stat
import subprocess
import sys
import traceback
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError

from apexplan.engine.ports import StateStore
from apexplan.model.errors import LockHeld, StateError
from apexplan_state import tables
from apexplan_state.database import SqliteDatabase, database_at
from apexplan_state.errors import Place
from apexplan_state.lock import STARTING, FileLock
from apexplan_state.upgrade import REVISIONS
from tests.unit.state.contract import StateContract, holder, intent, opened, run, said, state

__all__ = ["holder", "state"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "state.db"


@pytest.fixture
def url(path: Path) -> str:
    return f"sqlite:///{path}"


@pytest.fixture
def other_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'other.db'}"


def lock_once(url: str) -> None:
    with opened(url) as state, state.lock("apply", 0):
        pass


class TestSqlite(StateContract):
    pass


# Files


def test_reading_before_the_first_write_makes_no_file(state: StateStore, path: Path) -> None:
    state.head(), state.recorded(), state.runs(), state.open_run(), state.events()
    assert not path.parent.exists()


def test_only_the_owner_may_read_the_files(state: StateStore, path: Path) -> None:
    with state.lock("apply", 0):
        modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in path.parent.iterdir()}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert set(modes) >= {"state.db", "state.db.lock"}
    assert set(modes.values()) == {0o600}


def test_unlocking_leaves_no_file_behind(state: StateStore, path: Path, url: str) -> None:
    with state.lock("apply", 0) as lock, opened(url) as other:
        other.unlock(lock.id, said())
        assert sorted(p.name for p in path.parent.glob("*.lock*")) == ["state.db.lock"]


def test_every_commit_is_synced(url: str) -> None:
    lock_once(url)
    database = database_at(url)
    with database.writing() as connection:
        answers = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")
        ]
    database.close()
    assert answers == ["wal", 2]


def test_a_relative_path_is_meant_from_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lock_once("sqlite:///.apexplan/state.db")
    assert (tmp_path / ".apexplan" / "state.db").is_file()


# The lock file


def test_a_lock_that_was_wrested_before_its_fence_was_raised_is_taken_again(
    state: StateStore, path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = SqliteDatabase.create

    def create_while_another_wrests(database: SqliteDatabase) -> None:
        create(database)
        FileLock(path.with_name("state.db.lock")).wrest(STARTING)

    monkeypatch.setattr(SqliteDatabase, "create", create_while_another_wrests)
    with state.lock("apply", 0) as lock, opened(url) as other:
        assert lock.fence == 1
        with pytest.raises(LockHeld) as refused, other.lock("apply", 0):
            pass
        assert refused.value.lock_id == lock.id


def test_a_lock_file_that_holds_no_holder_yet_is_locked_all_the_same(state: StateStore, path: Path) -> None:
    path.parent.mkdir()
    with path.with_name("state.db.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        refused = pytest.raises(LockHeld, match="by a process that has just taken it")
        with refused, state.lock("apply", 0):
            pass


def test_a_lock_file_that_was_left_behind_locks_nothing(state: StateStore, path: Path) -> None:
    path.parent.mkdir()
    path.with_name("state.db.lock").write_text("left behind")
    with state.lock("apply", 0) as lock:
        assert lock.fence == 1


# Revisions


def test_the_migrations_make_the_tables_that_the_code_uses(url: str) -> None:
    lock_once(url)
    database = database_at(url)
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []
    database.close()


def test_the_known_revisions_are_those_of_the_migrations() -> None:
    config = Config()
    config.set_main_option("script_location", "apexplan_state:migrations")
    steps = ScriptDirectory.from_config(config).walk_revisions()
    assert tuple(reversed([step.revision for step in steps])) == REVISIONS


def imported_by(code: str) -> set[str]:
    code += "; import sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_package_imports_no_database_library() -> None:
    assert not imported_by("import apexplan_state") & {"sqlalchemy", "alembic", "psycopg", "pydantic"}


def test_opening_a_state_of_the_newest_revision_imports_no_alembic(url: str) -> None:
    lock_once(url)
    code = (
        "from datetime import datetime, UTC; from apexplan_state import open_state\n"
        f"with open_state({url!r}, clock=lambda: datetime.now(UTC), by='x') as s:\n"
        "    with s.lock('apply', 0): print(s.head())\n"
        "import sys"
    )
    modules = imported_by(code)
    assert "sqlalchemy" in modules and not modules & {"alembic", "psycopg"}


# Errors


def test_a_file_that_is_no_database_is_an_error(path: Path, url: str) -> None:
    path.parent.mkdir()
    path.write_text("this is a text, and long enough to be told from an empty file" * 99)
    with opened(url) as state, pytest.raises(StateError, match="is no SQLite database"):
        state.head()


def test_a_damaged_file_is_an_error(path: Path, url: str) -> None:
    lock_once(url)
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)
    with opened(url) as state, pytest.raises(StateError, match="damaged"):
        state.head()


@pytest.mark.parametrize("parent", ["a file", "/dev/null"])
def test_a_path_below_a_file_is_an_error(tmp_path: Path, parent: str) -> None:
    (tmp_path / "a file").touch()
    with opened(f"sqlite:///{tmp_path / parent / 'state.db'}") as state:
        error = pytest.raises(StateError, match=r"state.db: (Not a directory|File exists)")
        with error, state.lock("apply", 0):
            pass


def test_a_path_that_the_file_system_refuses_is_an_error(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path / ('x' * 300)}") as state, pytest.raises(StateError, match="too long"):
        state.head()


def test_a_directory_in_place_of_the_file_is_an_error(path: Path, url: str) -> None:
    path.mkdir(parents=True)
    with opened(url) as state, pytest.raises(StateError, match="cannot be opened"):
        state.head()


def test_a_read_only_database_is_an_error(url: str) -> None:
    def make_read_only(connection: Any, record: object) -> None:
        connection.execute("PRAGMA query_only = ON")

    lock_once(url)
    event.listen(Engine, "connect", make_read_only)
    try:
        with (
            opened(url) as state,
            pytest.raises(StateError, match="may not be written"),
            state.lock("apply", 0),
        ):
            pass
    finally:
        event.remove(Engine, "connect", make_read_only)


def test_a_full_disk_is_an_error_and_the_journal_stays_whole(url: str) -> None:
    def limit(connection: Any, record: object) -> None:
        connection.execute("PRAGMA max_page_count = 64")

    lock_once(url)
    event.listen(Engine, "connect", limit)
    entries = [intent("u1", text="x" * 1000), intent("u2", text="x" * 1000)]
    written = 0
    try:
        with opened(url) as state, state.lock("apply", 0) as lock:
            state.begin(lock, run())
            with pytest.raises(StateError, match="no room is left"):
                for _ in range(1000):
                    state.append(lock, "r1", entries)
                    written += 1
            assert written > 0
            assert state.journal("r1") == entries * written
    finally:
        event.remove(Engine, "connect", limit)


def test_a_database_that_another_process_keeps_locked_is_an_error(
    url: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock_once(url)
    monkeypatch.setattr("apexplan_state.database._BUSY_TIMEOUT_S", 0.01)
    with closing(sqlite3.connect(path, isolation_level=None)) as other, opened(url) as state:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StateError, match="another process is writing"), state.lock("apply", 0):
            pass


def test_a_failed_lock_is_not_kept(url: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock_once(url)
    monkeypatch.setattr("apexplan_state.database._BUSY_TIMEOUT_S", 0.01)
    with closing(sqlite3.connect(path, isolation_level=None)) as other, opened(url) as state:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StateError), state.lock("apply", 0):
            pass
        other.execute("ROLLBACK")
        with state.lock("apply", 0) as lock:
            assert lock.fence == 2


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "mysql://h/d", "postgres://h/d", "state.db", ""]
)
def test_a_url_that_no_state_can_have_is_an_error(url: str) -> None:
    with pytest.raises(StateError) as refused, opened(url):
        pass
    assert "sqlite:///PATH" in refused.value.mend


# Secrets


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:hunter2@127.0.0.1:1/db",
        "postgresql://user:hunter2@127.0.0.1:1/db?connect_timeout=hunter2",
        "postgresql://user@127.0.0.1:1/db?password=hunter2",
        "postgresql://user:hunter2@[/db",
        "postgresql://user:pa@ss:hunter2@host:x/db",
        "user:hunter2@host/db",
    ],
)
def test_no_error_shows_the_password_of_the_url(url: str) -> None:
    with pytest.raises(StateError) as refused, opened(url) as state:
        state.head()
    shown = "".join(traceback.format_exception(refused.value)) + repr(refused.value)
    assert "hunter2" not in shown + refused.value.mend


def driver_errors() -> list[type[Exception]]:
    found: list[type[Exception]] = [sqlite3.Error, *sqlite3.DatabaseError.__subclasses__()]
    for name in dir(psycopg.errors):
        error = getattr(psycopg.errors, name)
        if isinstance(error, type) and issubclass(error, psycopg.Error):
            found.append(error)
    return found


def test_every_driver_error_becomes_a_state_error_that_hides_the_password() -> None:
    place = Place("somewhere", "hunter2")
    for cause in driver_errors():
        with pytest.raises(StateError) as caught, place.translated():
            raise DBAPIError.instance("SELECT", {}, cause("bad hunter2"), Exception, hide_parameters=True)
        assert "hunter2" not in "".join(traceback.format_exception(caught.value)), cause
        assert caught.value.mend, cause


def test_a_driver_error_without_a_secret_is_kept_as_the_cause() -> None:
    with pytest.raises(StateError) as caught, Place("somewhere", "hunter2").translated():
        raise sqlite3.OperationalError("no such table")
    assert isinstance(caught.value.__cause__, sqlite3.OperationalError)


def test_no_error_shows_what_was_to_be_written(state: StateStore) -> None:
    secret = "hunter2"
    with state.lock("apply", 0) as lock, pytest.raises(StateError) as refused:
        state.append(lock, "r9", [intent(password=secret)])
    assert secret not in "".join(traceback.format_exception(refused.value))
