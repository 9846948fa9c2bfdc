"""The revision marker: proof of a commit, and the end of a session that read something older."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from apexplan.engine.ports import RunStatus
from apexplan.model.errors import Ambiguous, StoreError, Transient
from apexplan.model.plan import Step
from apexplan.provider import Outcome, Scope
from apexplan_neo4j.connection import Tx
from apexplan_neo4j.read.marker import Marker, current
from tests.live.neo4j.bench import Bench, Heard, applied, failure, objects

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.xdist_group("neo4j")]

ONE = objects("indexes: {one: {label: Document, on: title}}")
TWO = objects("indexes: {one: {label: Document, on: title}, two: {label: Document, on: size}}")
BOTH_KINDS = objects("""
constraints: {uuid_unique: {unique: uuid, label: Document}}
indexes: {one: {label: Document, on: title}}
""")
LATE = "the call failed after its commit"


def marker(bench: Bench) -> Marker:
    with bench.session() as session:
        return current(session.graph)


def step_of(bench: Bench) -> Sequence[Step]:
    return bench.plan(ONE).units[0].steps


def fails_once_after_commit(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Makes the first commit succeed and its call fail; returns what happened."""
    happened: list[str] = []
    commit = Tx.commit

    def commits(self: Tx) -> None:
        commit(self)
        if not happened:
            happened.append(LATE)
            raise Ambiguous(LATE, store="graph")

    monkeypatch.setattr(Tx, "commit", commits)
    return happened


def test_a_new_database_is_at_revision_zero(bench: Bench) -> None:
    assert marker(bench).revision == 0


def test_each_unit_moves_the_marker_by_one(bench: Bench) -> None:
    plan = bench.plan(BOTH_KINDS)
    applied(bench.start(plan))
    assert marker(bench).revision == len(plan.units) == 2


def test_there_is_one_marker_at_a_time(bench: Bench) -> None:
    applied(bench.apply(BOTH_KINDS))
    rows = bench.does("SHOW INDEXES YIELD name WHERE name STARTS WITH '__apexplan' RETURN name")
    assert [row["name"].rpartition("_")[0] for row in rows] == ["__apexplan_revision_2"]


def test_no_property_name_is_left_behind_for_each_unit(bench: Bench) -> None:
    applied(bench.apply(BOTH_KINDS))
    applied(bench.roll_back())
    rows = bench.does(
        "CALL db.propertyKeys() YIELD propertyKey WHERE propertyKey STARTS WITH 'unit' RETURN *"
    )
    assert [row["propertyKey"] for row in rows] == ["unit"]


def test_the_marker_names_the_unit_of_its_run(bench: Bench) -> None:
    result = applied(bench.apply(ONE))
    assert marker(bench).proves(f"{result.run}/{result.applied[0].id}")


def test_a_rollback_goes_on_counting(bench: Bench) -> None:
    applied(bench.apply(ONE))
    applied(bench.roll_back())
    assert marker(bench).revision == 2


def test_an_undo_goes_on_counting(bench: Bench) -> None:
    """The first constraint is made, the second one finds two nodes of one size, the first one goes."""
    bench.does("UNWIND [1, 2] AS i CREATE (:Document {uuid: i, size: 'same'})")
    plan = bench.plan(
        objects("""
constraints: {a_unique: {unique: uuid, label: Document}, b_unique: {unique: size, label: Document}}
""")
    )
    assert bench.start(plan).status is RunStatus.UNDONE
    assert (marker(bench).revision, bench.constraints()) == (2, [])


def test_an_apply_of_another_since_the_plan_refuses_this_one(bench: Bench) -> None:
    with bench.stores() as stores:
        plan = bench.plan_in(stores, ONE)
        applied(Bench(bench.uri).apply(objects("indexes: {theirs: {label: Other, on: title}}")))
        assert "it is at revision 1, and this one began at 0" in failure(bench.start_in(stores, plan))


def test_what_was_refused_changed_nothing(bench: Bench) -> None:
    with bench.stores() as stores:
        plan = bench.plan_in(stores, ONE)
        applied(Bench(bench.uri).apply(objects("indexes: {theirs: {label: Other, on: title}}")))
        bench.start_in(stores, plan)
    assert list(bench.indexes()) == ["theirs"]


