"""What is told of a schema statement without a server."""

from __future__ import annotations

import pytest

from apexplan_neo4j.cypher.schema import Dropped, Made, schema_of
from apexplan_neo4j.specs import Constraint, Index


def index(*properties: str, **fields: object) -> Index:
    return Index.model_validate(
        {"type": "range", "entity": "node", "labels": ("A",), "properties": properties, **fields}
    )


@pytest.mark.parametrize(
    ("statement", "name", "spec"),
    [
        ("CREATE INDEX i FOR (n:A) ON (n.p)", "i", index("p")),
        ("create range index `i x` for (n:A) on (n.p, n.q)", "i x", index("p", "q")),
        ("CREATE TEXT INDEX i FOR (n:A) ON n.p", "i", index("p", type="text")),
        (
            "CREATE FULLTEXT INDEX i FOR (n:A|`b.c`) ON EACH [n.p, n.`q r`] OPTIONS {indexConfig: {x: n.z}}",
            "i",
            index("p", "q r", type="fulltext", labels=("A", "b.c")),
        ),
        ("CREATE INDEX i FOR ()-[r:A]->() ON (r.p)", "i", index("p", entity="relationship")),
        (
            "CREATE CONSTRAINT c FOR (n:A) REQUIRE n.p IS UNIQUE",
            "c",
            Constraint(type="unique", entity="node", label="A", properties=("p",)),
        ),
        (
            "CREATE CONSTRAINT c FOR (n:A) REQUIRE (n.p, n.q) IS NODE KEY",
            "c",
            Constraint(type="key", entity="node", label="A", properties=("p", "q")),
        ),
    ],
)
def test_what_is_made_is_told(statement: str, name: str, spec: Index | Constraint) -> None:
    assert schema_of(statement) == Made(name, spec, lenient=False)


def test_if_not_exists_is_told() -> None:
    assert schema_of("CREATE INDEX i IF NOT EXISTS FOR (n:A) ON (n.p)") == Made("i", index("p"), lenient=True)


@pytest.mark.parametrize("statement", ["DROP INDEX i", "DROP CONSTRAINT `i` IF EXISTS"])
def test_what_is_dropped_is_told(statement: str) -> None:
    assert schema_of(statement) == Dropped("i")


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE INDEX FOR (n:A) ON (n.p)",
        "CREATE CONSTRAINT c FOR (n:A) REQUIRE n.p IS NOT NULL",
        "CREATE LOOKUP INDEX l FOR (n) ON EACH labels(n)",
        "CREATE (n:A {index: 1})",
        "CREATE INDEX i FOR",
        "CREATE INDEX",
        "MATCH (n) RETURN n",
        "",
    ],
)
def test_of_anything_else_nothing_is_told(statement: str) -> None:
    assert schema_of(statement) is None
