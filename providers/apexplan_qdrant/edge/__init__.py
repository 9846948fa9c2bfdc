"""Qdrant without a server: the engine itself, in this process, on files in a directory.

    DIRECTORY/
      registry.json      what the server would know: configurations, payload indexes, metadata, aliases
      lock               held by whoever has shards open or writes; tells who that is
      shards/NAME-HASH/  one shard of Edge a collection

Edge knows shards and nothing else. Names, aliases, metadata, strict mode and the declared configuration are
the registry's, which is written whole or not at all. Who only reads names and configurations reads that one
file: no lock, no shard, also while somebody else works. Everything else takes the lock first.

    target             the operations, in the order that survives a crash
      holding          registry, lock and shards, kept in step
      registry, lock   the two files
      shards           shards that are open; indexes and points say Edge's types in JSON
      config           the server's merge rules, and the configuration in Edge's words
      rebuild          optimizers, in a process that can be stopped
      segments         what a closed shard is built with
      limits           what Edge cannot do, or keeps without effect

Measured on qdrant-edge-py 0.9.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from apexplan.model.errors import Unsupported

if TYPE_CHECKING:
    from qdrant_edge import EdgeShard

    from apexplan_qdrant.edge.target import EdgeTarget

__all__ = ["connect", "open_collection"]


def connect(store: str, directory: str) -> EdgeTarget:
    """Returns the target on `directory`, which need not be there. Opens nothing and takes no lock yet."""
    try:
        from apexplan_qdrant.edge.target import EdgeTarget
    except ImportError as error:
        text = "Qdrant Edge is not installed"
        raise Unsupported(
            text, store=store, mend='pip install "apexplan[local]", or name a server'
        ) from error
    return EdgeTarget(store, directory)


@contextmanager
def open_collection(directory: str, name: str) -> Iterator[EdgeShard]:
    """Gives the shard behind a collection or an alias, for an application in Python, and closes it after.

    Holds the lock meanwhile: one process at a time. Raises NotThere, and Transient naming who holds it.
    """
    target = connect("edge", directory)
    try:
        yield target.shard(name)
    finally:
        target.close()
