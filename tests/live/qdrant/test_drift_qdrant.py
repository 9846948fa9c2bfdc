"""What somebody changes behind apexplan's back is drift of the right field; what belongs to others is left
alone; and a lost state is found again in the marks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from apexplan.engine import adopt, drift, planner
from apexplan.model.address import Address
from apexplan.model.change import Recorded
from apexplan_qdrant.names import index_address
from apexplan_qdrant.target import Target

from .bench import Objects, applied, objects
from .spied import SpiedBench

pytestmark = pytest.mark.live

MANIFEST = """
collections:
  documents:
    vectors: {size: 4, distance: Dot, on_disk: false, hnsw: {m: 24}}
    sparse_vectors: {words: {modifier: idf}}
    hnsw: {m: 16, ef_construct: 100}
    quantization: {scalar: {type: int8, always_ram: true}}
    optimizers: {indexing_threshold: 10000, deleted_threshold: 0.2}
    on_disk_payload: true
    metadata: {owner: search}
    payload_indexes: {user: keyword}
  other: {vectors: {size: 2, distance: Dot}}
aliases: {search: documents}
"""
COPY = "    on_replace: copy\n    copy: {sample: 0, batch: 64}\n"
V1 = "\ncollections:\n  documents:\n    vectors: {size: 4, distance: Dot}\n" + COPY
V2 = V1.replace("Dot}", "Dot, datatype: float16}")
DOCUMENTS = Address("vectors", "collection", "documents")
USER = index_address("vectors", "documents", "user")
SEARCH = Address("vectors", "alias", "search")


def findings(bench: SpiedBench) -> set[tuple[Address, str, str]]:
    found = drift.compare(bench.state.recorded(), bench.live().objects).findings
    return {(finding.address, str(finding.kind), finding.field) for finding in found}


def patch(**body: Any) -> Callable[[Target], None]:
    return lambda target: target.update("documents", body)


def anew(**body: Any) -> Callable[[Target], None]:
    """Returns what makes the collection again, otherwise."""

    def act(target: Target) -> None:
        target.delete("documents")
        target.create("documents", {"sparse_vectors": {"words": {"modifier": "idf"}}, **body})

    return act


@pytest.fixture
def owned(bench: SpiedBench) -> SpiedBench:
    applied(bench.apply(objects(MANIFEST)))
    return bench


CHANGED = [
    (patch(hnsw_config={"m": 32}), "hnsw_m"),
    (patch(hnsw_config={"ef_construct": 200}), "hnsw_ef_construct"),
    (patch(vectors={"": {"hnsw_config": {"m": 48}}}), "vector_hnsw"),
    (patch(vectors={"": {"on_disk": True}}), "vector_on_disk"),
    (patch(quantization_config={"scalar": {"type": "int8", "always_ram": False}}), "quantization"),
    (patch(quantization_config="Disabled"), "quantization"),
    (patch(optimizers_config={"indexing_threshold": 20000}), "indexing_threshold"),
    (patch(optimizers_config={"deleted_threshold": 0.5}), "deleted_threshold"),
    (patch(params={"on_disk_payload": False}), "on_disk_payload"),
    (patch(metadata={"owner": "somebody"}), "metadata"),
]


@pytest.mark.parametrize(
    ("act", "field"), CHANGED, ids=[f"{n}-{field}" for n, (_, field) in enumerate(CHANGED)]
)
def test_a_change_behind_its_back_is_drift_of_its_field(
    owned: SpiedBench, act: Callable[[Target], None], field: str
) -> None:
    assert findings(owned) == set()
    with owned.target() as target:
        act(target)
        target.settle("documents", _Silent(), 30)
    assert (DOCUMENTS, "changed", field) in findings(owned)
    assert {found[2].removeprefix("vector_") for found in findings(owned)} <= {field.removeprefix("vector_")}


class _Silent:
    def progress(self, done: float, total: float | None, unit: str, phase: str = "") -> None: ...

    def stopping(self) -> bool:
        return False


@pytest.mark.parametrize(
    ("vectors", "field"),
    [
        ({"size": 8, "distance": "Dot"}, "size"),
        ({"size": 4, "distance": "Euclid"}, "distance"),
        ({"size": 4, "distance": "Dot", "datatype": "float16"}, "datatype"),
    ],
)
def test_a_collection_that_was_made_anew_otherwise_is_drift(
    bench: SpiedBench, vectors: Mapping[str, Any], field: str
) -> None:
    full = MANIFEST.replace("on_disk: false", "datatype: float32, on_disk: false")
    applied(bench.apply(objects(full)))
    with bench.target() as target:
        anew(vectors=vectors)(target)
    assert (DOCUMENTS, "changed", field) in findings(bench)


def test_an_index_that_was_replaced_is_drift_of_its_type(owned: SpiedBench) -> None:
    with owned.target() as target:
        target.put_index("documents", "user", {"type": "integer"})
    assert (USER, "changed", "type") in findings(owned)


def test_an_index_that_was_dropped_is_missing(owned: SpiedBench) -> None:
    with owned.target() as target:
        target.delete_index("documents", "user")
    assert findings(owned) == {(USER, "missing", "")}


def test_an_alias_that_was_turned_is_drift_of_its_collection(owned: SpiedBench) -> None:
    with owned.target() as target:
        target.change_aliases([{"create_alias": {"alias_name": "search", "collection_name": "other"}}])
    assert findings(owned) == {(SEARCH, "changed", "collection")}


def test_a_collection_that_was_deleted_is_missing_with_all_that_went_with_it(owned: SpiedBench) -> None:
    with owned.target() as target:
        target.delete("documents")
    assert findings(owned) == {(a, "missing", "") for a in (DOCUMENTS, USER, SEARCH)}


def test_an_alias_of_a_versioned_collection_that_was_turned_is_drift(bench: SpiedBench) -> None:
    bench.filled(V1, 10)
    with bench.target() as target:
        target.create("mine", {"vectors": {"size": 4, "distance": "Dot"}})
        target.change_aliases([{"create_alias": {"alias_name": "documents", "collection_name": "mine"}}])
    assert findings(bench) != set()


def test_drift_is_gone_when_it_was_applied_away(owned: SpiedBench) -> None:
    with owned.target() as target:
        target.update("documents", {"hnsw_config": {"m": 32}})
    applied(owned.apply(objects(MANIFEST)))
    assert findings(owned) == set()


# ------------------------------------------------------------------ what belongs to others


def metadata(bench: SpiedBench, name: str) -> dict[str, Any]:
    with bench.target() as target:
        found: dict[str, Any] = target.info(name)["config"].get("metadata") or {}
    return {key: value for key, value in found.items() if not key.startswith("apexplan")}


def test_metadata_of_others_is_neither_drift_nor_changed(owned: SpiedBench) -> None:
    with owned.target() as target:
        target.update("documents", {"metadata": {"theirs": {"a": 1}}})
    assert findings(owned) == set()
    assert owned.plan(objects(MANIFEST)).empty
    applied(owned.apply(objects(MANIFEST.replace("owner: search", "owner: other"))))
    assert metadata(owned, "documents") == {"owner": "other", "theirs": {"a": 1}}


def test_metadata_of_others_goes_over_to_a_copy(bench: SpiedBench) -> None:
    bench.filled(V1, 10)
    with bench.target() as target:
        target.update("documents_v1", {"metadata": {"theirs": {"a": 1}}})
    applied(bench.apply(objects(V2)))
    assert metadata(bench, "documents_v2") == {"theirs": {"a": 1}}


def test_what_nobody_declared_is_listed_and_left(owned: SpiedBench) -> None:
    with owned.target() as target:
        target.create("theirs", {"vectors": {"size": 2, "distance": "Dot"}})
        target.change_aliases([{"create_alias": {"alias_name": "their_alias", "collection_name": "theirs"}}])
    before = owned.names()
    plan = owned.plan(objects(MANIFEST))
    assert plan.empty
    assert set(plan.unmanaged) == {
        Address("vectors", "collection", "theirs"),
        Address("vectors", "alias", "their_alias"),
    }
    applied(owned.apply(objects(MANIFEST.replace("m: 16", "m: 32"))))
    assert owned.names() == before


# ------------------------------------------------------------------ a lost state


def marked(bench: SpiedBench, project: str = "test") -> dict[Address, Recorded]:
    """Returns what `state recover` would record."""
    with bench.session() as session:
        return dict(adopt.recovered(session.marks(project).values(), bench.live().objects).found)


def apply_as(bench: SpiedBench, project: str, desired: Objects) -> None:
    with bench.stores() as stores:
        wish = planner.Desired(project, "", dict(desired), "digest")
        plan = planner.plan(
            wish, bench.state.recorded(), bench.state.head(), stores, created=f"{project} {len(desired)}"
        )
        applied(bench.start_in(stores, plan))


def test_the_marks_say_what_the_state_said(owned: SpiedBench) -> None:
    assert marked(owned) == dict(owned.state.recorded())


@pytest.mark.parametrize("way", ["copied", "copied and taken back"])
def test_the_marks_go_with_a_copy(bench: SpiedBench, way: str) -> None:
    bench.filled(V1 + "    payload_indexes: {user: keyword}\naliases: {search: documents}\n", 10)
    applied(bench.apply(objects(V2 + "    payload_indexes: {user: keyword}\naliases: {search: documents}\n")))
    if way == "copied and taken back":
        applied(bench.roll_back())
    assert marked(bench) == dict(bench.state.recorded())


def test_the_marks_of_a_hidden_collection_are_not_written_over_those_of_the_one_that_hides_it(
    bench: SpiedBench,
) -> None:
    bench.filled(V1.replace(COPY, ""), 10)
    applied(bench.apply(objects(V2 + "    over: shadow\n")))
    assert marked(bench) == dict(bench.state.recorded())
    applied(bench.roll_back())
    assert marked(bench) == dict(bench.state.recorded())


def test_what_is_no_longer_owned_has_no_mark(owned: SpiedBench) -> None:
    applied(owned.apply(objects(MANIFEST.replace("aliases: {search: documents}\n", ""))))
    assert SEARCH not in marked(owned)


def test_what_was_forgotten_after_a_copy_is_not_remembered_by_what_was_kept(bench: SpiedBench) -> None:
    bench.filled(V1, 10)
    applied(bench.apply(objects(V2)))
    with bench.session() as session:
        session.record("test", {DOCUMENTS: None})
        session.record("test", {SEARCH: None})
    assert marked(bench) == {}


def test_two_projects_keep_their_marks_apart(bench: SpiedBench) -> None:
    mine = objects("collections: {documents: {vectors: {size: 4, distance: Dot}}}")
    theirs = objects("aliases: {search: documents}")
    apply_as(bench, "mine", mine)
    other = SpiedBench(bench.url)
    apply_as(other, "theirs", theirs)
    assert set(marked(bench, "mine")) == set(mine)
    assert set(marked(bench, "theirs")) == set(theirs)
    apply_as(other, "theirs", {})
    assert set(marked(bench, "mine")) == set(mine)
    assert marked(bench, "theirs") == {}


def test_a_state_that_was_recovered_plans_nothing(owned: SpiedBench) -> None:
    found = marked(owned)
    fresh = SpiedBench(owned.url)
    with fresh.stores() as stores:
        wish = planner.Desired("test", "", dict(objects(MANIFEST)), "digest")
        plan = planner.plan(wish, found, fresh.state.head(), stores, created="now")
    assert plan.empty
