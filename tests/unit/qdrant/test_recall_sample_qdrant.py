"""The sample of points whose neighbours are looked for: every point has the same chance."""

from __future__ import annotations

from collections import Counter

import pytest

from apexplan_qdrant.run.recall import Sample
from apexplan_qdrant.target import Point, PointId

POINTS = [Point(n, [], {}) for n in range(20)]


def sampled(size: int, seed: str, count: int = 20) -> list[PointId]:
    sample = Sample(size, seed)
    for point in POINTS[:count]:
        sample.offer(point)
    return [point.id for point in sample.points]


def test_every_point_has_the_same_chance() -> None:
    """4,000 samples of 5 of 20: each point is in 1,000 of them, give or take 27 (one standard deviation).
    The seeds are fixed, so that the counts are the same at every run."""
    counts = Counter(one for n in range(4000) for one in sampled(5, f"seed {n}"))
    assert len(counts) == 20
    assert all(abs(count - 1000) < 5 * 27 for count in counts.values()), counts


def test_of_fewer_points_than_wished_all_are_taken() -> None:
    assert sampled(5, "s", count=3) == [0, 1, 2]


def test_a_sample_has_its_size_and_no_point_twice() -> None:
    assert len(set(sampled(5, "s"))) == 5


def test_the_same_seed_gives_the_same_sample() -> None:
    assert sampled(5, "s") == sampled(5, "s")


def test_another_seed_gives_another_sample() -> None:
    assert sampled(5, "s") != sampled(5, "t")


@pytest.mark.parametrize("size", [0, 5])
def test_nothing_offered_is_nothing_sampled(size: int) -> None:
    sample = Sample(size, "s")
    sample.offer(None)
    assert sample.points == []


def test_a_sample_of_none_stays_empty() -> None:
    assert sampled(0, "s") == []
