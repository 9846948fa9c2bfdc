"""Runs a script, takes it back, or only marks it: verbs `migrate`, `migrate back`, `mark`, `unmark`.

    statements   S S S   A   S S        S: in a transaction with its neighbours   A: outside of any
    commits         1    2    3         each with `statements_done` of the ledger's row

A script without A is one transaction together with its row: it has happened, or it has not. With A
it may stop between two commits. Then the step is PARTIAL: running it again goes on at the first
statement that the row does not have, and the inverse runs the rollback script from its beginning.
The row is written before A, so that a crash in it leaves a trace; nobody can tell then whether A
took effect, and it is run again: it must be repeatable. Of an index, what was built by half is
dropped before.

Scripts run on a connection of their own, so that what one sets does not outlive it, and one at a
time in a database: a backend whose client died may be at work for another second. lock_timeout
holds in transactions as for every step; a statement_timeout of the role does not, since scripts
may move data.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import psycopg

from apexplan.migrations.script import Way
from apexplan.migrations.steps import MARK, MIGRATE, MIGRATE_BACK, UNMARK
from apexplan.model.errors import Interrupted, StoreError, Transient
from apexplan.model.plan import Step
from apexplan.provider import Outcome, Watch
from apexplan_postgres.errors import translate, translated
from apexplan_postgres.run import ledger, migration_ledger
from apexplan_postgres.run.concurrent import WAIT_S
from apexplan_postgres.run.connections import Connections, execute, notice_lost_client
from apexplan_postgres.run.halfbuilt import drop_half_built
from apexplan_postgres.run.migration_ledger import Row, State
from apexplan_postgres.run.progress import followed
from apexplan_postgres.run.transaction import stoppable

if TYPE_CHECKING:
    from psycopg import Connection

_LOCK: Final = 0x61706578  # "apex"
"""The advisory lock of whoever runs scripts in this database; it dies with its connection."""


def run(connections: Connections, step: Step, watch: Watch) -> None:
    """Brings the script to where the verb says, from wherever an earlier attempt left it."""
    with translated(connections.store, step.address):
        ledger.ensure(connections.read(), connections.store)
        with closing(connections.fresh()) as own:
            _prepare(own, connections.store)
            work = _Work(connections, own, step, watch)
            row = migration_ledger.row(own, step)
            _refuse_other(row, work)
            _VERBS[step.verb](work, row)


def probe(connections: Connections, step: Step) -> Outcome:
    """Returns what the ledger says of the step."""
    with translated(connections.store, step.address, sent=False):
        row = migration_ledger.row(connections.read(), step)
    if row is None:
        return Outcome.NOT_DONE if step.verb in (MIGRATE, MARK) else Outcome.DONE
    if not row.is_of(step):
        return Outcome.UNKNOWN
    if step.verb in (MIGRATE, MARK):
        return Outcome.DONE if row.finished else Outcome.PARTIAL
    return Outcome.PARTIAL if row.state is State.GOING_BACK else Outcome.NOT_DONE


def _prepare(own: Connection[Any], store: str) -> None:
    migration_ledger.ensure(own)
    own.execute("SELECT set_config('statement_timeout', '0', false)")
    notice_lost_client(own)
    # Tried, never waited for: a session that waits in a query holds up CREATE INDEX CONCURRENTLY.
    row = own.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK]).fetchone()
    if row is None or not row[0]:
        text = "another session is running scripts in this database"
        raise Transient(text, store=store, mend="wait until it has ended")


def _refuse_other(row: Row | None, work: _Work) -> None:
    if row is not None and not row.is_of(work.step):
        raise StoreError(
            f"the ledger has version {work.step.args['version']} as {row.name}, checksum {row.checksum[:8]}",
            store=work.connections.store,
            address=work.step.address,
            mend="`apexplan migrate status` compares files and ledger; then plan again",
        )


def _refuse_out_of_order(work: _Work) -> None:
    """Raises where a later script stands in the ledger, from another state or since the plan was made."""
    if later := migration_ledger.later(work.own, work.step):
        raise StoreError(
            f"{later} was applied already: scripts run lowest version first, and go back highest first",
            store=work.connections.store,
            address=work.step.address,
            mend="`apexplan migrate status` compares files and ledger; then plan again",
        )


@dataclass(slots=True)
class _Work:
    """One step at work on a connection of its own."""

    connections: Connections
    own: Connection[Any]
    step: Step
    watch: Watch
    _since: float = field(default_factory=time.monotonic)

    def note(self, state: State, done: int) -> None:
        """Writes how far the script is, with the time that went by since the last note."""
        now = time.monotonic()
        ms, self._since = round((now - self._since) * 1000), now
        migration_ledger.put(self.own, self.step, state, done, ms, self.connections.claim)

    def forget(self) -> None:
        migration_ledger.remove(self.own, self.step)

    def execute(self, index: int) -> None:
        with self._placed(index):
            execute(self.own, self.step.statements[index])
        self.watch.progress(index + 1, len(self.step.statements), "statements")

    @contextmanager
    def _placed(self, index: int) -> Iterator[None]:
        """Says of an error at which statement and line of the file it happened."""
        try:
            yield
        except psycopg.errors.QueryCanceled:
            raise
        except psycopg.Error as error:
            found = translate(error, store=self.connections.store, address=self.step.address, sent=True)
            line = self.step.args["statements"][index][0] + _lines_before(error, self.step.statements[index])
            found.text = f"statement {index + 1} at line {line}: {found.text}"
            if found.code.startswith("42") and type(found) is StoreError:
                found.mend = "correct the script, then apply again"
            raise found from error


def _lines_before(error: psycopg.Error, text: str) -> int:
    """Returns how many lines below the statement's first one the server found the error."""
    position = error.diag.statement_position
    return text.count("\n", 0, int(position) - 1) if position else 0


