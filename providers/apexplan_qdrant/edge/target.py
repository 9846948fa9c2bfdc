"""Edge as a target: what a server does, done here with the registry and the shards.

Each operation that touches both is in the order in which a crash between leaves something that the next one
takes up:

    create     shard, registry   a shard that the registry does not name is removed by the next create
    delete     registry, shard   the same
    update     shard, registry   a shard is opened with what the registry says, so the former holds
    put_index  shard, registry   the shard's indexes hold; the registry learns them when it is opened

`update` sets `pending`; `settle` rebuilds and clears it. Until then the collection is grey, to every process.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any, Final

import qdrant_edge as edge

from apexplan.model.errors import StoreError, Unsupported
from apexplan.model.spec import Spec
from apexplan.provider import Check, Watch
from apexplan_qdrant.edge import config as configuration
from apexplan_qdrant.edge import disk, indexes, limits, rebuild
from apexplan_qdrant.edge import points as plain
from apexplan_qdrant.edge.errors import engine
from apexplan_qdrant.edge.holding import Holding
from apexplan_qdrant.edge.registry import Entry, directory_of
from apexplan_qdrant.edge.segments import read_segments
from apexplan_qdrant.errors import Taken
from apexplan_qdrant.names import why_not_a_name
from apexplan_qdrant.target import Hit, Lack, Page, Point, PointId, Segment, Version, Work

_FEATURES: Final[Version] = (1, 19, 0)
"""The server that brought `memory`, the newest of what Edge 0.9.0 has."""
_FEW_POINTS: Final = 2_000
"""So few are optimized at once, in this process, and all other threads wait: 2,000 × 1536 take 0.8 s."""


class EdgeTarget:
    """The Edge in one directory. Names and configurations are read without a lock; everything else takes it,
    and keeps it until `close`."""

    def __init__(self, store: str, directory: str) -> None:
        self._held = Holding(store, Path(directory).absolute())

    @property
    def store(self) -> str:
        return self._held.store

    @property
    def version(self) -> Version:
        return _FEATURES

    @property
    def embedded(self) -> bool:
        return True

    def lacks(self, spec: Spec) -> Mapping[str, Lack]:
        return limits.lacks(spec)

    # ------------------------------------------------------------- the registry alone: no lock, no shard

    def collections(self) -> Sequence[str]:
        return sorted(self._held.registry().collections)

    def aliases(self) -> Mapping[str, str]:
        return dict(sorted(self._held.registry().aliases.items()))

    def resolve(self, name: str) -> str | None:
        return self._held.registry().resolve(name)

    def info(self, name: str) -> Mapping[str, Any]:
        """`points_count`, where the shard is not open here: what it was when the shard was closed last, None
        while somebody writes to it and after a crash meanwhile."""
        return self._told(self._collection(name))

    def infos(self, names: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        there = self._held.registry()
        known = [name for name in names if name in there.collections or name in there.aliases]
        return {name: self._told(self._collection(name)) for name in known}

    def work(self, name: str) -> Work:
        """Grey: a change of the configuration waits for `settle`. Points that were written do not make a
        collection grey: no work in the background waits for them."""
        pending = self._held.entry(name).pending
        if name in self._held.rebuilding:
            return Work("yellow", ("rebuild",))
        return Work("grey" if pending else "green")

    def wake(self, name: str) -> None:
        """Nothing works in the background here: `settle` does what waits."""
        self._held.entry(name)

    # ------------------------------------------------------------------------- collections and aliases

    def create(self, name: str, body: Mapping[str, Any]) -> None:
        with self._held.writing() as registry:
            wrong = why_not_a_name(name)
            if wrong:
                raise StoreError(f"{name!r}: {wrong}", store=self.store)
            if name in registry.collections or name in registry.aliases:
                what = "collection" if name in registry.collections else "alias"
                raise Taken(f"there is a {what} {name} already", store=self.store)
            with self._accepted(name):
                config = configuration.created(body)
            self._refuse(name, config)
            entry = Entry(directory_of(name), config)
            self._held.remove(entry)
            self._held.open(name, entry, configuration.edge_config(config))
            self._held.put(name, entry)

    def update(self, name: str, body: Mapping[str, Any]) -> None:
        with self._held.writing(name):
            entry = self._held.entry(name)
            with self._accepted(name):
                config = configuration.updated(entry.config, body)
            self._refuse(name, config)
            former, wanted = map(configuration.edge_config, (entry.config, config))
            if former != wanted:
                self._refuse_modifiers(name, entry.config, config)
                self._held.shut(name)
                self._held.open(name, entry, wanted)
                entry = replace(self._held.entry(name), pending=True)
            self._held.put(name, replace(entry, config=config))

    def delete(self, name: str) -> None:
        with self._held.writing(name) as registry:
            entry = registry.collections.get(name)
            if entry is not None:
                self._held.shut(name)
                self._held.write(registry.drop(name))
                self._held.remove(entry)

    def change_aliases(self, actions: Sequence[Mapping[str, Any]]) -> None:
        """All of them or, where one is refused, none."""
        with self._held.writing() as registry:
            self._held.write(registry.realias(actions, self.store))

    # ---------------------------------------------------------------------------------- payload indexes

    def put_index(self, name: str, path: str, schema: Mapping[str, Any]) -> None:
        with self._held.shard(name) as shard:
            with engine(self.store, name):
                shard.update(edge.UpdateOperation.create_field_index(path, indexes.edge_schema(schema)))
            self._held.learn(name, shard)

    def delete_index(self, name: str, path: str) -> None:
        with self._held.shard(name) as shard:
            with engine(self.store, name):
                shard.update(edge.UpdateOperation.delete_field_index(path))
            self._held.learn(name, shard)

    # --------------------------------------------------------------------------------------- rebuilding

    def settle(self, name: str, watch: Watch, timeout_s: float) -> None:
        """Optimizes; many points in a process that a stop kills, see `rebuild`. A stop that comes later than
        the last look at it is not noticed."""
        if not self._settled_at_once(name):
            with self._held.aside(name) as lock:
                shard = self._held.path(self._held.entry(name))
                rebuild.watched(rebuild.optimizer(shard), self.store, name, lock, watch, timeout_s)
        with self._held.writing(name):
            self._held.tell(name, pending=False)

    def segments(self, name: str) -> Sequence[Segment]:
        """Closes the shard first if it is open here: only then its files tell the truth. () while it is being
        rebuilt."""
        entry = self._held.entry(name)
        with self._held.glance(name) as shard:
            if name in self._held.rebuilding:
                return ()
            if shard is not None:
                self._held.shut(name)
            return read_segments(self._held.path(entry))

    # ------------------------------------------------------------------------------------------- points

    def count(self, name: str) -> int:
        with self._held.shard(name) as shard, engine(self.store, name):
            return shard.count(edge.CountRequest(exact=True))

    def page(self, name: str, start: PointId | None, limit: int, *, vectors: bool = True) -> Page:
        request = edge.ScrollRequest(offset=start, limit=limit, with_payload=vectors, with_vector=vectors)
        with self._held.shard(name) as shard, engine(self.store, name):
            records, following = shard.scroll(request)
        found = [plain.point_of(record) for record in records]
        return Page(found, None if following is None else plain.plain_id(following))

    def insert(self, name: str, points: Sequence[Point]) -> None:
        self._send(name, points, edge.UpdateMode.InsertOnly)

    def upsert(self, name: str, points: Sequence[Point]) -> None:
        self._send(name, points, edge.UpdateMode.Upsert)

    def remove(self, name: str, ids: Sequence[PointId]) -> None:
        with self._held.shard(name, changes=True) as shard, engine(self.store, name):
            shard.update(edge.UpdateOperation.delete_points(list(ids)))

    def nearest(self, name: str, vector: Any, using: str, limit: int, *, exact: bool) -> Sequence[Hit]:
        with self._held.shard(name) as shard, engine(self.store, name):
            query = edge.Query.Nearest(plain.edge_part(vector), using or None)
            params = edge.SearchParams(exact=exact, quantization=edge.QuantizationSearchParams(ignore=exact))
            found = shard.query(edge.QueryRequest(limit, query=query, params=params))
        return [Hit(plain.plain_id(point.id), point.score) for point in found]

    # ---------------------------------------------------------------------------------------- the rest

    def shard(self, name: str) -> edge.EdgeShard:
        """Returns the open shard behind a collection or an alias, for whoever uses Edge itself. It is closed
        with the target."""
        with self._held.shard(self._physical(name), changes=True) as shard:
            return shard

    def examine(self) -> Sequence[Check]:
        registry = self._held.registry()
        pending = sorted(name for name, entry in registry.collections.items() if entry.pending)
        return (
            Check("version", f"Qdrant Edge {installed('qdrant-edge-py')}, in this process", True),
            Check("directory", str(self._held.directory)),
            Check("collections", str(len(registry.collections))),
            Check("waiting for a rebuild", ", ".join(pending) or "none"),
            Check("without effect", "strict mode, replicas, sizes of the log"),
        )

    def close(self) -> None:
        self._held.close()

    def _collection(self, name: str) -> str:
        """Returns the collection of that physical name, also where an alias hides it, or else the alias's."""
        return name if name in self._held.registry().collections else self._physical(name)

    def _physical(self, name: str) -> str:
        physical = self.resolve(name)
        if physical is None:
            raise self._held.missing(name)
        return physical

    def _told(self, name: str) -> Mapping[str, Any]:
        entry = self._held.entry(name)
        told = {"status": self.work(name).status, "optimizer_status": "ok", "config": entry.config}
        with self._held.glance(name) as shard:
            if shard is None:
                schema = {path: indexes.shown(schema, None) for path, schema in entry.indexes.items()}
                return {
                    **told,
                    "points_count": entry.points,
                    "segments_count": None,
                    "payload_schema": schema,
                }
            with engine(self.store, name):
                live = shard.info()
        schema = {p: indexes.shown(indexes.field_schema(i), i.points) for p, i in live.payload_schema.items()}
        counts = {"points_count": live.points_count, "segments_count": live.segments_count}
        return {**told, **counts, "payload_schema": schema}

    def _settled_at_once(self, name: str) -> bool:
        """Optimizes few points here and returns True. Raises Full where a rebuild has no room."""
        with self._held.shard(name) as shard:
            path = self._held.path(self._held.entry(name))
            disk.require(self.store, path, disk.size_bytes(path / "segments"))
            with engine(self.store, name):
                if shard.count(edge.CountRequest(exact=True)) > _FEW_POINTS:
                    return False
                shard.optimize()
                shard.flush()
        return True

    def _send(self, name: str, points: Sequence[Point], mode: edge.UpdateMode) -> None:
        with self._held.shard(name, changes=True) as shard, engine(self.store, name):
            batch = [plain.edge_point(point) for point in points]
            shard.update(edge.UpdateOperation.upsert_points(batch, update_mode=mode))

    @contextmanager
    def _accepted(self, name: str) -> Iterator[None]:
        try:
            yield
        except configuration.WrongInput as error:
            raise StoreError(f"{name}: {error}", store=self.store) from error

    def _refuse(self, name: str, config: Mapping[str, Any]) -> None:
        why = limits.why_refused(config)
        if why:
            raise Unsupported(f"{name}: {why}", store=self.store, mend="leave it out, or use a server")

    def _refuse_modifiers(self, name: str, live: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
        if configuration.modifiers(live) != configuration.modifiers(wanted):
            text = f"{name}: on Edge the modifier of a sparse vector is fixed when the collection is created"
            raise Unsupported(text, store=self.store, mend="copy the points into a new collection")
