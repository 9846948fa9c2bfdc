"""The graph example as it stands: scripts up and back, its manifest applied and rolled back, its demo."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.neo4j.graphs import opened
from tests.live.places import ROOT, Place

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.xdist_group("neo4j")]
EXAMPLE = ROOT / "examples" / "apex-graph"
MADE = (4, 17)
"""Constraints, and the indexes that no constraint owns: what the scripts make, and what is declared."""
SCHEMA = (
    "SHOW CONSTRAINTS YIELD createStatement AS made RETURN made ORDER BY made",
    "SHOW INDEXES YIELD name, type, owningConstraint, createStatement AS made "
    "WHERE type <> 'LOOKUP' AND owningConstraint IS NULL AND NOT name STARTS WITH '__apexplan' "
    "RETURN made ORDER BY made",
)


def cypher(graph: str, text: str) -> list[object]:
    """Returns the first column of what a statement returns."""
    with opened(graph) as driver, driver.session() as session:
        return [record[0] for record in session.run(text)]


def schema(graph: str) -> tuple[list[object], ...]:
    """Returns how each constraint, and each index of nobody's, is made."""
    return tuple(cypher(graph, query) for query in SCHEMA)


def sizes(graph: str) -> tuple[int, ...]:
    return tuple(len(part) for part in schema(graph))


def place_of(graph: str, home: Path, example: Path) -> Place:
    shutil.copytree(example, home)
    return Place(home, "", {"NEO4J_URI": graph})


@pytest.fixture
def scripts(graph: str, tmp_path: Path) -> Place:
    return place_of(graph, tmp_path / "scripts", EXAMPLE)


@pytest.fixture
def declared(graph: str, tmp_path: Path) -> Place:
    return place_of(graph, tmp_path / "declared", EXAMPLE / "declared")


def done(place: Place, *arguments: str, expect: int = 0) -> str:
    """Runs one command, which must end so, and returns what it printed."""
    found = place.command(*arguments)
    assert found.returncode == expect, found.stdout + found.stderr
    return found.stdout


def test_the_scripts_go_up_and_back_to_nothing_and_up_again(graph: str, scripts: Place) -> None:
    done(scripts, "migrate", "up", "--yes")
    made = schema(graph)
    assert sizes(graph) == MADE
    done(scripts, "migrate", "rollback", "--to", "none", "--yes", "--allow", "DELETES_DATA")
    assert sizes(graph) == (0, 0)
    done(scripts, "migrate", "up", "--yes")
    assert schema(graph) == made


def test_the_third_script_fills_the_keys_and_takes_them_back(graph: str, scripts: Place) -> None:
    keys = "MATCH (d:Document) RETURN d.title_key"
    cypher(graph, "CREATE (:Document {title: ' A Title '}), (:Document)")
    done(scripts, "migrate", "up", "--yes")
    assert sorted(map(str, cypher(graph, keys))) == ["None", "a title"]
    done(scripts, "migrate", "rollback", "--to", "2", "--yes", "--allow", "DELETES_DATA")
    assert cypher(graph, keys) == [None, None]


def test_the_manifest_declares_what_the_scripts_make(scripts: Place, declared: Place) -> None:
    done(scripts, "migrate", "up", "--yes")
    assert "Plan: 21 to adopt. The stores are not touched." in done(declared, "apply", "--yes")
    done(declared, "plan", "--detailed-exitcode")


def test_the_manifest_is_applied_to_nothing_and_rolled_back(graph: str, declared: Place) -> None:
    done(declared, "plan", "--detailed-exitcode", expect=2)
    done(declared, "apply", "--yes")
    assert sizes(graph) == MADE
    done(declared, "plan", "--detailed-exitcode")
    done(declared, "drift")
    done(declared, "rollback", "--yes")
    assert sizes(graph) == (0, 0)


def test_the_manifest_says_which_indexes_graphiti_will_miss(declared: Place) -> None:
    text = " ".join(done(declared, "plan").split())
    missed = ("entity_uuid", "name_entity_index", "created_at_entity_index")
    assert all(f"will silently not make its own index {name} because" in text for name in missed), text


def test_the_second_script_takes_no_place_of_graphitis(declared: Place) -> None:
    """Its four indexes, declared without those of the baseline."""
    manifest = declared.home / "schema" / "graph.yaml"
    lines = manifest.read_text().splitlines()
    kept = [line for line in lines if "Episodic" in line or "RELATES_TO" in line]
    manifest.write_text("\n".join(["kind: Neo4jSchema", "store: graph", "indexes:", *kept, ""]))
    assert len(kept) == 4
    assert "Graphiti" not in done(declared, "plan")


def test_the_demo_runs_to_its_end(graph: str) -> None:
    demo = subprocess.run(
        [sys.executable, str(EXAMPLE / "demo.py")],
        env={**os.environ, "NEO4J_URI": graph},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert demo.returncode == 0, demo.stdout[-3000:] + demo.stderr[-3000:]
    assert "ran 8 of 17 statements; 0 of 4 constraints are there" in demo.stdout
    assert demo.stdout.count("equal to the byte") == 3
    assert cypher(graph, "MATCH (n) RETURN count(n)") == [0], "the demo leaves an empty database"


def test_the_demo_refuses_a_database_that_holds_something(graph: str) -> None:
    cypher(graph, "CREATE (:Precious)")
    demo = subprocess.run(
        [sys.executable, str(EXAMPLE / "demo.py")],
        env={**os.environ, "NEO4J_URI": graph},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert demo.returncode == 1
    assert "is not empty" in demo.stderr
    assert cypher(graph, "MATCH (n:Precious) RETURN count(n)") == [1]
