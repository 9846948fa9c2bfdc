"""The directory as one target holds it: registry, lock and shards, kept in step.

The lock is taken with the first call that writes or opens a shard, and kept until `close`. All threads of the
process go through one mutex: Edge holds Python's interpreter lock anyway. Only a rebuild goes on aside, see
`aside`; its collection is refused meanwhile.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import qdrant_edge as edge

from apexplan.model.errors import Transient
from apexplan_qdrant.edge import disk, indexes
from apexplan_qdrant.edge.config import edge_config
from apexplan_qdrant.edge.errors import engine, files
from apexplan_qdrant.edge.lock import Lock
from apexplan_qdrant.edge.registry import Entry, Registry, RegistryFile
from apexplan_qdrant.edge.shards import Shards
from apexplan_qdrant.errors import NotThere


class Holding:
    """What is read needs no lock: `registry` and `entry`. The rest is used inside `writing` or `shard`."""

    def __init__(self, store: str, directory: Path) -> None:
        self.store = store
        self.directory = directory
        self.rebuilding: set[str] = set()
        self._file = RegistryFile(store, directory)
        self._lock = Lock(store, directory / "lock")
        self._shards = Shards(store, self.learn)
        self._mutex = threading.RLock()

    def registry(self) -> Registry:
        return self._file.read()

    def entry(self, name: str) -> Entry:
        """Returns the entry of a physical name. Raises NotThere."""
        entry = self.registry().collections.get(name)
        if entry is None:
            raise self.missing(name)
        return entry

    def missing(self, name: str) -> NotThere:
        return NotThere(f"the collection {name} is not there", store=self.store)

    def path(self, entry: Entry) -> Path:
        return self.directory / "shards" / entry.directory

    @contextmanager
    def writing(self, name: str = "") -> Iterator[Registry]:
        """Gives the registry as it stays until we write it: the lock is ours, and `name` is not being
        rebuilt."""
        with self._mutex:
            self._lock.take()
            if name in self.rebuilding:
                raise Transient(f"{name} is being rebuilt", store=self.store, mend="wait until that is done")
            yield self.registry()

    def write(self, registry: Registry) -> None:
        self._file.write(registry)

    def put(self, name: str, entry: Entry) -> None:
        """Writes an entry into the registry as it is now: a shard that was closed may have told something."""
        self.write(self.registry().put(name, entry))

    def tell(self, name: str, **told: Any) -> None:
        """Changes fields of an entry, if it is there and they differ."""
        entry = self.registry().collections.get(name)
        if entry is not None and any(getattr(entry, field) != value for field, value in told.items()):
            self.put(name, replace(entry, **told))

    @contextmanager
    def shard(self, name: str, *, changes: bool = False) -> Iterator[edge.EdgeShard]:
        """Gives the open shard of a collection. `changes`: its points are about to change, so nobody knows
        their number until it is closed. Raises Full before Edge would be ended by a full disk."""
        self.entry(name)  # one that is not there makes neither directory nor lock
        with self.writing(name):
            shard = self._shards.get(name)
            if shard is None:
                entry = self.entry(name)
                shard = self.open(name, entry, edge_config(entry.config))
                self.learn(name, shard)
            if changes:
                disk.require(self.store, self.directory)
                self.tell(name, points=None)
            yield shard

    @contextmanager
    def glance(self, name: str) -> Iterator[edge.EdgeShard | None]:
        """Gives the shard if it is open here already, else None."""
        with self._mutex:
            yield self._shards.get(name)

    def open(self, name: str, entry: Entry, config: Mapping[str, Any]) -> edge.EdgeShard:
        """Opens or makes the shard of an entry with this content of `edge_config.json`."""
        disk.require(self.store, self.directory)
        return self._shards.open(name, self.path(entry), config)

    def shut(self, name: str) -> None:
        """Closes the shard of a collection, if it is open."""
        self._shards.close(name)

    def remove(self, entry: Entry) -> None:
        """Removes the directory of a collection that the registry does not name, or no longer."""
        path = self.path(entry)
        with files(self.store, path):
            if path.exists():
                shutil.rmtree(path)

    @contextmanager
    def aside(self, name: str) -> Iterator[int]:
        """Closes the shard and keeps this process from opening it again; gives the lock, for the process that
        does. Other collections can be used meanwhile."""
        with self.writing(name):
            handle = self._lock.handle
            assert handle is not None
            self.shut(name)
            self.rebuilding.add(name)
        try:
            yield handle
        finally:
            with self._mutex:
                self.rebuilding.discard(name)

    def learn(self, name: str, shard: edge.EdgeShard) -> None:
        """Tells the registry what a shard holds: of its indexes, the shard knows the truth."""
        with engine(self.store, name):
            info = shard.info()
            schema = {path: indexes.field_schema(index) for path, index in info.payload_schema.items()}
            count = shard.count(edge.CountRequest(exact=True))
        self.tell(name, indexes=schema, points=count)

    def close(self) -> None:
        """Closes the shards, then lets go of the lock. Idempotent."""
        with self._mutex:
            try:
                self._shards.close_all()
            finally:
                self._lock.release()
