"""Two collections, point by point: joined by id, with the differences of each page."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from fake_qdrant import FakeQdrant, info
from hypothesis import given
from hypothesis import strategies as st

from apexplan.model.errors import Interrupted
from apexplan_qdrant.read.marks import EQUAL, SWITCHED, Copied
from apexplan_qdrant.run.comparing import (
    BATCH,
    Found,
    Pace,
    Sides,
    bring_missing,
    differences,
    joined,
    lacks_points,
    order,
)
from apexplan_qdrant.target import Point, PointId

IDS = st.integers(0, 40) | st.integers(0, 40).map(lambda n: str(UUID(int=n)))
SETS = st.sets(IDS, max_size=30)
STORED = st.dictionaries(IDS, st.integers(0, 2), max_size=30)


class Quiet:
    """A watch that keeps what it is told; a stop is asked for if `stop` is set."""

    def __init__(self, *, stop: bool = False) -> None:
        self.stop = stop
        self.told: list[float] = []

    def progress(self, done: float, total: float | None, unit: str, phase: str = "") -> None:
        self.told.append(done)

    def stopping(self) -> bool:
        return self.stop


def points(*ids: PointId) -> list[Point]:
    return [Point(one, [0.5], {"n": 0}) for one in ids]


def nothing(found: Found) -> bool:
    """True where no difference was found."""
    return not (found.missing or found.differing or found.surplus)


def holding(stored: dict[PointId, int]) -> list[Point]:
    return [Point(one, [0.5], {"n": value}) for one, value in stored.items()]


def two(old: list[Point], new: list[Point]) -> FakeQdrant:
    return FakeQdrant({"old": info(), "new": info()}, points={"old": old, "new": new})


def sides(there: FakeQdrant, **options: Any) -> Sides:
    return Sides.of(there.target, {"source": "old", "target": "new", "options": options})


# ------------------------------------------------------------------ order and join


def test_whole_numbers_come_before_uuids() -> None:
    uuids = [str(UUID(int=n)) for n in (1, 2**64, 2**127)]
    mixed: list[PointId] = [uuids[2], 10, uuids[0], 2, uuids[1]]
    assert sorted(mixed, key=order) == [2, 10, *uuids]


@given(SETS, SETS)
def test_points_are_joined_by_their_ids(left: set[PointId], right: set[PointId]) -> None:
    ours, theirs = (points(*sorted(ids, key=order)) for ids in (left, right))
    pairs = list(joined(iter(ours), iter(theirs)))
    assert {one.id for one, other in pairs if one and other} == left & right
    assert {one.id for one, other in pairs if one and not other} == left - right
    assert {other.id for one, other in pairs if other and not one} == right - left
    assert all(one.id == other.id for one, other in pairs if one and other)
    assert len(pairs) == len(left | right)


@given(SETS, SETS)
def test_joined_points_are_in_the_order_of_their_ids(left: set[PointId], right: set[PointId]) -> None:
    ours, theirs = (points(*sorted(ids, key=order)) for ids in (left, right))
    ids = [one.id for pair in joined(iter(ours), iter(theirs)) for one in (pair[0] or pair[1],) if one]
    assert ids == sorted(left | right, key=order)


# ------------------------------------------------------------------ differences


@given(old=STORED, new=STORED, batch=st.integers(1, 7))
def test_differences_are_those_of_the_two_sets(
    old: dict[PointId, int], new: dict[PointId, int], batch: int
) -> None:
    found = list(differences(sides(two(holding(old), holding(new)), batch=batch)))
    assert {p.id for page in found for p in page.missing} == old.keys() - new.keys()
    assert {one for page in found for one in page.surplus} == new.keys() - old.keys()
    assert {p.id for page in found for p in page.differing} == {
        one for one in old.keys() & new.keys() if old[one] != new[one]
    }
    assert sum(page.compared for page in found) == len(old.keys() | new.keys())


def test_differing_points_are_those_of_the_old_collection() -> None:
    (found,) = differences(sides(two(holding({1: 5}), holding({1: 6}))))
    assert [point.payload for point in found.differing] == [{"n": 5}]


def test_no_more_than_a_page_is_told_at_once() -> None:
    found = list(differences(sides(two(points(*range(10)), []), batch=4)))
    assert [page.compared for page in found] == [4, 4, 2]


def test_equal_collections_have_no_differences() -> None:
    assert all(nothing(page) for page in differences(sides(two(points(1, 2), points(2, 1)))))


def test_two_empty_collections_are_equal() -> None:
    (found,) = differences(sides(two([], [])))
    assert (nothing(found), found.compared) == (True, 0)


def test_without_vectors_ids_alone_are_compared() -> None:
    (found,) = differences(sides(two(holding({1: 5}), holding({1: 6}))), vectors=False)
    assert nothing(found)


def test_a_point_is_compared_with_what_was_to_become_of_it() -> None:
    there = two([Point(1, [0.5], {"a": 1})], [Point(1, [0.5], {"b": 1})])
    assert all(nothing(page) for page in differences(sides(there, rename={"a": "b"})))


def test_each_page_offers_a_point_of_the_old_collection_for_a_sample() -> None:
    found = list(differences(sides(two(points(5, 6), points(5, 6, 7, 8)), batch=2)))
    assert [page.one.id if page.one else None for page in found] == [5, None, None]


# ------------------------------------------------------------------ how many at once


@pytest.mark.parametrize(
    ("old", "new", "wished", "expected"),
    [
        ({}, {}, None, BATCH),
        ({}, {}, 64, 64),
        ({"enabled": True, "max_query_limit": 50}, {}, None, 50),
        ({}, {"enabled": True, "upsert_max_batchsize": 20}, None, 20),
        ({"enabled": True, "max_query_limit": 50}, {"enabled": True, "upsert_max_batchsize": 20}, 10, 10),
        ({"enabled": False, "max_query_limit": 50}, {}, None, BATCH),
        (
            {"enabled": True, "upsert_max_batchsize": 20},
            {"enabled": True, "max_query_limit": 50},
            None,
            BATCH,
        ),
    ],
)
def test_strict_mode_bounds_what_is_read_and_written_at_once(
    old: dict[str, Any], new: dict[str, Any], wished: int | None, expected: int
) -> None:
    there = FakeQdrant({"old": info(strict_mode_config=old), "new": info(strict_mode_config=new)})
    assert sides(there, **({"batch": wished} if wished else {})).batch == expected


def test_a_hidden_collection_is_compared_through_its_side_door() -> None:
    there = FakeQdrant({"old": info(), "new": info()}, {"old": "new", "old__kept": "old"})
    assert (sides(there).source, sides(there).goal) == ("old__kept", "new")


# ------------------------------------------------------------------ brought over


def test_points_that_the_new_collection_lacks_are_inserted() -> None:
    there = two(holding({1: 1, 2: 1, 3: 1}), holding({2: 9}))
    assert bring_missing(sides(there), Quiet()) == 2
    assert sorted(there.wrote) == [("insert", 1), ("insert", 3)]


def test_points_that_are_there_are_not_overwritten() -> None:
    there = two(holding({2: 1}), holding({2: 9}))
    assert bring_missing(sides(there), Quiet()) == 0
    assert there.points["new"] == holding({2: 9})


# ------------------------------------------------------------------ what the old one lacks


ARGS: dict[str, Any] = {"source": "old", "target": "new", "options": {}}


@pytest.mark.parametrize("state", [EQUAL, SWITCHED])
@pytest.mark.parametrize(
    ("new", "lacks"),
    [
        pytest.param({1: 0}, False, id="all of it is there"),
        pytest.param({}, False, id="a point was deleted"),
        pytest.param({1: 0, 2: 0}, True, id="a point was added"),
        pytest.param({1: 9}, True, id="a point was changed"),
    ],
)
def test_what_readers_wrote_to_the_new_collection_is_seen(
    state: str, new: dict[PointId, int], lacks: bool
) -> None:
    there = two(holding({1: 0}), holding(new))
    assert lacks_points(there.target, ARGS, Copied("old", state), Quiet()) is lacks


def test_before_readers_can_have_it_nothing_can_be_lacking() -> None:
    there = two([], points(1))
    assert not lacks_points(there.target, ARGS, Copied("old", "loaded"), Quiet())
    assert there.pages == 0


@pytest.mark.parametrize(("new", "lacks"), [([], False), (points(1), True)], ids=["nothing", "a point"])
def test_where_the_source_is_gone_everything_is_lacking(new: list[Point], lacks: bool) -> None:
    there = FakeQdrant({"new": info()}, points={"new": new})
    assert lacks_points(there.target, ARGS, Copied("old", "loading"), Quiet()) is lacks


def test_vectors_that_were_made_anew_count_as_lacking() -> None:
    args = ARGS | {"options": {"embed": "mine"}}
    assert lacks_points(two([], []).target, args, Copied("old", EQUAL), Quiet())


# ------------------------------------------------------------------ pace


def test_a_stop_ends_a_copy_between_two_batches() -> None:
    with pytest.raises(Interrupted):
        Pace(sides(two([], [])), Quiet(stop=True)).sent(1)


def test_a_copy_waits_until_as_much_time_went_by_as_its_points_may_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    slept: list[float] = []
    monkeypatch.setattr("apexplan_qdrant.run.comparing.time.monotonic", lambda: now[0])
    monkeypatch.setattr("apexplan_qdrant.run.comparing.time.sleep", slept.append)
    pace = Pace(sides(two([], []), points_per_second=100), Quiet())
    pace.sent(50)
    now[0] += 2.0
    pace.sent(150)
    now[0] += 1.0
    pace.sent(50)
    assert slept == [0.5]
