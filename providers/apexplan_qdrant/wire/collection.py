"""What GET /collections/NAME shows → the values of a `Collection`.

Values are effective (a vector without settings of its own has those of the collection) and canonical (one
meaning, one value). Keys that are not known here, of newer servers, are passed over.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apexplan_qdrant.wire.places import (
    COLLECTION,
    HNSW,
    SPARSE,
    VECTOR,
    Json,
    Place,
    dense_vectors,
    kept_by_apexplan,
    read,
    sparse_vectors,
    with_vector,
)
from apexplan_qdrant.wire.quantization import quantization_values


def collection_values(info: Mapping[str, Any]) -> Json:
    """Returns every field of a `Collection` that its configuration tells, from the `result` of GET: all but
    `physical`, `health`, and those that are carried along only."""
    config: Mapping[str, Any] = info["config"]
    dense, sparse = dense_vectors(config), sparse_vectors(config)
    shared = read(config, ("hnsw_config",), {})
    return {
        **{field: read(config, place.read, place.default) for field, place in COLLECTION.items()},
        **{f"hnsw_{setting}": value for setting, value in _hnsw(shared).items()},
        "vectors": sorted(dense),
        **_by_name(dense, VECTOR),
        "vector_hnsw": _effective_hnsw(dense, shared),
        "vector_quantization": _effective_quantization(dense, config.get("quantization_config")),
        "sparse_vectors": sorted(sparse),
        **_by_name(sparse, SPARSE),
        "quantization": quantization_values(config.get("quantization_config")),
        "strict_mode": {"enabled": False} | _said(config.get("strict_mode_config")),
        "metadata": _metadata(config.get("metadata")),
    }


def _by_name(vectors: Mapping[str, Json], places: Mapping[str, Place]) -> Json:
    return {
        field: {name: read(vectors[name], place.read, place.default) for name in sorted(vectors)}
        for field, place in places.items()
    }


def _effective_hnsw(dense: Mapping[str, Json], shared: Mapping[str, Any]) -> Json:
    found: Json = {}
    for name in sorted(dense):
        found |= with_vector(name, _hnsw({**shared, **_said(dense[name].get("hnsw_config"))}))
    return found


def _effective_quantization(dense: Mapping[str, Json], shared: Any) -> Json:
    found: Json = {}
    for name in sorted(dense):
        own = dense[name].get("quantization_config")
        found |= with_vector(name, quantization_values(shared if own is None else own))
    return found


def _hnsw(raw: Mapping[str, Any]) -> Json:
    values = {setting: read(raw, (setting,), default) for setting, default in HNSW.items()}
    if values["payload_m"] is None:
        values["payload_m"] = values["m"]
    return values


def _metadata(raw: Any) -> Json:
    return {key: value for key, value in _said(raw).items() if not kept_by_apexplan(key)}


def _said(raw: Any) -> Json:
    return {key: value for key, value in (raw or {}).items() if value is not None}
