"""Values of a `Collection` → bodies of PUT and PATCH /collections/NAME.

A body holds what is asked for and nothing else: the server answers 200 to keys that it drops, and starts a
running rebuild again for values that it has already (measured on 1.16.3). What create cannot take is sent
after it, see `after_create`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from apexplan.model.spec import same
from apexplan_qdrant.specs import Collection
from apexplan_qdrant.wire.collection import collection_values
from apexplan_qdrant.wire.places import (
    COLLECTION,
    SPARSE,
    VECTOR,
    Json,
    Path,
    Place,
    by_vector,
    dense_vectors,
    put,
)
from apexplan_qdrant.wire.quantization import DISABLED, quantization_json

_PlaceIn = Callable[[Place], Path | None]
_MERGED: Final = {"strict_mode": "strict_mode_config", "metadata": "metadata"}
"""Mappings that are sent as they are; the server merges them key by key."""
_REPLACED: Final = frozenset({"quantization", "vector_quantization", "metadata"})
"""Mappings in which null is a way back: they are replaced as a whole, or null removes a key."""
CHANGEABLE: Final = frozenset(
    {
        *(field for table in (COLLECTION, VECTOR, SPARSE) for field, place in table.items() if place.patch),
        *("quantization", "vector_hnsw", "vector_quantization", *_MERGED),
    }
)
"""The fields that PATCH takes."""


def create_body(spec: Collection) -> Json:
    """Returns the body of PUT /collections/NAME with what is managed. Where the server's own defaults
    compress vectors, a collection without compression takes `after_create` too."""
    values = spec.values()
    body = _collection_parts(values, _in_create)
    shared = quantization_json(values.get("quantization") or {}, None)
    if shared != DISABLED:
        body["quantization_config"] = shared
    vectors: dict[str, Json] = {name: {} for name in values.get("vectors") or ()}
    _add_dense(vectors, values, _in_create)
    for name, wanted in by_vector(values.get("vector_quantization") or {}).items():
        own = quantization_json(wanted, None)
        if own != DISABLED:
            vectors[name]["quantization_config"] = own
    if vectors:
        body["vectors"] = vectors[""] if set(vectors) == {""} else vectors
    sparse: dict[str, Json] = {name: {} for name in values.get("sparse_vectors") or ()}
    _add_by_name(sparse, values, SPARSE, _in_create)
    return body | ({"sparse_vectors": sparse} if sparse else {})


def after_create(spec: Collection, config: Mapping[str, Any]) -> Json:
    """Returns the body of the PATCH that is still needed once the collection is there with `config`, {} where
    none is: `read_fan_out_factor`, and no compression where the server's defaults compress."""
    live = collection_values({"config": config})
    wanted = spec.values(CHANGEABLE)
    return patch_body(config, {f: value for f, value in wanted.items() if not same(live[f], value)})


def patch_body(config: Mapping[str, Any], changed: Mapping[str, Any]) -> Json:
    """Returns the body of the one PATCH that brings the fields in `changed` from what they are in `config`,
    the `config` of GET, to the given values; of mappings, to the given keys.

    What a vector has of the collection follows the collection, unless it is in `changed` too: then it becomes
    the vector's own. Raises ValueError for a field that PATCH would drop.
    """
    fixed = changed.keys() - CHANGEABLE
    if fixed:
        raise ValueError(f"PATCH takes no {', '.join(sorted(fixed))}")
    body = _collection_parts(changed, _in_patch)
    if changed.get("quantization"):
        raw = config.get("quantization_config")
        body["quantization_config"] = quantization_json(changed["quantization"], raw)
    vectors: dict[str, Json] = {}
    _add_dense(vectors, changed, _in_patch)
    for name, wanted in by_vector(changed.get("vector_quantization") or {}).items():
        raw = dense_vectors(config).get(name, {}).get("quantization_config")
        raw = config.get("quantization_config") if raw is None else raw
        put(vectors, (name, "quantization_config"), quantization_json(wanted, raw))
    sparse: dict[str, Json] = {}
    _add_by_name(sparse, changed, SPARSE, _in_patch)
    parts = {"vectors": vectors, "sparse_vectors": sparse}
    return body | {key: part for key, part in parts.items() if part}


def unsettable(field: str, value: Any) -> bool:
    """True if no PATCH brings a field from something else back to `value`: null does nothing there."""
    if field in _REPLACED:
        return False
    return any(part is None for part in (value.values() if isinstance(value, Mapping) else (value,)))


# ------------------------------------------------------------------ the parts that create and PATCH share


def _in_create(place: Place) -> Path | None:
    return place.create


def _in_patch(place: Place) -> Path | None:
    return place.patch


def _collection_parts(values: Mapping[str, Any], where: _PlaceIn) -> Json:
    body: Json = {}
    for field, place in COLLECTION.items():
        _say(body, place, where, values.get(field))
    for field, key in _MERGED.items():
        if values.get(field):
            body[key] = values[field]
    return body


def _add_dense(vectors: dict[str, Json], values: Mapping[str, Any], where: _PlaceIn) -> None:
    _add_by_name(vectors, values, VECTOR, where)
    for name, settings in by_vector(values.get("vector_hnsw") or {}).items():
        for setting, value in settings.items():
            if value is not None:
                put(vectors, (name, "hnsw_config", setting), value)


def _add_by_name(
    vectors: dict[str, Json], values: Mapping[str, Any], places: Mapping[str, Place], where: _PlaceIn
) -> None:
    for field, place in places.items():
        for name, value in (values.get(field) or {}).items():
            vector = vectors.get(name, {})
            _say(vector, place, where, value)
            if vector:
                vectors[name] = vector


def _say(body: Json, place: Place, where: _PlaceIn, value: Any) -> None:
    path = where(place)
    if path is not None and value is not None and value != place.unsaid:
        put(body, path, value)
