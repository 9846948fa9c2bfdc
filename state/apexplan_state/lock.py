"""The lock: at most one process applies at a time, and everybody can see which.

    free ──take──▶ taken ──enter──▶ entered ──drop──▶ free
                     │                  └────wrest (by another process)──▶ free
                     └─ wrested meanwhile: enter says no, take again

A lock dies with its process or session; no clock takes it away. That leaves one case which no
lock can settle: a holder that was stopped (SIGSTOP, a suspended machine) and goes on after its
lock was wrested from it. Therefore the store raises a fence number between `take` and the first
write of each holder, in one transaction with `enter`, and every write checks it.

Here are the two ways to hold the lock; waiting and the fence are in `store`.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, delete, insert, inspect, select, text
from sqlalchemy.exc import DBAPIError

from apexplan.model.errors import StateError
from apexplan_state import tables

_TERMINATE_TIMEOUT_MS = 5_000  # a session that ends does so in milliseconds; this is for a server in trouble


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the lock. `backend`: the server process of its session, PostgreSQL only."""

    id: str
    who: str
    host: str
    pid: int
    purpose: str
    since: str
    backend: int = 0

    def __str__(self) -> str:
        if self == STARTING:
            return self.who
        place = self.who if "@" in self.who else f"{self.who}@{self.host}"
        return f"{self.purpose} by {place} (pid {self.pid}) since {self.since}"


STARTING = Holder("", "a process that has just taken it", "", 0, "", "")


class Latch(Protocol):
    """What can be taken by one process only, and tells the others by whom."""

    def take(self, mine: Holder) -> Holder:
        """Tries once, without waiting. Returns `mine` if it was taken, else the other holder."""
        ...

    def enter(self, mine: Holder) -> bool:
        """Called after `take`, in the transaction that raises the fence. Shows `mine` to others.
        Returns False if the lock was wrested meanwhile: drop it and take it again."""
        ...

    def wrest(self, other: Holder) -> None:
        """Frees the lock that `other` holds, against its will. Called in the transaction that
        raises the fence, so that no `enter` can come between."""
        ...

    def drop(self) -> None:
        """Frees what was taken. Does nothing otherwise."""
        ...


class FileLock:
    """An OS file lock on one file, which holds the holder as JSON.

    Wresting puts another file in its place. So a lock counts only while the path still leads to
    the file that was locked; whoever opened the former one learns it there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def take(self, mine: Holder) -> Holder:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._file = file
        except BlockingIOError:
            return _read(file)
        finally:
            if self._file is None:
                os.close(file)
        if not self._is_in_place():
            self.drop()
            return STARTING
        os.ftruncate(file, 0)
        os.pwrite(file, json.dumps(asdict(mine)).encode(), 0)
        return mine

    def enter(self, mine: Holder) -> bool:
        return self._is_in_place()

    def wrest(self, other: Holder) -> None:
        fresh = self._path.with_name(f"{self._path.name}.{secrets.token_hex(4)}")
        fresh.touch(mode=0o600)
        fresh.replace(self._path)

    def drop(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            try:
                os.ftruncate(file, 0)
            finally:
                os.close(file)

    def _is_in_place(self) -> bool:
        assert self._file is not None
        try:
            return os.path.samestat(os.fstat(self._file), self._path.stat())
        except FileNotFoundError:
            return False


def _read(file: int) -> Holder:
    try:
        return Holder(**json.loads(os.pread(file, 65536, 0)))
    except (ValueError, TypeError):
        return STARTING  # locked, and not yet written


class AdvisoryLock:
    """A session-level advisory lock of PostgreSQL, on a connection of its own in autocommit.

    It is tried, never waited for in the server: a session that waits in `pg_advisory_lock` holds
    a snapshot, and CREATE INDEX CONCURRENTLY waits for all of those. Behind a transaction pooler
    the session that took the lock is not ours for long, so that case is detected and refused.
    """

    def __init__(self, engine: Engine, schema: str) -> None:
        self._engine = engine
        self._schema = schema
        self._key = int.from_bytes(
            hashlib.sha256(f"apexplan_state\0{schema}".encode()).digest()[:8], signed=True
        )
        self._session: Connection | None = None
        self._id = ""

    def take(self, mine: Holder) -> Holder:
        if self._session is None:
            self._session = self._engine.connect()
        if not self._ask("SELECT pg_try_advisory_lock(:key)", key=self._key):
            return self._other(self._session)
        self._id = mine.id
        if len({_session_pid(self._session), self._ask("SELECT pg_backend_pid()"), self._backend()}) > 1:
            raise _not_direct()
        return mine

    def enter(self, mine: Holder) -> bool:
        assert self._session is not None
        row = asdict(mine) | {"backend": self._ask("SELECT pg_backend_pid()")}
        self._session.execute(delete(tables.holder))
        self._session.execute(insert(tables.holder), row)
        return True

    def wrest(self, other: Holder) -> None:
        self._ask(
            "SELECT pg_terminate_backend(:pid, :timeout)", pid=other.backend, timeout=_TERMINATE_TIMEOUT_MS
        )
        if self._backend() == other.backend:
            raise StateError(
                f"the lock's session (server process {other.backend}) does not end",
                mend="end it on the server's machine",
            )

    def drop(self) -> None:
        session, self._session = self._session, None
        mine, self._id = self._id, ""
        if session is None:
            return
        with session:
            if mine:
                self._free(session, mine)

    def _free(self, session: Connection, mine: str) -> None:
        try:
            if inspect(session).has_table("holder", schema=self._schema):
                session.execute(delete(tables.holder).where(tables.holder.c.id == mine))
            freed = session.scalar(text("SELECT pg_advisory_unlock(:key)"), {"key": self._key})
        except DBAPIError as error:
            if error.connection_invalidated:
                return  # the session is gone, and the lock with it
            raise
        if not freed:
            raise _not_direct()

    def _other(self, session: Connection) -> Holder:
        if not inspect(session).has_table("holder", schema=self._schema):
            return STARTING
        row = session.execute(select(tables.holder)).first()
        # The row of a holder that was killed stays until the next one writes its own.
        return Holder(**row._mapping) if row and row.backend == self._backend() else STARTING

    def _backend(self) -> int | None:
        """Returns the server process that holds the lock, as the server itself sees it."""
        return self._ask(
            "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            " AND (classid::bigint << 32 | objid::bigint) = :key",
            key=self._key,
        )

    def _ask(self, question: str, **parameters: int) -> int | None:
        assert self._session is not None
        answer: int | None = self._session.scalar(text(question), parameters)
        return answer


def _session_pid(session: Connection) -> int:
    """Returns the server process that answered when the connection was opened. A pooler answers
    in the server's place, with a number of its own."""
    connection: Any = session.connection.dbapi_connection
    pid: int = connection.info.backend_pid
    return pid


def _not_direct() -> StateError:
    return StateError(
        "the session that took the lock is not the one that answers: a transaction pooler stands between",
        mend="the lock needs a direct URL, not a transaction pooler",
    )
