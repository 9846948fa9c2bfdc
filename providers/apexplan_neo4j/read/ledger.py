"""The `:SchemaVersion` nodes of a database → applied migrations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from apexplan.migrations.status import begun
from apexplan.model.address import Address
from apexplan.model.plan import Note
from apexplan_neo4j.connection import Graph, Row
from apexplan_neo4j.specs import Migration

LABEL: Final = "SchemaVersion"
APPLIED: Final = "applied"
RUNNING: Final = "running"
TAKING_BACK: Final = "taking back"
_READ: Final = """
MATCH (v:SchemaVersion) WHERE v.checksum IS NOT NULL AND v.state IS NOT NULL
RETURN v.version AS version, v.name AS name, v.checksum AS checksum, v.rollback_checksum AS rollback_checksum,
       v.irreversible AS irreversible, v.state AS state, v.statements_done AS done,
       CASE WHEN v.applied_at IS NOT NULL THEN toString(datetime.truncate('second', v.applied_at)) END
       AS applied_at,
       v.duration_ms AS duration_ms, v.by AS by, v.run AS run, v.baseline AS baseline
ORDER BY v.version
"""


@dataclass(frozen=True, slots=True)
class Applied:
    """What the ledger holds: specs of the migrations that are applied, and what is told of them. `notes`
    are about scripts that were begun and not finished."""

    specs: Mapping[Address, Migration] = field(default_factory=dict)
    told: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()


def migrations(graph: Graph) -> Applied:
    """Returns the migrations that the ledger has as applied. Never writes. Nodes of other tools that use
    the label have no checksum and no state, and are not ours."""
    found = graph.rows(_READ)
    rows = [row for row in found if row["state"] == APPLIED]
    specs = {address_of(graph.store, row): _spec(row) for row in rows}
    told = {
        address_of(graph.store, row).name: {
            key: row[key] for key in ("applied_at", "by", "run", "duration_ms", "baseline")
        }
        for row in rows
    }
    notes = tuple(
        begun(address_of(graph.store, row), row["run"], row["done"], back=row["state"] == TAKING_BACK)
        for row in found
        if row["state"] != APPLIED
    )
    return Applied(specs, told, notes)


def ledger_details(applied: Applied) -> dict[str, Any]:
    """Returns what `Live.details` says of applied migrations."""
    return {"migrations": dict(applied.told)}


def address_of(store: str, row: Row) -> Address:
    return Address(store, "migration", f"{row['version']}_{row['name']}")


def _spec(row: Row) -> Migration:
    return Migration(
        version=row["version"],
        name=row["name"],
        checksum=row["checksum"],
        applied=True,
        rollback_checksum=row["rollback_checksum"],
        irreversible=row["irreversible"],
    )
