"""Makes what a killed CREATE CONSTRAINT leaves: its index, POPULATING for ever, that no constraint owns."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tests.live.neo4j.bench import Bench, child, waited_for

NODES: Final = 100_000
_TRIES: Final = 8
_FILL: Final = (
    f"UNWIND range(1, {NODES}) AS i CALL (i) {{ CREATE (:Document {{uuid: 'document ' + i, size: i}}) }} "
    "IN TRANSACTIONS OF 10000 ROWS"
)
_CREATE: Final = "CREATE CONSTRAINT {name} FOR (d:Document) REQUIRE d.{on} IS UNIQUE"
_CREATES: Final = """
import sys
from tests.live.neo4j.graphs import opened
with opened(sys.argv[1]) as driver, driver.session() as session:
    print("begins", flush=True)
    session.run(sys.argv[2]).consume()
"""
_SHOW: Final = "SHOW INDEXES YIELD name, state, owningConstraint WHERE name = $name RETURN *"
_OTHERS: Final = (
    "SHOW TRANSACTIONS YIELD transactionId, currentQuery "
    "WHERE currentQuery STARTS WITH 'CREATE CONSTRAINT' RETURN transactionId"
)


def filled(bench: Bench) -> None:
    """Puts so many nodes into the database that a constraint on them takes a while."""
    bench.does(_FILL)


def leak(bench: Bench, name: str = "uuid_unique", on: str = "uuid") -> None:
    """Leaves the index of a constraint whose maker was killed. Once the constraint was quicker than the
    kill, it is dropped, and tried again."""
    for _ in range(_TRIES):
        with making(bench, name, on) as process:
            process.kill()
            process.wait()
            waited_for(lambda: not bench.does(_OTHERS))
        (row,) = bench.does(_SHOW, name=name) or [{"state": "", "owningConstraint": None}]
        if row["state"] == "POPULATING" and row["owningConstraint"] is None:
            return
        bench.does(f"DROP CONSTRAINT {name} IF EXISTS", f"DROP INDEX {name} IF EXISTS")
    raise AssertionError(f"no leak in {_TRIES} tries")


@contextmanager
def making(bench: Bench, name: str = "uuid_unique", on: str = "uuid") -> Iterator[subprocess.Popen[str]]:
    """Another process that makes the constraint now: its index is there."""
    with child(_CREATES, bench.uri, _CREATE.format(name=name, on=on)) as process:
        waited_for(lambda: bench.does(_SHOW, name=name))
        yield process
