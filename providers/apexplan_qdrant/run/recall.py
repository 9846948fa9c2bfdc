"""What a compressed or differently indexed copy finds, against what there is to find: a sample of points is
searched for in the old collection exactly, and in the new one as its readers will.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any, Final

from apexplan.model.errors import StoreError
from apexplan.model.plan import Step
from apexplan.provider import Watch
from apexplan_qdrant.run.comparing import Sides
from apexplan_qdrant.target import Point
from apexplan_qdrant.wire.collection import collection_values

SAMPLE: Final = 50
LEAST: Final = 0.8
NEIGHBOURS: Final = 10


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


def check_recall(sides: Sides, step: Step, watch: Watch, sample: Sequence[Point]) -> None:
    """Raises StoreError where the new collection finds fewer of the true neighbours than was asked for. Not
    where vectors are made anew: then there is no truth to hold them to."""
    least = step.args["options"].get("recall", LEAST)
    if not sample or sides.transform.embed is not None:
        return
    for name in _searched(sides):
        found = _recall(sides, sample, name, watch)
        if found is not None and found < least:
            of = f" of the vector {name}" if name else ""
            raise StoreError(
                f"searches in {sides.goal}{of} find {found:.0%} of the {NEIGHBOURS} nearest points that "
                f"{sides.source} has, and {least:.0%} are asked for",
                store=sides.target.store,
                address=step.address,
                mend="compress less or build a denser graph; or ask for less with `copy: {recall: …}`",
            )


def _searched(sides: Sides) -> Iterator[str]:
    """Yields the dense vectors that both collections have, one a point."""
    old, new = (collection_values(sides.target.info(name)) for name in (sides.source, sides.goal))
    for name in new["vectors"]:
        if name in old["vectors"] and new["multivector"][name] == "none":
            yield name


def _recall(sides: Sides, sample: Sequence[Point], name: str, watch: Watch) -> float | None:
    hits = wanted = 0
    for number, point in enumerate(sample, 1):
        vector = _vector(point.vector, name)
        if vector is None:
            continue
        truth = sides.target.nearest(sides.source, vector, name, NEIGHBOURS, exact=True)
        found = sides.target.nearest(sides.goal, vector, name, NEIGHBOURS, exact=False)
        hits += len(set(truth) & set(found))
        wanted += len(truth)
        watch.progress(number, len(sample), "searches", "recall")
    return hits / wanted if wanted else None


def _vector(vector: Any, name: str) -> Any:
    if isinstance(vector, dict):
        return vector.get(name)
    return vector if name == "" else None
