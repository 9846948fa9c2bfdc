"""The two databases a state can be in: how each is opened, made, and set to write through to disk.

Both give the store the same things: `exists`, `create`, `reading`, `writing`, and a latch. A
write takes the database's write lock at once (SQLite) or the head's row (PostgreSQL, in `store`),
so two writers cannot both pass the check of the fence.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, NullPool, create_engine, event, insert, make_url, select
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

from apexplan.model.errors import StateError
from apexplan_state import tables
from apexplan_state.errors import Place
from apexplan_state.lock import AdvisoryLock, FileLock, Latch
from apexplan_state.upgrade import is_newest, upgrade

DEFAULT_SCHEMA = "apexplan_state"
_BUSY_TIMEOUT_S = 10.0
"""How long a write waits for that of another process to end; ours take milliseconds."""
_CONNECT_TIMEOUT_S = 10


class Database(Protocol):
    """Where the tables are."""

    place: Place

    def exists(self) -> bool:
        """Returns True if the tables are there, and brings older ones to the newest revision.
        Writes nothing where there are none."""
        ...

    def create(self) -> None:
        """Makes the tables and the head. Called under the lock, when `exists` is False."""
        ...

    def reading(self) -> AbstractContextManager[Connection]: ...

    def writing(self) -> AbstractContextManager[Connection]:
        """Opens one transaction that is on disk when the block has ended, or never was."""
        ...

    def latch(self) -> Latch:
        """Returns a new, free latch."""
        ...

    def close(self) -> None: ...


def database_at(text: str) -> Database:
    """Returns the database that `text`, a URL, names; connects to nothing yet."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # Not chained: the parser quotes what it could not read, and that may be the password.
        raise StateError("the state url cannot be read", mend=_URL_FORMS) from None
    if url.drivername == "sqlite" and url.database not in (None, "", ":memory:"):
        return SqliteDatabase(Path(url.database or "").absolute())
    if url.drivername == "postgresql":
        return PostgresDatabase(url)
    raise StateError(f"the state cannot be in {url.drivername!r}", mend=_URL_FORMS)


_URL_FORMS = (
    "write sqlite:///PATH or postgresql://USER:PASSWORD@HOST/DATABASE, with %40 for an @ in the password"
)


class _Tables:
    """What is the same in both: engine, schema, the look at the revision."""

    place: Place
    _engine: Engine
    _schema: str | None = None
    _found = False

    def exists(self) -> bool:
        if not self._found:
            with self.reading() as connection:
                newest = is_newest(connection, self._schema)
            if newest is False:
                self._upgrade()
            self._found = newest is not None
        return self._found

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self.place.translated(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with self.place.translated(), self._engine.begin() as connection:
            yield connection

    def close(self) -> None:
        self._engine.dispose()

    def _upgrade(self) -> None:
        with self.writing() as connection:
            upgrade(connection, self._schema)
            if connection.execute(select(tables.head)).first() is None:
                first = {"id": 1, "lineage": str(uuid.uuid4()), "serial": 0, "fence": 0}
                connection.execute(insert(tables.head), first)
        self._found = True


class SqliteDatabase(_Tables):
    """One file, made by `create`; its lock is a file beside it. For one machine: neither WAL nor
    the lock works on a network file system."""

    def __init__(self, path: Path) -> None:
        self.place = Place(str(path))
        self._path = path
        url = URL.create("sqlite+pysqlite", database=str(path))
        self._engine = create_engine(
            url, hide_parameters=True, connect_args={"timeout": _BUSY_TIMEOUT_S, "isolation_level": None}
        )
        self._writer = self._engine.execution_options(begin="BEGIN IMMEDIATE")
        event.listen(self._engine, "connect", _set_up_sqlite)
        event.listen(self._engine, "begin", _begin_sqlite)

    def exists(self) -> bool:
        with self.place.translated():
            return self._path.exists() and super().exists()

    def create(self) -> None:
        with self.place.translated():
            self._path.touch(mode=0o600)
            with closing(sqlite3.connect(self._path, timeout=_BUSY_TIMEOUT_S)) as connection:
                connection.execute("PRAGMA journal_mode = WAL")  # stays with the file
        self._upgrade()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with self.place.translated(), self._writer.begin() as connection:
            yield connection

    def latch(self) -> Latch:
        return FileLock(self._path.with_name(self._path.name + ".lock"))


def _set_up_sqlite(connection: sqlite3.Connection, record: object) -> None:
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA fullfsync = ON")  # macOS: there, a plain fsync does not reach the disk
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")  # what a purge deletes is written over


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that begins as a reader and then writes can fail with SQLITE_BUSY at once,
    # without waiting; a writer asks for the write lock first (SQLite manual, "Transaction").
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))


class PostgresDatabase(_Tables):
    """A schema of its own in one database of a server, 14 or newer."""

    def __init__(self, url: URL) -> None:
        query = dict(url.query)
        self._schema = str(query.pop("schema", DEFAULT_SCHEMA))
        defaults = {"connect_timeout": str(_CONNECT_TIMEOUT_S), "application_name": "apexplan"}
        self._url = url.set(drivername="postgresql+psycopg", query={**defaults, **query})
        self.place = Place(_shown(url), str(url.password or query.get("password", "")))
        self._options = {"schema_translate_map": {None: self._schema}}
        self._engine = create_engine(
            self._url, hide_parameters=True, isolation_level="READ COMMITTED", execution_options=self._options
        )
        event.listen(self._engine, "connect", _set_up_postgres)

    def create(self) -> None:
        self._upgrade()

    def latch(self) -> Latch:
        engine = create_engine(
            self._url,
            hide_parameters=True,
            isolation_level="AUTOCOMMIT",
            poolclass=NullPool,
            execution_options=self._options,
        )
        event.listen(engine, "connect", _set_up_lock_session)
        return AdvisoryLock(engine, self._schema or DEFAULT_SCHEMA)


def _set_up_postgres(connection: Any, record: object) -> None:
    """A journal line must be on disk when its commit returns, whatever the server's default; and
    a writer that was stopped in the middle must not keep the others waiting for ever."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [f"{_BUSY_TIMEOUT_S * 1000:.0f}ms"])
        cursor.execute(
            "SELECT set_config('synchronous_commit', 'on', false)"
            " WHERE current_setting('synchronous_commit') = 'off'"
        )
    connection.commit()


def _set_up_lock_session(connection: Any, record: object) -> None:
    """The session of a lock idles for as long as a run takes: the server must not end it for that."""
    with connection.cursor() as cursor:
        cursor.execute("SET idle_session_timeout = 0")
    connection.commit()


def _shown(url: URL) -> str:
    host = url.host or str(url.query.get("host", "localhost"))
    port = f":{url.port}" if url.port else ""
    return f"postgresql://{host}{port}/{url.database or ''}"
