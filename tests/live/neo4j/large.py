"""A server with so many nodes that builds take seconds, which may be killed and comes again."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from apexplan_neo4j import local
from tests.live.neo4j.bench import Bench, waited_for
from tests.live.neo4j.graph_places import OWN, GraphPlace
from tests.live.neo4j.graphs import CONSTRAINTS, INDEXES, opened

NODES: Final = 200_000
_FILL: Final = f"""
UNWIND range(1, {NODES}) AS i
CALL (i) {{
  CREATE (:Document {{uuid: 'document ' + i, title: 'title of ' + i,
    body: reduce(s = '', w IN range(1, 30) | s + ' word' + ((i * 7919 + w * 104729) % 50021))}})
}} IN TRANSACTIONS OF 10000 ROWS
"""


@dataclass(slots=True)
class Large:
    """The server in `directory`, and how to kill it."""

    directory: str
    server: local.LocalServer

    @classmethod
    def made_in(cls, directory: str) -> Large:
        large = cls(directory, local.start(directory))
        Bench(large.url).does(_FILL)
        return large

    @property
    def url(self) -> str:
        return self.server.url

    def crash(self) -> None:
        """Kills the server as a power failure would, but for the disk."""
        assert self.server.pid is not None
        os.kill(self.server.pid, signal.SIGKILL)
        self.server.stop()

    def up(self) -> None:
        """Starts the server again, on the port that it had, where it does not run."""
        if not self.server.running:
            before = self.server.port
            self.server = local.start(self.directory)
            assert self.server.port == before

    def bare(self) -> None:
        """Takes away all indexes and constraints and what apexplan wrote; the documents stay, each once."""
        with opened(self.url) as driver, driver.session() as session:
            for name in session.run(CONSTRAINTS).value("name"):
                session.run("DROP CONSTRAINT $name", name=name).consume()
            for name in session.run(INDEXES).value("name"):
                session.run("DROP INDEX $name", name=name).consume()
            for label in OWN:
                session.run(f"MATCH (n:{label}) DETACH DELETE n").consume()


@contextmanager
def building(place: GraphPlace) -> Iterator[subprocess.Popen[str]]:
    """An apply that builds an index now; killed if it outlives the block."""
    process = place.started("apply", "--yes")
    try:
        waited_for(lambda: "POPULATING" in place.bench.indexes().values())
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def ended(process: subprocess.Popen[str], code: int) -> str:
    """Waits for the end of a command, which must end with `code`; returns what it said."""
    said, _ = process.communicate(timeout=120)
    assert process.returncode == code, said
    assert "Traceback" not in said
    return said
