"""The configuration of a collection: made and changed by the server's rules, and said in Edge's words. Pure.

The rules are those of Qdrant 1.16.3 as recorded: null means "unchanged", but removes a key of the metadata;
keys of a graph, of optimizers, of strict mode and of metadata are merged, compression is replaced as a whole
and taken away by "Disabled"; what may not change is dropped without a word. Unlike there, all of a PATCH goes
in or nothing.

Edge reads its configuration from `edge_config.json` in the shard, in nearly the server's words, and resolves
what is absent there by its own defaults. That file is written here, not made through `EdgeConfig`, whose None
means "as it is": it cannot take a compression away.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from copy import deepcopy
from typing import Any, Final, TypeAlias

Json: TypeAlias = dict[str, Any]

_GRAPH: Final[Mapping[str, Any]] = {
    "m": 16,
    "ef_construct": 100,
    "full_scan_threshold": 10000,
    "max_indexing_threads": 0,
    "on_disk": False,
}
"""What segment.json shows of a graph that was built without a configuration."""
_OPTIMIZERS: Final[Mapping[str, Any]] = {
    "deleted_threshold": 0.2,
    "vacuum_min_vector_number": 1000,
    "default_segment_number": 0,
    "max_segment_size": None,
    "memmap_threshold": None,
    "indexing_threshold": 10000,
    "flush_interval_sec": 5,
    "max_optimization_threads": None,
}
_LOG: Final[Mapping[str, Any]] = {"wal_capacity_mb": 32, "wal_segments_ahead": 0, "wal_retain_closed": 1}
_PARAMS: Final[Mapping[str, Any]] = {
    "shard_number": 1,
    "replication_factor": 1,
    "write_consistency_factor": 1,
    "on_disk_payload": True,
}
_CREATED_PARAMS: Final = (*_PARAMS, "sharding_method", "sparse_vectors", "payload")
_PATCHED_PARAMS: Final = (
    "replication_factor",
    "write_consistency_factor",
    "read_fan_out_factor",
    "on_disk_payload",
    "payload",
)
_GRAPH_KEYS: Final = (*_GRAPH, "payload_m", "inline_storage", "memory")
_OPTIMIZER_KEYS: Final = (*_OPTIMIZERS, "prevent_unoptimized")
_OF_EDGE: Final = frozenset(_OPTIMIZER_KEYS) - {
    "memmap_threshold",
    "flush_interval_sec",
    "max_optimization_threads",
}
"""The optimizers' settings that Edge has."""
_DISABLED: Final = "Disabled"


class WrongInput(ValueError):
    """What a server answers 400 to."""


def created(body: Mapping[str, Any]) -> Json:
    """Returns the configuration that PUT /collections/NAME makes, with Edge's defaults for what is left out.
    Raises WrongInput."""
    said = _said(body)
    config: Json = {
        "params": {"vectors": said.get("vectors", {}), **_PARAMS, **_only(said, _CREATED_PARAMS)},
        "hnsw_config": {**_GRAPH, **_only(said.get("hnsw_config", {}), _GRAPH_KEYS)},
        "optimizer_config": {**_OPTIMIZERS, **_optimizers(said.get("optimizers_config", {}))},
        "wal_config": {**_LOG, **_only(said.get("wal_config", {}), _LOG)},
        "quantization_config": said.get("quantization_config"),
        **_only(said, ("strict_mode_config",)),
    }
    if body.get("metadata") is not None:
        config["metadata"] = _mapping(body["metadata"])
    both = dense(config).keys() & sparse(config).keys()
    if both:
        raise WrongInput(f"dense and sparse vectors cannot have one name, as {sorted(both)[0]!r}")
    for vector in dense(config).values():
        if not vector.get("hnsw_config", True):
            del vector["hnsw_config"]
    return deepcopy(config)


def updated(config: Mapping[str, Any], body: Mapping[str, Any]) -> Json:
    """Returns the configuration after PATCH /collections/NAME. Raises WrongInput."""
    said = _said(body)
    new: Json = deepcopy(dict(config))
    new["optimizer_config"] |= _optimizers(said.get("optimizers_config", {}))
    new["params"] |= _only(said.get("params", {}), _PATCHED_PARAMS)
    new["hnsw_config"] |= _only(said.get("hnsw_config", {}), _GRAPH_KEYS)
    for name, change in said.get("vectors", {}).items():
        _change_dense(_named(dense(new), name), change)
    if "quantization_config" in said:
        wanted = said["quantization_config"]
        new["quantization_config"] = None if wanted == _DISABLED else wanted
    for name, change in said.get("sparse_vectors", {}).items():
        _change_sparse(_named(sparse(new), name), change)
    if "strict_mode_config" in said:
        new["strict_mode_config"] = {**new.get("strict_mode_config", {}), **said["strict_mode_config"]}
    if body.get("metadata") is not None:
        new["metadata"] = _merged_metadata(new.get("metadata", {}), _mapping(body["metadata"]))
    return deepcopy(new)


