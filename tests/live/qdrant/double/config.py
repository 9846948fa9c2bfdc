"""The configuration of a collection as GET shows it: made by create, changed by PATCH.

PATCH is not one change but eight, each kept once it is done: an unknown vector name stops it in the middle
and leaves what came before. Metadata comes last.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

from .faults import no_vector, wrong_input
from .settings import Settings

Config = dict[str, Any]


def create(request: Mapping[str, Any], settings: Settings) -> Config:
    """The configuration of a new collection; what is not declared comes from the server's defaults."""
    params = {
        "vectors": _vectors_with_default(request.get("vectors", {}), settings.value("vectors")),
        **{key: request.get(key, settings.value(key)) for key in _CREATE_PARAMS},
        **{key: request[key] for key in ("sharding_method", "sparse_vectors") if key in request},
    }
    config: Config = {
        "params": params,
        "hnsw_config": {**settings.value("hnsw_config"), **request.get("hnsw_config", {})},
        "optimizer_config": {
            **settings.value("optimizers_config"),
            **_threads_read_back(request.get("optimizers_config", {})),
        },
        "wal_config": {**settings.value("wal_config"), **request.get("wal_config", {})},
        "quantization_config": request.get("quantization_config", settings.value("quantization_config")),
    }
    strict_mode = settings.value("strict_mode_config")
    if strict_mode is not None or "strict_mode_config" in request:
        config["strict_mode_config"] = {**(strict_mode or {}), **request.get("strict_mode_config", {})}
    if "metadata" in request:
        config["metadata"] = request["metadata"]
    _refuse_a_name_of_two_kinds(params)
    config = deepcopy(config)
    for vector in dense_vectors(config).values():
        if vector.get("hnsw_config") == {}:
            del vector["hnsw_config"]
    return config


_CREATE_PARAMS = ("shard_number", "replication_factor", "write_consistency_factor", "on_disk_payload")


def patch(config: Config, request: Mapping[str, Any]) -> None:
    """Changes the configuration part by part; a fault leaves the parts before it changed."""
    for key, change in _PARTS.items():
        if key in request:
            change(config, deepcopy(request[key]))


def dense_vectors(config: Config) -> dict[str, dict[str, Any]]:
    """Name → parameters; the single form is the vector named ""."""
    vectors: dict[str, Any] = config["params"]["vectors"]
    return {"": vectors} if is_single(vectors) else vectors


def sparse_vectors(config: Config) -> dict[str, dict[str, Any]]:
    return config["params"].get("sparse_vectors", {})  # type: ignore[no-any-return]  # JSON


def is_single(vectors: Mapping[str, Any]) -> bool:
    """Is this one vector, not a map? A map may have a key "size", whose value is an object."""
    return isinstance(vectors.get("size"), int)


def warnings(config: Config) -> list[dict[str, str]]:
    """The settings that the server stores and ignores."""
    found = []
    for name, vector in dense_vectors(config).items():
        hnsw = {**config["hnsw_config"], **vector.get("hnsw_config", {})}
        if not hnsw.get("inline_storage"):
            continue
        if "multivector_config" in vector:
            found.append(_ignored(name, "is not compatible with multivectors"))
        elif not (vector.get("quantization_config") or config["quantization_config"]):
            found.append(_ignored(name, "requires quantization to be enabled"))
    return found


def _ignored(vector: str, why: str) -> dict[str, str]:
    option = f"The `hnsw_config.inline_storage` option for vector '{vector}'"
    return {"message": f"{option} {why}. This option will be ignored."}


def _vectors_with_default(vectors: dict[str, Any], default: Mapping[str, Any] | None) -> dict[str, Any]:
    if not default:
        return vectors
    if is_single(vectors):
        return {**default, **vectors}
    return {name: {**default, **vector} for name, vector in vectors.items()}


def _threads_read_back(optimizers: dict[str, Any]) -> dict[str, Any]:
    """The word "auto" is stored as null."""
    if optimizers.get("max_optimization_threads") == "auto":
        return {**optimizers, "max_optimization_threads": None}
    return optimizers


def _refuse_a_name_of_two_kinds(params: Mapping[str, Any]) -> None:
    for name in params.get("sparse_vectors", {}):
        if name in params["vectors"]:
            text = f"Dense and sparse vector names must be unique - duplicate found with '{name}'"
            raise wrong_input(text)


def _patch_optimizers(config: Config, change: dict[str, Any]) -> None:
    config["optimizer_config"].update(_threads_read_back(change))


def _patch_vectors(config: Config, change: dict[str, Any]) -> None:
    vectors = dense_vectors(config)
    _require(vectors, change)
    for name, parts in change.items():
        vector = vectors[name]
        if parts.get("hnsw_config"):
            vector.setdefault("hnsw_config", {}).update(parts["hnsw_config"])
        if "on_disk" in parts:
            vector["on_disk"] = parts["on_disk"]
        if "quantization_config" in parts:
            vector["quantization_config"] = parts["quantization_config"]
        if vector.get("quantization_config") == "Disabled":
            del vector["quantization_config"]


def _patch_quantization(config: Config, change: Any) -> None:
    config["quantization_config"] = None if change == "Disabled" else change


def _patch_sparse(config: Config, change: dict[str, Any]) -> None:
    vectors = sparse_vectors(config)
    _require(vectors, change)
    for name, parts in change.items():
        if parts.get("index"):
            vectors[name].setdefault("index", {}).update(parts["index"])
        if "modifier" in parts:
            vectors[name]["modifier"] = parts["modifier"]


def _patch_metadata(config: Config, change: dict[str, Any]) -> None:
    metadata = {**config.get("metadata", {}), **change}
    config["metadata"] = {
        key: value for key, value in metadata.items() if key not in change or value is not None
    }


def _require(vectors: Mapping[str, Any], change: Mapping[str, Any]) -> None:
    """All names are looked up before the first vector is changed."""
    for name in change:
        if name not in vectors:
            raise no_vector(name)


_PARTS: Mapping[str, Callable[[Config, Any], None]] = {
    "optimizers_config": _patch_optimizers,
    "params": lambda config, change: config["params"].update(change),
    "hnsw_config": lambda config, change: config["hnsw_config"].update(change),
    "vectors": _patch_vectors,
    "quantization_config": _patch_quantization,
    "sparse_vectors": _patch_sparse,
    "strict_mode_config": lambda config, change: config.setdefault("strict_mode_config", {}).update(change),
    "metadata": _patch_metadata,
}
"""In the server's order."""
