"""`apexplan migrate` on a real Neo4j: forward, back before the first, forward again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.live.neo4j.graph_places import GraphPlace, told

pytestmark = [pytest.mark.slow, pytest.mark.live, pytest.mark.xdist_group("neo4j")]

SCHEMA = "kind: Neo4jSchema\nstore: graph\nindexes: {title_idx: {label: Document, on: title}}\n"
SCRIPTS = {
    "0001_topics.cypher": "CREATE INDEX topic_rank_idx FOR (t:Topic) ON (t.rank);\n",
    "0001_topics.rollback.cypher": "DROP INDEX topic_rank_idx;\n",
    "0002_about.cypher": (
        "MATCH (d:Document) CALL (d) { MERGE (t:Topic {name: d.topic}) MERGE (d)-[:ABOUT]->(t) } "
        "IN TRANSACTIONS OF 2 ROWS;\n"
    ),
    "0002_about.rollback.cypher": "MATCH (t:Topic) DETACH DELETE t;\n",
    "0003_ranks.cypher": "MATCH (t:Topic) SET t.rank = COUNT { (t)--() };\n",
    "0003_ranks.rollback.cypher": "MATCH (t:Topic) REMOVE t.rank;\n",
}
FILL = "UNWIND range(1, 10) AS i CREATE (:Document {uuid: i, topic: 'topic ' + i % 3})"
BACK = ("migrate", "rollback", "--yes", "--allow", "DELETES_DATA")
PENDING = ["pending"] * 3
APPLIED = ["applied"] * 3


@pytest.fixture
def place(graph: str, tmp_path: Path) -> GraphPlace:
    here = GraphPlace(tmp_path / "project", graph)
    here.write_scripts(SCRIPTS, SCHEMA)
    here.does(FILL)
    return here


def states(place: GraphPlace) -> list[str]:
    """The state of each script as `migrate status` tells programs."""
    done = place.command("migrate", "status", "--format", "json")
    told(done)
    return [script["state"] for script in json.loads(done.stdout)["stores"]["graph"]]


def ledger(place: GraphPlace) -> list[str]:
    rows = place.does("MATCH (v:SchemaVersion) RETURN v.name AS name ORDER BY v.version")
    return [row["name"] for row in rows]


def test_scripts_are_pending_before_the_first_up(place: GraphPlace) -> None:
    assert states(place) == PENDING


def test_up_runs_the_scripts_alone(place: GraphPlace) -> None:
    told(place.command("migrate", "up", "--yes"))
    assert states(place) == APPLIED
    assert ledger(place) == ["topics", "about", "ranks"]
    assert list(place.bench.indexes()) == ["topic_rank_idx"]


def test_up_to_a_version_leaves_the_rest_pending(place: GraphPlace) -> None:
    told(place.command("migrate", "up", "--yes", "--to", "0002"))
    assert states(place) == ["applied", "applied", "pending"]


def test_back_before_the_first_all_is_as_before(place: GraphPlace) -> None:
    before = place.contents()
    told(place.command("migrate", "up", "--yes"))
    told(place.command(*BACK, "--to", "none"))
    assert states(place) == PENDING
    assert place.contents() == before and place.schema() == [] and ledger(place) == []


def test_up_again_ends_as_the_first_time(place: GraphPlace) -> None:
    told(place.command("migrate", "up", "--yes"))
    first = place.contents()
    told(place.command(*BACK, "--to", "none"))
    told(place.command("migrate", "up", "--yes"))
    assert place.contents() == first
    assert states(place) == APPLIED


def test_back_to_a_version_takes_back_what_is_above_it(place: GraphPlace) -> None:
    told(place.command("migrate", "up", "--yes"))
    told(place.command(*BACK, "--to", "0001"))
    assert states(place) == ["applied", "pending", "pending"]
    assert place.does("MATCH (t:Topic) RETURN t") == []


def test_a_baseline_marks_and_runs_nothing(place: GraphPlace) -> None:
    told(place.command("migrate", "baseline", "--yes", "--to", "0002"))
    assert states(place) == ["applied", "applied", "pending"]
    assert place.schema() == [] and place.does("MATCH (t:Topic) RETURN t") == []


@pytest.mark.parametrize("command", [("up",), ("rollback", "--to", "none"), ("baseline", "--to", "0003")])
def test_a_dry_run_prints_and_does_nothing(place: GraphPlace, command: tuple[str, ...]) -> None:
    if command[0] == "rollback":
        told(place.command("migrate", "up", "--yes"))
    before = place.contents(), place.schema(), ledger(place), states(place)
    told(place.command("migrate", *command, "--dry-run"))
    assert (place.contents(), place.schema(), ledger(place), states(place)) == before


def test_a_dry_run_prints_every_statement(place: GraphPlace) -> None:
    said = told(place.command("migrate", "up", "--dry-run"))
    for text in ("CREATE INDEX topic_rank_idx", "IN TRANSACTIONS OF 2 ROWS", "SET t.rank = COUNT"):
        assert text in said


def test_a_dry_run_of_a_rollback_prints_the_rollback_scripts(place: GraphPlace) -> None:
    told(place.command("migrate", "up", "--yes"))
    said = told(place.command("migrate", "rollback", "--to", "0001", "--dry-run"))
    assert "DETACH DELETE t" in said and "REMOVE t.rank" in said and "DROP INDEX" not in said


def test_a_rollback_that_deletes_must_be_allowed(place: GraphPlace) -> None:
    told(place.command("migrate", "up", "--yes"))
    said = told(place.command("migrate", "rollback", "--yes", "--to", "none"), 1)
    assert "--allow DELETES_DATA" in said
    assert states(place) == APPLIED


def test_a_schema_that_is_applied_later_leaves_the_scripts_alone(place: GraphPlace) -> None:
    told(place.command("migrate", "up", "--yes"))
    told(place.command("apply", "--yes"))
    assert sorted(place.bench.indexes()) == ["title_idx", "topic_rank_idx"]
    told(place.command("plan", "--detailed-exitcode"))


def test_another_state_finds_in_the_ledger_what_is_applied(place: GraphPlace, tmp_path: Path) -> None:
    told(place.command("migrate", "up", "--yes"))
    other = GraphPlace(tmp_path / "other", place.url)
    other.write_scripts(SCRIPTS, SCHEMA)
    assert states(other) == APPLIED
