"""CREATE, DROP and REINDEX INDEX CONCURRENTLY: outside of any transaction, on a connection of their own.

What an interrupted one leaves is known by its definition: an invalid index that is otherwise as
the step wants it can only be half a build, or half a drop. It is dropped, and built again.

The connection notices within a second that its client is gone, so that a crash does not leave a
backend at work for hours. A second connection follows the progress. When asked to stop, it cancels
a build, which may have hours to go, and what the build left is taken away; a drop, which only waits
for those who use the index, is finished.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Final

import psycopg

from apexplan.model.address import Address
from apexplan.model.errors import Interrupted, StoreError
from apexplan.model.plan import Step
from apexplan.model.spec import canonical
from apexplan.provider import Outcome, Watch
from apexplan_postgres import ddl
from apexplan_postgres.errors import translated
from apexplan_postgres.names import sql_name
from apexplan_postgres.run import ledger
from apexplan_postgres.run.connections import Connections, execute, notice_lost_client
from apexplan_postgres.run.look import Seen, is_as, leftovers, look
from apexplan_postgres.run.progress import followed
from apexplan_postgres.specs import Index

if TYPE_CHECKING:
    from psycopg import Connection

WAIT_S: Final = 600
"""How long CONCURRENTLY may wait for transactions that began before it. It blocks nobody while it
waits, and giving up costs the whole build."""
LEAVING_S: Final = 10
"""The same for taking away what a stopped build left: somebody waits for the command to end."""

_DROP: Final = "DROP INDEX CONC"
_LONG: Final = ("CREATE INDEX CONC", "CREATE UNIQUE INDEX CONC", _DROP, "REINDEX INDEX CONC")


def run(connections: Connections, step: Step, watch: Watch) -> None:
    """Runs the step from wherever an earlier attempt left it."""
    with translated(connections.store, step.address):
        address, connection = _index(step), connections.read()
        seen = look(connection, address)
        outcome = _outcome(connection, step, seen)
        if outcome is Outcome.UNKNOWN:
            raise StoreError(
                "something else has this name, or the index is not as it was planned for",
                store=connections.store,
                address=address,
                mend="look at it, then plan again",
            )
        if outcome is Outcome.DONE:
            return
        with closing(connections.fresh()) as own:
            notice_lost_client(own)
            with _stoppable(own, step, watch):
                for statement in list(_left_to_run(step, address, seen)):
                    with followed(connections, own, watch, cancels=_DROP not in statement):
                        _execute(own, statement)
        if step.verb == "reindex":
            ledger.ensure(connection, connections.store)
            _note_built(connection, step, address)


def probe(connections: Connections, step: Step) -> Outcome:
    """Returns what the index says of the step: its definition, validity and, where parameters were
    built in, whether this very file was built with them."""
    with translated(connections.store, step.address, sent=False):
        connection = connections.read()
        return _outcome(connection, step, look(connection, _index(step)))


# ------------------------------------------------------------------ what there is


def _index(step: Step) -> Address:
    return Address.parse(step.args["index"])


def _outcome(connection: Connection[Any], step: Step, seen: Seen) -> Outcome:
    return _OUTCOMES[step.verb](connection, step, seen)


def _of_build(connection: Connection[Any], step: Step, seen: Seen) -> Outcome:
    if seen.absent:
        return Outcome.NOT_DONE
    expected = Index.model_validate(step.args["values"])
    if seen.index is None or not is_as(connection, _index(step), expected, seen):
        return Outcome.UNKNOWN
    commented = expected.comment is None or expected.comment == seen.index.comment
    return Outcome.DONE if seen.index.valid and commented else Outcome.PARTIAL


def _of_drop(connection: Connection[Any], step: Step, seen: Seen) -> Outcome:
    if seen.absent:
        return Outcome.DONE
    expected = Index.model_validate(step.args["values"])
    if seen.index is None or not is_as(connection, _index(step), expected, seen):
        return Outcome.UNKNOWN
    return Outcome.NOT_DONE if seen.index.valid else Outcome.PARTIAL


def _of_reindex(connection: Connection[Any], step: Step, seen: Seen) -> Outcome:
    if seen.index is None:
        return Outcome.UNKNOWN
    before, after = step.args["before"], step.args["after"]
    parameters = {name: getattr(seen.index, name) for name in after}
    if parameters == after:
        built = seen.index.valid and ledger.has_unit(connection, _built(step, _index(step), seen))
        return Outcome.DONE if built else Outcome.PARTIAL
    if parameters != before:
        return Outcome.UNKNOWN
    return Outcome.PARTIAL if leftovers(_index(step), seen) else Outcome.NOT_DONE


def _of_repair(connection: Connection[Any], step: Step, seen: Seen) -> Outcome:
    if seen.index is None:
        return Outcome.UNKNOWN
    return Outcome.DONE if seen.index.valid else Outcome.NOT_DONE


_OUTCOMES: Final[dict[str, Callable[[Connection[Any], Step, Seen], Outcome]]] = {
    "build": _of_build,
    "drop": _of_drop,
    "reindex": _of_reindex,
    "repair": _of_repair,
}


def _built(step: Step, address: Address, seen: Seen) -> str:
    """The ledger's word for: this file was built with these parameters. The catalogue only says
    what the next build would use."""
    return f"built {address} {seen.file} {canonical(step.args['after'])}"


def _note_built(connection: Connection[Any], step: Step, address: Address) -> None:
    note = _built(step, address, look(connection, address))
    if not ledger.has_unit(connection, note):
        ledger.note_unit(connection, note)


# ------------------------------------------------------------------ running


def _left_to_run(step: Step, address: Address, seen: Seen) -> Iterator[str]:
    """The statements that are left: a valid index is not built again, a half one goes first."""
    for other in leftovers(address, seen):
        yield ddl.drop_index(other, concurrently=True)
    built = step.verb == "build" and seen.index is not None
    if built and seen.index is not None and not seen.index.valid:
        yield ddl.drop_index(address, concurrently=True)
        built = False
    for statement in step.statements:
        if not (built and statement.startswith(_LONG)):
            yield statement


def _execute(own: Connection[Any], statement: str) -> None:
    if not statement.startswith(_LONG):
        execute(own, statement)
        return
    short = own.execute("SHOW lock_timeout").fetchone()
    assert short is not None
    _set_lock_timeout(own, f"{WAIT_S}s")
    execute(own, statement)
    _set_lock_timeout(own, short[0])


def _set_lock_timeout(own: Connection[Any], value: str) -> None:
    own.execute("SELECT set_config('lock_timeout', %s, false)", [value])


@contextmanager
def _stoppable(own: Connection[Any], step: Step, watch: Watch) -> Iterator[None]:
    """Turns the cancellation that was asked for into Interrupted, once its traces are gone."""
    try:
        yield
    except psycopg.errors.QueryCanceled as error:
        if not watch.stopping():
            raise
        text = f"stopped while the index {_index(step).name} was built"
        try:
            _leave_no_trace(own, step)
        except psycopg.errors.LockNotAvailable:
            text += "; others use the table, so half of it is left until `resume` or `rollback`"
        raise Interrupted(text) from error


def _leave_no_trace(own: Connection[Any], step: Step) -> None:
    """Takes away what a cancelled build left: an invalid index, parameters for which nothing was built."""
    address = _index(step)
    seen = look(own, address)
    _set_lock_timeout(own, f"{LEAVING_S}s")
    for other in leftovers(address, seen):
        execute(own, ddl.drop_index(other, concurrently=True))
    if step.verb == "build" and seen.index is not None and not seen.index.valid:
        execute(own, ddl.drop_index(address, concurrently=True))
    if step.verb == "reindex":
        before, after = step.args["before"], step.args["after"]
        former = {name: ddl.parameter(value) for name, value in before.items() if value != after[name]}
        for statement in ddl.set_options(f"ALTER INDEX {sql_name(address)}", former):
            execute(own, statement)
