"""The scripts of the guide go up and back on a real database."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from apexplan.engine.ports import RunStatus
from tests.live.neo4j import bench

pytestmark = [pytest.mark.live, pytest.mark.slow]

GUIDE = (Path(__file__).parents[3] / "docs" / "guides" / "migrations.md").read_text()
FILES = dict(re.findall(r"^```cypher\n// migrations/(\S+)\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL))
TOPICS = "MATCH (:Document)-[:ABOUT]->(t:Topic) RETURN t.name AS name, count(*) AS documents ORDER BY name"


def declared(graph: str) -> tuple[bench.Bench, bench.Objects]:
    names = {f"v{name.removesuffix('.cypher').replace('.', '__')}": text for name, text in FILES.items()}
    made = bench.Bench(graph)
    made.does("UNWIND ['a', 'b', 'a'] AS topic CREATE (:Document {topic: topic})", "CREATE (:Document)")
    return made, bench.scripts(**names)


def test_the_guide_has_two_scripts_with_their_ways_back() -> None:
    assert len(FILES) == 4


def test_they_go_up_and_do_what_the_guide_says(graph: str) -> None:
    made, scripts = declared(graph)
    assert made.apply(scripts).status is RunStatus.APPLIED
    assert made.constraints() == ["topic_name_unique"]
    assert made.does(TOPICS) == [{"name": "a", "documents": 2}, {"name": "b", "documents": 1}]


def test_they_go_back_to_nothing(graph: str) -> None:
    made, scripts = declared(graph)
    made.apply(scripts)
    assert made.roll_back().status is RunStatus.APPLIED
    assert made.constraints() == []
    assert made.indexes() == {}
    assert made.does("MATCH (t:Topic) RETURN count(t) AS n") == [{"n": 0}]
