"""The ledger's entry of one migration while it changes: a `:SchemaVersion` node.

    (nothing) ──▶ running, statements_done n ──▶ applied
    applied, running ──▶ taking back, statements_done n ──▶ (nothing)

Data statements commit together with the entry. A schema statement cannot; there the revision marker
proves what was committed, and the entry follows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from apexplan.model.plan import Step
from apexplan_neo4j.connection import Graph, Tx
from apexplan_neo4j.read.ledger import APPLIED, LABEL

_NODE: Final = f"(v:{LABEL} {{version: $version, name: $name}})"
_ENTRY: Final = f"MATCH {_NODE} WHERE v.checksum IS NOT NULL AND v.state IS NOT NULL"
"""Another tool may have a node of this label, version and name: it has no checksum and no state."""
_FIND: Final = (
    f"{_ENTRY} RETURN v.state AS state, v.checksum AS checksum, v.statements_done AS done, "
    "v.baseline AS baseline"
)
_CHANGE: Final = f"{_ENTRY} SET v += $values, v.duration_ms = v.duration_ms + $spent_ms RETURN v.version"
_BEGIN: Final = f"CREATE {_NODE} SET v += $values, v.duration_ms = $spent_ms"
_FINISH: Final = f"{_ENTRY} SET v.applied_at = datetime.realtime('Z')"
_MARK: Final = f"{_ENTRY} SET v.baseline = true"
_REMOVE: Final = f"{_ENTRY} DELETE v"


@dataclass(frozen=True, slots=True)
class Entry:
    """What the ledger has of a migration."""

    state: str
    checksum: str
    done: int = 0
    baseline: bool = False


@dataclass(frozen=True, slots=True)
class Signature:
    """In whose name the ledger is written."""

    run: str
    by: str


def find(graph: Graph, step: Step) -> Entry | None:
    """Returns the entry of the migration of `step`, or None. Reads."""
    rows = graph.rows(_FIND, _key(step))
    if not rows:
        return None
    row = rows[0]
    return Entry(row["state"], row["checksum"], row["done"] or 0, bool(row["baseline"]))


def write(tx: Tx, step: Step, state: str, done: int, signature: Signature, spent_ms: int) -> None:
    """Sets how far a migration is. `spent_ms` is added to its duration."""
    values: dict[str, Any] = {
        "state": state,
        "statements_done": done,
        "checksum": step.args["checksum"],
        "rollback_checksum": step.args["rollback_checksum"],
        "irreversible": step.args.get("irreversible"),
        "run": signature.run,
        "by": signature.by,
    }
    parameters = {**_key(step), "values": values, "spent_ms": spent_ms}
    if not tx.rows(_CHANGE, parameters):
        tx.rows(_BEGIN, parameters)
    if state == APPLIED:
        tx.rows(_FINISH, _key(step))


def mark(tx: Tx, step: Step, signature: Signature) -> None:
    """Writes the entry of a migration that somebody carried out by hand."""
    write(tx, step, APPLIED, 0, signature, 0)
    tx.rows(_MARK, _key(step))


def remove(tx: Tx, step: Step) -> None:
    """Takes the entry away."""
    tx.rows(_REMOVE, _key(step))


def _key(step: Step) -> dict[str, Any]:
    return {"version": step.args["version"], "name": step.args["name"]}
