"""One real server for the session, emptied for each test that asks for the graph.

The server is that of `APEXPLAN_TEST_NEO4J_URI`, where the environment names one, and else a local
one. EVERYTHING in the database of a named server is deleted.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator

import pytest

from apexplan_neo4j import local
from tests.live.neo4j.bench import Bench
from tests.live.neo4j.graphs import empty, opened
from tests.live.neo4j.large import Large


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The URI of a server, with user and password."""
    given = os.environ.get("APEXPLAN_TEST_NEO4J_URI")
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="apexplan-neo4j-", ignore_cleanup_errors=True) as directory:
        running = local.start(directory)
        try:
            yield running.url
        finally:
            running.stop()


@pytest.fixture
def graph(server: str) -> str:
    """The URI of an empty database."""
    with opened(server) as driver, driver.session() as session:
        empty(session)
    return server


@pytest.fixture
def bench(graph: str) -> Bench:
    """A bench on an empty database."""
    return Bench(graph)


@pytest.fixture(scope="session")
def large_server() -> Iterator[Large]:
    """A server of its own with many documents, for tests that kill it."""
    with tempfile.TemporaryDirectory(prefix="apexplan-large-", ignore_cleanup_errors=True) as directory:
        made = Large.made_in(directory)
        try:
            yield made
        finally:
            made.server.stop()


@pytest.fixture
def large(large_server: Large) -> Large:
    """The server with many documents, running and without any schema."""
    large_server.up()
    large_server.bare()
    return large_server
