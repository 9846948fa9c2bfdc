"""A group of steps in one transaction, which notes itself in the ledger: the note is the proof.

The session's lock_timeout holds for every statement, so nobody waits longer than that behind us; a
step that only VALIDATEs says in its `args` that it may wait longer, since nobody waits behind it.
A time-out or deadlock rolls everything back and is Transient: the engine tries again. A stop that is
asked for rolls back as well: a validation or a rewrite may have hours to go.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg

from apexplan.model.errors import Interrupted
from apexplan.model.plan import Step
from apexplan.provider import Outcome, Watch
from apexplan_postgres.errors import translated
from apexplan_postgres.run import ledger
from apexplan_postgres.run.connections import Connections, execute, notice_lost_client
from apexplan_postgres.run.progress import followed

if TYPE_CHECKING:
    from psycopg import Connection


def run_group(connections: Connections, unit: str, steps: Sequence[Step], watch: Watch) -> None:
    """Runs all statements of `steps` and notes `unit`, or does nothing at all."""
    connection = connections.read()
    with translated(connections.store):
        ledger.ensure(connection, connections.store)
        if ledger.has_unit(connection, unit):
            return
        notice_lost_client(connection)
        with followed(connections, connection, watch, cancels=True), connection.transaction():
            for step in steps:
                with translated(connections.store, step.address), stoppable(watch):
                    _run(connection, step)
            ledger.note_unit(connection, unit)


def _run(connection: Connection[Any], step: Step) -> None:
    if (wait_s := step.args.get("lock_wait_s")) is not None:
        connection.execute("SELECT set_config('lock_timeout', %s, true)", [f"{wait_s}s"])
    for statement in step.statements:
        execute(connection, statement)
    ledger.account(connection, step.args)


@contextmanager
def stoppable(watch: Watch) -> Iterator[None]:
    """Turns the cancellation that was asked for into Interrupted."""
    try:
        yield
    except psycopg.errors.QueryCanceled as error:
        if watch.stopping():
            raise Interrupted("stopped; the transaction was rolled back") from error
        raise


def probe_group(connections: Connections, unit: str, steps: Sequence[Step]) -> Outcome:
    """Returns DONE if the transaction of `unit` was committed, else NOT_DONE. Never writes."""
    connection = connections.read()
    with translated(connections.store, sent=False):
        return Outcome.DONE if ledger.has_unit(connection, unit) else Outcome.NOT_DONE
