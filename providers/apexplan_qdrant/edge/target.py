"""Edge as a target: what a server does, done here with the registry and the shards.

Each operation that touches both is in the order in which a crash between leaves something that the next one
takes up:

    create     shard, registry      a shard that the registry does not name is removed by the next create
    delete     registry, shard      the same
    update     shard, registry      the shard is opened with what the registry says, so the former holds
    put_index  shard, registry      the shard's indexes hold; the registry learns them when it is opened

`update` sets `pending`; `settle` rebuilds and clears it. Until then the collection is grey, in any process.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any, Final

import qdrant_edge as edge

from apexplan.model.errors import StoreError, Transient, Unsupported
from apexplan.model.spec import Spec
from apexplan.provider import Check, Watch
from apexplan_qdrant.edge import config as configuration
from apexplan_qdrant.edge import disk, indexes, limits, points, rebuild
from apexplan_qdrant.edge.errors import engine, files
from apexplan_qdrant.edge.lock import Lock
from apexplan_qdrant.edge.registry import Entry, Registry, RegistryFile, directory_of
from apexplan_qdrant.edge.segments import read_segments
from apexplan_qdrant.edge.shards import Shards
from apexplan_qdrant.errors import NotThere, Taken
from apexplan_qdrant.names import why_not_a_name
from apexplan_qdrant.target import Lack, Page, Point, PointId, Segment, Version, Work

_FEATURES: Final[Version] = (1, 19, 0)
"""`memory` came with it; see the table in `docs/guides/qdrant-edge.md`."""
_FEW_POINTS: Final = 2_000
"""So few are optimized at once, in this process: less than the start of another takes."""


class EdgeTarget:
    """The Edge in one directory. Every method but the reading of names and configurations takes the lock, and
    keeps it until `close`."""

    def __init__(self, store: str, directory: str) -> None:
        self._store = store
        self._directory = Path(directory).absolute()
        self._file = RegistryFile(store, self._directory)
        self._lock = Lock(store, self._directory / "lock")
        self._shards = Shards(store, self._learn)
        self._rebuilding: set[str] = set()
        self._mutex = threading.RLock()

    @property
    def store(self) -> str:
        return self._store

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
        return sorted(self._file.read().collections)

    def aliases(self) -> Mapping[str, str]:
        return dict(sorted(self._file.read().aliases.items()))

    def resolve(self, name: str) -> str | None:
        return self._file.read().resolve(name)

    def info(self, name: str) -> Mapping[str, Any]:
        """`points_count` is the number when the shard was last closed; None while somebody writes to it."""
        registry = self._file.read()
        physical = registry.resolve(name)
        if physical is None:
            raise self._missing(name)
        return self._told(physical, registry.collections[physical])

    def infos(self, names: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        registry = self._file.read()
        found = {name: registry.resolve(name) for name in names}
        return {n: self._told(p, registry.collections[p]) for n, p in found.items() if p is not None}

    def work(self, name: str) -> Work:
        """Grey: a change of the configuration waits for `settle`. Points that were written do not make a
        collection grey: nothing waits for them in the background."""
        entry = self._entry(name)
        if name in self._rebuilding:
            return Work("yellow", ("rebuild",))
        return Work("grey" if entry.pending else "green")

    def wake(self, name: str) -> None:
        """Nothing works in the background here: `settle` does what waits."""
        self._entry(name)

    # ------------------------------------------------------------------------- collections and aliases

    def create(self, name: str, body: Mapping[str, Any]) -> None:
        with self._writing() as registry:
            wrong = why_not_a_name(name)
            if wrong:
                raise StoreError(f"{name!r}: {wrong}", store=self._store)
            if name in registry.collections or name in registry.aliases:
                what = "collection" if name in registry.collections else "alias"
                raise Taken(f"a {what} has the name {name}", store=self._store)
            with self._right_input(name):
                config = configuration.created(body)
            self._refuse(name, config)
            entry = Entry(directory_of(name), config)
            disk.require(self._store, self._directory)
            self._remove(entry)
            self._shards.open(name, self._path(entry), configuration.edge_config(config))
            self._file.write(registry.put(name, entry))

    def update(self, name: str, body: Mapping[str, Any]) -> None:
        with self._writing() as registry:
            entry = self._entry(name)
            with self._right_input(name):
                config = configuration.updated(entry.config, body)
            self._refuse(name, config)
            former, wanted = map(configuration.edge_config, (entry.config, config))
            if former != wanted:
                self._refuse_modifiers(name, entry.config, config)
                self._shards.close(name)
                registry = self._file.read()  # closing it told its points
                entry = registry.collections[name]
                self._shards.open(name, self._path(entry), wanted)
            pending = entry.pending or former != wanted
            self._file.write(registry.put(name, replace(entry, config=config, pending=pending)))

    def delete(self, name: str) -> None:
        with self._writing() as registry:
            entry = registry.collections.get(name)
            if entry is None:
                return
            self._shards.close(name)
            self._file.write(registry.drop(name))
            self._remove(entry)

    def change_aliases(self, actions: Sequence[Mapping[str, Any]]) -> None:
        """All of them or, where one is refused, none."""
        with self._writing() as registry:
            self._file.write(registry.realias(actions, self._store))

    # ---------------------------------------------------------------------------------- payload indexes

    def put_index(self, name: str, path: str, schema: Mapping[str, Any]) -> None:
        with self._shard(name, changes=True) as shard, engine(self._store, name):
            shard.update(edge.UpdateOperation.create_field_index(path, indexes.edge_schema(schema)))
            self._learn(name, shard)

    def delete_index(self, name: str, path: str) -> None:
        with self._shard(name, changes=True) as shard, engine(self._store, name):
            shard.update(edge.UpdateOperation.delete_field_index(path))
            self._learn(name, shard)

    # --------------------------------------------------------------------------------------- rebuilding

    def settle(self, name: str, watch: Watch, timeout_s: float) -> None:
        """Optimizes, in a process that a stop kills if there are many points: see `rebuild`."""
        with self._shard(name) as shard:
            path = self._path(self._entry(name))
            disk.require(self._store, path, disk.size_bytes(path / "segments"))
            with engine(self._store, name):
                few = shard.count(edge.CountRequest(exact=True)) <= _FEW_POINTS
                if few:
                    shard.optimize()
                    shard.flush()
            if not few:
                self._shards.close(name)
                self._rebuilding.add(name)
        if not few:
            self._rebuild_aside(name, path, watch, timeout_s)
        with self._writing() as registry:
            entry = self._entry(name)
            if entry.pending:
                self._file.write(registry.put(name, replace(entry, pending=False)))

    def segments(self, name: str) -> Sequence[Segment]:
        """Closes the shard first if it is open here: only then its files tell the truth."""
        with self._mutex:
            entry = self._entry(name)
            if name in self._rebuilding:
                return ()
            self._shards.close(name)
            return read_segments(self._path(entry))

    # ------------------------------------------------------------------------------------------- points

    def count(self, name: str) -> int:
        with self._shard(name) as shard, engine(self._store, name):
            return shard.count(edge.CountRequest(exact=True))

    def page(self, name: str, start: PointId | None, limit: int, *, vectors: bool = True) -> Page:
        request = edge.ScrollRequest(offset=start, limit=limit, with_payload=vectors, with_vector=vectors)
        with self._shard(name) as shard, engine(self._store, name):
            records, following = shard.scroll(request)
        found = [points.point_of(record) for record in records]
        return Page(found, None if following is None else points.plain_id(following))

    def insert(self, name: str, points: Sequence[Point]) -> None:
        self._upsert(name, points, edge.UpdateMode.InsertOnly)

    def upsert(self, name: str, points: Sequence[Point]) -> None:
        self._upsert(name, points, edge.UpdateMode.Upsert)

    def remove(self, name: str, ids: Sequence[PointId]) -> None:
        with self._shard(name, changes=True) as shard, engine(self._store, name):
            shard.update(edge.UpdateOperation.delete_points(list(ids)))

    def nearest(self, name: str, vector: Any, using: str, limit: int, *, exact: bool) -> Sequence[PointId]:
        with self._shard(name) as shard, engine(self._store, name):
            query = edge.Query.Nearest(points.edge_part(vector), using or None)
            params = edge.SearchParams(exact=exact, quantization=edge.QuantizationSearchParams(ignore=exact))
            found = shard.query(edge.QueryRequest(limit, query=query, params=params))
        return [points.plain_id(point.id) for point in found]

    # ---------------------------------------------------------------------------------------- the rest

    def shard(self, name: str) -> edge.EdgeShard:
        """Returns the open shard behind a collection or an alias, for whoever uses Edge itself. It is closed
        with the target."""
        with self._mutex:
            physical = self.resolve(name)
            if physical is None:
                raise self._missing(name)
            with self._shard(physical, changes=True) as shard:
                return shard

    def examine(self) -> Sequence[Check]:
        registry = self._file.read()
        pending = [name for name, entry in registry.collections.items() if entry.pending]
        told = ", ".join(pending) if pending else "none"
        return (
            Check("version", f"Qdrant Edge {installed('qdrant-edge-py')}, in this process", True),
            Check("directory", str(self._directory), None),
            Check("collections", str(len(registry.collections)), None),
            Check("waiting for a rebuild", told, None, "apply again" if pending else ""),
            Check("shards, replicas", "one shard in one process; strict mode is kept without effect", None),
        )

    def close(self) -> None:
        """Closes the shards, then lets go of the lock. Idempotent."""
        with self._mutex:
            try:
                self._shards.close_all()
            finally:
                self._lock.release()

    @contextmanager
    def _writing(self) -> Iterator[Registry]:
        """Gives the registry as it stays until we write it: the lock is ours."""
        with self._mutex:
            self._lock.take()
            yield self._file.read()

    @contextmanager
    def _shard(self, name: str, *, changes: bool = False) -> Iterator[edge.EdgeShard]:
        """Gives the open shard of a collection. `changes`: what is known of its points holds no more."""
        with self._writing():
            entry = self._entry(name)
            if name in self._rebuilding:
                raise Transient(f"{name} is being rebuilt", store=self._store, mend="wait until that is done")
            shard = self._shards.get(name)
            if shard is None:
                disk.require(self._store, self._directory)
                shard = self._shards.open(name, self._path(entry), configuration.edge_config(entry.config))
                self._learn(name, shard)
            if changes:
                disk.require(self._store, self._directory)
                self._put(name, points=None)
            yield shard

    def _upsert(self, name: str, sent: Sequence[Point], mode: edge.UpdateMode) -> None:
        with self._shard(name, changes=True) as shard, engine(self._store, name):
            batch = [points.edge_point(point) for point in sent]
            shard.update(edge.UpdateOperation.upsert_points(batch, update_mode=mode))

    def _rebuild_aside(self, name: str, path: Path, watch: Watch, timeout_s: float) -> None:
        lock = self._lock.handle
        assert lock is not None
        try:
            rebuild.watched(rebuild.optimizer(path), self._store, name, lock, watch, timeout_s)
        finally:
            with self._mutex:
                self._rebuilding.discard(name)

    def _learn(self, name: str, shard: edge.EdgeShard) -> None:
        """Tells the registry what a shard holds, where it differs: the shard's indexes are the true ones."""
        with engine(self._store, name):
            info = shard.info()
            schema = {path: indexes.field_schema(index) for path, index in info.payload_schema.items()}
            count = shard.count(edge.CountRequest(exact=True))
        self._put(name, indexes=schema, points=count)

    def _put(self, name: str, **told: Any) -> None:
        registry = self._file.read()
        entry = registry.collections.get(name)
        if entry is not None and replace(entry, **told) != entry:
            self._file.write(registry.put(name, replace(entry, **told)))

    def _told(self, name: str, entry: Entry) -> Mapping[str, Any]:
        return {
            "status": self.work(name).status,
            "optimizer_status": "ok",
            "points_count": entry.points,
            "segments_count": None,
            "config": entry.config,
            "payload_schema": {p: indexes.shown(schema, None) for p, schema in entry.indexes.items()},
        }

    def _entry(self, name: str) -> Entry:
        entry = self._file.read().collections.get(name)
        if entry is None:
            raise self._missing(name)
        return entry

    def _path(self, entry: Entry) -> Path:
        return self._directory / "shards" / entry.directory

    def _remove(self, entry: Entry) -> None:
        """Removes the directory of a collection that the registry does not name, or no longer."""
        path = self._path(entry)
        with files(self._store, path):
            if path.exists():
                shutil.rmtree(path)

    @contextmanager
    def _right_input(self, name: str) -> Iterator[None]:
        try:
            yield
        except configuration.WrongInput as error:
            raise StoreError(f"{name}: {error}", store=self._store) from error

    def _refuse(self, name: str, config: Mapping[str, Any]) -> None:
        why = limits.why_refused(config)
        if why:
            raise Unsupported(f"{name}: {why}", store=self._store, mend="leave it out, or use a server")

    def _refuse_modifiers(self, name: str, live: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
        if configuration.modifiers(live) != configuration.modifiers(wanted):
            text = f"{name}: on Edge the modifier of a sparse vector is fixed when the collection is created"
            raise Unsupported(text, store=self._store, mend="copy into a new collection")

    def _missing(self, name: str) -> NotThere:
        return NotThere(f"the collection {name} is not there", store=self._store)
