"""The statements, letter by letter. What Community refuses is asserted here and nowhere else."""

from __future__ import annotations

import pytest

from apexplan_neo4j import ddl
from apexplan_neo4j.names import bare, quoted, spelled
from apexplan_neo4j.specs import Constraint, Index


def node(**fields: object) -> Index:
    return Index.model_validate({"entity": "node", "labels": ("L",), "properties": ("p",), **fields})


@pytest.mark.parametrize(
    ("index", "statement"),
    [
        (node(type="range"), "CREATE RANGE INDEX `x` FOR (x:`L`) ON (x.`p`)"),
        (
            node(type="range", properties=("p", "q")),
            "CREATE RANGE INDEX `x` FOR (x:`L`) ON (x.`p`, x.`q`)",
        ),
        (
            node(type="text", entity="relationship"),
            "CREATE TEXT INDEX `x` FOR ()-[x:`L`]-() ON (x.`p`)",
        ),
        (
            node(type="point", bounds={"wgs-84.min": (-180.0, -90.0), "wgs-84.max": (180.0, 90.0)}),
            "CREATE POINT INDEX `x` FOR (x:`L`) ON (x.`p`) OPTIONS {indexConfig: "
            "{`spatial.wgs-84.max`: [180.0, 90.0], `spatial.wgs-84.min`: [-180.0, -90.0]}}",
        ),
        (
            node(type="fulltext", labels=("A", "B"), analyzer="it's", eventually_consistent=True),
            "CREATE FULLTEXT INDEX `x` FOR (x:`A`|`B`) ON EACH [x.`p`] OPTIONS {indexConfig: "
            "{`fulltext.analyzer`: 'it\\'s', `fulltext.eventually_consistent`: true}}",
        ),
        (
            node(type="vector", dimensions=3, similarity="cosine", quantization=False, hnsw_m=16),
            "CREATE VECTOR INDEX `x` FOR (x:`L`) ON (x.`p`) OPTIONS {indexConfig: {`vector.dimensions`: 3, "
            "`vector.similarity_function`: 'cosine', `vector.quantization.enabled`: false, "
            "`vector.hnsw.m`: 16}}",
        ),
        (
            Index(type="lookup", entity="node", labels=(), properties=()),
            "CREATE LOOKUP INDEX `x` FOR (x) ON EACH labels(x)",
        ),
        (
            Index(type="lookup", entity="relationship", labels=(), properties=()),
            "CREATE LOOKUP INDEX `x` FOR ()-[x]-() ON EACH type(x)",
        ),
    ],
)
def test_an_index_is_made_by(index: Index, statement: str) -> None:
    assert ddl.create_index("x", index) == statement


@pytest.mark.parametrize(
    ("fields", "requirement"),
    [
        ({"type": "unique"}, "FOR (x:`L`) REQUIRE (x.`p`) IS UNIQUE"),
        ({"type": "unique", "properties": ("p", "q")}, "FOR (x:`L`) REQUIRE (x.`p`, x.`q`) IS UNIQUE"),
        ({"type": "unique", "entity": "relationship"}, "FOR ()-[x:`L`]-() REQUIRE (x.`p`) IS UNIQUE"),
        ({"type": "exists"}, "FOR (x:`L`) REQUIRE (x.`p`) IS NOT NULL"),
        ({"type": "key"}, "FOR (x:`L`) REQUIRE (x.`p`) IS NODE KEY"),
        ({"type": "key", "entity": "relationship"}, "FOR ()-[x:`L`]-() REQUIRE (x.`p`) IS RELATIONSHIP KEY"),
        (
            {"type": "typed", "property_type": "LIST<STRING NOT NULL>"},
            "FOR (x:`L`) REQUIRE (x.`p`) IS :: LIST<STRING NOT NULL>",
        ),
    ],
)
def test_a_constraint_is_made_by(fields: dict[str, object], requirement: str) -> None:
    spec = Constraint.model_validate({"entity": "node", "label": "L", "properties": ("p",), **fields})
    assert ddl.create_constraint("c", spec) == f"CREATE CONSTRAINT `c` {requirement}"


@pytest.mark.parametrize("name", ["a`b", "a\\u0060b", "a\\", "``", "\\u005c", "Café", "a b"])
def test_nothing_in_a_name_ends_its_backticks(name: str) -> None:
    text = quoted(name)
    assert "`" not in text[1:-1].replace("``", "")
    assert "\\" not in text.replace("\\u005c", "")


@pytest.mark.parametrize("name", ["plain", "a`b", "a\\u0060b", "a b", "`", "a.b", "1a"])
def test_an_address_gives_the_name_back(name: str) -> None:
    assert bare(spelled(name)) == name
