"""A graph database that a test may fill: opened by its URI, and emptied."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from neo4j import Driver, GraphDatabase, Session

LOOKUPS = (
    "CREATE LOOKUP INDEX index_343aff4e IF NOT EXISTS FOR (n) ON EACH labels(n)",
    "CREATE LOOKUP INDEX index_f7700477 IF NOT EXISTS FOR ()-[r]-() ON EACH type(r)",
)
"""The two indexes of a new database, under the names that it gives them (5.26.12)."""
OTHERS = """
SHOW TRANSACTIONS YIELD transactionId AS id, currentQuery
WHERE NOT currentQuery STARTS WITH 'SHOW TRANSACTIONS'
TERMINATE TRANSACTIONS id YIELD message RETURN message
"""
CONSTRAINTS = "SHOW CONSTRAINTS YIELD name"
INDEXES = "SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP'"
NODES = "MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS"


def opened(uri: str) -> Driver:
    """Returns a driver for a URI that carries user and password, which the driver refuses in a URI."""
    parts = urlsplit(uri)
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    auth = (unquote(parts.username or ""), unquote(parts.password or ""))
    return GraphDatabase.driver(bare, auth=auth, notifications_min_severity="OFF")


def empty(session: Session) -> None:
    """Removes everything but the two lookup indexes. Community has one database for users, so a test
    cannot have one of its own. A transaction that a failed test left open would block the drops for
    ever: it is ended first."""
    session.run(OTHERS.strip()).consume()
    for name in session.run(CONSTRAINTS).value("name"):
        session.run("DROP CONSTRAINT $name", name=name).consume()
    for name in session.run(INDEXES).value("name"):
        session.run("DROP INDEX $name", name=name).consume()
    session.run(NODES).consume()
    for lookup in LOOKUPS:
        session.run(lookup).consume()