# ------------------------------------------------------------------------ the verbs


def _migrate(work: _Work, row: Row | None) -> None:
    if row is not None and row.finished:
        return
    _refuse_out_of_order(work)
    done = row.statements_done if row is not None and row.state is State.RUNNING else 0
    count = len(work.step.statements)
    _carry_out(work, State.RUNNING, done, partial(work.note, State.APPLIED, count))


def _migrate_back(work: _Work, row: Row | None) -> None:
    if row is None:
        return
    _refuse_out_of_order(work)
    done = row.statements_done if row.state is State.GOING_BACK else 0
    _carry_out(work, State.GOING_BACK, done, work.forget)


def _mark(work: _Work, row: Row | None) -> None:
    if row is None:
        work.note(State.MARKED, 0)


def _unmark(work: _Work, row: Row | None) -> None:
    if row is not None and row.state is State.MARKED:
        work.forget()


_VERBS: Final[dict[str, Callable[[_Work, Row | None], None]]] = {
    MIGRATE: _migrate,
    MIGRATE_BACK: _migrate_back,
    MARK: _mark,
    UNMARK: _unmark,
}


# ----------------------------------------------------------------------- statements


def _carry_out(work: _Work, begun: State, done: int, finish: Callable[[], None]) -> None:
    """Runs what is left after `done` statements, commit by commit. `finish` writes the last note."""
    count = len(work.step.statements)
    for start, end, alone in batches([way for _, _, way, _ in work.step.args["statements"]], done):
        if work.watch.stopping():
            raise Interrupted(f"stopped after {start} of {count} statements")
        note = finish if end == count else partial(work.note, begun, end)
        if alone:
            _outside(work, begun, start, note)
        else:
            _together(work, range(start, end), note)


def batches(ways: list[str], done: int) -> Iterator[tuple[int, int, bool]]:
    """Yields what is committed at once, as first statement, end, and whether it is outside of any
    transaction. The first `done` statements are left out."""
    start = done
    while start < len(ways):
        end = start + 1
        while ways[start] == Way.SHARED and end < len(ways) and ways[end] == Way.SHARED:
            end += 1
        yield start, end, ways[start] == Way.AUTO
        start = end


def _together(work: _Work, indexes: range, note: Callable[[], None]) -> None:
    with (
        followed(work.connections, work.own, work.watch, cancels=True),
        stoppable(work.watch),
        work.own.transaction(),
    ):
        for index in indexes:
            work.execute(index)
        note()


def _outside(work: _Work, begun: State, index: int, note: Callable[[], None]) -> None:
    work.note(begun, index)
    try:
        # Not cancelled by a stop: nobody could tell what it leaves.
        with followed(work.connections, work.own, work.watch, cancels=False), _patient(work.own):
            drop_half_built(work.own, work.step.statements[index])
            work.execute(index)
    except StoreError as error:
        if index == 0 and begun is State.RUNNING and error.code.startswith("42"):
            # Refused before it began, as a misspelt name is: there is nothing to take back.
            with suppress(psycopg.Error):
                work.forget()
        raise
    note()


@contextmanager
def _patient(own: Connection[Any]) -> Iterator[None]:
    """Lets statements wait for older transactions, as those that are CONCURRENTLY do by design."""
    row = own.execute("SELECT current_setting('lock_timeout')").fetchone()
    own.execute("SELECT set_config('lock_timeout', %s, false)", [f"{WAIT_S}s"])
    try:
        yield
    finally:
        if row is not None and not own.closed:
            own.execute("SELECT set_config('lock_timeout', %s, false)", [row[0]])
