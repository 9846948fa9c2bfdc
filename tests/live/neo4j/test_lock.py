"""One apply at a time on a database: the lock is an open transaction, and dies with its holder."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from apexplan.engine.apply import Result, Retry
from apexplan.engine.ports import RunStatus
from apexplan.model.errors import Transient
from apexplan_neo4j.session import Neo4jSession
from tests.live.neo4j.bench import Bench, child, failure, objects, waited_for

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.xdist_group("neo4j")]

HOLDER = """
import sys
from pydantic import SecretStr
from apexplan_neo4j.connection import Neo4jSettings
from apexplan_neo4j.provider import PROVIDER
with PROVIDER.connect("graph", Neo4jSettings(uri=SecretStr(sys.argv[1]))) as session:
    session.claim("run-of-child", "carol")
    print("held", flush=True)
    sys.stdin.read()
"""
INDEX = "indexes: {{index_{0}: {{label: Document, on: p{0}}}}}"


@pytest.fixture
def quick(graph: str) -> Bench:
    """A bench that does not wait long for a lock."""
    return Bench(graph, {"lock_timeout_ms": 150})


@pytest.fixture
def holder(quick: Bench) -> Iterator[Neo4jSession]:
    """A session that has the lock, as alice's run-1."""
    with quick.session() as session:
        session.claim("run-1", "alice")
        yield session


def refused(bench: Bench) -> str:
    """Returns what bob is told who cannot have the lock."""
    with bench.session() as session, pytest.raises(Transient) as caught:
        session.claim("run-2", "bob")
    return str(caught.value)


def take(bench: Bench, run: str = "run-2", by: str = "bob") -> None:
    with bench.session() as session:
        session.claim(run, by)


def lock_transactions(bench: Bench) -> list[str]:
    return bench.transactions("lock of run")


def test_a_second_session_is_told_whose_run_has_the_lock(quick: Bench, holder: Neo4jSession) -> None:
    assert "apexplan's lock of run run-1 by alice" in refused(quick)


def test_the_wait_is_as_long_as_the_store_allows(quick: Bench, holder: Neo4jSession) -> None:
    assert "waited 150 ms for a lock" in refused(quick)


def test_a_session_that_has_the_lock_may_claim_it_again(quick: Bench, holder: Neo4jSession) -> None:
    holder.claim("run-1", "alice")
    assert len(lock_transactions(quick)) == 1


def test_the_lock_is_free_when_its_session_closes(quick: Bench) -> None:
    take(quick, "run-1", "alice")
    assert lock_transactions(quick) == []
    take(quick)


def test_the_lock_is_free_when_its_process_is_killed(quick: Bench) -> None:
    with child(HOLDER, quick.uri) as process:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        assert "by carol" in refused(quick)
        process.kill()
        process.wait()
        waited_for(lambda: not lock_transactions(quick))
        take(quick)


def test_two_lock_nodes_of_a_race_are_one_lock(quick: Bench) -> None:
    quick.does("CREATE (:ApexplanLock {name: 'apply'}), (:ApexplanLock {name: 'apply'})")
    with quick.session() as session:
        session.claim("run-1", "alice")
        assert "by alice" in refused(quick)


def test_racing_to_make_the_first_lock_node_gives_one_holder(quick: Bench) -> None:
    barrier = Barrier(4)

    def race(number: int) -> bool:
        with quick.session() as session:
            barrier.wait()
            try:
                session.claim(f"run-{number}", "racer")
            except Transient:
                return False
            finally:
                barrier.wait()
            return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(race, range(4))) == 1


def test_a_lock_that_an_administrator_ended_is_taken_again(quick: Bench, holder: Neo4jSession) -> None:
    (first,) = lock_transactions(quick)
    quick.does("TERMINATE TRANSACTIONS $id", id=first)
    holder.claim("run-1", "alice")
    assert first not in lock_transactions(quick)
    assert "by alice" in refused(quick)


def test_nothing_of_a_holder_stays_in_the_lock_node(quick: Bench) -> None:
    take(quick)
    rows = quick.does("MATCH (l:ApexplanLock) RETURN properties(l) AS kept")
    assert rows == [{"kept": {"name": "apply"}}]


def test_an_apply_waits_for_the_lock_of_another(quick: Bench) -> None:
    with quick.session() as session:
        session.claim("run-1", "alice")
        patient = Bench(quick.uri, quick.options, retry=Retry(sleep=lambda seconds: session.close()))
        assert patient.apply(objects(INDEX.format(1))).status is RunStatus.APPLIED


def racing(bench: Bench) -> list[tuple[Bench, Result]]:
    """Two applies with states of their own, each planned before either begins."""
    barrier = Barrier(2)

    def one(number: int) -> tuple[Bench, Result]:
        mine = Bench(bench.uri, bench.options)
        with mine.stores() as stores:
            plan = mine.plan_in(stores, objects(INDEX.format(number)))
            barrier.wait()
            return mine, mine.start_in(stores, plan)

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(one, range(2)))


def test_of_two_racing_applies_one_wins_and_the_other_changes_nothing(quick: Bench) -> None:
    for _ in range(8):
        ended = racing(quick)
        (winner,) = [b for b, result in ended if result.status is RunStatus.APPLIED]
        (loser,) = [result for _, result in ended if result.status is not RunStatus.APPLIED]
        assert loser.status is RunStatus.UNDONE
        assert "another apply changed this database" in failure(loser) or "lock of run" in failure(loser)
        assert list(quick.indexes()) == [str(a.name) for a in winner.state.recorded()]
        winner.apply({})
