"""Nobody waits for ever: what is blocked by somebody's open transaction ends, and says by whose."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from apexplan.engine.apply import OnFailure, Retry
from apexplan.engine.ports import RunStatus
from apexplan.model.errors import Interrupted, Transient
from apexplan.provider import Scope
from tests.live.neo4j.bench import Bench, Heard, Objects, applied, objects, scripts

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.xdist_group("neo4j")]

INDEX = objects("indexes: {title_idx: {label: Document, on: title}}")
CONSTRAINT = objects("constraints: {uuid_unique: {unique: uuid, label: Document}}")
LONG = objects("constraints: {uuid_unique: {unique: [title, uuid], label: Document}}")
"""Over long texts it takes a second."""
BACK = "MATCH (d:Document) REMOVE d.seen"
DATA = scripts(v1_data="MATCH (d:Document) SET d.seen = true", v1_data__rollback=BACK)
BATCHED = scripts(
    v1_data="MATCH (d:Document) CALL (d) { SET d.seen = true } IN TRANSACTIONS OF 10 ROWS",
    v1_data__rollback=BACK,
)
WAYS = pytest.mark.parametrize(
    "desired",
    [INDEX, CONSTRAINT, DATA, BATCHED],
    ids=["an-index", "a-constraint", "a-script-of-data", "a-script-in-transactions"],
)
OPEN = "MATCH (d:Document {uuid: 'hunter2'}) SET d.title = 'secret words', d.n = 1"


@pytest.fixture
def quick(graph: str) -> Bench:
    """A bench with one node, which does not wait long."""
    made = Bench(graph, {"lock_timeout_ms": 200}, retry=Retry(attempts=1))
    made.does("CREATE (:Document {uuid: 'hunter2', title: 'first'})")
    return made


def refused(bench: Bench, desired: Objects) -> Transient:
    """Returns the error of the first unit of a plan."""
    unit = bench.plan(desired).units[0]
    with bench.session() as session, pytest.raises(Transient) as caught:
        session.claim("run", "tester")
        if unit.transactional:
            session.run_group("run/unit", unit.steps, Heard())
        else:
            session.run(unit.steps[0], Heard())
    return caught.value


@WAYS
def test_what_waits_for_an_open_write_ends_and_says_for_how_long(quick: Bench, desired: Objects) -> None:
    with quick.holding(OPEN):
        assert "waited 200 ms for a lock that is held by neo4j-transaction-" in str(refused(quick, desired))


@WAYS
def test_the_other_transaction_lives_on(quick: Bench, desired: Objects) -> None:
    with quick.holding(OPEN) as other:
        refused(quick, desired)
        other.run("RETURN 1").consume()
        other.commit()
    assert quick.does("MATCH (d:Document) RETURN d.n AS n") == [{"n": 1}]


@WAYS
def test_nothing_of_ours_goes_on_waiting(quick: Bench, desired: Objects) -> None:
    with quick.holding(OPEN):
        refused(quick, desired)
        assert quick.transactions("run/") == []


@WAYS
def test_the_engine_tries_again_when_the_other_has_ended(quick: Bench, desired: Objects) -> None:
    plan = quick.plan(desired)
    with quick.holding(OPEN) as other:
        quick.retry = Retry(attempts=3, sleep=lambda seconds: other.rollback())
        applied(quick.start(plan))
    assert any(line.startswith("retry") for line in quick.reporter.heard)


@pytest.mark.parametrize("desired", [INDEX, CONSTRAINT, DATA], ids=["an-index", "a-constraint", "a-script"])
def test_a_run_that_never_got_its_lock_is_undone_without_a_trace(quick: Bench, desired: Objects) -> None:
    plan = quick.plan(desired)
    with quick.holding(OPEN):
        assert quick.start(plan).status is RunStatus.UNDONE
    assert (quick.indexes(), quick.constraints()) == ({}, [])
    assert quick.does("MATCH (d:Document) RETURN d.seen AS seen") == [{"seen": None}]


def test_a_script_in_transactions_whose_undo_is_blocked_too_is_undone_later(quick: Bench) -> None:
    """Batches may have been committed before the lock was met, so its rollback script has to run."""
    plan = quick.plan(BATCHED)
    with quick.holding(OPEN):
        assert quick.start(plan).status is RunStatus.STUCK
    assert quick.undo().status is RunStatus.UNDONE


def test_the_holder_is_named_by_user_and_client(quick: Bench) -> None:
    with quick.holding(OPEN):
        assert "of user neo4j from 127.0.0.1:" in str(refused(quick, INDEX))


def test_the_holder_is_named_with_the_time_that_he_began(quick: Bench) -> None:
    with quick.holding(OPEN):
        (row,) = quick.does("SHOW TRANSACTIONS YIELD startTime, currentQuery WHERE currentQuery = ''")
        assert f"open since {row['startTime']}" in str(refused(quick, INDEX))


def test_no_literal_of_the_holders_query_is_told(quick: Bench) -> None:
    with quick.holding(OPEN):
        told = refused(quick, INDEX)
    assert "hunter2" not in str(told) + told.mend + repr(told)
    assert "secret" not in str(told) + told.mend + repr(told)


def test_who_is_blocked_is_told_three_ways_out(quick: Bench) -> None:
    with quick.holding(OPEN):
        assert refused(quick, INDEX).mend == (
            "try again when that transaction has ended, end it (TERMINATE TRANSACTION), "
            "or raise lock_timeout_ms"
        )


@pytest.fixture
def many(quick: Bench) -> Iterator[Bench]:
    """A bench with so many nodes that a constraint on them takes some seconds."""
    quick.does(
        "UNWIND range(1, 100000) AS i CALL (i) { CREATE (:Document {uuid: 'document ' + i, "
        "title: reduce(s = '', w IN range(1, 30) | s + ' word' + ((i * 7919 + w * 104729) % 50021))}) } "
        "IN TRANSACTIONS OF 10000 ROWS"
    )
    yield quick


def test_a_stop_during_a_long_constraint_ends_it(many: Bench) -> None:
    steps = many.plan(LONG).units[0].steps
    with many.session() as session, pytest.raises(Interrupted):
        session.read(Scope("graph"))
        session.run_group("run/unit", steps, Heard(stop_at=0))
    assert many.constraints() == []


def test_a_long_constraint_tells_how_far_it_is(many: Bench) -> None:
    steps = many.plan(LONG).units[0].steps
    heard = Heard()
    with many.session() as session:
        session.read(Scope("graph"))
        session.run_group("run/unit", steps, heard)
    assert {(unit, phase) for _, unit, phase in heard.told} == {("%", "building")}


class StopsAtOnce:
    """Asks for a stop as soon as a step has begun."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def append(self, line: str) -> None:
        self._bench.stop.wished = self._bench.stop.wished or line.startswith("run")


@pytest.mark.parametrize("way_on", ["resume", "undo"])
def test_a_run_that_was_stopped_in_a_constraint_goes_on_or_back(many: Bench, way_on: str) -> None:
    many.on_failure = OnFailure.STOP
    many.reporter.heard = StopsAtOnce(many)  # type: ignore[assignment]  # a list of which we use one method
    assert many.apply(LONG).status is RunStatus.STOPPED
    many.stop.wished, many.reporter.heard = False, []
    result = many.resume() if way_on == "resume" else many.undo()
    wanted = (RunStatus.APPLIED, ["uuid_unique"]) if way_on == "resume" else (RunStatus.UNDONE, [])
    assert (result.status, many.constraints()) == wanted
    assert set(many.indexes()) == set(wanted[1])
