"""A database on a bench: see `tests.live.bench`. Beside it, what somebody else does with the driver."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from neo4j import Session as Bolt
from neo4j import Transaction
from pydantic import SecretStr

from apexplan.engine import survey
from apexplan.provider import SourceFile
from apexplan_neo4j.connection import Neo4jSettings
from apexplan_neo4j.provider import PROVIDER
from apexplan_neo4j.session import Neo4jSession
from tests.live import bench
from tests.live.bench import Heard, Objects, applied, child, declared_by, failure, waited_for
from tests.live.neo4j.graphs import opened

__all__ = ["Bench", "Heard", "Objects", "applied", "child", "failure", "objects", "scripts", "waited_for"]


def objects(manifest: str) -> Objects:
    """Returns what a manifest declares; its head is added."""
    return declared_by("Neo4jSchema", "graph", PROVIDER, manifest)


def scripts(**files: str) -> Objects:
    """Returns what a directory of scripts declares; `v1_a` stands for 1_a.cypher, `v1_a__rollback` for
    1_a.rollback.cypher."""
    kind = next(kind for kind in PROVIDER.kinds if kind.name == "Migration")
    document = kind.document.model_validate({"kind": "Migration", "store": "graph", "directory": "m"})
    sources = [
        SourceFile(f"m/{name.replace('__', '.').removeprefix('v')}.cypher", text)
        for name, text in sorted(files.items())
    ]
    expansion = kind.expand_files(document, sources)  # type: ignore[attr-defined]  # only this kind has it
    assert expansion.problems == (), expansion.problems
    return {declared.address: declared for declared in expansion.declared}


@dataclass(slots=True)
class Bench(bench.Bench):
    """One database with a state of its own. `options` are fields of the store's block."""

    uri: str
    options: dict[str, Any] = field(default_factory=dict)

    # ------------------------------------------------------------ as somebody else, with the driver

    @contextmanager
    def bolt(self) -> Iterator[Bolt]:
        """A session of the driver's, that of a stranger."""
        with opened(self.uri) as driver, driver.session() as session:
            yield session

    def does(self, *statements: str, **parameters: Any) -> list[dict[str, Any]]:
        """Runs statements one by one, and returns the rows of the last."""
        rows: list[dict[str, Any]] = []
        with self.bolt() as session:
            for statement in statements:
                rows = session.run(statement, parameters).data()
        return rows

    @contextmanager
    def holding(self, statement: str) -> Iterator[Transaction]:
        """A transaction of somebody's in which `statement` ran, open until the end."""
        with self.bolt() as session:
            transaction = session.begin_transaction()
            try:
                transaction.run(statement).consume()
                yield transaction
            finally:
                transaction.close()

    def indexes(self) -> dict[str, str]:
        """Returns the state of each index by name, without lookup indexes and our marker."""
        rows = self.does("SHOW INDEXES YIELD name, state, type WHERE type <> 'LOOKUP' RETURN name, state")
        return {row["name"]: row["state"] for row in rows if not row["name"].startswith("__apexplan")}

    def constraints(self) -> list[str]:
        return [row["name"] for row in self.does("SHOW CONSTRAINTS YIELD name RETURN name ORDER BY name")]

    def transactions(self, note: str) -> list[str]:
        """Returns the ids of apexplan's open transactions whose note begins so."""
        rows = self.does(
            "SHOW TRANSACTIONS YIELD transactionId, metaData "
            "WHERE metaData.apexplan STARTS WITH $note RETURN transactionId AS id",
            note=note,
        )
        return [row["id"] for row in rows]

    # -------------------------------------------------------------------------------- as apexplan

    @property
    def settings(self) -> Neo4jSettings:
        return Neo4jSettings(uri=SecretStr(self.uri), **self.options)

    @property
    def config(self) -> survey.StoreConfig:
        return survey.StoreConfig("graph", PROVIDER, self.settings)

    @contextmanager
    def session(self) -> Iterator[Neo4jSession]:
        with PROVIDER.connect("graph", self.settings) as session:
            yield session
