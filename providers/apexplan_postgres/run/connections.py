"""What running needs of a session: its pinned connection, and another one like it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import errors

if TYPE_CHECKING:
    from psycopg import Connection


@dataclass(frozen=True, slots=True)
class Claim:
    """In whose name a session works."""

    run: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Connections:
    """Where pinned connections in autocommit mode come from. Opening one raises StoreUnreachable
    and its kin."""

    store: str
    read: Callable[[], Connection[Any]]
    """The session's own connection, opened again where it was lost."""
    fresh: Callable[[], Connection[Any]]
    """A new connection; the caller closes it."""
    claim: Claim = Claim()


def notice_lost_client(connection: Connection[Any]) -> None:
    """Has the backend end within a second of its client's death, and not when its statement is done."""
    # Not every system can tell (manual 20.3.1): there it ends when the statement does.
    with suppress(errors.InvalidParameterValue):
        connection.execute("SET client_connection_check_interval = '1s'")


def execute(connection: Connection[Any], statement: str) -> int:
    """Runs one statement and returns how many rows it touched.

    `binary` is what makes psycopg use the extended protocol, which refuses a second statement: a
    text of a manifest cannot smuggle one in.
    """
    return connection.execute(statement.encode(), binary=True).rowcount
