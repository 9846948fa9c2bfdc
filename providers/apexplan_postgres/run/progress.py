"""Tells how far a statement on another connection is, and may cancel it when a stop is asked for.

A courtesy: where it cannot look, it is silent, and the statement goes on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
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
def followed(
    connections: Connections, working: Connection[Any], watch: Watch, *, cancels: bool
) -> Iterator[None]:
    """Follows, in a thread, what `working` does inside the block; `cancels` it when asked to stop."""
    ended = threading.Event()
    stop = working.cancel_safe if cancels else None
    thread = threading.Thread(
        target=_follow, args=(connections, working.info.backend_pid, watch, ended, stop), daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _follow(
    connections: Connections,
    pid: int,
    watch: Watch,
    ended: threading.Event,
    stop: Callable[[], None] | None,
) -> None:
    # Most statements end before the first look: no connection is opened for them.
    if ended.wait(_EVERY_S):
        return
    with suppress(psycopg.Error, StoreError), closing(connections.fresh()) as own:
        while not ended.wait(_EVERY_S):
            _tell(own, pid, watch)
            if stop is not None and watch.stopping():
                stop()


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
