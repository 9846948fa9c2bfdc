"""What becomes of a point on its way into the new collection. Pure but for the embedder.

    payload    fields renamed, fields dropped
    vectors    those that the new collection has; in its datatype, as the server stores them: float16 is
               rounded to the nearest, uint8 is cut to whole numbers from 0 to 255 (both measured on 1.16.3)
    embed      all vectors made anew by a function of the user's

The same values are what the comparison expects to find.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from apexplan_qdrant.embedding import Embedder, embedded, embedder
from apexplan_qdrant.target import Point

Vector: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class Transform:
    """`dropped`: names of vectors that the new collection lacks; `cast`: how a vector's numbers are stored in
    it, for those whose datatype changes."""

    rename: Mapping[str, str]
    drop: frozenset[str]
    dropped: frozenset[str]
    cast: Mapping[str, Callable[[Sequence[float]], list[float]]]
    embed: Embedder | None = None

    @classmethod
    def between(
        cls, source: Mapping[str, Any], goal: Mapping[str, Any], options: Mapping[str, Any]
    ) -> Transform:
        """Returns the way from one collection to another. `source`, `goal`: values of `Collection`."""
        had = {*source["vectors"], *source["sparse_vectors"]}
        has = {*goal["vectors"], *goal["sparse_vectors"]}
        types = {
            name: datatype
            for name, datatype in goal["datatype"].items()
            if name in had and source["datatype"].get(name) != datatype
        }
        name = options.get("embed")
        return cls(
            rename=dict(options.get("rename") or {}),
            drop=frozenset(options.get("drop") or ()),
            dropped=frozenset(had - has),
            cast={vector: _CASTS[datatype] for vector, datatype in types.items() if datatype in _CASTS},
            embed=embedder(name) if name else None,
        )

    @property
    def keeps_all(self) -> bool:
        """True if points arrive as they are."""
        return not (self.rename or self.drop or self.dropped or self.cast or self.embed)

    def sent(self, points: Sequence[Point]) -> Sequence[Point]:
        """Returns the points to write. Numbers go as they are: the server brings them to its datatype, after
        it has brought a Cosine vector to length 1."""
        if self.keeps_all:
            return points
        changed = [point._replace(payload=self._payload(point.payload)) for point in points]
        if self.embed is not None:
            vectors = embedded(self.embed, points)
            return [point._replace(vector=new.vector) for point, new in zip(changed, vectors, strict=True)]
        return [point._replace(vector=self._kept(point.vector)) for point in changed]

    def expected(self, point: Point) -> Point:
        """Returns the point as it should be found. With an embedder its vector is not known, and None."""
        if self.keeps_all:
            return point
        vector = None if self.embed is not None else self._stored(self._kept(point.vector))
        return Point(point.id, vector, self._payload(point.payload))

    def is_as_expected(self, point: Point, expected: Point) -> bool:
        """Says whether a point that was read is the expected one, down to the last bit of its numbers."""
        if point.payload != expected.payload:
            return False
        if expected.vector is None or point.vector == expected.vector:
            return True
        return bool(self.cast) and _singles(point.vector) == _singles(expected.vector)

    def _payload(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        return {self.rename.get(key, key): value for key, value in payload.items() if key not in self.drop}

    def _kept(self, vector: Vector) -> Vector:
        if isinstance(vector, dict) and not _is_sparse(vector):
            kept = {name: part for name, part in vector.items() if name not in self.dropped}
            return kept[""] if kept.keys() == {""} else kept  # as it is told where it is alone
        return vector if "" not in self.dropped else {}

    def _stored(self, vector: Vector) -> Vector:
        if not self.cast:
            return vector
        if isinstance(vector, dict) and not _is_sparse(vector):
            return {name: self._cast(name, part) for name, part in vector.items()}
        return self._cast("", vector)

    def _cast(self, name: str, vector: Vector) -> Vector:
        cast = self.cast.get(name)
        if cast is None:
            return vector
        if vector and isinstance(vector[0], list):
            return [cast(row) for row in vector]
        return cast(vector)


def _is_sparse(vector: Mapping[str, Any]) -> bool:
    return vector.keys() == {"indices", "values"} and not isinstance(vector["indices"], dict)


def _singles(vector: Vector) -> Any:
    """Returns a vector as the server keeps and tells it: a server writes 0.099975586 for what is, written
    out, 0.0999755859375."""
    if isinstance(vector, dict):
        return {name: _singles(part) for name, part in vector.items()}
    if vector and isinstance(vector[0], list):
        return [_singles(row) for row in vector]
    return array("f", vector)


def _float16(vector: Sequence[float]) -> list[float]:
    """Rounded from 32 bits, as the server has it: what it writes lies beside that by some digits, and a value
    in the middle between two of 16 bits would go the other way."""
    shape = f"<{len(vector)}e"
    return list(struct.unpack(shape, struct.pack(shape, *array("f", vector))))


def _uint8(vector: Sequence[float]) -> list[float]:
    return [float(min(255, max(0, int(value)))) for value in array("f", vector)]


_CASTS: Mapping[str, Callable[[Sequence[float]], list[float]]] = {"float16": _float16, "uint8": _uint8}
