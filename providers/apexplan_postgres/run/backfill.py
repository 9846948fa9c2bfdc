"""UPDATE in batches: block range by block range, each its own transaction.

Ranges of blocks need no key, of whatever type, and read the table once from front to end (TID
range scans, PostgreSQL 14). A row that somebody updates meanwhile moves and may be missed, so the
passes are repeated until one finds nothing to do. A stop or a crash loses nothing: what is filled
is not filled again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

from apexplan.model.errors import Interrupted
from apexplan.model.plan import Step
from apexplan.provider import Outcome, Watch
from apexplan_postgres.errors import translated
from apexplan_postgres.names import last
from apexplan_postgres.run import ledger
from apexplan_postgres.run.connections import Connections, execute

if TYPE_CHECKING:
    from psycopg import Connection

BATCH_ROWS: Final = 1000
"""So many rows, about, are locked by one transaction."""
ROW_WAIT_S: Final = 5
"""How long a batch waits for a row that somebody holds; it keeps others from its own rows meanwhile."""
_PASSES: Final = 10
"""Rows that are still left after so many were written as NULL on purpose, again and again."""

# A partitioned table has no blocks of its own: one range means that range of each partition.
_EXTENT: Final = """
SELECT coalesce(max(pg_relation_size(t.relid)), pg_relation_size(%(table)s::regclass))
         / current_setting('block_size')::bigint AS blocks,
       (SELECT reltuples / nullif(relpages, 0) FROM pg_class WHERE oid = %(table)s::regclass) AS density
FROM pg_partition_tree(%(table)s::regclass) t
"""


def run(connections: Connections, step: Step, watch: Watch) -> None:
    """Fills what is not filled yet. Raises Interrupted after the batch during which a stop was
    asked for."""
    if probe(connections, step) is Outcome.DONE:
        return
    with translated(connections.store, step.address), closing(connections.fresh()) as own:
        own.execute("SELECT set_config('lock_timeout', %s, false)", [f"{ROW_WAIT_S}s"])
        for _ in range(_PASSES):
            if not _pass(own, step, watch):
                break
        if step.args["once"]:
            ledger.ensure(own, connections.store)
            note = _note(own, step)
            if not ledger.has_unit(own, note):
                ledger.note_unit(own, note)


def probe(connections: Connections, step: Step) -> Outcome:
    """Returns DONE if no row is left, or if all rows that were there had their turn."""
    with translated(connections.store, step.address, sent=False):
        connection = connections.read()
        if step.args["once"] and ledger.has_unit(connection, _note(connection, step)):
            return Outcome.DONE
        left = f"SELECT 1 FROM {step.args['table']} WHERE {step.args['where']} LIMIT 1"  # noqa: S608  quoted
        row = connection.execute(left.encode(), binary=True).fetchone()
        return Outcome.DONE if row is None else Outcome.NOT_DONE


def _pass(own: Connection[Any], step: Step, watch: Watch) -> int:
    """Goes through the table once; returns how many rows were written."""
    row = own.execute(_EXTENT, {"table": step.args["table"]}).fetchone()
    assert row is not None
    blocks, density = int(row[0]), row[1]
    written = 0
    for start, end in _ranges(blocks, density):
        bounds = f" AND ctid >= '({start},0)'::tid AND ctid < '({end},0)'::tid"
        written += execute(own, step.statements[0] + bounds)
        watch.progress(min(end, blocks), blocks, "blocks", "filling")
        if watch.stopping():
            raise Interrupted(f"stopped after {min(end, blocks)} of {blocks} blocks of {step.args['table']}")
    return written


def _ranges(blocks: int, density: float | None) -> Iterator[tuple[int, int]]:
    """Splits the blocks so that a range holds about BATCH_ROWS rows; `density` in rows a block."""
    width = max(1, int(BATCH_ROWS / density)) if density and density > 0 else 16
    for start in range(0, blocks, width):
        yield start, start + width


def _note(connection: Connection[Any], step: Step) -> str:
    """The ledger's word for: the rows of this very column had their turn. A column that is dropped
    and added again has another number."""
    query = "SELECT attrelid, attnum FROM pg_attribute WHERE attrelid = %s::regclass AND attname = %s"
    row = connection.execute(query, [step.args["table"], step.args["column"]]).fetchone()
    return f"filled {last(step.address)} {row}"
