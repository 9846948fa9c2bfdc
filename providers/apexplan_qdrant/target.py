"""What can be asked of a Qdrant, be it a server or Edge in the process: one shape, and it is the server's.

Configurations are JSON as `GET /collections/NAME` and its requests have it, also of Edge: so there is one
parser, one builder of requests, and unknown fields of newer servers survive. Points are JSON as a scroll
gives them.

Names: every method takes the physical name of a collection. A server looks for an alias of that name first,
so that a collection which an alias hides is reached through another alias alone: see `names.reached_by`.
Errors: StoreUnreachable, AccessDenied, Transient, Ambiguous and Unsupported as everywhere; NotThere where a
collection is missing; Taken where a name is not free; StoreError with the server's words otherwise. A target
is used by several threads at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeAlias

from apexplan.model.spec import Spec
from apexplan.provider import Check, Watch

Version: TypeAlias = tuple[int, int, int]
PointId: TypeAlias = int | str
"""A whole number or a UUID in lower case with hyphens, as the server writes it."""


class Point(NamedTuple):
    """One point. `vector`: a list of numbers, a list of lists, `{indices, values}`, or a mapping of those by
    name, in which every vector that the point has is found; {} where it has none."""

    id: PointId
    vector: Any
    payload: Mapping[str, Any]


class Hit(NamedTuple):
    """One point that a search found. `score`: the similarity with Cosine and Dot, the distance otherwise."""

    id: PointId
    score: float


@dataclass(frozen=True, slots=True)
class Page:
    """Some points in the order of their ids, whole numbers before UUIDs. `next`: where the next page begins,
    None at the end."""

    points: Sequence[Point]
    next: PointId | None


@dataclass(frozen=True, slots=True)
class Work:
    """What a collection is doing. `status`: green, yellow, grey, red, as the server says; `ongoing`: names of
    running optimizations; `done` of `total` points of the graph that is built, where it is told. `error`: the
    optimizer's own words where it failed."""

    status: str
    ongoing: Sequence[str] = ()
    done: float = 0
    total: float | None = None
    error: str = ""

    @property
    def idle(self) -> bool:
        return self.status == "green" and not self.ongoing


@dataclass(frozen=True, slots=True)
class Segment:
    """What one segment is really built with. By vector name: `index` is {} for one without a graph, else
    the graph's settings as JSON; `quantization` the JSON of a config, or None. `indexes`: payload indexes as
    `{field: schema}`."""

    points: int
    appendable: bool
    index: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    quantization: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)
    indexes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lack:
    """A field that a target would drop or refuse. `refused`: a plan with it cannot be applied; otherwise it
    is kept, and has no effect."""

    reason: str
    refused: bool = True


class Target(Protocol):
    """One Qdrant."""

    @property
    def store(self) -> str:
        """The store's name in the project, for errors."""
        ...

    @property
    def version(self) -> Version:
        """The server's version; of Edge, that of the server whose features it has."""
        ...

    @property
    def embedded(self) -> bool:
        """True for Edge."""
        ...

    def lacks(self, spec: Spec) -> Mapping[str, Lack]:
        """Returns which managed fields of a desired spec this target does not know or cannot do. Pure."""
        ...

    def collections(self) -> Sequence[str]:
        """Returns the physical names of all collections, sorted."""
        ...

    def aliases(self) -> Mapping[str, str]:
        """Returns alias → physical name, sorted."""
        ...

    def info(self, name: str) -> Mapping[str, Any]:
        """Returns the `result` of GET /collections/NAME: status, config, payload_schema, points_count (an
        estimate; None where Edge is held by another process). Raises NotThere."""
        ...

    def infos(self, names: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        """Returns `info` of each that is there, asked side by side."""
        ...

    def resolve(self, name: str) -> str | None:
        """Returns what is found under `name` when it is asked now: the physical name behind an alias, a
        collection of that name, or None. Measured by asking, not by remembering."""
        ...

    def create(self, name: str, body: Mapping[str, Any]) -> None:
        """PUT /collections/NAME. Raises Taken if collection or alias of that name is there."""
        ...

    def update(self, name: str, body: Mapping[str, Any]) -> None:
        """PATCH /collections/NAME. A server rebuilds in the background, Edge in `settle`."""
        ...

    def delete(self, name: str) -> None:
        """DELETE /collections/NAME: the collection of that physical name, with its aliases, shadowed or not.
        Does nothing where there is none."""
        ...

    def change_aliases(self, actions: Sequence[Mapping[str, Any]]) -> None:
        """POST /collections/aliases. A server applies them one by one and undoes none."""
        ...

    def put_index(self, name: str, path: str, schema: Mapping[str, Any]) -> None:
        """PUT /collections/NAME/index?wait=true; replaces an index that is there."""
        ...

    def delete_index(self, name: str, path: str) -> None:
        """DELETE /collections/NAME/index/PATH?wait=true. Does nothing where there is none."""
        ...

    def work(self, name: str) -> Work:
        """Returns what the collection is doing now."""
        ...

    def wake(self, name: str) -> None:
        """Starts work that waits: PATCH {"optimizers_config": {}}; it restarts a rebuild that runs."""
        ...

    def settle(self, name: str, watch: Watch, timeout_s: float) -> None:
        """Returns when nothing is left to build: green and idle several times in a row. Tells progress,
        wakes a grey collection once. Raises StoreError on red, on a timeout without any progress for
        `timeout_s`, and Interrupted when a stop is asked for."""
        ...

    def segments(self, name: str) -> Sequence[Segment]:
        """Returns what the segments are built with, () where the target does not tell."""
        ...

    def count(self, name: str) -> int:
        """Returns the exact number of points."""
        ...

    def page(self, name: str, start: PointId | None, limit: int, *, vectors: bool = True) -> Page:
        """Returns up to `limit` points from `start` on; without `vectors` only their ids."""
        ...

    def insert(self, name: str, points: Sequence[Point]) -> None:
        """Writes those points whose ids are not there, waits until they are. Never changes a point."""
        ...

    def upsert(self, name: str, points: Sequence[Point]) -> None:
        """Writes the points, over those that are there, and waits."""
        ...

    def remove(self, name: str, ids: Sequence[PointId]) -> None:
        """Deletes points, and waits."""
        ...

    def nearest(self, name: str, vector: Any, using: str, limit: int, *, exact: bool) -> Sequence[Hit]:
        """Returns the nearest points, best first. `exact`: without graph and compression."""
        ...

    def examine(self) -> Sequence[Check]:
        """Returns what `doctor` tells: version, what the key may do, what the target lacks. Never writes."""
        ...

    def close(self) -> None: ...
