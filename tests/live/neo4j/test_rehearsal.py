"""`plan --check`: schema statements are tried on the server and taken back."""

from __future__ import annotations

import pytest

from apexplan.engine import survey
from apexplan.model.plan import Note
from tests.live.neo4j.bench import Bench, Objects, applied, objects

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.xdist_group("neo4j")]

BAD = objects("""
indexes:
  a_idx: {label: Document, on: a}
  b_idx: {type: fulltext, labels: [Document], on: [b], analyzer: no-such-analyzer}
  c_idx: {label: Document, on: c}
""")
GOOD = objects("indexes: {a_idx: {label: Document, on: a}, b_idx: {label: Document, on: b}}")
OTHER = objects("indexes: {a_idx: {label: Document, on: [a, b]}}")
UNIQUE = objects("constraints: {c: {unique: c, label: Document}}")


def rehearsed(bench: Bench, desired: Objects) -> list[Note]:
    with bench.stores() as stores:
        return list(survey.rehearsed(stores, bench.plan_in(stores, desired)))


def test_what_the_server_takes_is_told(bench: Bench) -> None:
    (note,) = rehearsed(bench, GOOD)
    assert (note.text, note.blocks) == ("2 steps tried on graph and taken back", False)


def test_a_wrong_option_is_found(bench: Bench) -> None:
    (note,) = rehearsed(bench, BAD)
    assert (str(note.address), note.blocks) == ("graph.index.b_idx", True)
    assert note.text.startswith("tried and refused: ")
    assert "no-such-analyzer" in note.text


def test_it_is_told_how_much_was_not_tried_after_that(bench: Bench) -> None:
    (note,) = rehearsed(bench, BAD)
    assert note.text.endswith("; 1 step after it was not tried")


@pytest.mark.parametrize("desired", [GOOD, BAD])
def test_nothing_is_left_behind(bench: Bench, desired: Objects) -> None:
    rehearsed(bench, desired)
    assert bench.indexes() == {}


def test_a_place_that_was_taken_since_the_plan_is_found(bench: Bench) -> None:
    with bench.stores() as stores:
        plan = bench.plan_in(stores, GOOD)
        bench.does("CREATE INDEX theirs FOR (d:Document) ON (d.a)")
        (note,) = survey.rehearsed(stores, plan)
    assert (str(note.address), note.blocks) == ("graph.index.a_idx", True)


def test_a_drop_and_making_anew_is_tried_in_its_order(bench: Bench) -> None:
    applied(bench.apply(GOOD))
    assert not any(note.blocks for note in rehearsed(bench, OTHER))


def test_drops_are_taken_back(bench: Bench) -> None:
    applied(bench.apply(GOOD))
    rehearsed(bench, OTHER)
    assert bench.indexes() == {"a_idx": "ONLINE", "b_idx": "ONLINE"}


def test_a_constraint_is_told_as_not_tried(bench: Bench) -> None:
    (note,) = rehearsed(bench, UNIQUE)
    assert (str(note.address), note.blocks) == ("graph.constraint.c", False)
    assert note.text.startswith("not tried: ")


def test_somebodys_open_transaction_is_told_and_not_waited_for(graph: str) -> None:
    bench = Bench(graph, {"lock_timeout_ms": 150})
    bench.does("CREATE (:Document {a: 1})")
    with bench.holding("MATCH (d:Document) SET d.a = 2"):
        (note,) = rehearsed(bench, GOOD)
    assert note.text.startswith("tried and refused: waited 150 ms for a lock")