def modifiers(config: Mapping[str, Any]) -> Mapping[str, str]:
    """Returns how scores of each sparse vector are weighted. Fixed on Edge: it opens no shard with another
    one."""
    return {name: vector.get("modifier", "none") for name, vector in sparse(config).items()}


def edge_config(config: Mapping[str, Any]) -> Json:
    """Returns the content of `edge_config.json`. Two configurations for which it is equal need no rebuild."""
    params, graph = config["params"], config["hnsw_config"]
    found: Json = {
        "on_disk_payload": params["on_disk_payload"],
        "vectors": {name: _dense_of_edge(vector, graph) for name, vector in dense(config).items()},
        "sparse_vectors": {name: _sparse_of_edge(vector) for name, vector in sparse(config).items()},
        "hnsw_config": graph,
        "optimizers": _only(config["optimizer_config"], _OF_EDGE),
    }
    if config.get("quantization_config"):
        found["quantization_config"] = config["quantization_config"]
    if params.get("payload", {}).get("memory"):
        found["payload_memory"] = params["payload"]["memory"]
    return found


def dense(config: Mapping[str, Any]) -> dict[str, Json]:
    """Returns the dense vectors by name; one in the short form has the name ""."""
    vectors: Json = config["params"]["vectors"]
    single = "size" in vectors and not isinstance(vectors["size"], Mapping)
    return {"": vectors} if single else vectors


def sparse(config: Mapping[str, Any]) -> dict[str, Json]:
    """Returns the sparse vectors by name."""
    found: dict[str, Json] = config["params"].get("sparse_vectors", {})
    return found


def _dense_of_edge(vector: Mapping[str, Any], graph: Mapping[str, Any]) -> Json:
    own = vector.get("hnsw_config")
    return {**vector, **({"hnsw_config": {**graph, **own}} if own else {})}


def _sparse_of_edge(vector: Mapping[str, Any]) -> Json:
    """A modifier "none" is never said: Edge takes it for another one than none at all."""
    modifier = vector.get("modifier", "none")
    return {**vector.get("index", {}), **({"modifier": modifier} if modifier != "none" else {})}


def _change_dense(vector: Json, change: Mapping[str, Any]) -> None:
    own = _only(change.get("hnsw_config", {}), _GRAPH_KEYS)
    if own:
        vector["hnsw_config"] = {**vector.get("hnsw_config", {}), **own}
    vector |= _only(change, ("on_disk", "memory", "quantization_config"))
    if vector.get("quantization_config") == _DISABLED:
        del vector["quantization_config"]


def _change_sparse(vector: Json, change: Mapping[str, Any]) -> None:
    if change.get("index"):
        vector["index"] = {**vector.get("index", {}), **change["index"]}
    vector |= _only(change, ("modifier",))


def _merged_metadata(live: Mapping[str, Any], change: Mapping[str, Any]) -> Json:
    merged = {**live, **change}
    return {key: value for key, value in merged.items() if key not in change or value is not None}


def _mapping(metadata: Any) -> Mapping[str, Any]:
    if not isinstance(metadata, Mapping):
        raise WrongInput("metadata is a mapping")
    return metadata


def _optimizers(said: Mapping[str, Any]) -> Json:
    found = _only(said, _OPTIMIZER_KEYS)
    if found.get("max_optimization_threads") == "auto":
        found["max_optimization_threads"] = None
    return found


def _named(vectors: dict[str, Json], name: str) -> Json:
    if name not in vectors:
        raise WrongInput(f"there is no vector {name!r}")
    return vectors[name]


def _said(value: Any) -> Any:
    """Returns JSON without what is null: it says nothing in a configuration."""
    if isinstance(value, Mapping):
        return {key: _said(part) for key, part in value.items() if part is not None}
    return value


def _only(said: Mapping[str, Any], keys: Collection[str]) -> Json:
    return {key: said[key] for key in said if key in keys}
