"""The real command stopped by signals in the middle of a build over 200,000 nodes."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.live.neo4j.bench import waited_for
from tests.live.neo4j.graph_places import GraphPlace, told
from tests.live.neo4j.large import Large, building, ended
from tests.live.neo4j.test_long_builds import UNIQUE, WORDS, resumed

pytestmark = [pytest.mark.slow, pytest.mark.live, pytest.mark.xdist_group("neo4j-large")]

EACH_ONCE = pytest.mark.parametrize(
    ("manifest", "which"),
    [(WORDS, signal.SIGINT), (UNIQUE, signal.SIGTERM)],
    ids=["a-fulltext-index-by-SIGINT", "a-constraint-by-SIGTERM"],
)


@pytest.fixture
def place(large: Large, tmp_path: Path) -> GraphPlace:
    return GraphPlace(tmp_path / "project", large.url)


@EACH_ONCE
def test_a_build_that_is_stopped_tells_of_resume(
    place: GraphPlace, manifest: str, which: signal.Signals
) -> None:
    place.write(manifest)
    with building(place) as command:
        command.send_signal(which)
        said = ended(command, 4)
    assert "apexplan resume" in said
    resumed(place)


def test_an_index_goes_on_being_built_after_the_command_has_ended(place: GraphPlace) -> None:
    place.write(WORDS)
    with building(place) as command:
        command.send_signal(signal.SIGTERM)
        assert "the database goes on building" in ended(command, 4)
    waited_for(lambda: place.bench.indexes()["words"] == "ONLINE")


def test_a_constraint_that_was_stopped_leaves_nothing(place: GraphPlace) -> None:
    place.write(UNIQUE)
    with building(place) as command:
        command.send_signal(signal.SIGTERM)
        ended(command, 4)
    assert place.schema() == []


def test_a_second_signal_stops_at_once(place: GraphPlace) -> None:
    place.write(WORDS)
    with building(place) as command:
        command.send_signal(signal.SIGINT)
        command.send_signal(signal.SIGTERM)
        ended(command, 4)
    resumed(place)


def test_a_build_that_was_stopped_is_taken_back(place: GraphPlace) -> None:
    place.write(WORDS)
    with building(place) as command:
        command.send_signal(signal.SIGTERM)
        ended(command, 4)
    told(place.command("rollback", "--yes"), 3)
    assert place.schema() == []
