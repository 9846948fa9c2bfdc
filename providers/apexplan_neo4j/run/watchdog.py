"""Ends a schema transaction of ours that waits on somebody's open transaction, and says on whose.

Neither the transaction's time-out nor the server's settings end such a wait, and everybody who comes
later waits behind it (measured on 5.26.12). So a thread looks at SHOW TRANSACTIONS while a
transaction of ours is open. It terminates that one alone, never anybody else's.

    ours: status "Blocked by: [neo4j-transaction-294]", waiting longer than allowed ──▶ TERMINATE ours

The same thread tells how far a constraint's index is, and ends the transaction when a stop was
asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Final

from apexplan.model.errors import Interrupted, StoreError, Transient
from apexplan.provider import Watch
from apexplan_neo4j.connection import METADATA_KEY, Graph, Row, Tx
from apexplan_neo4j.errors import translated

_POLL_S: Final = 0.1
_SHOW: Final = "SHOW TRANSACTIONS YIELD *"
_BLOCKED: Final = re.compile(r"Blocked by: \[(.*)\]")
_LITERAL: Final = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_QUERY_LENGTH: Final = 60


def _nothing() -> None:
    """Looks at nothing."""


@dataclass(slots=True)
class _Verdict:
    """Why the watchdog ended our transaction, if it did."""

    blockers: Sequence[str] = ()
    stopped: bool = False


@dataclass(slots=True)
class _Watchdog:
    graph: Graph
    note: str
    timeout_s: float
    stopping: Callable[[], bool]
    look: Callable[[], None]
    verdict: _Verdict = field(default_factory=_Verdict)
    over: Event = field(default_factory=Event)

    def run(self) -> None:
        while not self.over.wait(_POLL_S):
            with suppress(Exception):  # it only observes: whatever fails here, the main thread learns too
                self._look_once()

    def _look_once(self) -> None:
        if self.stopping():
            rows = self.graph.rows(_SHOW)
            self.verdict.stopped = self._terminate(rows)
            return
        rows = self.graph.rows(_SHOW)
        mine = self._mine(rows)
        if mine is not None and _seconds(mine) > self.timeout_s:
            blocked = _BLOCKED.match(str(mine["status"]))
            if blocked:
                names = {name.strip() for name in blocked[1].split(",")}
                self.verdict.blockers = [_told(row) for row in rows if row["transactionId"] in names] or ["?"]
                self._terminate(rows)
        self.look()

    def _mine(self, rows: Sequence[Row]) -> Row | None:
        return next((r for r in rows if (r["metaData"] or {}).get(METADATA_KEY) == self.note), None)

    def _terminate(self, rows: Sequence[Row]) -> bool:
        mine = self._mine(rows)
        if mine is None:
            return False
        self.graph.rows("TERMINATE TRANSACTIONS $id", {"id": mine["transactionId"]})
        return True


@contextmanager
def watched(
    graph: Graph, note: str, watch: Watch | None = None, look: Callable[[], None] = _nothing
) -> Iterator[Tx]:
    """An explicit transaction under guard, from its beginning to its commit. See `guarded`."""
    with guarded(graph, note, watch, look), graph.transaction(note) as tx:
        yield tx


@contextmanager
def guarded(
    graph: Graph, note: str, watch: Watch | None = None, look: Callable[[], None] = _nothing
) -> Iterator[None]:
    """Guards the open transaction that is called `note`, which must be unique to it. `look` is called
    now and then.

    Raises Transient, naming who holds the lock, where ours had to be ended; Interrupted after a stop
    that was asked for through `watch`; else driver errors as ours.
    """
    stopping = watch.stopping if watch is not None else lambda: False
    dog = _Watchdog(graph, note, graph.settings.lock_timeout_ms / 1000, stopping, look)
    thread = Thread(target=dog.run, name="apexplan-watchdog", daemon=True)
    thread.start()
    try:
        with translated(graph.store):
            yield
    except StoreError as error:
        if dog.verdict.blockers:
            raise _blocked(graph, dog.verdict.blockers) from error
        if dog.verdict.stopped:
            raise Interrupted("the transaction was ended, since a stop was asked for") from error
        raise
    finally:
        dog.over.set()
        thread.join()


def _blocked(graph: Graph, blockers: Sequence[str]) -> Transient:
    return Transient(
        f"waited {graph.settings.lock_timeout_ms} ms for a lock that is held by {'; '.join(blockers)}",
        store=graph.store,
        mend="try again when that transaction has ended, end it (TERMINATE TRANSACTION), "
        "or raise lock_timeout_ms",
    )


def _seconds(row: Row) -> float:
    """Returns how long a transaction has waited for locks, in seconds."""
    waited = row.get("waitTime")
    return waited.seconds + waited.nanoseconds / 1e9 if waited is not None else 0.0


def _told(row: Row) -> str:
    """Returns who holds a lock, without any literal of his query."""
    note = (row["metaData"] or {}).get(METADATA_KEY)
    query = " ".join(_LITERAL.sub("…", str(row.get("currentQuery") or "")).split())[:_QUERY_LENGTH]
    doing = f", apexplan's {note}" if note else f", running {query}" if query else ", idle"
    return (
        f"{row['transactionId']} of user {row['username'] or '?'} from {row['clientAddress'] or '?'}, "
        f"open since {row['startTime']}{doing}"
    )
