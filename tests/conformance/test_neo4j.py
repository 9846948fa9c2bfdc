"""The Neo4j provider passes the suite on a real server."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar

import pytest
from pydantic import SecretStr

from apexplan.engine.survey import StoreConfig
from apexplan.model.plan import HazardKind
from apexplan.testing import chaos
from apexplan.testing.conformance import Case, ProviderSuite
from apexplan.testing.faults import Fault
from apexplan_neo4j import local
from apexplan_neo4j.connection import Neo4jSettings
from apexplan_neo4j.provider import PROVIDER
from tests.live.neo4j.bench import objects, scripts
from tests.live.neo4j.graphs import empty, opened

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.xdist_group("neo4j")]


def filled(*statements: str) -> Callable[[StoreConfig], None]:
    """Returns what puts nodes into the store of a case."""

    def fill(config: StoreConfig) -> None:
        assert isinstance(config.settings, Neo4jSettings)
        with opened(config.settings.uri.get_secret_value()) as driver:
            for statement in statements:
                driver.execute_query(statement)

    return fill


NODES: Sequence[str] = (
    "UNWIND range(1, 300) AS i CREATE (:Document {uuid: i, title: 'title ' + i, v: [1.0, i % 7, i % 3]})",
    "MATCH (d:Document) WHERE d.uuid < 50 CREATE (d)-[:MENTIONS {created_at: d.uuid}]->(d)",
)
FILL = filled(*NODES)
SCANS = HazardKind.SCANS_DATA
GAP = HazardKind.INDEX_GAP
MEMORY = HazardKind.COSTS_MEMORY

FIRST = objects("""
constraints:
  document_uuid_unique: {unique: uuid, label: Document}
indexes:
  document_title_idx: {label: Document, on: title}
  document_fulltext: {type: fulltext, labels: [Document, Chunk], on: [title, content]}
  rel_mentions_created_at: {relationship: MENTIONS, on: created_at}
""")
EVERY_TYPE = objects("""
constraints:
  a_unique: {unique: [a, b], label: A}
  r_unique: {unique: id, relationship: R}
indexes:
  a_range: {label: A, on: [c, d]}
  a_text: {type: text, label: A, on: c}
  a_point: {type: point, label: A, on: place, bounds: {wgs-84.min: [-90, -45]}}
  a_fulltext: {type: fulltext, labels: [A, B], on: [c, d], analyzer: english, eventually_consistent: true}
  a_vector:
    {type: vector, label: A, on: v, dimensions: 3, similarity: euclidean, quantization: false, hnsw: {m: 8}}
  r_range: {relationship: R, on: c}
  r_text: {type: text, relationship: R, on: c}
  r_fulltext: {type: fulltext, relationships: [R, S], on: [c]}
""")
ONE = "indexes: {{an_index: {{label: Document, on: {on}}}}}"
OTHER = "indexes: {{other_index: {{label: Document, on: {on}, lifecycle: {{renamed_from: an_index}}}}}}"
SCHEMA = {
    "v0001_schema": "CREATE CONSTRAINT u FOR (d:Document) REQUIRE d.uuid IS UNIQUE;\n"
    "CREATE INDEX t FOR (d:Document) ON (d.title); CREATE TEXT INDEX t2 FOR (d:Document) ON (d.title)",
    "v0001_schema__rollback": "DROP CONSTRAINT u; DROP INDEX t; DROP INDEX t2",
}
DATA = {
    "v0002_data": "CREATE (:Topic {name: 'a;b'}); MATCH (t:Topic) SET t.size = 1 // one\n;\n"
    "MATCH (d:Document) CALL (d) { SET d.n = d.uuid } IN TRANSACTIONS OF 100 ROWS",
    "v0002_data__rollback": "MATCH (t:Topic) DELETE t; MATCH (d:Document) REMOVE d.n",
}

CASES = (
    Case("every type there is", {}, EVERY_TYPE, chaos=False),
    Case("a first schema on nodes", {}, FIRST, frozenset({SCANS}), fill=FILL),
    Case("everything goes", FIRST, {}, fill=FILL),
    Case(
        "an index of another property",
        objects(ONE.format(on="title")),
        objects(ONE.format(on="[title, uuid]")),
        frozenset({SCANS, GAP}),
        fill=FILL,
    ),
    Case(
        "another analyzer",
        objects("indexes: {f: {type: fulltext, labels: [Document], on: [title]}}"),
        objects("indexes: {f: {type: fulltext, labels: [Document], on: [title], analyzer: german}}"),
        frozenset({SCANS, GAP}),
        fill=FILL,
    ),
    Case(
        "vectors compared in another way",
        objects("indexes: {v: {type: vector, label: Document, on: v, dimensions: 3}}"),
        objects("indexes: {v: {type: vector, label: Document, on: v, dimensions: 3, similarity: euclidean}}"),
        frozenset({SCANS, GAP, MEMORY}),
        fill=FILL,
        chaos=False,
    ),
    Case(
        "an index gives way to a constraint on its property",
        objects("indexes: {document_uuid: {label: Document, on: uuid}}"),
        objects("constraints: {document_uuid_unique: {unique: uuid, label: Document}}"),
        frozenset({SCANS}),
        fill=FILL,
    ),
    Case(
        "a constraint takes over the name of an index",
        objects("indexes: {document_uuid: {label: Document, on: uuid}}"),
        objects("constraints: {document_uuid: {unique: uuid, label: Document}}"),
        frozenset({SCANS}),
        fill=FILL,
        chaos=False,
    ),
    Case(
        "a constraint on more properties",
        objects("constraints: {c: {unique: uuid, label: Document}}"),
        objects("constraints: {c: {unique: [uuid, title], label: Document}}"),
        frozenset({SCANS, GAP}),
        fill=FILL,
    ),
    Case(
        "built beside the old one under another name",
        objects(ONE.format(on="title")),
        objects(OTHER.format(on="[title, uuid]")),
        frozenset({SCANS}),
        fill=FILL,
    ),
    Case(
        "renamed and nothing else",
        objects(ONE.format(on="title")),
        objects(OTHER.format(on="title")),
        frozenset({SCANS, GAP}),
        fill=FILL,
        chaos=False,
    ),
    Case("a script of schema", {}, scripts(**SCHEMA), fill=FILL, inspected=False),
    Case(
        "a script of data after one of schema",
        scripts(**SCHEMA),
        scripts(**SCHEMA, **DATA),
        fill=FILL,
        inspected=False,
    ),
)


class TestNeo4j(ProviderSuite):
    provider = PROVIDER
    cases = CASES
    server: ClassVar[str]

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def running(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
        started = local.start(str(tmp_path_factory.mktemp("conformance") / "neo4j"))
        cls.server = started.url
        yield
        started.stop()

    @contextmanager
    def fresh(self) -> Iterator[StoreConfig]:
        with opened(self.server) as driver, driver.session() as session:
            empty(session)
        yield StoreConfig("graph", PROVIDER, Neo4jSettings(uri=SecretStr(self.server)))

    def mishaps(self, life: chaos.Life) -> Iterator[chaos.Mishap]:
        """Each place once: the recoveries take turns."""
        recoveries = list(chaos.Recovery)
        for write in range(1, life.writes + 1):
            yield chaos.Mishap(write=write, after=True, recovery=recoveries[write % 2])
        for call in range(1, life.calls + 1):
            for fault in (Fault.FINAL_AFTER, Fault.CRASH_AFTER):
                yield chaos.Mishap(calls=((call, fault),), recovery=recoveries[call % 2])