def test_who_is_refused_is_told_to_plan_again(bench: Bench) -> None:
    with bench.session() as session:
        session.read(Scope("graph"))
        applied(Bench(bench.uri).apply(ONE))
        with pytest.raises(StoreError) as caught:
            session.claim("run", "tester")
    assert caught.value.mend == "plan again"


def test_a_session_goes_on_from_its_own_revision(bench: Bench) -> None:
    with bench.stores() as stores:
        applied(bench.start_in(stores, bench.plan_in(stores, ONE)))
        applied(bench.start_in(stores, bench.plan_in(stores, TWO)))
    assert marker(bench).revision == 2


def loses_its_lock(bench: Bench) -> None:
    """The server ends the transaction that is the lock, as an administrator or a time-out would."""
    for id_ in bench.transactions("lock of run"):
        bench.does("TERMINATE TRANSACTIONS $id", id=id_)


def test_a_session_that_lost_its_lock_is_kept_out_by_who_has_it_now(bench: Bench) -> None:
    steps = step_of(bench)
    with bench.session() as first, bench.session() as second:
        first.claim("run-1", "alice")
        loses_its_lock(bench)
        second.claim("run-2", "bob")
        with pytest.raises(Transient, match="lock of run run-2 by bob"):
            first.run_group("run-1/unit", steps, Heard())


def test_a_session_that_lost_its_lock_while_another_applied_is_refused(bench: Bench) -> None:
    steps = step_of(bench)
    with bench.session() as first:
        first.claim("run-1", "alice")
        loses_its_lock(bench)
        applied(Bench(bench.uri).apply(TWO))
        with pytest.raises(StoreError, match="another apply changed this database"):
            first.run_group("run-1/unit", steps, Heard())


def test_a_unit_that_never_ran_is_not_done(bench: Bench) -> None:
    steps = step_of(bench)
    with bench.session() as session:
        assert session.probe_group("run/unit", steps) is Outcome.NOT_DONE


def test_a_commit_whose_call_failed_is_found_done(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = step_of(bench)
    fails_once_after_commit(monkeypatch)
    with bench.session() as session:
        with pytest.raises(Ambiguous):
            session.run_group("run/unit", steps, Heard())
        session.graph.rows("CALL db.awaitIndexes(60)")
        assert session.probe_group("run/unit", steps) is Outcome.DONE


def test_a_run_goes_on_after_a_commit_whose_call_failed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened = fails_once_after_commit(monkeypatch)
    applied(bench.apply(BOTH_KINDS))
    assert happened == [LATE]
    assert marker(bench).revision == 2


def test_a_unit_that_is_run_again_after_its_commit_makes_nothing_twice(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = step_of(bench)
    fails_once_after_commit(monkeypatch)
    with bench.session() as session:
        with pytest.raises(Ambiguous):
            session.run_group("run/unit", steps, Heard())
        session.run_group("run/unit", steps, Heard())
    assert marker(bench).revision == 1


def test_the_marker_is_no_object_to_anybody(bench: Bench) -> None:
    applied(bench.apply(ONE))
    assert [a.name for a in bench.live().objects if a.kind == "index" and "apexplan" in a.name] == []


def test_the_marker_is_not_unmanaged(bench: Bench) -> None:
    applied(bench.apply(ONE))
    assert [str(a) for a in bench.plan(ONE).unmanaged] == []


@pytest.mark.parametrize("name", ["apexplan_revision_7", "__apexplan_revision_old", "__apexplan_revision_"])
def test_a_name_that_only_resembles_the_marker_is_no_marker(bench: Bench, name: str) -> None:
    bench.does(f"CREATE INDEX {name} FOR (d:Document) ON (d.size)")
    applied(bench.apply(ONE))
    assert marker(bench).revision == 1


def test_an_index_on_a_label_of_the_users_is_never_dropped_by_the_marker(bench: Bench) -> None:
    bench.does("CREATE INDEX apexplan_revision_1 FOR (d:Document) ON (d.size)")
    applied(bench.apply(ONE))
    applied(bench.roll_back())
    assert list(bench.indexes()) == ["apexplan_revision_1"]
