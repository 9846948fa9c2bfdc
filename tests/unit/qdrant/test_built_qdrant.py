"""What segments are built with, against what the collection says."""

from __future__ import annotations

from typing import Any

import pytest
from fake_qdrant import FakeQdrant, info

from apexplan_qdrant.run.built import unlike
from apexplan_qdrant.target import Segment

GRAPH = {"m": 16, "ef_construct": 100}
SCALAR = {"scalar": {"type": "int8"}}


def segment(index: dict[str, Any] | None = None, quantization: Any = None, name: str = "") -> Segment:
    """Returns a segment whose one vector has this graph and compression."""
    return Segment(100, False, {name: GRAPH if index is None else index}, {name: quantization})


def told(*segments: Segment, **config: Any) -> list[str]:
    return unlike(FakeQdrant({"d": info(**config)}, built=segments).target, "d")


def test_segments_that_are_built_as_the_collection_says_are_not_told() -> None:
    assert told(segment()) == []


def test_where_the_target_does_not_tell_nothing_is_said() -> None:
    assert told() == []


def test_a_segment_without_a_graph_is_passed_over() -> None:
    assert told(segment({}), quantization_config=SCALAR) == []


@pytest.mark.parametrize(
    ("index", "text"),
    [
        (GRAPH | {"m": 8}, "m is 8, not 16"),
        (GRAPH | {"ef_construct": 50}, "ef_construct is 50, not 100"),
        (GRAPH | {"on_disk": True}, "on_disk is True, not False"),
    ],
)
def test_a_graph_of_other_settings_is_told(index: dict[str, Any], text: str) -> None:
    assert told(segment(index)) == [text]


def test_a_graph_on_disk_that_does_not_say_so_is_in_memory() -> None:
    assert told(segment(GRAPH | {"on_disk": False})) == []


def test_vectors_that_are_not_compressed_yet_are_told() -> None:
    assert told(segment(), quantization_config=SCALAR) == ["quantization is none, not scalar"]


def test_vectors_that_are_still_compressed_are_told() -> None:
    assert told(segment(quantization=SCALAR)) == ["quantization is scalar, not none"]


def test_two_spellings_of_one_compression_are_equal() -> None:
    spelled = {"scalar": {"type": "int8", "always_ram": False}}
    assert told(segment(quantization=spelled), quantization_config=SCALAR) == []


def test_what_differs_in_many_segments_is_told_once() -> None:
    assert told(segment(GRAPH | {"m": 8}), segment(GRAPH | {"m": 8}), segment()) == ["m is 8, not 16"]


def test_a_named_vector_is_named() -> None:
    vectors = {"text": {"size": 4, "distance": "Dot", "hnsw_config": {"m": 32}}}
    assert told(segment(name="text"), vectors=vectors) == ["text: m is 16, not 32"]


def test_a_vector_that_the_collection_does_not_have_is_passed_over() -> None:
    assert told(segment(name="gone")) == []
