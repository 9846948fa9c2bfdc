"""Rows of SHOW INDEXES → specs. Columns are read by name, so that those of other versions do not matter.

state ONLINE, POPULATING   health ok: still building is no fault
state FAILED               health failed
POPULATING at 100 %, range, no constraint owns it, none is being made
                           health orphaned: CREATE CONSTRAINT makes its index in an inner transaction,
                           and leaves it for good where its server dies or it is in a deadlock;
                           a client that dies leaves nothing (measured on 5.26.12)
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from apexplan_neo4j.connection import Graph, Row
from apexplan_neo4j.specs import Index
from apexplan_neo4j.specs.index import Health

TYPES: Final = {
    "RANGE": "range",
    "TEXT": "text",
    "POINT": "point",
    "FULLTEXT": "fulltext",
    "VECTOR": "vector",
    "LOOKUP": "lookup",
}
_STILL_S: Final = 0.1
"""An ordinary index is at 100 % and not yet ONLINE for some milliseconds."""
_LOOKS: Final = 4


def index_rows(graph: Graph) -> list[Row]:
    """Returns all indexes as the server shows them, our own marker among them."""
    return graph.rows("SHOW INDEXES YIELD *")


def settled(rows: list[Row], graph: Graph) -> tuple[list[Row], frozenset[str]]:
    """Returns the rows, seen again where that matters, and the names of those of a CREATE
    CONSTRAINT that never ended."""
    suspects = _suspects(rows)
    for _ in range(_LOOKS):
        if not suspects:
            return rows, suspects
        time.sleep(_STILL_S)
        rows = index_rows(graph)
        suspects &= _suspects(rows)
    return rows, frozenset() if suspects and constraint_in_the_making(graph) else suspects


def _suspects(rows: Sequence[Row]) -> frozenset[str]:
    return frozenset(
        row["name"]
        for row in rows
        if row["state"] == "POPULATING"
        and row["type"] == "RANGE"
        and row.get("owningConstraint") is None
        and row["populationPercent"] == 100.0
    )


def constraint_in_the_making(graph: Graph) -> bool:
    """Says whether some transaction creates a constraint now, as far as this user may see."""
    queries = [str(row.get("currentQuery") or "") for row in graph.rows("SHOW TRANSACTIONS YIELD *")]
    return any("CONSTRAINT" in text.upper() and "CREATE" in text.upper() for text in queries)


def kind_of(row: Row) -> str | None:
    """Returns the type of an index as a spec has it, or None for one that no manifest can describe."""
    kind = TYPES.get(row["type"])
    several = len(row["properties"] or ()) > 1
    return None if kind == "vector" and several else kind  # filter properties (2026.01): not managed


def index_of(row: Row, *, orphaned: bool = False) -> Index:
    """Returns the spec of a row whose `kind_of` is known. Every field is set."""
    config: Mapping[str, Any] = (row.get("options") or {}).get("indexConfig") or {}
    options = {str(key).lower(): value for key, value in config.items()}
    similarity = options.get("vector.similarity_function")
    bounds = {k.removeprefix("spatial."): tuple(v) for k, v in options.items() if k.startswith("spatial.")}
    return Index.model_validate(
        {
            "type": kind_of(row),
            "entity": row["entityType"].lower(),
            "labels": tuple(row["labelsOrTypes"] or ()),
            "properties": tuple(row["properties"] or ()),
            "analyzer": options.get("fulltext.analyzer"),
            "eventually_consistent": options.get("fulltext.eventually_consistent"),
            "dimensions": options.get("vector.dimensions"),
            "similarity": similarity.lower() if similarity else None,
            "quantization": options.get("vector.quantization.enabled"),
            "hnsw_m": options.get("vector.hnsw.m"),
            "hnsw_ef_construction": options.get("vector.hnsw.ef_construction"),
            "bounds": dict(sorted(bounds.items())),
            "health": _health(row, orphaned),
        }
    )


def _health(row: Row, orphaned: bool) -> Health:
    if orphaned:
        return "orphaned"
    return "failed" if row["state"] == "FAILED" else "ok"
