"""The state store on SQLAlchemy Core: one transaction a write, the fence checked in each.

Nothing is kept in memory between calls but the connection: what a method returns is what the
database holds. Rows become values in `journal`, databases differ in `database`, and the lock is
held in `lock`; here is what the engine asks for, and the order in which it must happen.
"""

from __future__ import annotations

import os
import random
import socket
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, delete, func, insert, select, update

from apexplan.engine.ports import Entry, Event, Head, Lock, Run, RunStatus, StateStore
from apexplan.model.address import Address
from apexplan.model.change import Recorded
from apexplan.model.errors import FenceLost, LockHeld, StalePlan, StateError
from apexplan_state import journal as rows
from apexplan_state.database import Database, database_at
from apexplan_state.lock import STARTING, Holder, Latch
from apexplan_state.tables import head, history, journal, kept, objects, runs

_POLL_S = 0.2

_FENCE = select(head.c.fence).with_for_update()
_RAISE_FENCE = update(head).values(fence=head.c.fence + 1)
_RAISE_SERIAL = update(head).values(serial=head.c.serial + 1)
_APPEND = insert(journal)
_NEXT_SEQ = select(func.coalesce(func.max(runs.c.seq), 0) + 1).scalar_subquery()
_REMOVE = delete(objects).where(objects.c.address == bindparam("gone"))
_OPEN = [str(status) for status in RunStatus if status.open]
_UNDONE = (runs.c.status == str(RunStatus.UNDONE)) | (runs.c.undoes != "") | (runs.c.undone_by != "")
_FORGET_SERVED = delete(kept).where(
    kept.c.run.in_(select(runs.c.id).where(runs.c.status.not_in(_OPEN) & _UNDONE))
)
"""As `Run.served` says."""


@contextmanager
def opened(url: str, *, clock: Callable[[], datetime], by: str) -> Iterator[StateStore]:
    """Gives the state at `url`; see `apexplan_state.open_state`."""
    database = database_at(url)
    try:
        yield SqlState(database, clock=clock, by=by)
    finally:
        database.close()


@dataclass(slots=True)
class Held:
    """The lock, held: its id, to be named to `unlock`, and the fence that its taking raised."""

    id: str
    fence: int


