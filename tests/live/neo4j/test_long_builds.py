"""The command, or the server, is killed in the middle of a build over 200,000 nodes; `resume` ends it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from neo4j.exceptions import ConstraintError

from tests.live.home import Done
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


# ------------------------------------------------------------------ the server is killed


@dataclass(frozen=True)
class Crash:
    """A server that was killed under a command: what the command said, what became of a resume while nobody
    answered, and of one when the server was there again; then the next plan, and what is left behind."""

    said: str
    too_early: Done
    resumed: Done
    plan: Done
    left: list[str]


@pytest.fixture(scope="module", params=[WORDS, UNIQUE], ids=["a-fulltext-index", "a-constraint"])
def crash(
    large_server: Large, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Crash:
    large_server.up()
    large_server.bare()
    place = GraphPlace(tmp_path_factory.mktemp("crash") / "project", large_server.url)
    place.write(request.param)
    with building(place) as command:
        large_server.crash()
        said = ended(command, 4)
    too_early = place.command("resume")
    large_server.up()
    resumed = place.command("resume")
    return Crash(said, too_early, resumed, place.command("plan", "--detailed-exitcode"), place.left_behind())


def test_a_command_whose_server_was_killed_stops_and_says_how_to_go_on(crash: Crash) -> None:
    assert "connection was lost" in crash.said or "nobody answers" in crash.said, crash.said
    assert "apexplan resume" in crash.said


def test_a_command_that_finds_no_server_to_resume_on_says_so(crash: Crash) -> None:
    assert "check the URI, and that the server runs" in told(crash.too_early, 1)


def test_a_build_whose_server_was_killed_is_resumed(crash: Crash) -> None:
    """Also after a resume that found nobody: it keeps the run."""
    told(crash.resumed)
    told(crash.plan)
    assert crash.left == []
