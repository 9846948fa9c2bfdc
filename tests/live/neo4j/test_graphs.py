"""The graph that a test is given is empty, whatever the test before it left."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from neo4j import Session

from tests.live.neo4j.graphs import empty, opened

pytestmark = [pytest.mark.live, pytest.mark.slow]

LEFT = (
    "UNWIND range(1, 25000) AS i CREATE (:Left {uuid: i})-[:NEXT]->(:Left)",
    "CREATE CONSTRAINT `odd ``name` FOR (n:Left) REQUIRE n.uuid IS UNIQUE",
    "CREATE TEXT INDEX left_text FOR (n:Left) ON (n.text)",
    "DROP INDEX index_343aff4e",
)


@pytest.fixture
def session(graph: str) -> Iterator[Session]:
    with opened(graph) as driver, driver.session() as session:
        yield session


@pytest.fixture
def emptied(session: Session) -> Session:
    for statement in LEFT:
        session.run(statement).consume()
    empty(session)
    return session


def test_no_node_is_left(emptied: Session) -> None:
    assert emptied.run("MATCH (n) RETURN count(n)").value() == [0]


def test_no_schema_is_left_but_the_lookup_indexes_of_a_new_database(emptied: Session) -> None:
    names = (
        emptied.run("SHOW INDEXES YIELD name").value() + emptied.run("SHOW CONSTRAINTS YIELD name").value()
    )
    assert sorted(names) == ["index_343aff4e", "index_f7700477"]


def test_a_transaction_that_was_left_open_does_not_block_it(graph: str, session: Session) -> None:
    session.run("CREATE INDEX left_title FOR (n:Left) ON (n.title)").consume()
    with opened(graph) as other, other.session() as forgotten:
        transaction = forgotten.begin_transaction()
        transaction.run("CREATE (:Left {title: 'open'})").consume()
        empty(session)
        assert session.run("MATCH (n) RETURN count(n)").value() == [0]
