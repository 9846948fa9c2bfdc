"""Changes of the configuration on the real engine: what they build, what waits, and what a stop leaves."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from qdrant_edge import EdgeShard

from apexplan.model.errors import Interrupted, StoreError, Transient, Unsupported
from apexplan_qdrant.edge import rebuild
from apexplan_qdrant.edge.registry import directory_of
from apexplan_qdrant.edge.target import EdgeTarget
from apexplan_qdrant.target import Segment

from .edge_kit import SMALL, WIDE, Watched, edge, points

pytestmark = pytest.mark.live
MANY = 2_100
"""So many are optimized in a process of their own."""


@pytest.fixture
def target(tmp_path: Path) -> Iterator[EdgeTarget]:
    with edge(tmp_path) as target:
        yield target


def full(target: EdgeTarget, count: int = 300, **body: Any) -> EdgeTarget:
    target.create("a", WIDE | body)
    target.insert("a", points(count, 64))
    target.settle("a", Watched(), 60)
    return target


def built(target: EdgeTarget) -> Segment:
    """Returns the segment that has the points."""
    return max(target.segments("a"), key=lambda segment: segment.points)


def test_settle_builds_the_graph_of_few_points(target: EdgeTarget) -> None:
    full(target)
    assert (built(target).index[""]["m"], built(target).points, built(target).appendable) == (16, 300, False)


def test_settle_builds_the_graph_of_many_points(target: EdgeTarget) -> None:
    full(target, MANY)
    assert (built(target).index[""]["m"], target.count("a")) == (16, MANY)


def test_settle_tells_progress_while_it_takes_its_time(target: EdgeTarget) -> None:
    target.create("a", WIDE | {"hnsw_config": {"ef_construct": 800}})
    target.insert("a", points(8_000, 64))
    watch = Watched()
    target.settle("a", watch, 60)
    assert "rebuilding segments" in watch.phases


def test_without_points_enough_nothing_is_indexed(target: EdgeTarget) -> None:
    target.create("a", SMALL)
    target.insert("a", points(10))
    target.settle("a", Watched(), 60)
    assert built(target).index == {"": {}}


@pytest.mark.parametrize("count", [300, MANY])
def test_a_changed_graph_waits_for_settle(target: EdgeTarget, count: int) -> None:
    full(target, count).update("a", {"hnsw_config": {"m": 8}})
    assert (target.work("a").status, built(target).index[""]["m"]) == ("grey", 16)
    target.settle("a", Watched(), 60)
    assert (target.work("a").status, built(target).index[""]["m"]) == ("green", 8)


@pytest.mark.parametrize(
    ("change", "quantization"),
    [
        ({"quantization_config": {"binary": {}}}, {"binary": {}}),
        ({"quantization_config": "Disabled"}, None),
        ({"vectors": {"": {"quantization_config": {"turbo": {}}}}}, {"turbo": {}}),
    ],
)
def test_a_changed_compression_is_built(
    target: EdgeTarget, change: dict[str, Any], quantization: Any
) -> None:
    full(target, quantization_config={"scalar": {"type": "int8"}}).update("a", change)
    target.settle("a", Watched(), 60)
    assert built(target).quantization == {"": quantization}


def test_a_vectors_compression_that_is_disabled_leaves_the_collections(target: EdgeTarget) -> None:
    full(target, quantization_config={"binary": {}})
    target.update("a", {"vectors": {"": {"quantization_config": {"scalar": {"type": "int8"}}}}})
    target.update("a", {"vectors": {"": {"quantization_config": "Disabled"}}})
    target.settle("a", Watched(), 60)
    assert built(target).quantization == {"": {"binary": {}}}


def test_a_vectors_own_graph_is_built(target: EdgeTarget) -> None:
    full(target).update("a", {"vectors": {"": {"hnsw_config": {"m": 6}}}})
    target.settle("a", Watched(), 60)
    assert built(target).index[""]["m"] == 6


def test_segments_tell_of_points_that_were_written_just_now(target: EdgeTarget) -> None:
    target.create("a", SMALL)
    target.insert("a", points(10))
    assert built(target).points == 10


def test_payload_indexes_are_told_of_segments(target: EdgeTarget) -> None:
    full(target).put_index("a", "n", {"type": "integer", "lookup": True, "range": False})
    assert built(target).indexes["n"]["lookup"] is True


@pytest.mark.parametrize(
    "change",
    [{"metadata": {"k": 1}}, {"strict_mode_config": {"enabled": True}}, {"hnsw_config": {"m": 16}}, {}],
)
def test_what_asks_for_no_rebuild_leaves_a_collection_green(
    target: EdgeTarget, change: dict[str, Any]
) -> None:
    full(target).update("a", change)
    assert target.work("a").idle


def test_a_later_process_knows_that_a_rebuild_waits(target: EdgeTarget, tmp_path: Path) -> None:
    full(target).update("a", {"hnsw_config": {"m": 8}})
    target.close()
    with edge(tmp_path) as later:
        assert later.info("a")["status"] == "grey"
        later.wake("a")
        later.settle("a", Watched(), 60)
        assert (later.work("a").status, built(later).index[""]["m"]) == ("green", 8)


def test_a_change_that_is_refused_changes_nothing(target: EdgeTarget) -> None:
    live = full(target).info("a")["config"]
    with pytest.raises(StoreError, match="QuantizationConfig"):
        target.update("a", {"hnsw_config": {"m": 8}, "quantization_config": {"scalar": {"type": "int9"}}})
    assert (target.info("a")["config"], target.count("a")) == (live, 300)


def test_after_a_refused_change_the_shard_still_opens(target: EdgeTarget, tmp_path: Path) -> None:
    full(target)
    with pytest.raises(StoreError):
        target.update("a", {"quantization_config": {"scalar": {"type": "int9"}}})
    target.close()
    shard = EdgeShard.load(str(tmp_path / "shards" / directory_of("a")))
    assert shard.info().points_count == 300
    shard.close()


def test_an_unknown_vector_is_refused_and_nothing_goes_in(target: EdgeTarget) -> None:
    target.create("a", SMALL)
    with pytest.raises(StoreError, match="'nope'"):
        target.update("a", {"metadata": {"k": 1}, "vectors": {"nope": {"on_disk": True}}})
    assert "metadata" not in target.info("a")["config"]


def test_replicas_are_refused(target: EdgeTarget) -> None:
    target.create("a", SMALL)
    with pytest.raises(Unsupported, match="replication_factor 2"):
        target.update("a", {"params": {"replication_factor": 2}})


def test_another_modifier_is_refused(target: EdgeTarget) -> None:
    target.create("a", {"sparse_vectors": {"s": {}}})
    with pytest.raises(Unsupported, match="modifier"):
        target.update("a", {"sparse_vectors": {"s": {"modifier": "idf"}}})


def test_the_modifier_none_is_no_change(target: EdgeTarget) -> None:
    target.create("a", {"sparse_vectors": {"s": {}}})
    target.update("a", {"sparse_vectors": {"s": {"modifier": "none"}}})
    assert target.work("a").idle


class WhileBuilding(Watched):
    """Asks for a stop once a segment is being built."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self.directory = directory

    def stopping(self) -> bool:
        return list(self.directory.glob("shards/*/temp_segments/*")) != []


