"""Moves the revision marker (see `read.marker`) on, inside a transaction of ours."""

from __future__ import annotations

from apexplan.model.spec import digest
from apexplan_neo4j.connection import Tx
from apexplan_neo4j.names import quoted
from apexplan_neo4j.read.marker import LABEL, PROPERTY, Marker


def move(tx: Tx, marker: Marker, unit: str) -> Marker:
    """Writes the next marker in place of `marker`. The server refuses where `marker` is not there."""
    following = Marker(marker.revision + 1, digest(unit))
    if marker.revision:
        tx.rows(f"DROP INDEX {quoted(marker.name)}")
    tx.rows(f"CREATE RANGE INDEX {quoted(following.name)} FOR (x:{quoted(LABEL)}) ON (x.{quoted(PROPERTY)})")
    return following
