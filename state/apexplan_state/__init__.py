"""The durable state: what is owned, what was run, who may write. On SQLite or PostgreSQL.

Importing this package imports no database library; `open_state` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from datetime import datetime

    from apexplan.engine.ports import StateStore

__all__ = ["open_state"]


def open_state(url: str, *, clock: Callable[[], datetime], by: str) -> AbstractContextManager[StateStore]:
    """Opens the state at `url` (`sqlite:///…` or `postgresql://…`) for the length of a `with` block.

    Writes nothing: the database is made by the first `lock`, until then the state is empty.
    `clock` gives the times that are written down, `by` names who writes; no time decides anything.
    """
    from apexplan_state.store import opened

    return opened(url, clock=clock, by=by)