def test_a_rebuild_that_is_stopped_leaves_everything_as_it_was(target: EdgeTarget, tmp_path: Path) -> None:
    full(target, 8_000).update("a", {"hnsw_config": {"m": 32, "ef_construct": 2_000}})
    with pytest.raises(Interrupted, match="a: "):
        target.settle("a", WhileBuilding(tmp_path), 60)
    assert (target.work("a").status, target.count("a"), built(target).index[""]["m"]) == ("grey", 8_000, 16)


def test_what_a_stopped_rebuild_had_built_is_removed(target: EdgeTarget, tmp_path: Path) -> None:
    full(target, 8_000).update("a", {"hnsw_config": {"m": 32, "ef_construct": 2_000}})
    with pytest.raises(Interrupted):
        target.settle("a", WhileBuilding(tmp_path), 60)
    target.count("a")
    assert list(tmp_path.glob("shards/*/temp_segments")) == []


def test_a_collection_that_is_being_rebuilt_is_refused_and_yellow(target: EdgeTarget) -> None:
    full(target, 8_000).update("a", {"hnsw_config": {"m": 32, "ef_construct": 2_000}})
    seen: list[str] = []
    refused = threading.Event()

    class Looking(Watched):
        def stopping(self) -> bool:
            if not refused.is_set():
                seen.append(target.work("a").status)
                with pytest.raises(Transient, match="being rebuilt"):
                    target.count("a")
                refused.set()
            return True

    with pytest.raises(Interrupted):
        target.settle("a", Looking(), 60)
    assert (seen, refused.is_set()) == (["yellow"], True)


def test_a_rebuild_that_does_nothing_is_given_up(tmp_path: Path) -> None:
    idle = (sys.executable, "-c", "import time; time.sleep(600)")
    with (tmp_path / "lock").open("w") as lock, pytest.raises(StoreError, match="has not used the processor"):
        rebuild.watched(idle, "v", "a", lock.fileno(), Watched(), 0.5)


def test_a_rebuild_that_fails_tells_the_engines_words(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as lock, pytest.raises(StoreError, match="does not exist"):
        rebuild.watched(rebuild.optimizer(tmp_path / "none"), "v", "a", lock.fileno(), Watched(), 60)
