"""The wait for ONLINE, and indexes that are FAILED."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from apexplan.engine.ports import RunStatus
from apexplan.model.address import Address
from apexplan.model.change import Action
from apexplan.model.errors import Interrupted, StoreError
from apexplan_neo4j.run.population import wait_online
from apexplan_neo4j.specs import Index
from tests.live.neo4j.bench import Bench, Heard, applied, failure, objects, waited_for

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.xdist_group("neo4j")]

TITLE = objects("indexes: {title_idx: {label: Document, on: title}}")
TEXT = objects("indexes: {title_idx: {label: Document, on: title}, size_idx: {label: Document, on: size}}")
ADDRESS = Address("graph", "index", "title_idx")
SECRET = "hunter2"
LONG = f"CREATE (:Document {{title: '{SECRET}' + reduce(s = '', i IN range(1, 9000) | s + 'x')}})"
"""A string above the 8,164 bytes that a range index can hold."""
MEND = "MATCH (d:Document) SET d.title = 'short'"
MANY = (
    "UNWIND range(1, 60000) AS i CALL (i) { CREATE (:Document {title: 'a title of some words ' + i}) } "
    "IN TRANSACTIONS OF 10000 ROWS"
)
FULLTEXT = "CREATE FULLTEXT INDEX title_idx FOR (d:Document) ON EACH [d.title]"


def failed(bench: Bench) -> Bench:
    """Declares the index, applies it, and lets it be FAILED behind our back."""
    applied(bench.apply(TITLE))
    bench.does("DROP INDEX title_idx", LONG, "CREATE INDEX title_idx FOR (d:Document) ON (d.title)")
    waited_for(lambda: bench.indexes()["title_idx"] == "FAILED")
    return bench


def test_an_index_that_the_data_does_not_fit_ends_with_the_servers_own_words(bench: Bench) -> None:
    bench.does(LONG)
    assert failure(bench.apply(TITLE)).startswith(
        "graph.index.title_idx: the index is FAILED: Property value is too large to index, please see "
    )


def test_no_trace_of_java_is_in_what_the_server_says_of_a_failed_index(bench: Bench) -> None:
    bench.does(LONG)
    told = failure(bench.apply(TITLE))
    assert "java" not in told
    assert told.endswith(".")


def test_no_value_is_in_what_the_server_says_of_a_failed_index(bench: Bench) -> None:
    bench.does(LONG)
    assert SECRET not in failure(bench.apply(TITLE))


def test_a_failed_index_is_undone_with_its_unit(bench: Bench) -> None:
    bench.does(LONG)
    assert bench.apply(TEXT).status is RunStatus.UNDONE
    assert bench.indexes() == {}


def test_a_failed_index_is_drift_of_its_health(bench: Bench) -> None:
    spec = failed(bench).live().objects[ADDRESS]
    assert isinstance(spec, Index) and spec.health == "failed"


def test_a_failed_index_is_planned_anew(bench: Bench) -> None:
    (change,) = failed(bench).plan(TITLE).changes
    assert (change.action, [f.field for f in change.fields]) == (Action.UPDATE, ["health"])


def test_a_failed_index_is_online_again_once_the_data_is_mended(bench: Bench) -> None:
    failed(bench).does(MEND)
    applied(bench.apply(TITLE))
    assert bench.indexes() == {"title_idx": "ONLINE"}


def test_after_that_nothing_is_left_to_plan(bench: Bench) -> None:
    failed(bench).does(MEND)
    applied(bench.apply(TITLE))
    assert bench.plan(TITLE).empty


def test_a_failed_index_is_told_by_doctor(bench: Bench) -> None:
    with failed(bench).session() as session:
        told = {check.name: (check.value, check.ok) for check in session.examine()}
    assert told["failed indexes"] == ("title_idx", False)


@pytest.fixture
def building(bench: Bench) -> Bench:
    """A bench with a full-text index that is being built."""
    bench.does(MANY, FULLTEXT)
    return bench


def waiting(bench: Bench, watch: Heard, name: str = "title_idx") -> None:
    with bench.session() as session:
        wait_online(session.graph, [name], watch)


def test_the_wait_ends_when_the_index_is_online(building: Bench) -> None:
    waiting(building, Heard())
    assert building.indexes() == {"title_idx": "ONLINE"}


def test_the_wait_tells_how_far_the_index_is(building: Bench) -> None:
    heard = Heard()
    waiting(building, heard)
    assert {(unit, phase) for _, unit, phase in heard.told} == {("%", "building")}


def test_what_is_told_only_grows(building: Bench) -> None:
    heard = Heard()
    waiting(building, heard)
    percents = [done for done, _, _ in heard.told]
    assert percents == sorted(percents)


def test_a_stop_ends_the_wait_and_leaves_the_index_to_be_built(building: Bench) -> None:
    with pytest.raises(Interrupted):
        waiting(building, Heard(stop_at=1))
    assert "title_idx" in building.indexes()


class Does(Heard):
    """A watch that does something as soon as it is told how far an index is."""

    act: Callable[[], object]

    def progress(self, done: float, total: float | None, unit: str, phase: str = "") -> None:
        if not self.told:
            self.act()
        super().progress(done, total, unit, phase)


def test_an_index_that_somebody_drops_meanwhile_is_told(building: Bench) -> None:
    watch = Does()
    watch.act = lambda: building.does("DROP INDEX title_idx")
    with pytest.raises(StoreError) as caught:
        waiting(building, watch)
    assert str(caught.value) == "graph.index.title_idx: somebody dropped it while it was built"


def test_the_wait_is_bounded_and_names_the_setting(graph: str, monkeypatch: pytest.MonkeyPatch) -> None:
    impatient = Bench(graph, {"build_timeout_s": 1})
    impatient.does(MANY, FULLTEXT)
    monkeypatch.setattr("apexplan_neo4j.run.population.time.monotonic", iter(range(0, 1000, 2)).__next__)
    with pytest.raises(StoreError, match="still building after 1 s: title_idx") as caught:
        waiting(impatient, Heard())
    assert caught.value.mend == "raise build_timeout_s of the store"
