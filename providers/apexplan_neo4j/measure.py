"""How much is at stake: nodes of a label, relationships of a type. From the count store, so at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from apexplan.model.address import Address
from apexplan.model.plan import Size
from apexplan_neo4j.connection import Graph
from apexplan_neo4j.ddl import pattern
from apexplan_neo4j.names import apart

_UNITS: Final = {"label": "nodes", "relationship": "relationships"}


def measure(graph: Graph, extents: Iterable[Address]) -> dict[Address, Size]:
    """Returns the exact counts of `extents`, addresses of labels and types as specs have for parents. Of
    several labels together nodes that have two are counted twice."""
    wanted = [address for address in sorted(extents) if address.kind in _UNITS]
    if not wanted:
        return {}
    queries = [_query(number, address) for number, address in enumerate(wanted)]
    rows = graph.rows(" UNION ALL ".join(queries))
    return {wanted[row["number"]]: _size(wanted[row["number"]], row["count"]) for row in rows}


def _query(number: int, address: Address) -> str:
    """Returns a query of which each part is answered by the count store."""
    entity = "node" if address.kind == "label" else "relationship"
    parts = [
        f"CALL () {{ MATCH {_directed(pattern(entity, (label,)))} RETURN count(x) AS c{n} }}"
        for n, label in enumerate(apart(address.name))
    ]
    total = " + ".join(f"c{n}" for n in range(len(parts)))
    return f"{' '.join(parts)} RETURN {number} AS number, {total} AS count"


def _directed(text: str) -> str:
    """A relationship without a direction would be counted twice."""
    return text.removesuffix("-()") + "->()" if text.endswith("-()") else text


def _size(address: Address, count: int) -> Size:
    return Size(count=count, unit=_UNITS[address.kind], exact=True)
