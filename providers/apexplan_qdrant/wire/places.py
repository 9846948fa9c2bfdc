"""Where each field of a collection stands: in what GET shows, in the body of create, in that of PATCH.

The three differ: `optimizer_config` is read and `optimizers_config` is sent; what is under `params` in GET
and PATCH is at the top in create, and dropped without a word elsewhere. A place also says what null and
absence mean (measured on 1.16.3; the places of newer fields are read in the source of 1.17 to 1.19).

Not in the table: quantization, strict mode and metadata, which are mappings of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

Path: TypeAlias = tuple[str, ...]
Json: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Keys from outside in. `create` and `patch` are None where the request has no such key. `default`: what
    null and absence mean. `unsaid`: a value that is said by leaving the key out."""

    read: Path
    create: Path | None
    patch: Path | None
    default: Any = None
    unsaid: str | None = None


def _hnsw(key: str, default: Any = None) -> Place:
    path = ("hnsw_config", key)
    return Place(path, path, path, default)


def _optimizer(key: str, default: Any = None) -> Place:
    sent = ("optimizers_config", key)
    return Place(("optimizer_config", key), sent, sent, default)


def _param(*path: str, default: Any = None) -> Place:
    return Place(("params", *path), path, ("params", *path), default)


def _wal(key: str) -> Place:
    return Place(("wal_config", key), ("wal_config", key), None)


def _of_vector(*path: str, default: Any = None) -> Place:
    return Place(path, path, path, default)


def _fixed_of_vector(*path: str, default: Any = None, unsaid: str | None = None) -> Place:
    return Place(path, path, None, default, unsaid)


HNSW: Final[Mapping[str, Any]] = {
    "m": None,
    "ef_construct": None,
    "full_scan_threshold": None,
    "max_indexing_threads": None,
    "payload_m": None,
    "on_disk": False,
    "inline_storage": False,
}
"""The settings of a graph that collection and vector both have, and what absence means; that of `payload_m`
is the value of `m`."""

COLLECTION: Final[Mapping[str, Place]] = {
    **{f"hnsw_{key}": _hnsw(key, default) for key, default in HNSW.items()},
    "hnsw_memory": _hnsw("memory"),
    "on_disk_payload": _param("on_disk_payload"),
    "payload_memory": _param("payload", "memory"),
    "shard_number": Place(("params", "shard_number"), ("shard_number",), None, 1),
    "sharding_method": Place(("params", "sharding_method"), ("sharding_method",), None, "auto"),
    "replication_factor": _param("replication_factor", default=1),
    "write_consistency_factor": _param("write_consistency_factor", default=1),
    "read_fan_out_factor": Place(("params", "read_fan_out_factor"), None, ("params", "read_fan_out_factor")),
    "deleted_threshold": _optimizer("deleted_threshold"),
    "vacuum_min_vector_number": _optimizer("vacuum_min_vector_number"),
    "default_segment_number": _optimizer("default_segment_number", 0),
    "max_segment_size": _optimizer("max_segment_size"),
    "memmap_threshold": _optimizer("memmap_threshold", 0),
    "indexing_threshold": _optimizer("indexing_threshold"),
    "flush_interval_sec": _optimizer("flush_interval_sec"),
    "max_optimization_threads": _optimizer("max_optimization_threads", "auto"),
    "prevent_unoptimized": _optimizer("prevent_unoptimized", False),
    "wal_capacity_mb": _wal("wal_capacity_mb"),
    "wal_segments_ahead": _wal("wal_segments_ahead"),
    "wal_retain_closed": _wal("wal_retain_closed"),
}
"""Fields with one value for the collection."""

VECTOR: Final[Mapping[str, Place]] = {
    "size": _fixed_of_vector("size"),
    "distance": _fixed_of_vector("distance"),
    "datatype": _fixed_of_vector("datatype", default="float32"),
    "multivector": _fixed_of_vector("multivector_config", "comparator", default="none", unsaid="none"),
    "vector_on_disk": _of_vector("on_disk", default=False),
    "vector_memory": _of_vector("memory"),
}
"""Fields with a value for each dense vector, below the vector's name."""

SPARSE: Final[Mapping[str, Place]] = {
    "sparse_datatype": _fixed_of_vector("index", "datatype", default="float32"),
    "sparse_modifier": _of_vector("modifier", default="none"),
    "sparse_on_disk": _of_vector("index", "on_disk", default=False),
    "sparse_full_scan_threshold": _of_vector("index", "full_scan_threshold"),
    "sparse_memory": _of_vector("index", "memory"),
}
"""Fields with a value for each sparse vector, below the vector's name."""

OWN: Final = "apexplan"


def kept_by_apexplan(key: str) -> bool:
    """True of a key of the metadata under which apexplan keeps what is its own."""
    return key == OWN or key.startswith(f"{OWN}:")


def read(json: Mapping[str, Any], path: Path, default: Any = None) -> Any:
    """Returns what stands at `path`, or `default` where it is null or absent."""
    found: Any = json
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return default if found is None else found


def put(json: Json, path: Path, value: Any) -> None:
    """Sets what stands at `path`, making the objects on the way."""
    *outer, last = path
    for key in outer:
        json = json.setdefault(key, {})
    json[last] = value


def dense_vectors(config: Mapping[str, Any]) -> Mapping[str, Json]:
    """Returns the dense vectors by name. The form of one unnamed vector is the vector named ""; a map may
    have a vector named `size`, whose value is an object."""
    vectors: Mapping[str, Any] = read(config, ("params", "vectors"), {})
    single = "size" in vectors and not isinstance(vectors["size"], Mapping)
    return {"": dict(vectors)} if single else vectors


def sparse_vectors(config: Mapping[str, Any]) -> Mapping[str, Json]:
    """Returns the sparse vectors by name."""
    found: Mapping[str, Json] = read(config, ("params", "sparse_vectors"), {})
    return found


def by_vector(settings: Mapping[str, Any]) -> dict[str, Json]:
    """Returns `{NAME.SETTING: value}` as `{NAME: {SETTING: value}}`. A name may hold dots, a setting none."""
    found: dict[str, Json] = {}
    for key, value in settings.items():
        name, _, setting = key.rpartition(".")
        found.setdefault(name, {})[setting] = value
    return found


def with_vector(name: str, settings: Mapping[str, Any]) -> Json:
    """Returns `{SETTING: value}` of one vector as `{NAME.SETTING: value}`."""
    return {f"{name}.{setting}": value for setting, value in settings.items()}
