"""What becomes of a point on its way into a new collection."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from qdrant_wire_kit import values

from apexplan_qdrant.run import transform
from apexplan_qdrant.run.transform import Transform
from apexplan_qdrant.target import Point

SINGLES = st.floats(-60000, 60000, width=32, allow_nan=False)
VECTORS = st.lists(SINGLES, min_size=1, max_size=8)


def collection(**vectors: str) -> dict[str, Any]:
    """Returns the values of a collection with these dense vectors and datatypes."""
    made = {name: {"size": 2, "distance": "Dot", "datatype": datatype} for name, datatype in vectors.items()}
    return values(params={"vectors": made})


def way(source: dict[str, Any], goal: dict[str, Any], **options: Any) -> Transform:
    return Transform.between(source, goal, options)


ONE = values()
SAME = way(ONE, ONE)
POINT = Point(1, [0.25, 0.5], {"a": 1, "b": {"a": 2}})


# ------------------------------------------------------------------ nothing changes


def test_between_equal_collections_points_arrive_as_they_are() -> None:
    points = [POINT]
    assert SAME.keeps_all
    assert SAME.sent(points) is points
    assert SAME.expected(POINT) is POINT


def test_a_point_that_is_the_same_is_as_expected() -> None:
    assert SAME.is_as_expected(Point(1, [0.25, 0.5], {"a": 1, "b": {"a": 2}}), POINT)


@pytest.mark.parametrize(
    "other",
    [
        POINT._replace(payload={"a": 1}),
        POINT._replace(payload={"a": 1, "b": {"a": 3}}),
        POINT._replace(vector=[0.25, 0.50000006]),
        POINT._replace(vector={}),
    ],
)
def test_a_point_that_differs_is_not_as_expected(other: Point) -> None:
    assert not SAME.is_as_expected(other, POINT)


# ------------------------------------------------------------------ payloads


def test_a_field_is_renamed_at_the_top_alone() -> None:
    (sent,) = way(ONE, ONE, rename={"a": "z"}).sent([POINT])
    assert sent.payload == {"z": 1, "b": {"a": 2}}


def test_a_field_is_dropped() -> None:
    (sent,) = way(ONE, ONE, drop=["b"]).sent([POINT])
    assert sent.payload == {"a": 1}


def test_a_changed_payload_is_expected_as_it_is_sent() -> None:
    changing = way(ONE, ONE, rename={"a": "z"}, drop=["b"])
    (sent,) = changing.sent([POINT])
    assert changing.is_as_expected(sent, changing.expected(POINT))
    assert not changing.is_as_expected(POINT, changing.expected(POINT))


def test_the_vector_stays_while_the_payload_changes() -> None:
    (sent,) = way(ONE, ONE, drop=["b"]).sent([POINT])
    assert sent.vector == POINT.vector


# ------------------------------------------------------------------ the set of vectors


def test_a_vector_that_the_new_collection_lacks_is_left_out() -> None:
    changing = way(collection(a="float32", b="float32"), collection(a="float32"))
    point = Point(1, {"a": [1.0, 2.0], "b": [3.0, 4.0]}, {})
    (sent,) = changing.sent([point])
    assert sent.vector == {"a": [1.0, 2.0]} == changing.expected(point).vector


def test_a_sparse_vector_that_the_new_collection_lacks_is_left_out() -> None:
    source = values(params={"vectors": {}, "sparse_vectors": {"s": {}, "t": {}}})
    goal = values(params={"vectors": {}, "sparse_vectors": {"s": {}}})
    sparse = {"indices": [1], "values": [0.5]}
    (sent,) = way(source, goal).sent([Point(1, {"s": sparse, "t": sparse}, {})])
    assert sent.vector == {"s": sparse}


def test_an_unnamed_vector_that_is_left_alone_is_told_without_its_name() -> None:
    source = values(params={"vectors": {"size": 2, "distance": "Dot"}, "sparse_vectors": {"s": {}}})
    changing = way(source, values(params={"vectors": {"size": 2, "distance": "Dot"}}))
    point = Point(1, {"": [0.25, 0.5], "s": {"indices": [1], "values": [0.5]}}, {})
    (sent,) = changing.sent([point])
    assert sent.vector == [0.25, 0.5] == changing.expected(point).vector


def test_the_unnamed_vector_goes_where_the_new_collection_has_names() -> None:
    (sent,) = way(ONE, collection(a="float32")).sent([POINT])
    assert sent.vector == {}


def test_a_vector_that_is_new_is_not_expected() -> None:
    changing = way(collection(a="float32"), collection(a="float32", b="float16"))
    assert changing.keeps_all
    assert changing.expected(Point(1, {"a": [1.0, 2.0]}, {})).vector == {"a": [1.0, 2.0]}


# ------------------------------------------------------------------ datatypes


HALF = way(collection(a="float32"), collection(a="float16"))
BYTE = way(collection(a="float32"), collection(a="uint8"))


def stored(changing: Transform, *numbers: float) -> Any:
    return changing.expected(Point(1, {"a": list(numbers)}, {})).vector["a"]


def test_numbers_are_sent_as_they_are() -> None:
    (sent,) = HALF.sent([Point(1, {"a": [0.1, 0.2]}, {})])
    assert sent.vector == {"a": [0.1, 0.2]}


def test_float16_is_rounded_to_the_nearest() -> None:
    assert stored(HALF, 0.1, 1.0, 2049.0) == [0.0999755859375, 1.0, 2048.0]


@given(VECTORS)
def test_float16_is_rounded_from_32_bits(numbers: list[float]) -> None:
    assert stored(HALF, *numbers) == [struct.unpack("<e", struct.pack("<e", n))[0] for n in numbers]


def test_a_number_between_two_of_16_bits_is_that_of_32_bits_not_what_is_written() -> None:
    middle = 1 + 2**-11  # between 1 and the next number of 16 bits; 32 bits keep no more than this
    assert stored(HALF, middle + 1e-12) == [1.0]


@pytest.mark.parametrize(
    ("number", "kept"), [(0.9, 0), (1.5, 1), (254.99, 254), (255.7, 255), (300, 255), (-0.5, 0), (-7, 0)]
)
def test_uint8_is_cut_to_whole_numbers_from_0_to_255(number: float, kept: float) -> None:
    assert stored(BYTE, number) == [kept]


def test_every_row_of_a_multivector_is_stored_so() -> None:
    vector = HALF.expected(Point(1, {"a": [[0.1, 1.0], [0.1, 2.0]]}, {})).vector
    assert vector == {"a": [[0.0999755859375, 1.0], [0.0999755859375, 2.0]]}


def test_a_sparse_vector_beside_it_stays_as_it_is() -> None:
    sparse = {"indices": [3], "values": [0.1]}
    assert HALF.expected(Point(1, {"a": [0.1], "s": sparse}, {})).vector["s"] == sparse


def test_an_unnamed_vector_is_stored_so_too() -> None:
    halved = values(params={"vectors": {"size": 4, "distance": "Dot", "datatype": "float16"}})
    assert way(ONE, halved).expected(Point(1, [0.1], {})).vector == [0.0999755859375]


def test_a_shorter_way_to_write_a_number_is_the_same_number() -> None:
    found = Point(1, {"a": [0.099975586]}, {})
    assert HALF.is_as_expected(found, HALF.expected(Point(1, {"a": [0.1]}, {})))


def test_the_next_number_is_another() -> None:
    found = Point(1, {"a": [0.1000366]}, {})
    assert not HALF.is_as_expected(found, HALF.expected(Point(1, {"a": [0.1]}, {})))


def test_a_larger_datatype_takes_every_number_as_it_is() -> None:
    assert way(collection(a="float16"), collection(a="float32")).keeps_all


# ------------------------------------------------------------------ made anew


def embedding(monkeypatch: pytest.MonkeyPatch, vectors: Sequence[Any]) -> Transform:
    monkeypatch.setattr(transform, "embedder", lambda name: lambda points: vectors)
    return way(ONE, ONE, embed="mine", drop=["b"])


def test_vectors_are_made_anew_and_payloads_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    (sent,) = embedding(monkeypatch, [[9.0]]).sent([POINT])
    assert sent == Point(1, [9.0], {"a": 1})


def test_the_embedder_sees_points_as_they_are_in_the_old_collection(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Point] = []

    def mine(points: Sequence[Point]) -> Sequence[Any]:
        seen.extend(points)
        return [[9.0]]

    monkeypatch.setattr(transform, "embedder", lambda name: mine)
    way(ONE, ONE, embed="mine", drop=["a"]).sent([POINT])
    assert seen == [POINT]


def test_of_vectors_that_are_made_anew_payloads_alone_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    changing = embedding(monkeypatch, [[9.0]])
    expected = changing.expected(POINT)
    assert changing.is_as_expected(Point(1, [1.0], {"a": 1}), expected)
    assert not changing.is_as_expected(Point(1, [1.0], {"a": 2}), expected)
