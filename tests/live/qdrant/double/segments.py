"""What segments are built with, and which changes of the configuration build them anew.

A segment keeps the settings of its last build; GET shows what is declared. Measured on 1.16.3: spellings are
compared, not meanings (`payload_m` equal to `m` rebuilds); the number of threads, and a sparse vector's
modifier, datatype and threshold, wait until something else rebuilds; with `indexing_threshold` 0 a graph
stays until the next rebuild, which drops it.

Limits: all points are in one segment. Sizes follow from the number of points, deleted ones leave no trace.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .config import Config, dense_vectors, sparse_vectors

Segment = dict[str, Any]
_COMPONENT_BYTES = 4
_WAITS = {"max_indexing_threads"}


def built(config: Config, points: int) -> Segment:
    """The settings of a segment that is built now: those of a vector over the collection's."""
    on_disk_payload = config["params"]["on_disk_payload"]
    vectors = dense_vectors(config).items()
    segment: Segment = {
        "vector_data": {name: _dense(config, vector, points) for name, vector in vectors},
        "payload_storage_type": {"type": "mmap" if on_disk_payload else "in_ram_mmap"},
    }
    if sparse := sparse_vectors(config):
        segment["sparse_vector_data"] = {name: _sparse(vector) for name, vector in sparse.items()}
    return segment


def outdated(segment: Segment, config: Config, points: int) -> bool:
    """Would the server build the segment anew?"""
    desired = built(config, points)
    if indexed_vectors(segment) and segment["payload_storage_type"] != desired["payload_storage_type"]:
        return True
    for name, live in segment.get("sparse_vector_data", {}).items():
        if live["index"]["index_type"] != desired["sparse_vector_data"][name]["index"]["index_type"]:
            return True
    return any(
        _is_outdated(segment["vector_data"][name], desired["vector_data"][name], config, vector)
        for name, vector in dense_vectors(config).items()
    )


def indexed_vectors(segment: Segment) -> set[str]:
    """The names of the vectors that have an index; sparse ones always have."""
    dense = {name for name, live in segment["vector_data"].items() if live["index"]["type"] == "hnsw"}
    return dense | set(segment.get("sparse_vector_data", {}))


def _is_outdated(live: Segment, desired: Segment, config: Config, vector: Mapping[str, Any]) -> bool:
    """A vector on disk stays there if only `memmap_threshold` would no longer put it there."""
    if live["index"]["type"] == "plain":
        return bool(desired["index"]["type"] == "hnsw")
    placed = "on_disk" in vector or desired["storage_type"] == "Mmap"
    moved = placed and live["storage_type"] != desired["storage_type"]
    regraphed = _compared(live["index"]["options"]) != _compared(_hnsw(config, vector))
    requantized = live["quantization_config"] != _quantization(config, vector)
    return moved or regraphed or bool(requantized)


def _compared(hnsw: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in hnsw.items() if key not in _WAITS}


def _dense(config: Config, vector: Mapping[str, Any], points: int) -> Segment:
    indexed = _reached(config, "indexing_threshold", vector, points)
    on_disk = vector.get("on_disk", _reached(config, "memmap_threshold", vector, points))
    plain = {"type": "plain", "options": {}}
    return {
        "size": vector["size"],
        "distance": vector["distance"],
        "storage_type": "Mmap" if on_disk else "InRamChunkedMmap",
        "index": {"type": "hnsw", "options": _hnsw(config, vector)} if indexed else plain,
        "quantization_config": _quantization(config, vector) if indexed else None,
    }


def _reached(config: Config, threshold: str, vector: Mapping[str, Any], points: int) -> bool:
    """Is the vector's data larger than a threshold of the optimizers, which is given in KiB? 0 is off."""
    limit_kib: int = config["optimizer_config"][threshold] or 0
    size_bytes: int = points * vector["size"] * _COMPONENT_BYTES
    return 0 < limit_kib * 1024 < size_bytes


def _hnsw(config: Config, vector: Mapping[str, Any]) -> dict[str, Any]:
    return {**config["hnsw_config"], **vector.get("hnsw_config", {})}


def _quantization(config: Config, vector: Mapping[str, Any]) -> Any:
    return vector.get("quantization_config") or config["quantization_config"]


def _sparse(vector: Mapping[str, Any]) -> Segment:
    index = vector.get("index", {})
    return {
        "index": {
            "full_scan_threshold": index.get("full_scan_threshold"),
            "index_type": "Mmap" if index.get("on_disk") else "ImmutableRam",
            **{key: index[key] for key in ("datatype",) if key in index},
        },
        "storage_type": "mmap",
        **{key: vector[key] for key in ("modifier",) if key in vector},
    }
