"""Live objects → the short document that declares them, for `inspect`.

Written as a person would: one unnamed vector without a name, an index without options by its type alone,
nothing that is the stock default of Qdrant 1.16.3 (see `models`), nothing of a vector that it has of its
collection. Left out are

- the name behind an alias where it is one that copying gives,
- what is kept aside,
- what `expand` would refuse or has no word for: odd names, settings of newer servers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from apexplan.document import Block, is_error
from apexplan.model.address import Address
from apexplan.model.spec import Spec
from apexplan_qdrant.document.expand import expand_document
from apexplan_qdrant.document.index_models import IndexBlock
from apexplan_qdrant.document.models import CollectionBlock, QdrantSchema, StrictModeBlock
from apexplan_qdrant.document.values import ALONE, PARTS, SPARSE_FIELDS, VECTOR_FIELDS
from apexplan_qdrant.document.vector_models import SparseVectorBlock, VectorBlock
from apexplan_qdrant.names import index_parts, is_version_of
from apexplan_qdrant.specs import Alias, Collection, PayloadIndex
from apexplan_qdrant.wire.payload_index import OPTIONS
from apexplan_qdrant.wire.places import HNSW, Json, by_vector
from apexplan_qdrant.wire.quantization import SETTINGS


def collapse(store: str, objects: Mapping[Address, Spec]) -> Json:
    """Returns the document that declares `objects`."""
    document: Json = {"kind": "QdrantSchema", "store": store}
    sections = {"collections": _collections(objects), "aliases": _aliases(objects)}
    return document | {name: dict(sorted(found.items())) for name, found in sections.items() if found}


def _collections(objects: Mapping[Address, Spec]) -> dict[str, Json]:
    found = {
        address.name: _collection(address.name, spec)
        for address, spec in objects.items()
        if isinstance(spec, Collection)
    }
    found = {name: block for name, block in found.items() if _loads({"collections": {name: block}})}
    for name, field, index in sorted(_indexes(objects), key=lambda one: one[:2]):
        alone = {"vectors": {"size": 1, "distance": "Dot"}, "payload_indexes": {field: index}}
        if name in found and _loads({"collections": {name: alone}}):
            found[name].setdefault("payload_indexes", {})[field] = index
    return found


def _indexes(objects: Mapping[Address, Spec]) -> Iterator[tuple[str, str, str | Json]]:
    for address, spec in objects.items():
        if isinstance(spec, PayloadIndex):
            yield (*index_parts(address), _index(spec))


def _aliases(objects: Mapping[Address, Spec]) -> Json:
    found = {a.name: spec.collection for a, spec in objects.items() if isinstance(spec, Alias)}
    return {name: target for name, target in found.items() if _loads({"aliases": {name: target}})}


def _loads(sections: Json) -> bool:
    """Says whether a manifest may declare this."""
    document = {"kind": "QdrantSchema", "store": "store", **sections}
    try:
        return not any(map(is_error, expand_document(QdrantSchema.model_validate(document)).problems))
    except ValidationError:
        return False


# ------------------------------------------------------------------ a collection


def _collection(name: str, spec: Collection) -> Json:
    values = spec.values()
    parts: Json = {
        "physical": _physical(name, spec.physical),
        "vectors": _vectors(values),
        "sparse_vectors": _sparse_vectors(values),
        **{part: _part(part, values) for part in PARTS},
        "quantization": _quantization(values.get("quantization")),
        **_unlike({field: values.get(field) for field in ALONE}, CollectionBlock),
        "strict_mode": _strict_mode(values.get("strict_mode") or {}),
        "metadata": values.get("metadata"),
    }
    return _said(parts)


def _physical(name: str, physical: str | None) -> str | None:
    expected = physical is None or physical == name or is_version_of(name, physical)
    return None if expected else physical


def _part(part: str, values: Mapping[str, Any]) -> Json:
    prefix, block = PARTS[part]
    found = _unlike({name: values.get(f"{prefix}{name}") for name in block.model_fields}, block)
    if part == "hnsw" and values.get("hnsw_payload_m") == values.get("hnsw_m"):
        found.pop("payload_m", None)
    return found


def _strict_mode(live: Mapping[str, Any]) -> Json:
    known = {key: value for key, value in live.items() if key in StrictModeBlock.model_fields}
    return {} if known == {"enabled": False} else known


def _said(parts: Json) -> Json:
    return {key: part for key, part in parts.items() if part is not None and part != {}}


def _unlike(settings: Mapping[str, Any], block: type[Block]) -> Json:
    """Returns the settings that differ from the defaults of the block."""
    defaults = {
        name: field.get_default(call_default_factory=True) for name, field in block.model_fields.items()
    }
    return {name: value for name, value in settings.items() if value not in (None, defaults[name])}


# ------------------------------------------------------------------ vectors


def _vectors(values: Mapping[str, Any]) -> Json:
    graphs = by_vector(values.get("vector_hnsw") or {})
    compressed = by_vector(values.get("vector_quantization") or {})
    shared = {key: values.get(f"hnsw_{key}") for key in HNSW}
    found: Json = {}
    for name in values.get("vectors") or ():
        own = compressed.get(name)
        parts = {
            "hnsw": _own_graph(graphs.get(name, {}), shared),
            "quantization": None if own == values.get("quantization") else _quantization(own),
        }
        found[name] = {
            **{field: values[field][name] for field in ("size", "distance")},
            **_unlike(_of(name, VECTOR_FIELDS, values), VectorBlock),
            **_said(parts),
        }
    single: Json = found.get("", {})
    return single if found.keys() == {""} else found


def _sparse_vectors(values: Mapping[str, Any]) -> Json:
    names = values.get("sparse_vectors") or ()
    return {name: _unlike(_of(name, SPARSE_FIELDS, values), SparseVectorBlock) for name in names}


def _of(name: str, fields: Mapping[str, str], values: Mapping[str, Any]) -> Json:
    return {setting: (values.get(field) or {}).get(name) for setting, field in fields.items()}


def _own_graph(graph: Mapping[str, Any], shared: Mapping[str, Any]) -> Json:
    """Returns what a vector's graph has of its own. Its `payload_m` is as its `m`, where the collection's is
    as the collection's `m`."""
    follows = shared["payload_m"] == shared["m"]
    inherited = {**shared, "payload_m": graph.get("m") if follows else shared["payload_m"]}
    return {key: value for key, value in graph.items() if value not in (None, inherited[key])}


def _quantization(values: Mapping[str, Any] | None) -> Json | None:
    """Returns how vectors are compressed, None where they are not, or where there is no word for it."""
    if values is None or values["kind"] not in SETTINGS:
        return None
    kind: str = values["kind"]
    defaults = {**SETTINGS[kind], **({"type": "int8"} if kind == "scalar" else {})}
    settings = {key: values.get(key) for key in defaults}
    return {kind: {key: value for key, value in settings.items() if value not in (None, defaults[key])}}


# ------------------------------------------------------------------ a payload index


def _index(spec: PayloadIndex) -> str | Json:
    options: Json = {option: getattr(spec, option) for option in OPTIONS.get(str(spec.type), {})}
    if options.get("stopwords"):
        options["stopwords"] = _stopwords(options["stopwords"])
    options = _said(_unlike(options, IndexBlock))
    return {"type": spec.type, **options} if options else str(spec.type)


def _stopwords(words: Mapping[str, Any]) -> str | Json:
    languages = words.get("languages", ())
    return languages[0] if len(languages) == 1 and not words.get("custom") else dict(words)
