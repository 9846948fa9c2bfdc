"""What the old collection held when it was last compared, as digests of its pages; and what has changed
since.

A comparison takes its time, and a point that is written behind it is not seen by it. So once readers are on
the new collection the old one is read once more, and where the digest of a page differs, its points are
brought over: those that are missing, and those whose values differ. What an application wrote to the same
point of the new collection in these seconds goes; everywhere else the new collection is the truth by then,
and is left alone. What cannot be told any more is whether a point that only the new one has was deleted in
the old one, or is new: it stays.

A page is known by the id that it begins with. Memory: some 100 bytes a page, however large the points.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import Any

from apexplan.provider import Watch
from apexplan_qdrant.run.comparing import Sides, order, points_of
from apexplan_qdrant.target import Point, PointId


class Proof:
    """Digests of the pages of one collection, in the order of their ids."""

    def __init__(self) -> None:
        self._starts: list[PointId] = []
        self._digests: list[bytes] = []

    def take(self, page: Sequence[Point]) -> None:
        """Takes the next page as it is read."""
        if page:
            self._starts.append(page[0].id)
            self._digests.append(digest(page))

    def changed(self, points: Iterable[Point]) -> Iterator[list[Point]]:
        """Yields the pages, as they are among `points` now, that differ from those that were taken."""
        pages = _paged(points, self._starts)
        for number, page in enumerate(pages):
            known = self._digests[number] if self._digests else digest(())
            if digest(page) != known:
                yield page


def _paged(points: Iterable[Point], starts: Sequence[PointId]) -> Iterator[list[Point]]:
    """Yields points in pages that begin with these ids, the first with whatever comes first."""
    page: list[Point] = []
    following = 1
    for point in points:
        while following < len(starts) and order(point.id) >= order(starts[following]):
            yield page
            page = []
            following += 1
        page.append(point)
    yield page
    for _ in starts[following:]:
        yield []


def digest(points: Iterable[Point]) -> bytes:
    """Returns 16 bytes over ids, payloads and vectors, in their order."""
    out = blake2b(digest_size=16)
    for point in points:
        out.update(json.dumps([point.id, point.payload], sort_keys=True, default=str).encode())
        _take_vector(out, point.vector)
    return out.digest()


def _take_vector(out: Any, vector: Any) -> None:
    if isinstance(vector, dict):
        for name in sorted(vector):
            out.update(name.encode())
            _take_vector(out, vector[name])
    elif vector and isinstance(vector[0], list):
        for row in vector:
            _take_vector(out, row)
            out.update(b"|")
    else:
        out.update(array("d", vector).tobytes())


def bring_changed(sides: Sides, proof: Proof, watch: Watch) -> int:
    """Brings over what was written to the old collection since `proof` was made. Returns how many points."""
    brought = 0
    for page in proof.changed(points_of(sides.target, sides.source, sides.batch)):
        differing = [point for point in page if not _is_over(sides, point)]
        if differing:
            sides.target.upsert(sides.goal, sides.transform.sent(differing))
        brought += len(differing)
        watch.progress(brought, None, "points", "brought over after the switch")
    return brought


def _is_over(sides: Sides, point: Point) -> bool:
    """True if the new collection has the point as it should be."""
    found = sides.target.page(sides.goal, point.id, 1).points
    if not found or found[0].id != point.id:
        return False
    return sides.transform.is_as_expected(found[0], sides.transform.expected(point))
