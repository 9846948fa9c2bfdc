"""Makes what a CREATE CONSTRAINT leaves whose server was killed: its index, POPULATING for ever.

A client that is killed leaves nothing (measured on 5.26.12); the server undoes for it. So the server
itself is killed, with CREATE CONSTRAINT done and not committed in one transaction for each leak.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Final

from neo4j.exceptions import DriverError

from apexplan_neo4j import local
from tests.live.neo4j.bench import Bench, child, waited_for

NODES: Final = 100_000
_FILL: Final = (
    f"UNWIND range(1, {NODES}) AS i CALL (i) {{ CREATE (:Document {{uuid: 'document ' + i, size: i}}) }} "
    "IN TRANSACTIONS OF 10000 ROWS"
)
_CREATES: Final = """
import sys
from tests.live.neo4j.graphs import opened
with opened(sys.argv[1]) as driver, driver.session() as session:
    session.run("CREATE CONSTRAINT uuid_unique FOR (d:Document) REQUIRE d.uuid IS UNIQUE").consume()
"""


def crashed(directory: str, labels: list[str]) -> local.LocalServer:
    """Returns a server that was killed while it made a constraint `LABEL_unique` on the uuid of each
    label, and started again."""
    server = local.start(directory)
    assert server.pid is not None
    bench = Bench(server.url)
    bench.does(*(f"UNWIND range(1, 20) AS i CREATE (:{label} {{uuid: i}})" for label in labels))
    with suppress(DriverError), ExitStack() as stack:
        for label in labels:
            create = f"CREATE CONSTRAINT {label}_unique FOR (x:{label}) REQUIRE x.uuid IS UNIQUE"
            stack.enter_context(bench.holding(create))
        os.kill(server.pid, signal.SIGKILL)
    server.stop()
    return local.start(directory)


def filled(bench: Bench) -> None:
    """Puts so many nodes into the database that a constraint on them takes a while."""
    bench.does(_FILL)


@contextmanager
def making(bench: Bench) -> Iterator[subprocess.Popen[str]]:
    """Another process that makes the constraint `uuid_unique` now: its index is there."""
    with child(_CREATES, bench.uri) as process:
        waited_for(lambda: bench.indexes())
        yield process
