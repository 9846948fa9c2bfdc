"""What the manifest kind rests on: the server's defaults, its limits, and its spelling of types."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Any

import pytest
from neo4j import Session
from neo4j.exceptions import DatabaseError, Neo4jError

from apexplan.model.address import Address
from apexplan.model.spec import Spec
from apexplan_neo4j.ddl import create_constraint, create_index
from apexplan_neo4j.document import KIND, Neo4jSchema
from apexplan_neo4j.document.property_types import canonical_type
from apexplan_neo4j.names import name_of
from apexplan_neo4j.read.constraints import constraint_of
from apexplan_neo4j.read.indexes import index_of
from apexplan_neo4j.specs import Constraint, Index
from tests.live.neo4j.graphs import opened

pytestmark = [pytest.mark.live, pytest.mark.slow]

BARE = {
    "a_range": {"label": "Document", "on": "title"},
    "a_text": {"type": "text", "label": "Document", "on": "title"},
    "a_point": {"type": "point", "label": "Document", "on": "place"},
    "a_fulltext": {"type": "fulltext", "label": "Document", "on": "title"},
    "a_vector": {"type": "vector", "label": "Document", "on": "embedding"},
}
RICH = {
    "r_range": {"relationship": "MENTIONS", "on": ["b", "a"]},
    "r_point": {"type": "point", "relationship": "AT", "on": "x", "bounds": {"wgs-84.min": [5.5, 47]}},
    "r_fulltext": {
        "type": "fulltext",
        "labels": ["Document", "Chunk"],
        "on": ["title", "content"],
        "analyzer": "english",
        "eventually_consistent": True,
    },
    "r_vector": {
        "type": "vector",
        "label": "Chunk",
        "on": "embedding",
        "dimensions": 4096,
        "similarity": "euclidean",
        "quantization": False,
        "hnsw": {"m": 512, "ef_construction": 3200},
    },
}
CONSTRAINTS = {
    "document_uuid_unique": {"unique": "uuid", "label": "Document"},
    "order_unique": {"unique": ["tenant", "number"], "label": "Order"},
    "knows_id_unique": {"unique": "id", "relationship": "KNOWS"},
}
DOCUMENT = {
    "kind": "Neo4jSchema",
    "store": "graph",
    "constraints": dict(sorted(CONSTRAINTS.items())),
    "indexes": dict(sorted({**BARE, **RICH}.items())),
}
TYPES = (
    "BOOL",
    "VARCHAR",
    "SIGNED INTEGER",
    "FLOAT",
    "DATE",
    "TIME WITHOUT TIME ZONE",
    "time with timezone",
    "LOCAL DATETIME",
    "TIMESTAMP WITH TIME ZONE",
    "DURATION",
    "POINT",
    "MAP",
    "ANY",
)
FORMS = ("{}", "{}", "LIST<{} NOT NULL>", "ARRAY < {}! >", "{} NOT NULL LIST", "LIST<{}>", "{} NOT NULL")


@pytest.fixture
def session(graph: str) -> Iterator[Session]:
    with opened(graph) as driver, driver.session() as session:
        yield session


def expanded(document: dict[str, Any]) -> dict[Address, Spec]:
    expansion = KIND.expand(Neo4jSchema.model_validate(document))
    assert expansion.problems == ()
    return {one.address: one.spec for one in expansion.declared}


def create(session: Session, objects: dict[Address, Spec]) -> None:
    for address, spec in objects.items():
        name = name_of(address)
        if isinstance(spec, Constraint):
            session.run(create_constraint(name, spec)).consume()
        elif isinstance(spec, Index):
            session.run(create_index(name, spec)).consume()


def read(session: Session) -> dict[Address, Spec]:
    found: dict[Address, Spec] = {}
    for record in session.run("SHOW CONSTRAINTS YIELD *"):
        found[Address("graph", "constraint", record["name"])] = constraint_of(record.data())
    for record in session.run("SHOW INDEXES YIELD *"):
        if record["owningConstraint"] is None:
            found[Address("graph", "index", record["name"])] = index_of(record.data())
    return found


def test_what_a_document_declares_is_read_back_with_the_same_values(session: Session) -> None:
    declared = expanded(DOCUMENT)
    create(session, declared)
    live = read(session)
    for address, spec in declared.items():
        assert live[address].values(spec.managed) == spec.values(), address


def test_what_was_made_from_a_document_is_written_down_as_that_document(session: Session) -> None:
    """The defaults that are left out are the server's, and nothing else is."""
    create(session, expanded(DOCUMENT))
    assert KIND.collapse("graph", read(session)) == DOCUMENT


def of_server(session: Session, type_: str) -> str | None:
    """Returns the type as Community's refusal of the constraint shows it, or None where it is no type."""
    try:
        session.run(f"CREATE CONSTRAINT c FOR (n:Document) REQUIRE n.x IS :: {type_}").consume()
    except DatabaseError as error:
        shown = re.search(r"propertyType=(.*) \):", error.message or "")
        assert shown, error
        return shown[1]
    except Neo4jError as error:
        assert error.code == "Neo.ClientError.Statement.SyntaxError"
        return None
    return canonical_type(type_)  # Enterprise has made it


def of_ours(type_: str) -> str | None:
    try:
        return canonical_type(type_)
    except ValueError:
        return None


def test_types_are_spelled_and_refused_as_the_server_does(session: Session) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chosen = random.Random(seed)
    for _ in range(200):
        members = [chosen.choice(FORMS).format(chosen.choice(TYPES)) for _ in range(chosen.randint(1, 4))]
        type_ = " | ".join(members)
        assert of_ours(type_) == of_server(session, type_), type_


def with_option(kind: str, option: str) -> str:
    return f"CREATE {kind} INDEX i FOR (n:A) ON (n.x) OPTIONS {{indexConfig: {{{option}}}}}"


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TEXT INDEX i FOR (n:A) ON (n.x, n.y)",
        "CREATE POINT INDEX i FOR (n:A) ON (n.x, n.y)",
        "CREATE VECTOR INDEX i FOR (n:A) ON (n.x, n.y)",
        "CREATE VECTOR INDEX i FOR (n:A|B) ON (n.x)",
        "CREATE INDEX i FOR (n:A|B) ON (n.x)",
        "CREATE INDEX i FOR (n:A) ON (n.x, n.x)",
        "CREATE FULLTEXT INDEX i FOR (n:A|A) ON EACH [n.x]",
        "CREATE CONSTRAINT c FOR (n:A) REQUIRE (n.x, n.x) IS UNIQUE",
        "CREATE CONSTRAINT c FOR (n:A) REQUIRE (n.x, n.y) IS NOT NULL",
        "CREATE CONSTRAINT c FOR (n:A) REQUIRE (n.x, n.y) IS :: STRING",
        "CREATE LOOKUP INDEX i FOR (n) ON EACH labels(n)",
        with_option("VECTOR", "`vector.dimensions`: 4097"),
        with_option("VECTOR", "`vector.hnsw.m`: 513"),
        with_option("VECTOR", "`vector.hnsw.ef_construction`: 3201"),
        with_option("POINT", "`spatial.wgs-84.min`: [200.0, 0.0]"),
        with_option("POINT", "`spatial.wgs-84.min`: [1.0]"),
    ],
)
def test_what_the_checks_refuse_the_server_refuses(session: Session, statement: str) -> None:
    with pytest.raises(Neo4jError):
        session.run(statement).consume()
