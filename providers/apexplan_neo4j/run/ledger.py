"""The marks of ownership, one node an object, from which a lost state is rebuilt.

(:ApexplanMark {project, address, values (JSON), protect, run})

Written in one transaction at the end of a run, by whoever holds the lock (`run.lock`): MERGE without
a constraint makes duplicates only in a race.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from apexplan.model.address import Address
from apexplan.provider import Mark
from apexplan_neo4j.connection import Graph
from apexplan_neo4j.errors import translated

LABEL: Final = "ApexplanMark"
_READ: Final = f"""
MATCH (m:{LABEL} {{project: $project}})
RETURN m.address AS address, m.values AS values, m.protect AS protect, m.run AS run
"""
_WRITE: Final = f"""
UNWIND $marks AS mark
MERGE (m:{LABEL} {{project: $project, address: mark.address}})
SET m.values = mark.values, m.protect = mark.protect, m.run = mark.run
"""
_REMOVE: Final = f"MATCH (m:{LABEL} {{project: $project}}) WHERE m.address IN $addresses DELETE m"


def marks(graph: Graph, project: str) -> dict[Address, Mark]:
    """Returns the marks of one project. Never writes."""
    with translated(graph.store, sent=False):
        rows = graph.rows(_READ, {"project": project})
    found = [Mark(Address.parse(r["address"]), json.loads(r["values"]), r["protect"], r["run"]) for r in rows]
    return {mark.address: mark for mark in found}


def record(graph: Graph, project: str, changed: Mapping[Address, Mark | None]) -> None:
    """Writes marks, removes those that are None, all in one transaction."""
    written = [
        {"address": str(a), "values": json.dumps(dict(m.values)), "protect": m.protect, "run": m.run}
        for a, m in changed.items()
        if m is not None
    ]
    removed = [str(address) for address, mark in changed.items() if mark is None]
    with translated(graph.store), graph.transaction("marks") as tx:
        if written:
            tx.rows(_WRITE, {"project": project, "marks": written})
        if removed:
            tx.rows(_REMOVE, {"project": project, "addresses": removed})
        tx.commit()
