"""The lock of a database: an open transaction that has written our lock node.

It keeps out every other apply on the database, of whatever project and state, as long as this
session lives. It dies with its session: the lock of a killed holder is free within 20 ms, and no
clock decides anything (measured on 5.26.12). What it cannot hold: someone with cypher-shell, and a
server that ends the transaction (db.transaction.timeout, an administrator, a restart). For that
there is the marker (`run.marker`).

MERGE in a race makes two nodes. So whoever locks writes all nodes that are there, in the order of
their ids: two nodes are two locks that everybody takes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

from apexplan.model.errors import StoreError, Transient
from apexplan_neo4j.connection import Graph, Tx
from apexplan_neo4j.errors import translated
from apexplan_neo4j.run.watchdog import guarded

LABEL: Final = "ApexplanLock"
_ENSURE: Final = f"MERGE (l:{LABEL} {{name: 'apply'}})"
_LOCK: Final = f"MATCH (l:{LABEL}) WITH l ORDER BY elementId(l) SET l.holder = $holder"
_NOTE: Final = "lock of run "


class Lock:
    """The lock of one session. `take` may be called again and again."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._stack = ExitStack()
        self._tx: Tx | None = None

    @property
    def held(self) -> bool:
        """True if the transaction is still open on the server."""
        if self._tx is None:
            return False
        try:
            with translated(self._graph.store, sent=False):
                self._tx.rows("RETURN 1")
        except StoreError:
            self.release()
            return False
        return True

    def take(self, run: str, by: str) -> None:
        """Takes the lock for a run, unless it is held already. Raises Transient, naming the holder."""
        if self.held:
            return
        note = f"{_NOTE}{run} by {by}"
        with translated(self._graph.store):
            self._graph.rows(_ENSURE)
        with ExitStack() as stack, translated(self._graph.store):
            tx = stack.enter_context(self._graph.transaction(note))
            with _patiently(), guarded(self._graph, note):
                tx.rows(_LOCK, {"holder": note})
            self._tx, self._stack = tx, stack.pop_all()

    def release(self) -> None:
        """Ends the transaction; idempotent."""
        self._tx = None
        stack, self._stack = self._stack, ExitStack()
        try:
            stack.close()
        except Exception:  # a lost connection cannot be rolled back, and need not be
            return


@contextmanager
def _patiently() -> Iterator[None]:
    """Advises against what helps with other locks: to end the transaction of whoever holds it."""
    try:
        yield
    except Transient as error:
        error.mend = "try again when that run has ended"
        raise
