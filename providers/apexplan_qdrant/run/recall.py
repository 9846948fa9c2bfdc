"""What a compressed or differently indexed copy finds, against what there is to find: a sample of points is
searched for in the old collection exactly, and in both as readers do.

How much a graph finds depends on the data more than on its settings: among random vectors of 1,536 components
half of the true neighbours is usual, among embeddings nearly all of them. So without a wish of the manifest's
the new collection is held to what the old one finds today.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from apexplan.model.errors import StoreError
from apexplan.model.plan import Step
from apexplan.provider import Watch
from apexplan_qdrant.run.comparing import Sides
from apexplan_qdrant.target import Hit, Point
from apexplan_qdrant.wire.collection import collection_values

SAMPLE: Final = 50
SLACK: Final = 0.1
"""So much less than the old one the new collection may find: a sample is only a sample."""
NEIGHBOURS: Final = 10
ROUNDING: Final = 5e-4
"""Part of a score by which float16 may move it."""


class Sample:
    """Some of the points that it is offered, each with the same chance, however many come (reservoir
    sampling). The same `seed` and points give the same sample."""

    def __init__(self, size: int, seed: str) -> None:
        self.points: list[Point] = []
        self._size = size
        self._offered = 0
        self._random = random.Random(seed)

    def offer(self, point: Point | None) -> None:
        if point is None or not self._size:
            return
        self._offered += 1
        if len(self.points) < self._size:
            self.points.append(point)
        elif (place := self._random.randrange(self._offered)) < self._size:
            self.points[place] = point


@dataclass(frozen=True, slots=True)
class Recall:
    """Parts of the true neighbours that searches find, 0 to 1: in the old collection and in the new one."""

    old: float
    new: float


def check_recall(sides: Sides, step: Step, watch: Watch, sample: Sequence[Point]) -> None:
    """Raises StoreError where readers of the new collection would find fewer of the true neighbours than was
    asked for; where nothing was, than readers of the old one find now, less SLACK. Not where vectors are made
    anew: then there is no truth to hold them to."""
    if not sample or sides.transform.embed is not None:
        return
    asked = step.args["options"].get("recall")
    for name, distance in _searched(sides):
        recall = _recall(sides, sample, name, distance, watch)
        least = recall.old - SLACK if asked is None else asked
        if recall.new < least:
            of = f" by the vector {name}" if name else ""
            raise StoreError(
                f"searches{of} in {sides.goal} find {recall.new:.0%} of the {NEIGHBOURS} nearest points, in "
                f"{sides.source} {recall.old:.0%}; at least {least:.0%} are asked for",
                store=sides.target.store,
                address=step.address,
                mend="compress less or build a denser graph; or accept it with `copy: {recall: …}`",
            )


def _searched(sides: Sides) -> Iterator[tuple[str, str]]:
    """Yields the dense vectors that both collections have, one a point and with the same distance, which
    comes with them."""
    old, new = (collection_values(sides.target.info(name)) for name in (sides.source, sides.goal))
    if old["strict_mode"].get("enabled") and old["strict_mode"].get("search_allow_exact") is False:
        return  # the true neighbours cannot be asked for
    for name in new["vectors"]:
        same = name in old["vectors"] and old["distance"][name] == new["distance"][name]
        if same and new["multivector"][name] == "none":
            yield name, new["distance"][name]


def _recall(sides: Sides, sample: Sequence[Point], name: str, distance: str, watch: Watch) -> Recall:
    vectors = [vector for point in sample if (vector := _vector(point.vector, name)) is not None]
    old = new = wanted = 0
    for number, vector in enumerate(vectors, 1):
        truth = sides.target.nearest(sides.source, vector, name, NEIGHBOURS, exact=True)
        near = Near(truth, more_is_nearer=distance in ("Cosine", "Dot"))
        old += near.among(sides.target.nearest(sides.source, vector, name, NEIGHBOURS, exact=False))
        new += near.among(sides.target.nearest(sides.goal, vector, name, NEIGHBOURS, exact=False))
        wanted += len(truth)
        watch.progress(number, len(vectors), "searches", "recall")
    return Recall(old / wanted, new / wanted) if wanted else Recall(1, 1)


class Near:
    """The true neighbours of one vector. Of points that are equally near, any is as good as another: data has
    duplicates, and which of them come first is chance."""

    def __init__(self, truth: Sequence[Hit], *, more_is_nearer: bool) -> None:
        self._ids = {hit.id for hit in truth}
        self._sign = 1 if more_is_nearer else -1
        self._worst = min((self._sign * hit.score for hit in truth), default=0.0)

    def among(self, found: Sequence[Hit]) -> int:
        """Returns how many of `found` are as near as the true neighbours are."""
        least = self._worst - ROUNDING * abs(self._worst)
        return sum(hit.id in self._ids or self._sign * hit.score >= least for hit in found)


def _vector(vector: Any, name: str) -> Any:
    if isinstance(vector, dict):
        return vector.get(name)
    return vector if name == "" else None
