"""The command, or the server, is killed in the middle of a build over 200,000 nodes; `resume` ends it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from neo4j.exceptions import ConstraintError

from tests.live.neo4j.bench import waited_for
from tests.live.neo4j.graph_places import GraphPlace, told
from tests.live.neo4j.large import Large, building, ended

pytestmark = [pytest.mark.slow, pytest.mark.live, pytest.mark.xdist_group("neo4j-large")]

HEAD = "kind: Neo4jSchema\nstore: graph\n"
WORDS = HEAD + "indexes: {words: {type: fulltext, labels: [Document], on: [title, body]}}\n"
UNIQUE = HEAD + "constraints: {all_unique: {unique: [body, title, uuid], label: Document}}\n"
BUILDS = pytest.mark.parametrize("manifest", [WORDS, UNIQUE], ids=["a-fulltext-index", "a-constraint"])
COPIED = (
    "MATCH (d:Document {uuid: 'document 7'}) CREATE (:Document {body: d.body, title: d.title, uuid: d.uuid})"
)


@pytest.fixture
def place(large: Large, tmp_path: Path) -> GraphPlace:
    return GraphPlace(tmp_path / "project", large.url)


def resumed(place: GraphPlace) -> None:
    """Resumes; then everything is ONLINE, as the manifest says, and nothing else is there."""
    told(place.command("resume"))
    told(place.command("plan", "--detailed-exitcode"))
    assert place.left_behind() == []


@BUILDS
def test_a_build_whose_command_was_killed_is_resumed(place: GraphPlace, manifest: str) -> None:
    place.write(manifest)
    with building(place) as command:
        command.kill()
    resumed(place)


@BUILDS
def test_a_build_whose_command_was_killed_is_taken_back(place: GraphPlace, manifest: str) -> None:
    place.write(manifest)
    with building(place) as command:
        command.kill()
    told(place.command("rollback", "--yes"), 3)
    waited_for(lambda: place.schema() == [])  # the server ends a lost client's statement in its own time


def test_a_constraint_whose_command_was_killed_is_enforced_after_resume(place: GraphPlace) -> None:
    place.write(UNIQUE)
    with building(place) as command:
        command.kill()
    resumed(place)
    with pytest.raises(ConstraintError):
        place.does(COPIED)


def test_progress_of_a_build_is_told_as_events(place: GraphPlace) -> None:
    place.write(WORDS)
    lines = told(place.command("apply", "--yes", "--format", "json")).splitlines()
    events = [json.loads(line) for line in lines if line.startswith('{"version"')]
    shares = [event["done"] for event in events if event["event"] == "progress"]
    assert shares == sorted(shares) and any(0 < share < 100 for share in shares), shares


@BUILDS
def test_a_command_whose_server_was_killed_stops_and_says_how_to_go_on(
    large: Large, place: GraphPlace, manifest: str
) -> None:
    place.write(manifest)
    with building(place) as command:
        large.crash()
        said = ended(command, 4)
    assert "connection was lost" in said or "nobody answers" in said, said
    assert "apexplan resume" in said


@BUILDS
def test_a_build_whose_server_was_killed_is_resumed(large: Large, place: GraphPlace, manifest: str) -> None:
    place.write(manifest)
    with building(place) as command:
        large.crash()
        ended(command, 4)
    large.up()
    resumed(place)


def test_a_command_that_finds_no_server_to_resume_on_keeps_the_run(large: Large, place: GraphPlace) -> None:
    place.write(WORDS)
    with building(place) as command:
        large.crash()
        ended(command, 4)
    assert "check the URI, and that the server runs" in told(place.command("resume"), 1)
    large.up()
    resumed(place)
