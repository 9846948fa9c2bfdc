"""The table `apexplan.migration`: one row a script, made by the first script that runs.

    applied      all of it ran
    marked       somebody said that it is applied; nothing ran
    running      begun; `statements_done` of its statements are committed
    going back   its rollback script is begun; `statements_done` counts that one's statements

A script that was taken back has no row.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from apexplan.model.plan import Step
from apexplan_postgres.run.connections import Claim

if TYPE_CHECKING:
    from psycopg import Connection

_TABLE: Final = """
CREATE TABLE IF NOT EXISTS apexplan.migration (
  version text PRIMARY KEY,
  name text NOT NULL,
  checksum text NOT NULL,
  rollback_checksum text,
  state text NOT NULL,
  statements_done integer NOT NULL,
  applied_at timestamptz NOT NULL,
  duration_ms bigint NOT NULL,
  "by" text NOT NULL,
  run text NOT NULL
)
"""

_ROW: Final = "SELECT name, checksum, state, statements_done FROM apexplan.migration WHERE version = %s"

_PUT: Final = """
INSERT INTO apexplan.migration AS m
  (version, name, checksum, rollback_checksum, state, statements_done, applied_at, duration_ms, "by", run)
VALUES (%(version)s, %(name)s, %(checksum)s, %(rollback_checksum)s, %(state)s, %(done)s, clock_timestamp(),
  %(ms)s, %(by)s, %(run)s)
ON CONFLICT (version) DO UPDATE SET state = excluded.state, statements_done = excluded.statements_done,
  applied_at = excluded.applied_at, duration_ms = m.duration_ms + excluded.duration_ms,
  "by" = excluded."by", run = excluded.run
"""

_LATER: Final = """
SELECT version || '_' || name FROM apexplan.migration WHERE version::numeric > %s::numeric
ORDER BY version::numeric LIMIT 1
"""

_REMOVE: Final = "DELETE FROM apexplan.migration WHERE version = %s"


class State(StrEnum):
    """How far a script is."""

    APPLIED = "applied"
    MARKED = "marked"
    RUNNING = "running"
    GOING_BACK = "going back"


@dataclass(frozen=True, slots=True)
class Row:
    """What the ledger says of one version."""

    name: str
    checksum: str
    state: State
    statements_done: int

    @property
    def finished(self) -> bool:
        """True for a script that counts as applied."""
        return self.state in (State.APPLIED, State.MARKED)

    def is_of(self, step: Step) -> bool:
        """True if the row is about the very script of `step`."""
        return (self.name, self.checksum) == (step.args["name"], step.args["checksum"])


def ensure(connection: Connection[Any]) -> None:
    """Makes the table where it is missing; its schema is there."""
    if not _is_there(connection):
        connection.execute(_TABLE)


def _is_there(connection: Connection[Any]) -> bool:
    there = connection.execute("SELECT to_regclass('apexplan.migration') IS NOT NULL").fetchone()
    return there is not None and bool(there[0])


def row(connection: Connection[Any], step: Step) -> Row | None:
    """Returns the row of the step's version, or None. Never writes."""
    if not _is_there(connection):
        return None
    found = connection.execute(_ROW, [step.args["version"]]).fetchone()
    return Row(found[0], found[1], State(found[2]), found[3]) if found else None


def later(connection: Connection[Any], step: Step) -> str | None:
    """Returns the name of the next script above the step's version that the ledger has, or None."""
    found = connection.execute(_LATER, [step.args["version"]]).fetchone()
    return found[0] if found else None


def put(connection: Connection[Any], step: Step, state: State, done: int, ms: int, claim: Claim) -> None:
    """Writes how far the script is; `ms` more were spent on it, in the name of `claim`."""
    values = {name: step.args[name] for name in ("version", "name", "checksum", "rollback_checksum")}
    told = {"state": str(state), "done": done, "ms": ms, "by": claim.by, "run": claim.run}
    connection.execute(_PUT, {**values, **told})


def remove(connection: Connection[Any], step: Step) -> None:
    """Takes the row away."""
    connection.execute(_REMOVE, [step.args["version"]])
