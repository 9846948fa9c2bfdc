"""Rows of SHOW CONSTRAINTS → specs, whatever the server's version calls the types."""

from __future__ import annotations

from typing import Final

from apexplan_neo4j.connection import Graph, Row
from apexplan_neo4j.specs import Constraint
from apexplan_neo4j.specs.constraint import ConstraintType

TYPES: Final[dict[str, ConstraintType]] = {
    "UNIQUENESS": "unique",  # Cypher 5
    "RELATIONSHIP_UNIQUENESS": "unique",
    "NODE_PROPERTY_UNIQUENESS": "unique",  # Cypher 25 (manual, constraints)
    "RELATIONSHIP_PROPERTY_UNIQUENESS": "unique",
    "NODE_PROPERTY_EXISTENCE": "exists",
    "RELATIONSHIP_PROPERTY_EXISTENCE": "exists",
    "NODE_KEY": "key",
    "RELATIONSHIP_KEY": "key",
    "NODE_PROPERTY_TYPE": "typed",
    "RELATIONSHIP_PROPERTY_TYPE": "typed",
}
"""Other types, such as those of a graph type (2026.02), are told and left alone."""


def constraint_rows(graph: Graph) -> list[Row]:
    """Returns all constraints as the server shows them."""
    return graph.rows("SHOW CONSTRAINTS YIELD *")


def constraint_of(row: Row) -> Constraint:
    """Returns the spec of a row whose type is in TYPES. Every field is set."""
    return Constraint(
        type=TYPES[row["type"]],
        entity="node" if row["entityType"] == "NODE" else "relationship",
        label=row["labelsOrTypes"][0],
        properties=tuple(row["properties"]),
        property_type=row.get("propertyType"),
    )
