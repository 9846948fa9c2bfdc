"""What people do wrong with a Qdrant, and what breaks under their hands: told with the object and the mend,
and nothing half done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from apexplan.engine import drift
from apexplan.engine.ports import RunStatus
from apexplan.model.errors import AccessDenied, Ambiguous, StoreError, StoreUnreachable, Transient
from apexplan.testing.memory import Crash
from apexplan_qdrant.errors import Full
from apexplan_qdrant.specs import Retained
from apexplan_qdrant.target import Target

from . import edge_kit
from .bench import applied, failure, objects, some
from .double import Double, Settings
from .qdrant_places import QdrantPlace
from .spied import Act, SpiedBench, failing

pytestmark = pytest.mark.live

PLAIN = """
collections:
  documents:
    vectors: {size: 4, distance: Dot}
"""
V1 = PLAIN + "    on_replace: copy\n    copy: {sample: 0, batch: 10}\n"
V2 = V1.replace("Dot}", "Dot, datatype: float16}")
DENSER = PLAIN + "    hnsw: {m: 32}\n"
OLD, NEW = "documents_v1", "documents_v2"
COUNT = 95
FULL, READER = "full-key-4711", "reading-key-4712"


def blocking(bench: SpiedBench, manifest: str) -> str:
    """Returns the one note that stands in the way of a manifest, with its mend."""
    (note,) = [note for note in bench.notes(objects(manifest)) if note.blocks]
    assert note.mend
    return f"{note.text}; {note.mend}"


def kept(bench: SpiedBench) -> list[str]:
    return [address.name for address, spec in bench.live().objects.items() if isinstance(spec, Retained)]


def deleting(name: str) -> Act:
    return lambda target: target.delete(name)


# ------------------------------------------------------------------ manifests


@pytest.fixture
def place(double: Double, tmp_path: Path) -> QdrantPlace:
    return QdrantPlace(tmp_path / "project", double.url)


COMMANDS = pytest.mark.parametrize("command", [["plan"], ["apply", "--yes"]], ids=["plan", "apply"])


@pytest.mark.slow
@COMMANDS
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (PLAIN.replace("size: 4", "size: 4000000"), ("schema.yaml:6:", "4000000", "65536")),
        (PLAIN.replace("size: 4", "sise: 4"), ("schema.yaml:6:", "sise", "size")),
        (PLAIN.replace("Dot", "Hamming"), ("schema.yaml:6:", "Hamming", "Cosine")),
        (PLAIN + "    quantization: {turbo: {bits: bits2}}\n", ("turbo", "1.18", "1.16.3")),
    ],
    ids=["4,000,000 components", "unknown field", "unknown distance", "turbo on 1.16"],
)
def test_a_manifest_that_cannot_be_is_refused(
    place: QdrantPlace, double: Double, command: list[str], wrong: str, words: tuple[str, ...]
) -> None:
    place.declare(wrong)
    done = place.command(*command)
    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    for word in words:
        assert word in said, said
    assert "Traceback" not in said
    assert place.bench.names() == {}


def test_a_size_that_the_points_do_not_have_is_refused(bench: SpiedBench) -> None:
    bench.filled(V1, COUNT)
    said = blocking(bench, V1.replace("size: 4", "size: 8"))
    assert "size of the vector" in said and "embed" in said


def test_binary_encodings_are_refused_before_1_15() -> None:
    with Double(Settings(version="1.14.1")) as older:
        said = blocking(SpiedBench(older.url), PLAIN + "    quantization: {binary: {encoding: two_bits}}\n")
    assert "encoding" in said and "1.15" in said


def test_a_copy_is_refused_before_1_16() -> None:
    with Double(Settings(version="1.15.5")) as older:
        bench = SpiedBench(older.url).filled(PLAIN, COUNT)
        said = [note.text for note in bench.notes(objects(V2 + "    over: shadow\n")) if note.blocks]
    assert any("a copy needs Qdrant 1.16" in text for text in said)


def test_memory_is_refused_before_1_19(double_bench: SpiedBench) -> None:
    said = blocking(double_bench, PLAIN.replace("Dot}", "Dot, memory: cold}"))
    assert "vector_memory" in said and "1.19" in said


# ------------------------------------------------------------------ collections that go


@pytest.fixture
def filled(bench: SpiedBench) -> SpiedBench:
    return bench.filled(V1, COUNT)


def test_a_source_that_is_deleted_in_the_middle_leaves_the_points_that_were_copied(
    filled: SpiedBench,
) -> None:
    filled.spy.before("page", deleting(OLD), OLD, nth=5)
    error = filled.undone(objects(V2))
    assert OLD in error
    assert kept(filled) == [NEW]
    assert len(filled.points(NEW)) == 40


def test_a_target_that_is_deleted_in_the_middle_is_told_and_the_old_one_serves(filled: SpiedBench) -> None:
    filled.spy.before("insert", deleting(NEW), NEW, nth=5)
    error = filled.undone(objects(V2))
    assert NEW in error
    assert filled.names() == {"documents": OLD, OLD: OLD}
    assert len(filled.points("documents")) == COUNT


def test_a_collection_that_is_gone_before_the_switch_leaves_readers_where_they_are(
    filled: SpiedBench,
) -> None:
    filled.spy.after("update", deleting(NEW), NEW, nth=2)
    assert NEW in filled.undone(objects(V2))
    assert filled.names() == {"documents": OLD, OLD: OLD}


# ------------------------------------------------------------------ in the middle of a PATCH


def m_of(bench: SpiedBench, name: str = "documents") -> int:
    with bench.target() as target:
        found: int = target.info(name)["config"]["hnsw_config"]["m"]
    return found


@pytest.fixture
def plain(bench: SpiedBench) -> SpiedBench:
    return bench.filled(PLAIN + "    hnsw: {m: 16}\n", COUNT)


def half(target: Target) -> None:
    """The first part of a PATCH goes in, then the server has enough."""
    target.update("documents", {"hnsw_config": {"m": 32}})


def test_a_connection_that_breaks_before_the_effect_of_a_patch_costs_another_try(plain: SpiedBench) -> None:
    plain.spy.before("update", failing(Ambiguous("the connection broke")), "documents")
    applied(plain.apply(objects(DENSER)))
    assert m_of(plain) == 32


def test_a_connection_that_breaks_after_the_effect_of_a_patch_is_noticed(plain: SpiedBench) -> None:
    plain.spy.after("update", failing(Ambiguous("the connection broke")), "documents")
    applied(plain.apply(objects(DENSER)))
    updates = [name for name in plain.spy.of("update") if name == "documents"]
    assert m_of(plain) == 32
    assert len(updates) == 3, "the marks of two runs and one PATCH"


def test_a_server_that_drops_the_connection_of_a_patch_is_asked(double: Double) -> None:
    bench = SpiedBench(double.url).filled(PLAIN + "    hnsw: {m: 16}\n", COUNT)
    bench.spy.before("update", lambda _: double.drop_connection(), "documents")
    applied(bench.apply(objects(DENSER)))
    assert m_of(bench) == 32


def test_a_patch_of_which_half_went_in_is_completed_by_another_try(plain: SpiedBench) -> None:
    plain.spy.before("update", half, "documents")
    plain.spy.before("update", failing(Transient("busy")), "documents")
    applied(plain.apply(objects(DENSER + "    metadata: {owner: search}\n")))
    with plain.target() as target:
        assert target.info("documents")["config"]["metadata"]["owner"] == "search"


def test_a_patch_of_which_half_went_in_is_taken_back(plain: SpiedBench) -> None:
    plain.spy.before("update", half, "documents")
    plain.spy.before("update", failing(StoreError("Not existing vector name error: image")), "documents")
    error = plain.undone(objects(DENSER + "    metadata: {owner: search}\n"))
    assert "Not existing vector name" in error
    assert m_of(plain) == 16


@pytest.mark.parametrize("way", ["resume", "undo"])
def test_a_crash_in_the_middle_of_a_patch_is_completed_or_taken_back(plain: SpiedBench, way: str) -> None:
    plain.spy.before("update", half, "documents")
    plain.spy.before("update", failing(Crash()), "documents")
    with pytest.raises(Crash):
        plain.apply(objects(DENSER + "    metadata: {owner: search}\n"))
    getattr(plain, way)()
    assert m_of(plain) == (32 if way == "resume" else 16)


def test_a_server_that_is_gone_leaves_a_run_that_can_be_taken_up(filled: SpiedBench) -> None:
    gone = failing(StoreUnreachable("nobody answers"))
    filled.spy.before("insert", gone, NEW, nth=3, every=True)
    filled.spy.before(
        "collections", lambda t: gone(t) if filled.spy.counts["insert", NEW] >= 3 else None, every=True
    )
    assert filled.apply(objects(V2)).status is RunStatus.STOPPED
    filled.spy.wishes.clear()
    applied(filled.resume())
    assert len(filled.points("documents")) == COUNT
    assert filled.names()["documents"] == NEW


# ------------------------------------------------------------------ two at one time


def rival_of(bench: SpiedBench) -> SpiedBench:
    """Another state on the same store."""
    return SpiedBench(bench.url)


def test_of_two_that_create_one_wins_and_the_other_says_so(double_bench: SpiedBench) -> None:
    rival = rival_of(double_bench)
    other = objects(PLAIN.replace("size: 4", "size: 8"))
    double_bench.spy.before("create", lambda _: applied(rival.apply(other)))
    assert "already exists" in double_bench.undone(objects(PLAIN))
    assert rival.plan(other).empty


def test_two_that_create_the_same_both_have_it(double_bench: SpiedBench) -> None:
    rival = rival_of(double_bench)
    double_bench.spy.before("create", lambda _: applied(rival.apply(objects(PLAIN))))
    double_bench.apply(objects(PLAIN))
    assert double_bench.names() == {"documents": "documents"}
    assert rival.plan(objects(PLAIN)).empty
    applied(double_bench.apply(objects(PLAIN)))
    assert double_bench.plan(objects(PLAIN)).empty


def test_of_two_that_switch_the_first_one_wins(double_bench: SpiedBench) -> None:
    double_bench.filled(V1, COUNT)
    rival = rival_of(double_bench)
    theirs = objects(V1.replace("Dot}", "Dot, datatype: uint8}"))
    double_bench.spy.after("count", lambda _: applied(rival.apply(theirs)), NEW)
    error = double_bench.undone(objects(V2))
    assert "leads to documents_v3" in error
    assert double_bench.names()["documents"] == "documents_v3"
    assert len(double_bench.points("documents")) == COUNT
    assert rival.plan(theirs).empty


def test_of_two_that_switch_in_one_moment_neither_loses_its_collection(double_bench: SpiedBench) -> None:
    double_bench.filled(V1, COUNT)
    rival = rival_of(double_bench)
    theirs = objects(V1.replace("Dot}", "Dot, datatype: uint8}"))
    double_bench.spy.before("change_aliases", lambda _: applied(rival.apply(theirs)))
    applied(double_bench.apply(objects(V2)))
    names = double_bench.names()
    assert names["documents"] == NEW
    assert {len(double_bench.points(name)) for name in (OLD, NEW, "documents_v3")} == {COUNT}


def test_of_two_that_copy_into_one_name_the_second_says_so(double_bench: SpiedBench) -> None:
    """Both have planned before either began."""
    double_bench.filled(V1, COUNT)
    rival = rival_of(double_bench)
    plan = double_bench.plan(objects(V2))
    applied(rival.apply(objects(V1.replace("Dot}", "Dot, datatype: uint8}"))))
    since = rival.points("documents")
    result = double_bench.start(plan)
    assert f"{NEW} is there already" in failure(result)
    assert result.status is RunStatus.UNDONE
    assert rival.names()["documents"] == NEW
    assert rival.points("documents") == since


# ------------------------------------------------------------------ disks and files


@pytest.mark.parametrize("verb", ["create", "insert", "upsert"])
def test_a_full_disk_undoes_the_copy(filled: SpiedBench, verb: str) -> None:
    changed = some(1, n="changed")
    filled.spy.before("settle", lambda target: target.upsert(OLD, changed), NEW)
    filled.spy.before(verb, failing(Full("no space is left")), NEW)
    assert "no space" in filled.undone(objects(V2))
    assert filled.names() == {"documents": OLD, OLD: OLD}
    assert len(filled.points("documents")) == COUNT
    filled.spy.wishes.clear()
    applied(filled.apply(objects(V2)))


def test_a_server_whose_disk_is_full_is_understood(double: Double) -> None:
    bench = SpiedBench(double.url).filled(V1, COUNT)
    text = "Service internal error: No space left on device"
    bench.spy.before("insert", lambda _: double.fail_next(500, text), NEW, nth=3)
    assert "No space left" in bench.undone(objects(V2))
    assert len(bench.points("documents")) == COUNT


@pytest.fixture
def held(edge_bench: SpiedBench) -> Iterator[SpiedBench]:
    """An Edge that another process holds."""
    edge_bench.filled(PLAIN.replace("documents", "a"), COUNT, "a")
    directory = edge_bench.url.removeprefix("edge:")
    process = edge_kit.child("holds", directory)
    assert edge_kit.line(process) == "held"
    yield edge_bench
    edge_kit.kill(process)


def test_an_edge_that_another_process_holds_can_be_planned(held: SpiedBench) -> None:
    assert held.plan(objects(PLAIN.replace("documents", "a"))).empty


def test_an_edge_that_another_process_holds_is_not_changed_and_its_holder_named(held: SpiedBench) -> None:
    error = held.undone(objects(DENSER.replace("documents", "a")))
    assert "is held by process" in error
    assert m_of(held, "a") == 16


# ------------------------------------------------------------------ keys


@pytest.fixture
def guarded() -> Iterator[Double]:
    with Double(Settings(api_key=FULL, read_only_api_key=READER)) as double:
        yield double


def with_key(double: Double, key: str | None) -> SpiedBench:
    return SpiedBench(double.url, {"api_key": SecretStr(key)} if key else {})


@pytest.mark.parametrize("key", ["wrong-key-4713", None])
def test_without_the_right_key_nothing_is_planned(guarded: Double, key: str | None) -> None:
    with pytest.raises(AccessDenied) as caught:
        with_key(guarded, key).plan(objects(PLAIN))
    assert "api_key" in caught.value.mend
    assert "4713" not in str(caught.value)


def test_a_key_that_only_reads_is_enough_for_plan_and_drift(guarded: Double) -> None:
    full = with_key(guarded, FULL).filled(PLAIN, COUNT)
    reader = SpiedBench(guarded.url, {"api_key": SecretStr(READER)}, state=full.state)
    assert reader.plan(objects(PLAIN)).empty
    assert len(reader.plan(objects(DENSER)).changes) == 1
    assert drift.compare(full.state.recorded(), reader.live().objects).findings == ()


def test_a_key_that_only_reads_applies_nothing(guarded: Double) -> None:
    with_key(guarded, FULL).filled(PLAIN, COUNT)
    error = with_key(guarded, READER).undone(objects(DENSER))
    assert "this key may not" in error
    assert m_of(with_key(guarded, FULL)) == 16


# ------------------------------------------------------------------ health


def shown_as(status: str) -> Callable[[Any], Any]:
    return lambda infos: {name: {**info, "status": status} for name, info in infos.items()}


def test_a_grey_collection_is_woken(edge_bench: SpiedBench) -> None:
    edge_bench.filled(DENSER, COUNT)
    with edge_bench.target() as target:
        target.update("documents", {"hnsw_config": {"m": 24}})
        target.update("documents", {"hnsw_config": {"m": 32}})
    (change,) = edge_bench.plan(objects(DENSER)).changes
    assert [(f.field, f.live, f.desired) for f in change.fields] == [("health", "grey", "ok")]
    applied(edge_bench.apply(objects(DENSER)))
    assert edge_bench.plan(objects(DENSER)).empty


@pytest.mark.parametrize("status", ["grey", "red"])
def test_what_a_server_shows_as_ill_is_planned_as_health(double_bench: SpiedBench, status: str) -> None:
    double_bench.filled(PLAIN, COUNT)
    double_bench.spy.changes["infos"] = shown_as(status)
    (change,) = double_bench.plan(objects(PLAIN)).changes
    assert [(f.field, f.live) for f in change.fields] == [("health", status)]


def test_a_collection_that_the_server_rebuilds_is_told_and_no_change(double_bench: SpiedBench) -> None:
    double_bench.filled(PLAIN, COUNT)
    double_bench.spy.changes["infos"] = shown_as("yellow")
    plan = double_bench.plan(objects(PLAIN))
    assert plan.empty
    assert ["rebuilding" in note.text for note in plan.notes] == [True]


def test_a_rebuild_that_never_ends_is_given_up_and_said(double: Double) -> None:
    bench = SpiedBench(double.url, {"settle_timeout_s": 0.2}).filled(
        PLAIN + "    optimizers: {indexing_threshold: 1}\n", 300
    )
    double.hold_rebuilds()
    result = bench.apply(objects(DENSER + "    optimizers: {indexing_threshold: 1}\n"))
    assert "documents" in failure(result)
    assert result.status in (RunStatus.UNDONE, RunStatus.STUCK)
    double.release_rebuilds()
    if result.status is RunStatus.STUCK:
        bench.undo()
    assert m_of(bench) == 16
