from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from apexplan_qdrant.run.proof import Proof, digest
from apexplan_qdrant.target import Point, PointId


def points(*ids: PointId) -> list[Point]:
    return [Point(one, [1.0, 2.0], {"n": str(one)}) for one in ids]


def proof_of(*pages: Sequence[Point]) -> Proof:
    made = Proof()
    for page in pages:
        made.take(page)
    return made


UUID = "00000000-0000-0000-0000-000000000001"
ONE, TWO, THREE = points(1, 2), points(5, 6), points(UUID)


def test_nothing_has_changed() -> None:
    assert list(proof_of(ONE, TWO, THREE).changed([*ONE, *TWO, *THREE])) == []


@pytest.mark.parametrize(
    ("now", "changed"),
    [
        ([*points(0), *ONE, *TWO, *THREE], [points(0, 1, 2)]),
        ([*ONE, *points(3), *TWO, *THREE], [points(1, 2, 3)]),
        ([*ONE, *points(5), *THREE], [points(5)]),
        ([*ONE, *THREE], [[]]),
        ([*ONE, *TWO], [[]]),
        ([], [[], [], []]),
        ([*ONE, *TWO, *points(7), *THREE], [points(5, 6, 7)]),
        ([*ONE, TWO[0]._replace(payload={}), TWO[1], *THREE], [[TWO[0]._replace(payload={}), TWO[1]]]),
    ],
)
def test_a_page_that_differs_is_given_as_it_is_now(now: list[Point], changed: list[list[Point]]) -> None:
    assert list(proof_of(ONE, TWO, THREE).changed(now)) == changed


def test_of_an_empty_collection_every_point_is_new() -> None:
    assert list(Proof().changed(ONE)) == [ONE]
    assert list(Proof().changed([])) == []


@pytest.mark.parametrize(
    "other",
    [
        Point(2, [1.0, 2.0], {"a": 1}),
        Point(1, [1.0, 2.5], {"a": 1}),
        Point(1, [1.0, 2.0], {"a": 2}),
        Point(1, {"x": [1.0, 2.0]}, {"a": 1}),
        Point(1, [[1.0], [2.0]], {"a": 1}),
        Point(1, {}, {"a": 1}),
    ],
)
def test_a_point_that_differs_has_another_digest(other: Point) -> None:
    assert digest([Point(1, [1.0, 2.0], {"a": 1})]) != digest([other])


def test_the_order_of_keys_does_not_matter() -> None:
    one = Point(1, {"a": [1.0], "b": {"indices": [1], "values": [0.5]}}, {"x": 1, "y": {"b": 1, "a": 2}})
    other = Point(1, {"b": {"values": [0.5], "indices": [1]}, "a": [1.0]}, {"y": {"a": 2, "b": 1}, "x": 1})
    assert digest([one]) == digest([other])


def test_changed_pages_hold_every_point_that_changed() -> None:
    seed = random.randrange(10**9)
    print(f"seed {seed}")
    draw = random.Random(seed)
    for _ in range(200):
        before = points(*sorted(draw.sample(range(100), draw.randrange(40))))
        size = draw.randrange(1, 6)
        proof = proof_of(*(before[n : n + size] for n in range(0, len(before), size)))
        touched = set(draw.sample(range(100), draw.randrange(10)))
        now = [p for p in points(*range(100)) if p.id in touched or p in before]
        now = [p._replace(payload={"touched": 1}) if p.id in touched else p for p in now]
        given = [p.id for page in proof.changed(now) for p in page]
        assert touched <= set(given), seed
        assert given == sorted(given), seed
