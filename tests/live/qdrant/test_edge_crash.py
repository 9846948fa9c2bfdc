"""Processes that are killed, and processes that meet: the real engine, real files, real signals."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from apexplan.model.errors import Interrupted, Transient
from apexplan_qdrant.edge.registry import directory_of
from apexplan_qdrant.edge.target import EdgeTarget

from .edge_kit import SMALL, WIDE, Watched, child, edge, kill, line, points

pytestmark = [pytest.mark.live, pytest.mark.slow]


def seeded() -> random.Random:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    return random.Random(seed)


def counted_at_last(target: EdgeTarget) -> int:
    """Returns the number of points once nobody else holds the shards."""
    while True:
        try:
            return target.count("a")
        except Transient:
            time.sleep(0.05)


def test_a_kill_at_any_point_leaves_a_registry_that_goes_on(tmp_path: Path) -> None:
    chance = seeded()
    done = 0
    for _ in range(20):
        process = child("changes", tmp_path, done + 1)
        for _ in range(chance.randrange(1, 4)):
            done = int(line(process))
        time.sleep(chance.random() * 0.03)  # where the kill hits, not whether the test is right
        kill(process)
        with edge(tmp_path) as target:
            names = target.collections()
            counts = {name: target.count(name) for name in names}
            served = target.resolve("docs")
        assert served in names
        assert counts == dict.fromkeys(names, 0)
        done = max(int(name[1:]) for name in names)


def test_a_shard_that_the_registry_does_not_name_is_taken_up_by_create(tmp_path: Path) -> None:
    with edge(tmp_path) as target:
        target.create("a", SMALL)
        target.insert("a", points(3))
        former = (tmp_path / "registry.json").read_text()
        target.create("b", SMALL)
        target.insert("b", points(3))
    (tmp_path / "registry.json").write_text(former)  # as if the process had died before it wrote the second
    with edge(tmp_path) as target:
        target.create("b", SMALL | {"vectors": {"size": 2, "distance": "Dot"}})
        assert (target.count("b"), target.count("a")) == (0, 3)


def test_create_removes_no_directory_but_its_own(tmp_path: Path) -> None:
    other = tmp_path / "shards" / directory_of("other")
    other.mkdir(parents=True)
    with edge(tmp_path) as target:
        target.create("a", SMALL)
    assert other.is_dir()


def test_an_index_that_the_registry_had_not_learnt_is_learnt(tmp_path: Path) -> None:
    with edge(tmp_path) as target:
        target.create("a", SMALL)
        former = (tmp_path / "registry.json").read_text()
        target.put_index("a", "k", {"type": "keyword"})
    (tmp_path / "registry.json").write_text(former)
    with edge(tmp_path) as target:
        assert target.info("a")["payload_schema"] == {}
        target.count("a")
        with edge(tmp_path) as reader:
            assert list(reader.info("a")["payload_schema"]) == ["k"]


def test_every_insert_that_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    chance = seeded()
    with edge(tmp_path) as target:
        target.create("a", SMALL)
    done = 0
    for _ in range(5):
        process = child("inserts", tmp_path, done)
        for _ in range(chance.randrange(1, 30)):
            done = int(line(process))
        kill(process)
        with edge(tmp_path) as target:
            found = [point.id for point in target.page("a", None, 100_000).points]
        assert found[:done] == list(range(done))
        done = len(found)


def test_after_a_kill_nobody_claims_to_know_the_number_of_points(tmp_path: Path) -> None:
    with edge(tmp_path) as target:
        target.create("a", SMALL)
    process = child("inserts", tmp_path, 0)
    line(process)
    kill(process)
    with edge(tmp_path) as target:
        assert target.info("a")["points_count"] is None
        counted = target.count("a")
        assert target.info("a")["points_count"] == counted


def test_a_rebuild_that_is_killed_at_any_point_loses_no_point(tmp_path: Path) -> None:
    chance = seeded()
    with edge(tmp_path) as target:
        target.create("a", WIDE | {"hnsw_config": {"ef_construct": 400}})
        target.insert("a", points(6_000, 64))
    for _ in range(5):
        with edge(tmp_path) as target:
            with pytest.raises(Interrupted):
                target.settle("a", Watched(stop_at=chance.randrange(1, 10)), 60)
            assert target.count("a") == 6_000


def test_who_holds_the_shards_is_named(tmp_path: Path) -> None:
    with edge(tmp_path) as target:
        target.create("a", SMALL)
    process = child("holds", tmp_path)
    assert line(process) == "held"
    with edge(tmp_path) as target, pytest.raises(Transient, match=f"process {process.pid} "):
        target.count("a")
    kill(process)


def test_names_and_configurations_are_read_while_somebody_holds_the_shards(tmp_path: Path) -> None:
    with edge(tmp_path) as target:
        target.create("a", SMALL | {"metadata": {"k": 1}})
    process = child("holds", tmp_path)
    assert line(process) == "held"
    with edge(tmp_path) as target:
        info = target.info("a")
    kill(process)
    assert (info["config"]["metadata"], info["points_count"]) == ({"k": 1}, None)


def test_the_shards_are_free_after_their_holder_was_killed(tmp_path: Path) -> None:
    with edge(tmp_path) as target:
        target.create("a", SMALL)
    process = child("holds", tmp_path)
    assert line(process) == "held"
    kill(process)
    with edge(tmp_path) as target:
        assert target.count("a") == 0


def test_a_shard_that_somebody_opened_without_the_lock_is_told(tmp_path: Path) -> None:
    with edge(tmp_path) as target:
        target.create("a", SMALL)
    process = child("opens", tmp_path / "shards" / directory_of("a"))
    assert line(process) == "held"
    with edge(tmp_path) as target, pytest.raises(Transient, match="without our lock") as found:
        target.count("a")
    kill(process)
    assert "open_collection" in found.value.mend


def test_the_shards_stay_held_until_a_rebuild_that_lost_its_parent_has_ended(tmp_path: Path) -> None:
    with edge(tmp_path) as target:
        target.create("a", WIDE | {"hnsw_config": {"ef_construct": 1_000}})
        target.insert("a", points(8_000, 64))
    process = child("rebuilds", tmp_path)
    assert line(process) == "rebuilding segments"
    process.kill()
    process.wait()
    with edge(tmp_path) as target:
        with pytest.raises(Transient, match="the rebuild that was left by"):
            target.count("a")
        assert counted_at_last(target) == 8_000
