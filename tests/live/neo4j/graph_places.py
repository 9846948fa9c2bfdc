"""A project directory with a Neo4j database, in which real commands are run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from apexplan_state import open_state
from tests.live.home import Done, Home
from tests.live.neo4j.bench import Bench
from tests.live.neo4j.graphs import empty, opened

PROJECT = """
version: 1
project: place
stores:
  graph: {provider: neo4j, uri: "${NEO4J_URI}"}
manifests: [schema.yaml]
"""
WITH_SCRIPTS = PROJECT.replace("[schema.yaml]", "[schema.yaml, scripts.yaml]")
SCRIPTS = "kind: Migration\nstore: graph\ndirectory: migrations\n"
OWN = ("ApexplanLock", "ApexplanMark", "SchemaVersion")
"""The labels of apexplan's nodes."""
NODES = "UNWIND $nodes AS node CREATE (n:$(node.labels)) SET n = node.properties"
PLACED = (
    "SHOW INDEXES YIELD name, state, type, labelsOrTypes, properties, options "
    "WHERE type <> 'LOOKUP' AND NOT name STARTS WITH '__apexplan' RETURN * ORDER BY name"
)


@dataclass(frozen=True)
class GraphPlace(Home):
    """A project of one Neo4j store: the database at `url`, which carries user and password."""

    variable: ClassVar[str] = "NEO4J_URI"
    head: ClassVar[str] = PROJECT

    @property
    def bench(self) -> Bench:
        """The same database, as somebody else sees it."""
        return Bench(self.url)

    def write_scripts(self, scripts: Mapping[str, str], manifest: str) -> None:
        """Writes the project with its manifest and the files of its migrations, by name."""
        self.write(manifest, WITH_SCRIPTS)
        (self.home / "scripts.yaml").write_text(SCRIPTS)
        (self.home / "migrations").mkdir(exist_ok=True)
        for name, text in scripts.items():
            (self.home / "migrations" / name).write_text(text)

    def does(self, *statements: str) -> list[dict[str, Any]]:
        """Runs statements as somebody with cypher-shell would; returns the rows of the last."""
        return self.bench.does(*statements)

    def schema(self) -> list[dict[str, Any]]:
        """Every index in full, but for the two of a new database and our marker, and every constraint."""
        shown = "SHOW CONSTRAINTS YIELD name, type, labelsOrTypes, properties RETURN * ORDER BY name"
        return self.does(PLACED) + self.does(shown)

    def contents(self) -> list[dict[str, Any]]:
        """Every node that is none of apexplan's own, in a fixed order."""
        return self.does(
            f"MATCH (n) WHERE NONE(label IN labels(n) WHERE label IN {[*OWN]}) "
            "RETURN labels(n) AS labels, properties(n) AS properties, COUNT { (n)--() } AS relationships "
            "ORDER BY labels, toString(properties.uuid), toString(properties.name)"
        )

    def left_behind(self) -> list[str]:
        """What an interrupted command may leave: indexes that serve nobody, open transactions, the lock, and
        ledger entries of scripts that are half done."""
        names = [row["name"] for row in self.schema() if row.get("state", "ONLINE") != "ONLINE"]
        names += self.bench.transactions("")
        entries = self.does("MATCH (v:SchemaVersion) WHERE v.state <> 'applied' RETURN v.name AS name")
        return names + [row["name"] for row in entries]

    def waits(self) -> bool:
        """True if an interrupted run waits for `resume` or `rollback`."""
        url = f"sqlite:///{self.home / '.apexplan' / 'state.db'}"
        with open_state(url, clock=lambda: datetime.now(UTC), by="test") as state:
            return state.open_run() is not None


def told(done: Done, code: int = 0) -> str:
    """Returns all that a command said; it must have ended with `code`, and without a traceback."""
    text = done.stdout + done.stderr
    assert done.returncode == code, text
    assert "Traceback" not in text
    return text


@dataclass(frozen=True)
class Copy:
    """All that a database holds, to be put into it again: Community has one database for users."""

    schema: tuple[str, ...]
    nodes: tuple[dict[str, Any], ...]

    @classmethod
    def of(cls, place: GraphPlace) -> Copy:
        """Reads the database. Relationships are not copied, and constraints neither."""
        schema = place.does(
            "SHOW INDEXES YIELD createStatement AS text, type WHERE type <> 'LOOKUP' RETURN text"
        )
        nodes = place.does("MATCH (n) RETURN labels(n) AS labels, properties(n) AS properties")
        return cls(tuple(row["text"] for row in schema), tuple(nodes))

    def put(self, uri: str) -> None:
        """Puts it into the database, in place of everything there."""
        with opened(uri) as driver, driver.session() as session:
            empty(session)
            for text in self.schema:
                session.run(text).consume()
            session.run(NODES, nodes=list(self.nodes)).consume()
            session.run("CALL db.awaitIndexes(60)").consume()
