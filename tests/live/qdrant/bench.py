"""A Qdrant on a bench, a server (or its double) or Edge: see `tests.live.bench`. Beside it, what an
application does: points written and read through the target, by the names that applications use."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from apexplan.engine import survey
from apexplan_qdrant.connection import QdrantSettings, opened
from apexplan_qdrant.provider import PROVIDER
from apexplan_qdrant.session import QdrantSession
from apexplan_qdrant.target import Point, PointId, Target
from tests.live import bench
from tests.live.bench import Heard, Objects, applied, child, declared_by, failure, waited_for

__all__ = ["Bench", "Heard", "Objects", "applied", "child", "failure", "objects", "some", "waited_for"]


def objects(manifest: str) -> Objects:
    """Returns what a manifest declares; its head is added."""
    return declared_by("QdrantSchema", "vectors", PROVIDER, manifest)


def some(count: int, *, size: int = 4, first: int = 1, **payload: Any) -> list[Point]:
    """Returns points with ids from `first` on, vectors of their own and a small payload."""
    return [
        Point(
            n,
            [1.0, float(n % 17), float(n % 5), *[0.5] * (size - 3)],
            {"n": n, "user": f"u{n % 7}"} | payload,
        )
        for n in range(first, first + count)
    ]


@dataclass(slots=True)
class Bench(bench.Bench):
    """One Qdrant with a state of its own. `options` are fields of the store's block."""

    url: str
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> QdrantSettings:
        return QdrantSettings(url=self.url, **self.options)

    @property
    def config(self) -> survey.StoreConfig:
        return survey.StoreConfig("vectors", PROVIDER, self.settings)

    @contextmanager
    def session(self) -> Iterator[QdrantSession]:
        with PROVIDER.connect("vectors", self.settings) as session:
            yield session

    @contextmanager
    def target(self) -> Iterator[Target]:
        """The target, as an application would have it."""
        with opened("vectors", self.settings) as target:
            yield target

    def write(self, name: str, points: Sequence[Point]) -> None:
        """Writes points under a name that applications use."""
        with self.target() as target:
            target.upsert(_physical(target, name), points)

    def remove(self, name: str, ids: Sequence[PointId]) -> None:
        with self.target() as target:
            target.remove(_physical(target, name), ids)

    def points(self, name: str) -> dict[PointId, tuple[Any, Any]]:
        """Returns vector and payload of every point under a name, by id."""
        with self.target() as target:
            return {
                p.id: (_plain(p.vector), _plain(p.payload)) for p in every(target, _physical(target, name))
            }

    def names(self) -> dict[str, str]:
        """Returns what is found under each name: alias or collection → collection."""
        with self.target() as target:
            return {name: name for name in target.collections()} | dict(target.aliases())


def every(target: Target, physical: str) -> Iterator[Point]:
    """Yields all points of a collection."""
    start: PointId | None = None
    while True:
        page = target.page(physical, start, 500)
        yield from page.points
        if page.next is None:
            return
        start = page.next


def _physical(target: Target, name: str) -> str:
    physical = target.resolve(name)
    assert physical is not None, f"nobody answers under {name}"
    return physical


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value))
