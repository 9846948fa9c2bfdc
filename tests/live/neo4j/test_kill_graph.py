"""The real command on a real Neo4j, killed at each write of its journal, and again in `resume`."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.live.home import writes
from tests.live.neo4j.graph_places import Copy, GraphPlace, told

pytestmark = [pytest.mark.slow, pytest.mark.live, pytest.mark.xdist_group("neo4j")]

BEFORE = """
kind: Neo4jSchema
store: graph
indexes:
  title_idx: {label: Document, on: title}
  body_idx: {label: Document, on: body}
  kind_idx: {label: Document, on: kind}
"""
AFTER = """
kind: Neo4jSchema
store: graph
constraints:
  uuid_unique: {unique: uuid, label: Document}
indexes:
  title_idx: {label: Document, on: [title, size]}
  body_idx: {type: text, label: Document, on: body}
  words: {type: fulltext, labels: [Document, Topic], on: [title, name]}
"""
SCRIPTS = {
    "1_topics.cypher": (
        "CREATE CONSTRAINT topic_unique FOR (t:Topic) REQUIRE t.name IS UNIQUE;\n"
        "CREATE INDEX topic_rank_idx FOR (t:Topic) ON (t.rank);\n"
    ),
    "1_topics.rollback.cypher": "DROP INDEX topic_rank_idx;\nDROP CONSTRAINT topic_unique;\n",
    "2_about.cypher": (
        "MATCH (d:Document) CALL (d) { MERGE (t:Topic {name: d.kind}) MERGE (d)-[:ABOUT]->(t) } "
        "IN TRANSACTIONS OF 100 ROWS;\n"
    ),
    "2_about.rollback.cypher": "MATCH (t:Topic) CALL (t) { DETACH DELETE t } IN TRANSACTIONS OF 100 ROWS;\n",
    "3_ranks.cypher": (
        "MATCH (t:Topic) SET t.rank = COUNT { (t)--() };\nMATCH (d:Document) SET d.grown = d.size + 1;\n"
    ),
    "3_ranks.rollback.cypher": "MATCH (d:Document) REMOVE d.grown;\nMATCH (t:Topic) REMOVE t.rank;\n",
}
FILL = """
UNWIND range(1, 500) AS i
CREATE (:Document {uuid: 'd' + i, title: 'title ' + i, body: 'body ' + i, kind: 'kind ' + i % 7, size: i})
"""
KILLED = -signal.SIGKILL
UNDONE = 3
APPLY = ("apply", "--yes", "--allow", "DELETES_DATA")
Seen = tuple[list[dict[str, Any]], list[dict[str, Any]]]


def seen(place: GraphPlace) -> Seen:
    """All that counts of a database: its schema and its data."""
    return place.schema(), place.contents()


@dataclass(frozen=True)
class Way:
    """From `BEFORE` to `AFTER`: how to begin it, and what is there before and after."""

    make: Callable[[Path], GraphPlace]
    before: Seen
    after: Seen
    writes: int


@pytest.fixture(scope="module")
def way(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    """The way, gone once without any kill: what is there then is a fresh build."""
    base = tmp_path_factory.mktemp("killed")
    Copy((), ()).put(server)
    first = GraphPlace(base / "first", server)
    first.write(BEFORE)
    told(first.command("apply", "--yes"))
    first.does(FILL)
    first.write_scripts(SCRIPTS, AFTER)
    copy, before = Copy.of(first), seen(first)

    def make(home: Path) -> GraphPlace:
        copy.put(server)
        shutil.copytree(base / "first", home)
        return GraphPlace(home, server)

    going = make(base / "going")
    done = going.command(*APPLY)
    told(done)
    yield Way(make, before, seen(going), writes(done))


MOST_WRITES = 9
"""More than the way has; the test below says so when it grows."""


def finished(place: GraphPlace, way: Way) -> None:
    """Goes on until nothing is open, as the messages say; then the database is that of a fresh build."""
    told(place.command("resume") if place.waits() else place.command(*APPLY))
    told(place.command("plan", "--detailed-exitcode"))
    assert place.left_behind() == []
    assert seen(place) == way.after


def test_the_way_has_six_units_and_fewer_writes_than_are_tried(way: Way) -> None:
    assert 8 <= way.writes < MOST_WRITES


def test_the_lock_of_a_killed_apply_is_free_for_another_project(way: Way, tmp_path: Path) -> None:
    place = way.make(tmp_path / "killed")
    place.command(*APPLY, kill=(3, "after"))
    other = GraphPlace(tmp_path / "other", place.url)
    other.write("kind: Neo4jSchema\nstore: graph\nindexes: {other_idx: {label: Other, on: name}}\n")
    told(other.command("apply", "--yes"))
    assert "other_idx" in place.bench.indexes()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("write", range(1, MOST_WRITES))
def test_killed_once_it_is_resumed_to_the_end(way: Way, tmp_path: Path, write: int, when: str) -> None:
    place = way.make(tmp_path / "killed")
    assert place.command(*APPLY, kill=(write, when)).returncode == KILLED
    finished(place, way)


@pytest.mark.parametrize(("write", "again"), [(2, 1), (4, 2), (5, 1), (6, 2)])
def test_killed_again_while_it_is_resumed(way: Way, tmp_path: Path, write: int, again: int) -> None:
    place = way.make(tmp_path / "killed")
    assert place.command(*APPLY, kill=(write, "after")).returncode == KILLED
    assert place.command("resume", kill=(again, "after")).returncode == KILLED
    finished(place, way)


@pytest.mark.parametrize(
    ("write", "when"), [(2, "after"), (3, "before"), (5, "after"), (6, "before"), (7, "after")]
)
def test_killed_and_rolled_back_it_is_as_before(way: Way, tmp_path: Path, write: int, when: str) -> None:
    place = way.make(tmp_path / "killed")
    assert place.command(*APPLY, kill=(write, when)).returncode == KILLED
    told(place.command("rollback", "--yes"), UNDONE)
    assert place.left_behind() == []
    assert seen(place) == way.before
