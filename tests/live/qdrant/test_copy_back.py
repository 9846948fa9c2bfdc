"""The way back after readers were switched, what is kept aside by it, and the purge of that."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from apexplan.engine import planner
from apexplan.engine.ports import RunStatus
from apexplan.model.address import Address
from apexplan.model.change import Declared
from apexplan.model.errors import StoreError
from apexplan.model.plan import HazardKind, Plan, Step
from apexplan_qdrant.specs import Retained
from apexplan_qdrant.target import Point

from .bench import applied, failure, objects, some
from .spied import SpiedBench, failing

pytestmark = pytest.mark.live

V1 = """
collections:
  documents:
    vectors: {size: 4, distance: Dot}
    on_replace: copy
    copy: {sample: 0, batch: 64}
    payload_indexes: {user: keyword}
"""
V2 = V1.replace("Dot}", "Dot, datatype: float16}")
V3 = V1.replace("Dot}", "Dot, multivector: none, datatype: uint8}")
BARE = V1.replace("    on_replace: copy\n    copy: {sample: 0, batch: 64}\n", "")
COUNT = 100
LATER = "9999-01-01T00:00:00Z"


@pytest.fixture
def switched(bench: SpiedBench) -> SpiedBench:
    """Readers are on `documents_v2`; `documents_v1` is kept."""
    bench.filled(V1, COUNT)
    applied(bench.apply(objects(V2)))
    return bench


def kept(bench: SpiedBench) -> dict[str, str | None]:
    """Returns what is kept aside, by physical name, with the name that it had."""
    return {a.name: s.former for a, s in bench.live().objects.items() if isinstance(s, Retained)}


def purging(bench: SpiedBench, desired: Mapping[Address, Declared]) -> Plan:
    """Returns the plan that deletes for good all that was kept."""
    with bench.stores() as stores:
        wish = planner.Desired("test", "", dict(desired), "digest")
        return planner.plan(
            wish, bench.state.recorded(), bench.state.head(), stores, created="purge", purge_before=LATER
        )


def only(plan: Plan) -> Step:
    (step,) = plan.steps
    return step


def contents(bench: SpiedBench, name: str) -> dict[object, object]:
    return {number: payload["n"] for number, (_, payload) in bench.points(name).items()}


# ------------------------------------------------------------------ back


def test_with_nothing_written_since_the_new_one_is_deleted(bench: SpiedBench) -> None:
    bench.filled(V1, COUNT)
    before = bench.names(), bench.points("documents"), bench.live().objects
    applied(bench.apply(objects(V2)))
    applied(bench.roll_back())
    assert (bench.names(), bench.points("documents"), bench.live().objects) == before


def test_with_renamed_and_dropped_fields_the_new_one_is_deleted_too(bench: SpiedBench) -> None:
    bench.filled(V1, COUNT)
    transform = "batch: 64, transform: {rename: {n: number}, drop: [user]}"
    applied(bench.apply(objects(V2.replace("batch: 64", transform))))
    assert bench.points("documents")[5][1] == {"number": 5}
    applied(bench.roll_back())
    assert bench.names() == {"documents": "documents_v1", "documents_v1": "documents_v1"}


@pytest.mark.parametrize("number", [7, 1000], ids=["changed", "inserted"])
def test_with_a_point_written_since_the_new_one_is_kept_and_readers_are_back(
    switched: SpiedBench, number: int
) -> None:
    switched.write("documents", [Point(number, [9.0] * 4, {"n": "since"})])
    since = switched.points("documents")
    applied(switched.roll_back())
    assert switched.names()["documents"] == "documents_v1"
    assert contents(switched, "documents") == {n: n for n in range(1, COUNT + 1)}
    assert kept(switched) == {"documents_v2": "documents"}
    assert switched.points("documents_v2") == since


def test_what_the_way_back_kept_is_not_in_the_way_of_the_next_copy(switched: SpiedBench) -> None:
    switched.write("documents", [Point(1000, [9.0] * 4, {"n": "since"})])
    applied(switched.roll_back())
    applied(switched.apply(objects(V2)))
    assert switched.names()["documents"] == "documents_v3"


def test_a_way_back_that_fails_leaves_what_was_written_since(switched: SpiedBench) -> None:
    switched.write("documents", [Point(7, [9.0] * 4, {"n": "since"}), Point(1000, [9.0] * 4, {"n": "since"})])
    since = switched.points("documents")
    refused = failing(StoreError("the disk is on fire"))
    switched.spy.after("change_aliases", lambda _: switched.spy.before("page", refused, "documents_v1"))
    result = switched.roll_back()
    assert result.status is RunStatus.UNDONE, (failure(result), result.undo_failure)
    assert switched.names()["documents"] == "documents_v2"
    assert switched.points("documents") == since
    assert kept(switched) == {"documents_v1": "documents"}


def test_a_way_back_that_is_undone_takes_what_it_kept_into_use_again(bench: SpiedBench) -> None:
    """Of two collections the second fails, when the first is kept aside already."""
    two = V1 + V1.replace("collections:\n", "").replace("documents", "texts")
    bench.filled(two, COUNT)
    applied(bench.apply(objects(two.replace("Dot}", "Dot, datatype: float16}"))))
    for name in ("documents", "texts"):
        bench.write(name, [Point(1000, [9.0] * 4, {"n": "since"})])
    bench.spy.before("update", failing(StoreError("the disk is on fire")), "documents_v2")
    result = bench.roll_back()
    assert result.status is RunStatus.UNDONE, (failure(result), result.undo_failure)
    assert bench.names()["texts"] == "texts_v2"
    assert kept(bench) == {"documents_v1": "documents", "texts_v1": "texts"}


# ------------------------------------------------------------------ purge


def test_a_purge_deletes_what_was_kept_and_says_so(switched: SpiedBench) -> None:
    plan = purging(switched, objects(V2))
    hazards = {hazard.kind for hazard in only(plan).hazards}
    assert hazards == {HazardKind.DELETES_DATA, HazardKind.IRREVERSIBLE}
    applied(switched.start(plan))
    assert switched.names() == {"documents": "documents_v2", "documents_v2": "documents_v2"}


def test_without_a_purge_what_is_kept_stays(switched: SpiedBench) -> None:
    plan = switched.plan(objects(V2))
    assert plan.empty
    assert plan.kept == (Address("vectors", "retained", "documents_v1"),)


def test_a_purge_of_what_was_taken_into_use_again_is_refused(switched: SpiedBench) -> None:
    plan = purging(switched, objects(V2))
    applied(switched.roll_back())
    result = switched.start(plan)
    assert "taken into use again" in failure(result)
    assert len(switched.points("documents")) == COUNT


def test_a_purge_of_a_hidden_collection_takes_that_and_not_what_its_name_shows(bench: SpiedBench) -> None:
    bench.filled(BARE, COUNT)
    applied(bench.apply(objects(V2 + "    over: shadow\n")))
    assert kept(bench) == {"documents": "documents"}
    applied(bench.start(purging(bench, objects(V2 + "    over: shadow\n"))))
    assert bench.names() == {"documents": "documents_v1", "documents_v1": "documents_v1"}
    assert len(bench.points("documents")) == COUNT
    assert bench.plan(objects(V2 + "    over: shadow\n")).empty


def test_the_way_back_from_a_hidden_collection_shows_it_again(bench: SpiedBench) -> None:
    bench.filled(BARE, COUNT)
    before = bench.names(), bench.points("documents"), bench.live().objects
    applied(bench.apply(objects(V2 + "    over: shadow\n")))
    applied(bench.roll_back())
    assert (bench.names(), bench.points("documents"), bench.live().objects) == before


# ------------------------------------------------------------------ copy after copy


def test_a_second_copy_goes_to_the_next_version(switched: SpiedBench) -> None:
    applied(switched.apply(objects(V3)))
    assert switched.names()["documents"] == "documents_v3"
    assert kept(switched) == {"documents_v1": "documents", "documents_v2": "documents"}


def test_two_copies_are_rolled_back_one_after_the_other(switched: SpiedBench) -> None:
    applied(switched.apply(objects(V3)))
    applied(switched.roll_back())
    assert switched.names()["documents"] == "documents_v2"
    applied(switched.roll_back())
    assert switched.names() == {"documents": "documents_v1", "documents_v1": "documents_v1"}


def test_a_declared_alias_follows(bench: SpiedBench) -> None:
    bench.filled(V1 + "aliases: {search: documents}\n", COUNT)
    applied(bench.apply(objects(V2 + "aliases: {search: documents}\n")))
    assert bench.names()["search"] == "documents_v2"
    applied(bench.roll_back())
    assert bench.names()["search"] == "documents_v1"


def test_an_alias_that_nobody_declared_stays_and_is_told(bench: SpiedBench) -> None:
    bench.filled(V1, COUNT)
    with bench.target() as target:
        target.change_aliases(
            [{"create_alias": {"alias_name": "reports", "collection_name": "documents_v1"}}]
        )
    (note,) = bench.notes(objects(V2))
    assert "reports" in note.text and not note.blocks
    applied(bench.apply(objects(V2)))
    assert bench.names()["reports"] == "documents_v1"


def test_a_purge_tells_of_the_aliases_that_go_with_it(bench: SpiedBench) -> None:
    bench.filled(V1, COUNT)
    with bench.target() as target:
        target.change_aliases(
            [{"create_alias": {"alias_name": "reports", "collection_name": "documents_v1"}}]
        )
    applied(bench.apply(objects(V2)))
    hazards = {hazard.kind: hazard.text for hazard in only(purging(bench, objects(V2))).hazards}
    assert "reports" in hazards[HazardKind.DOWNTIME]


def test_a_collection_that_is_no_longer_declared_is_kept_with_its_points(bench: SpiedBench) -> None:
    bench.filled(V1, COUNT)
    applied(bench.apply({}))
    assert kept(bench) == {"documents_v1": "documents"}
    applied(bench.roll_back())
    assert len(bench.points("documents")) == COUNT


def test_a_name_that_is_kept_aside_is_told_with_its_mend(bench: SpiedBench) -> None:
    bench.filled(BARE, COUNT)
    applied(bench.apply({}))
    (note,) = [note for note in bench.notes(objects(BARE)) if note.blocks]
    assert "kept aside" in note.text and "purge it" in note.mend


def test_what_was_kept_can_be_purged_while_a_new_one_of_another_name_is_in_use(bench: SpiedBench) -> None:
    bench.filled(BARE, COUNT)
    applied(bench.apply({}))
    bench.filled(BARE.replace("documents", "texts"), 5, "texts")
    applied(bench.start(purging(bench, objects(BARE.replace("documents", "texts")))))
    assert bench.points("texts").keys() == {point.id for point in some(5)}
    assert bench.names() == {"texts": "texts"}
