"""A Qdrant in memory for tests of pure parts: collections as GET tells them, aliases, points by id. It knows
no rules of a server's; what only a server decides is tested against one, or against its double."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from apexplan.model.spec import Spec
from apexplan_qdrant.errors import NotThere
from apexplan_qdrant.run.comparing import order
from apexplan_qdrant.server.versions import lacks
from apexplan_qdrant.target import Lack, Page, Point, PointId, Segment, Target, Version

Json = dict[str, Any]

CONFIG: Json = {
    "params": {
        "vectors": {"size": 4, "distance": "Cosine"},
        "shard_number": 1,
        "replication_factor": 1,
        "write_consistency_factor": 1,
        "on_disk_payload": True,
    },
    "hnsw_config": {
        "m": 16,
        "ef_construct": 100,
        "full_scan_threshold": 10000,
        "max_indexing_threads": 0,
        "on_disk": False,
    },
    "optimizer_config": {
        "deleted_threshold": 0.2,
        "vacuum_min_vector_number": 1000,
        "default_segment_number": 0,
        "max_segment_size": None,
        "memmap_threshold": None,
        "indexing_threshold": 10000,
        "flush_interval_sec": 5,
        "max_optimization_threads": None,
    },
    "wal_config": {"wal_capacity_mb": 32, "wal_segments_ahead": 0, "wal_retain_closed": 1},
    "quantization_config": None,
}
"""What GET tells of a collection that was made with nothing but one vector."""


def info(
    vectors: Json | None = None,
    *,
    indexes: Mapping[str, str | Json] | None = None,
    marks: Json | None = None,
    params: Json | None = None,
    status: str = "green",
    **config: Any,
) -> Json:
    """Returns what GET tells of a collection. `indexes`: types or parameters of payload indexes by path;
    `marks`: what apexplan keeps in the metadata; `config`: parts that are otherwise than in CONFIG."""
    made = CONFIG | config
    made["params"] = CONFIG["params"] | ({"vectors": vectors} if vectors else {}) | (params or {})
    if marks is not None:
        made["metadata"] = {"apexplan": marks}
    return {"status": status, "config": made, "payload_schema": _schema(indexes or {}), "points_count": 0}


def _schema(indexes: Mapping[str, str | Json]) -> Json:
    params = {path: {"type": kind} if isinstance(kind, str) else kind for path, kind in indexes.items()}
    return {path: {"data_type": one["type"], "params": one, "points": 0} for path, one in params.items()}


@dataclass
class FakeQdrant:
    """Collections by physical name, aliases, points by collection. `wrote`: what was written, in order."""

    there: dict[str, Json] = field(default_factory=dict)
    alias_of: dict[str, str] = field(default_factory=dict)
    points: dict[str, list[Point]] = field(default_factory=dict)
    version: Version = (1, 16, 3)
    embedded: bool = False
    store: str = "vectors"
    built: Sequence[Segment] = ()
    wrote: list[tuple[str, PointId]] = field(default_factory=list)
    pages: int = 0

    @property
    def target(self) -> Target:
        """Itself, as what it can stand in for."""
        return cast(Target, self)

    def lacks(self, spec: Spec) -> Mapping[str, Lack]:
        return lacks(spec, self.version)

    def collections(self) -> Sequence[str]:
        return sorted(self.there)

    def aliases(self) -> Mapping[str, str]:
        return dict(sorted(self.alias_of.items()))

    def info(self, name: str) -> Mapping[str, Any]:
        physical = self.resolve(name)
        if physical is None:
            raise NotThere(name, store=self.store)
        return self.there[physical]

    def infos(self, names: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        return {name: self.info(name) for name in names if self.resolve(name) is not None}

    def resolve(self, name: str) -> str | None:
        physical = name if self.embedded else self.alias_of.get(name, name)
        return physical if physical in self.there else None

    def update(self, name: str, body: Mapping[str, Any]) -> None:
        """Takes metadata alone."""
        config = self.there[self.alias_of.get(name, name)]["config"]
        config["metadata"] = {**(config.get("metadata") or {}), **body["metadata"]}

    def segments(self, name: str) -> Sequence[Segment]:
        return self.built

    def count(self, name: str) -> int:
        return len(self.points.get(name, ()))

    def page(self, name: str, start: PointId | None, limit: int, *, vectors: bool = True) -> Page:
        self.pages += 1
        points = sorted(self.points.get(name, ()), key=lambda point: order(point.id))
        rest = [point for point in points if start is None or order(point.id) >= order(start)]
        return Page(rest[:limit], rest[limit].id if len(rest) > limit else None)

    def insert(self, name: str, points: Sequence[Point]) -> None:
        had = {point.id for point in self.points.setdefault(name, [])}
        new = [point for point in points if point.id not in had]
        self.points[name] += new
        self.wrote += [("insert", point.id) for point in new]

    def upsert(self, name: str, points: Sequence[Point]) -> None:
        ids = {point.id for point in points}
        self.points[name] = [*(p for p in self.points.get(name, ()) if p.id not in ids), *points]
        self.wrote += [("upsert", point.id) for point in points]

    def remove(self, name: str, ids: Sequence[PointId]) -> None:
        self.points[name] = [point for point in self.points[name] if point.id not in set(ids)]
        self.wrote += [("remove", point) for point in ids]
