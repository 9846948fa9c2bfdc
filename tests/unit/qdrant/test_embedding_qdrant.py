"""New vectors by a function of an installed package."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from apexplan.model.errors import StoreError
from apexplan_qdrant import embedding
from apexplan_qdrant.embedding import embedded, embedder, known
from apexplan_qdrant.target import Point

POINTS = [Point(1, [0.5], {"n": 1}), Point("x", [0.5], {"n": 2})]


def twice(points: Sequence[Point], /) -> Sequence[Any]:
    return [[float(point.payload["n"]) * 2] for point in points]


class Entry:
    """An entry point as importlib has it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def load(self) -> Any:
        return twice


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two packages that offer embedders."""

    def entry_points(*, group: str) -> list[Entry]:
        return [Entry("b"), Entry("a")] if group == "apexplan.embedders" else []

    monkeypatch.setattr(embedding, "entry_points", entry_points)


@pytest.mark.usefixtures("installed")
def test_the_installed_embedders_are_known_by_name() -> None:
    assert known() == ["a", "b"]


@pytest.mark.usefixtures("installed")
def test_an_embedder_is_found_by_its_name() -> None:
    assert embedder("a") is twice


@pytest.mark.usefixtures("installed")
def test_an_unknown_embedder_is_an_error_that_names_those_there_are() -> None:
    with pytest.raises(StoreError, match="offers an embedder c; there are: a, b") as raised:
        embedder("c")
    assert "apexplan.embedders" in raised.value.mend


def test_where_nothing_is_installed_the_error_says_so() -> None:
    with pytest.raises(StoreError, match="there are: none"):
        embedder("c")


def test_points_get_their_vectors_in_their_order_and_keep_the_rest() -> None:
    assert embedded(twice, POINTS) == [Point(1, [2.0], {"n": 1}), Point("x", [4.0], {"n": 2})]


@pytest.mark.parametrize("vectors", [[], [[1.0]], [[1.0], [2.0], [3.0]]])
def test_too_few_or_too_many_vectors_are_an_error(vectors: list[list[float]]) -> None:
    with pytest.raises(StoreError, match=f"returned {len(vectors)} vectors for 2 points"):
        embedded(lambda points, /: vectors, POINTS)
