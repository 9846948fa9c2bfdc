"""Tells how far a statement on another connection is, and cancels it when a stop is asked for.

A courtesy: where it cannot look, it is silent, and the statement goes on.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

import psycopg

from apexplan.model.errors import StoreError
from apexplan.provider import Watch
from apexplan_postgres.run.connections import Connections

if TYPE_CHECKING:
    from psycopg import Connection

_EVERY_S: Final = 0.5

# Tuples are counted while entries are loaded, blocks while the table is scanned.
_PROGRESS: Final = """
SELECT phase, tuples_done, tuples_total, blocks_done, blocks_total
FROM pg_stat_progress_create_index WHERE pid = %s
"""


@contextmanager
def followed(connections: Connections, working: Connection[Any], watch: Watch) -> Iterator[None]:
    """Follows, in a thread, what `working` does inside the block."""
    ended = threading.Event()
    thread = threading.Thread(target=_follow, args=(connections, working, watch, ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _follow(connections: Connections, working: Connection[Any], watch: Watch, ended: threading.Event) -> None:
    # Most statements end before the first look: no connection is opened for them.
    if ended.wait(_EVERY_S):
        return
    with suppress(psycopg.Error, StoreError), closing(connections.fresh()) as own:
        while not ended.wait(_EVERY_S):
            _tell(own, working.info.backend_pid, watch)
            if watch.stopping():
                working.cancel_safe()


def _tell(own: Connection[Any], pid: int, watch: Watch) -> None:
    row = own.execute(_PROGRESS, [pid]).fetchone()
    if row is None:
        return
    phase, tuples, all_tuples, blocks, all_blocks = row
    if all_tuples:
        watch.progress(tuples, all_tuples, "rows", phase)
    elif all_blocks:
        watch.progress(blocks, all_blocks, "blocks", phase)
    else:
        watch.progress(0, None, "blocks", phase)
