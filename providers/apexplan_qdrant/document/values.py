"""Blocks of a document → the values of specs: what is written, and what it means to be such an object.

Of a collection its vectors with size and distance are always set, and that it is healthy; of a payload index
its type. Everything else is set only where the document sets it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from apexplan.document import Block
from apexplan_qdrant.document.index_models import IndexBlock
from apexplan_qdrant.document.models import CollectionBlock, CopyBlock, HnswBlock, OptimizersBlock, WalBlock
from apexplan_qdrant.document.vector_models import Quantization, VectorBlock
from apexplan_qdrant.specs.payload_index import IndexType
from apexplan_qdrant.wire.payload_index import stopwords_values
from apexplan_qdrant.wire.places import Json, with_vector
from apexplan_qdrant.wire.quantization import NONE, single

ALONE: Final = (
    "on_disk_payload",
    "payload_memory",
    "shard_number",
    "sharding_method",
    "replication_factor",
    "write_consistency_factor",
    "read_fan_out_factor",
)
"""Settings of the collection itself."""
_SAME_NAME: Final = (*ALONE, "physical", "strict_mode", "metadata", "on_replace", "over")
"""Fields that block and spec call by the same name."""
PARTS: Final[Mapping[str, tuple[str, type[Block]]]] = {
    "hnsw": ("hnsw_", HnswBlock),
    "optimizers": ("", OptimizersBlock),
    "wal": ("wal_", WalBlock),
}
"""Blocks whose settings are fields of the spec, after a prefix."""
VECTOR_FIELDS: Final = {
    "datatype": "datatype",
    "multivector": "multivector",
    "on_disk": "vector_on_disk",
    "memory": "vector_memory",
}
"""Settings of a vector, and the fields of the spec that hold them by name."""
SPARSE_FIELDS: Final = {
    "modifier": "sparse_modifier",
    "datatype": "sparse_datatype",
    "on_disk": "sparse_on_disk",
    "full_scan_threshold": "sparse_full_scan_threshold",
    "memory": "sparse_memory",
}


def dense_blocks(block: CollectionBlock) -> dict[str, VectorBlock]:
    """Returns the vectors by name, sorted; the only, unnamed one by ""."""
    named = {"": block.vectors} if isinstance(block.vectors, VectorBlock) else block.vectors
    return dict(sorted(named.items()))


def collection_values(block: CollectionBlock) -> Json:
    """Returns the fields of a `Collection` that the block sets."""
    dense, sparse = dense_blocks(block), dict(sorted(block.sparse_vectors.items()))
    said = block.said()
    values: Json = {field: said[field] for field in _SAME_NAME if field in said}
    for part, (prefix, _) in PARTS.items():
        values |= {f"{prefix}{name}": value for name, value in said.get(part, {}).items()}
    if block.given("quantization"):
        values["quantization"] = quantization_values(block.quantization)
    if block.given("copy_"):
        values["copying"] = _copying(block.copy_)
    return values | {
        "vectors": tuple(dense),
        "size": {name: vector.size for name, vector in dense.items()},
        "distance": {name: vector.distance for name, vector in dense.items()},
        "sparse_vectors": tuple(sparse),
        "health": "ok",
        **_by_name(dense, VECTOR_FIELDS),
        **_by_name(sparse, SPARSE_FIELDS),
        **_of_vectors(dense),
    }


def quantization_values(quantization: Quantization) -> Json:
    """Returns the kind, and of its settings those that are written."""
    if quantization == NONE:
        return {"kind": NONE}
    assert not isinstance(quantization, str)
    (kind,) = quantization.model_fields_set
    settings: Block = getattr(quantization, kind)
    values = {"kind": kind, **({"type": "int8"} if kind == "scalar" else {}), **settings.said()}
    if values.get("quantile") is not None:
        values["quantile"] = single(values["quantile"])
    return values


def index_values(block: IndexType | IndexBlock) -> Json:
    """Returns the fields of a `PayloadIndex` that the block sets."""
    if isinstance(block, str):
        return {"type": block}
    values = block.said()
    if block.given("stopwords"):
        values["stopwords"] = stopwords_values(values["stopwords"])
    if block.given("stemmer"):
        values["stemmer"] = block.stemmer.model_dump() if block.stemmer else {}
    return values


def _by_name(blocks: Mapping[str, Block], fields: Mapping[str, str]) -> Json:
    """Returns, for each setting that a vector sets, the values by the vector's name."""
    found: Json = {}
    for name, block in blocks.items():
        for setting in block.given(*fields):
            found.setdefault(fields[setting], {})[name] = getattr(block, setting)
    return found


def _of_vectors(dense: dict[str, VectorBlock]) -> Json:
    found: Json = {}
    for name, block in dense.items():
        if block.hnsw.said():
            found.setdefault("vector_hnsw", {}).update(with_vector(name, block.hnsw.said()))
        if block.given("quantization"):
            values = with_vector(name, quantization_values(block.quantization))
            found.setdefault("vector_quantization", {}).update(values)
    return found


def _copying(block: CopyBlock) -> Json:
    said = block.said()
    transform: Json = said.pop("transform", {})
    return said | transform
