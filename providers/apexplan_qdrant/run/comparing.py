"""Two collections, point by point. Both are scrolled in the order of their ids, whole numbers before UUIDs,
and joined like two sorted lists: so memory is bound to a page of each, however many points there are.

Points are compared by value, payload and vectors alike, down to the last bit: a copy is bit for bit, and one
whose values were changed on the way is compared with what was to become of them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from apexplan.model.errors import Interrupted
from apexplan.provider import Watch
from apexplan_qdrant.read.marks import EQUAL, SWITCHED, Copied
from apexplan_qdrant.run.looking import look, reach
from apexplan_qdrant.run.transform import Transform
from apexplan_qdrant.target import Point, PointId, Target
from apexplan_qdrant.wire.collection import collection_values

BATCH: Final = 256
"""Points a request: 256 of 1,536 components are 5 MB of JSON, and the server's bodies end at 32."""


@dataclass(frozen=True, slots=True)
class Sides:
    """The old collection and the new one, and what becomes of a point between them."""

    target: Target
    source: str
    goal: str
    transform: Transform
    batch: int = BATCH
    points_per_second: float | None = None

    @classmethod
    def of(cls, target: Target, args: Mapping[str, Any]) -> Sides:
        """Returns the sides of a step: its args hold source, target and options."""
        options = args["options"]
        source, goal = (reach(target, args[side]) for side in ("source", "target"))
        values = [collection_values(target.info(name)) for name in (source, goal)]
        return cls(
            target,
            source,
            goal,
            Transform.between(values[0], values[1], options),
            _batch(values[0]["strict_mode"], values[1]["strict_mode"], int(options.get("batch") or BATCH)),
            options.get("points_per_second"),
        )


def _batch(source: Mapping[str, Any], goal: Mapping[str, Any], wished: int) -> int:
    """Returns how many points a request may have: strict mode bounds the pages that are read from the old
    collection, and what is written to the new one at once."""
    limits: list[int | None] = [
        source.get("max_query_limit") if source.get("enabled") else None,
        goal.get("upsert_max_batchsize") if goal.get("enabled") else None,
    ]
    return min([wished, *(limit for limit in limits if limit)])


@dataclass(slots=True)
class Found:
    """The differences in one page: points that the new collection lacks, that it has otherwise, and ids that
    it alone has."""

    missing: list[Point] = field(default_factory=list)
    differing: list[Point] = field(default_factory=list)
    surplus: list[PointId] = field(default_factory=list)
    compared: int = 0
    one: Point | None = None
    """One point of the old collection, for a sample."""


class Seen(Protocol):
    """Hears of each page of the old collection as it is compared."""

    def __call__(self, page: Sequence[Point], /) -> None: ...


def differences(sides: Sides, *, vectors: bool = True, seen: Seen | None = None) -> Iterator[Found]:
    """Yields the differences, some points at a time. With `vectors` False, ids alone are compared."""
    left = points_of(sides.target, sides.source, sides.batch, vectors=vectors, seen=seen)
    right = points_of(sides.target, sides.goal, sides.batch, vectors=vectors)
    found = Found()
    for ours, theirs in joined(left, right):
        if ours is None:
            assert theirs is not None
            found.surplus.append(theirs.id)
        elif theirs is None:
            found.missing.append(ours)
        elif vectors and not sides.transform.is_as_expected(theirs, sides.transform.expected(ours)):
            found.differing.append(ours)
        found.one = found.one or ours
        found.compared += 1
        if found.compared >= sides.batch:
            yield found
            found = Found()
    yield found


def joined(left: Iterator[Point], right: Iterator[Point]) -> Iterator[tuple[Point | None, Point | None]]:
    """Yields the points of both by id, None where a side lacks it. Both must be in the order of their ids."""
    ours, theirs = next(left, None), next(right, None)
    while ours is not None or theirs is not None:
        if ours is not None and theirs is not None and ours.id == theirs.id:
            yield ours, theirs
            ours, theirs = next(left, None), next(right, None)
        elif theirs is None or (ours is not None and order(ours.id) < order(theirs.id)):
            yield ours, None
            ours = next(left, None)
        else:
            yield None, theirs
            theirs = next(right, None)


def order(point: PointId) -> tuple[int, int, str]:
    """Returns what ids are sorted by: whole numbers, then UUIDs as text."""
    return (0, point, "") if isinstance(point, int) else (1, 0, point)


def points_of(
    target: Target, name: str, batch: int, *, vectors: bool = True, seen: Seen | None = None
) -> Iterator[Point]:
    """Yields all points of a collection, a page in memory at a time."""
    start: PointId | None = None
    while True:
        page = target.page(name, start, batch, vectors=vectors)
        if seen is not None:
            seen(page.points)
        yield from page.points
        if page.next is None:
            return
        start = page.next


def bring_missing(sides: Sides, watch: Watch) -> int:
    """Brings over points whose ids the new collection lacks, insert-only. Returns how many."""
    brought = 0
    for found in differences(sides, vectors=False):
        if found.missing:
            brought += send(sides, _whole(sides, [point.id for point in found.missing]))
            watch.progress(brought, None, "points", "brought over after the switch")
    return brought


def _whole(sides: Sides, ids: Sequence[PointId]) -> list[Point]:
    """Returns the points of those ids, whole, as they are in the old collection now."""
    wanted = set(ids)
    pages = (sides.target.page(sides.source, one, 1) for one in ids)
    return [point for page in pages for point in page.points if point.id in wanted]


def send(sides: Sides, points: Sequence[Point]) -> int:
    """Writes points of the old collection into the new one where it lacks them."""
    if points:
        sides.target.insert(sides.goal, sides.transform.sent(points))
    return len(points)


def lacks_points(target: Target, args: Mapping[str, Any], copied: Copied | None, watch: Watch) -> bool:
    """True unless the source of a copy has every point of its target as it became there. False before readers
    can have been led to the target, if the source is there. Vectors that were made anew cannot be told from
    those that readers wrote since, and count as lacking."""
    if look(target, args["source"]) is None:
        return target.count(reach(target, args["target"])) > 0
    if copied is None or copied.state not in (EQUAL, SWITCHED):
        return False
    if "embed" in args["options"]:
        return True
    done = 0
    for found in differences(Sides.of(target, args)):
        done += found.compared
        watch.progress(done, None, "points", f"compared with {args['source']}")
        if found.surplus or found.differing:
            return True
    return False


class Pace:
    """Keeps a copy to so many points a second, and ends it when a stop is asked for."""

    def __init__(self, sides: Sides, watch: Watch) -> None:
        self._watch = watch
        self._rate = sides.points_per_second
        self._started = time.monotonic()
        self._sent = 0

    def sent(self, points: int) -> None:
        """Takes note of points that were sent, and waits as long as they are too many for the time that went
        by. Raises Interrupted."""
        self._sent += points
        if self._watch.stopping():
            raise Interrupted("stopped between two batches; the next run goes on from here")
        if self._rate:
            ahead = self._sent / self._rate - (time.monotonic() - self._started)
            if ahead > 0:
                time.sleep(ahead)
