"""What the server was started with: its version, its keys, its defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

STOCK: Mapping[str, Any] = {
    "on_disk_payload": True,
    "shard_number": 1,
    "replication_factor": 1,
    "write_consistency_factor": 1,
    "hnsw_config": {
        "m": 16,
        "ef_construct": 100,
        "full_scan_threshold": 10000,
        "max_indexing_threads": 0,
        "on_disk": False,
    },
    "optimizers_config": {
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
}
"""The defaults of the configuration file that Qdrant 1.16.3 is delivered with."""


@dataclass(frozen=True)
class Settings:
    """`defaults` are written over STOCK, objects key by key; without `api_key` no key is asked for.

    Another `version` is only shown, it does not change what the double does.
    """

    version: str = "1.16.3"
    commit: str = "bd49f45a8a2d4e4774cac50fa29507c4e8375af2"
    api_key: str | None = None
    read_only_api_key: str | None = None
    max_collections: int | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def value(self, key: str) -> Any:
        """The default under a key of the create request, or None."""
        own, stock = self.defaults.get(key), STOCK.get(key)
        if isinstance(own, Mapping):
            return {**(stock or {}), **own}
        return stock if own is None else own