class SqlState:
    """Implements `apexplan.engine.ports.StateStore`."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime], by: str) -> None:
        self._database = database
        self._clock = clock
        self._by = by

    # Reading

    def head(self) -> Head:
        found = self._first(select(head.c.lineage, head.c.serial))
        return Head(found.lineage, found.serial) if found else Head("", 0)

    def recorded(self) -> Mapping[Address, Recorded]:
        found = rows.recorded_of(self._all(select(objects).order_by(objects.c.address)))
        return {recorded.address: recorded for recorded in found}

    def open_run(self) -> Run | None:
        found = self._first(select(runs).where(runs.c.status.in_(_OPEN)).order_by(runs.c.seq.desc()))
        return rows.run_of(found) if found else None

    def run(self, run_id: str) -> Run:
        found = self._first(select(runs).where(runs.c.id == run_id))
        if found is None:
            raise _no_run(run_id)
        return rows.run_of(found)

    def runs(self, limit: int = 50) -> Sequence[Run]:
        return [rows.run_of(row) for row in self._all(select(runs).order_by(runs.c.seq.desc()).limit(limit))]

    def spent(self, plan_id: str) -> str | None:
        found = self._first(select(runs.c.id).where(runs.c.plan_id == plan_id))
        return found.id if found else None

    def journal(self, run_id: str) -> Sequence[Entry]:
        query = select(journal).where(journal.c.run == run_id).order_by(journal.c.seq)
        return [rows.entry_of(row) for row in self._all(query)]

    def kept(self, run_id: str, step: str) -> Iterator[tuple[str, bytes]]:
        mine = (kept.c.run == run_id) & (kept.c.step == step)
        for name in self._all(select(kept.c.part).where(mine).order_by(kept.c.part)):
            data = self._first(select(kept.c.data).where(mine & (kept.c.part == name.part)))
            if data is not None:
                yield name.part, data.data

    def kept_bytes(self) -> Mapping[str, int]:
        total = func.sum(func.length(kept.c.data)).label("bytes")
        return {row.run: int(row.bytes) for row in self._all(select(kept.c.run, total).group_by(kept.c.run))}

    def events(self, limit: int = 50) -> Sequence[Event]:
        query = select(history).order_by(history.c.seq.desc()).limit(limit)
        return [rows.event_of(row) for row in self._all(query)]

    # Writing

    def begin(self, lock: Lock, run: Run, entries: Sequence[Entry] = ()) -> None:
        with self._writing(lock) as connection:
            spender = connection.scalar(select(runs.c.id).where(runs.c.plan_id == run.plan.id))
            if spender is not None:
                raise StalePlan("spent", f"plan {run.plan.id} was spent by run {spender}")
            connection.execute(insert(runs).values(seq=_NEXT_SEQ), rows.run_row(run))
            self._append(connection, run.id, entries)

    def append(self, lock: Lock, run_id: str, entries: Sequence[Entry]) -> None:
        with self._writing(lock) as connection:
            self._append(connection, run_id, entries)

    def keep(self, lock: Lock, run_id: str, step: str, part: str, data: bytes) -> None:
        with self._writing(lock) as connection:
            key = {"run": run_id, "step": step, "part": part}
            connection.execute(delete(kept).where(*(kept.c[name] == value for name, value in key.items())))
            connection.execute(insert(kept), {**key, "data": data})

    def purge(self, lock: Lock, run_ids: Sequence[str], event: Event) -> None:
        with self._writing(lock) as connection:
            connection.execute(delete(kept).where(kept.c.run.in_(run_ids)))
            connection.execute(update(runs).where(runs.c.id.in_(run_ids)).values(purged=event.at))
            connection.execute(insert(history), rows.event_row(event))

    def pause(self, lock: Lock, run_id: str, status: RunStatus, entries: Sequence[Entry] = ()) -> None:
        with self._writing(lock) as connection:
            _change_run(connection, run_id, status=str(status))
            self._append(connection, run_id, entries)

    def finish(
        self,
        lock: Lock,
        run_id: str,
        status: RunStatus,
        after: Mapping[Address, Recorded | None],
        finished: str,
        entries: Sequence[Entry] = (),
    ) -> None:
        with self._writing(lock) as connection:
            self._append(connection, run_id, entries)
            _change_run(
                connection, run_id, status=str(status), finished=finished, after=rows.dump_snapshot(after)
            )
            if status is RunStatus.APPLIED:  # a rollback that was itself undone has undone nothing
                undone = select(runs.c.undoes).where(runs.c.id == run_id).scalar_subquery()
                connection.execute(update(runs).where(runs.c.id == undone).values(undone_by=run_id))
            connection.execute(_FORGET_SERVED)
            _record(connection, after)

    def replace(self, lock: Lock, objects: Mapping[Address, Recorded | None], event: Event) -> None:
        with self._writing(lock) as connection:
            _record(connection, objects)
            connection.execute(insert(history), rows.event_row(event))

    # The lock

    @contextmanager
    def lock(self, purpose: str, timeout_s: float) -> Iterator[Lock]:
        latch = self._database.latch()
        try:
            with self._database.place.translated():
                held = self._acquire(latch, self._holder(purpose), timeout_s)
            yield held
        finally:
            self._drop(latch)

    def unlock(self, lock_id: str, event: Event) -> str:
        if not self._database.exists():
            raise _not_held(lock_id)
        latch = self._database.latch()
        try:
            with self._database.writing() as connection:
                connection.execute(_FENCE)  # from here on nobody can enter
                other = latch.take(self._holder("unlock"))
                if other.id != lock_id or other == STARTING:
                    raise _not_held(lock_id)
                connection.execute(_RAISE_FENCE)
                connection.execute(insert(history), rows.event_row(event))
                latch.wrest(other)
        finally:
            self._drop(latch)
        return str(other)

    def _acquire(self, latch: Latch, mine: Holder, timeout_s: float) -> Held:
        deadline = time.monotonic() + timeout_s
        while True:
            other = latch.take(mine)
            if other == mine:
                held = self._enter(latch, mine)
                if held is not None:
                    return held
                latch.drop()
                continue
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise LockHeld(str(other), other.id)
            time.sleep(min(left_s, _POLL_S * random.uniform(0.5, 1.5)))

    def _enter(self, latch: Latch, mine: Holder) -> Held | None:
        """Returns the lock with its fence raised, or None if it was wrested since it was taken."""
        if not self._database.exists():
            self._database.create()
        with self._database.writing() as connection:
            fence: int = connection.execute(_FENCE).scalar_one()
            if not latch.enter(mine):
                return None
            connection.execute(_RAISE_FENCE)
        return Held(mine.id, fence + 1)

    def _drop(self, latch: Latch) -> None:
        with self._database.place.translated():
            latch.drop()

    def _holder(self, purpose: str) -> Holder:
        return Holder(
            id=uuid.uuid4().hex[:8],
            who=self._by,
            host=socket.gethostname(),
            pid=os.getpid(),
            purpose=purpose,
            since=self._now(),
        )

    # What all of them use

    def _all(self, query: Select[Any]) -> Sequence[Row[Any]]:
        if not self._database.exists():
            return ()
        with self._database.reading() as connection:
            return connection.execute(query).all()

    def _first(self, query: Select[Any]) -> Row[Any] | None:
        return next(iter(self._all(query.limit(1))), None)

    @contextmanager
    def _writing(self, lock: Lock) -> Iterator[Connection]:
        """Opens a transaction that no other holder can get between: the head's row is locked."""
        with self._database.writing() as connection:
            if connection.execute(_FENCE).scalar() != lock.fence:
                raise FenceLost(
                    "another process took the lock meanwhile; nothing was written",
                    mend="see `apexplan history`, then resume or roll back the run that waits",
                )
            yield connection

    def _append(self, connection: Connection, run_id: str, entries: Sequence[Entry]) -> None:
        if entries:
            connection.execute(_APPEND, rows.entry_rows(run_id, entries, self._now()))

    def _now(self) -> str:
        return rows.rfc3339(self._clock())


def _change_run(connection: Connection, run_id: str, **values: str) -> None:
    changed = connection.execute(update(runs).where(runs.c.id == run_id), values)
    if not changed.rowcount:
        raise _no_run(run_id)


def _record(connection: Connection, changed: Mapping[Address, Recorded | None]) -> None:
    connection.execute(_RAISE_SERIAL)
    if changed:
        connection.execute(_REMOVE, [{"gone": str(address)} for address in changed])
    kept = [rows.object_row(recorded) for recorded in changed.values() if recorded is not None]
    if kept:
        connection.execute(insert(objects), kept)


def _no_run(run_id: str) -> StateError:
    return StateError(f"the state has no run {run_id!r}", mend="`apexplan history` lists the runs")


def _not_held(lock_id: str) -> StateError:
    return StateError(
        f"no lock {lock_id!r} is held",
        mend="nothing needs to be unlocked, or the id is another: the refused command names it",
    )
