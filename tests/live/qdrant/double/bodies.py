"""The request bodies of Qdrant 1.16, as types: which keys exist, their spellings, their ranges.

A key that is missing here is dropped without a word, as the server does: that is how fields which cannot
change, fields of newer versions and misspellings come back with 200 and no effect.
"""

from __future__ import annotations

from .kinds import Anything, Flag, Items, Named, OneOf, Range, Real, Struct, Text, Whole, Word

POSITIVE = Whole(Range(1))
DATATYPE = Word(("float32", "uint8", "float16"))

HNSW = Struct(
    "HnswConfigDiff",
    {
        "m": Whole(),
        "ef_construct": Whole(Range(4)),
        "full_scan_threshold": Whole(Range(10)),
        "max_indexing_threads": Whole(),
        "on_disk": Flag(),
        "payload_m": Whole(),
        "inline_storage": Flag(),
    },
    spellings={"full_scan_threshold_kb": "full_scan_threshold"},
)

WAL = Struct(
    "WalConfigDiff",
    {"wal_capacity_mb": POSITIVE, "wal_segments_ahead": Whole(), "wal_retain_closed": POSITIVE},
)

OPTIMIZERS = Struct(
    "OptimizersConfigDiff",
    {
        "deleted_threshold": Real(Range(0.0, 1.0)),
        "vacuum_min_vector_number": Whole(Range(100)),
        "default_segment_number": Whole(),
        "max_segment_size": POSITIVE,
        "memmap_threshold": Whole(),
        "indexing_threshold": Whole(),
        "flush_interval_sec": Whole(),
        "max_optimization_threads": OneOf("MaxOptimizationThreads", (Word(("auto",)), Whole())),
    },
    spellings={
        "indexing_threshold_kb": "indexing_threshold",
        "memmap_threshold_kb": "memmap_threshold",
        "max_segment_size_kb": "max_segment_size",
    },
)


def _only(key: str, inner: Struct) -> Struct:
    return Struct(key, {key: inner}, required=(key,))


_SCALAR = Struct(
    "ScalarQuantizationConfig",
    {"type": Word(("int8",)), "quantile": Real(Range(0.5, 1.0), single=True), "always_ram": Flag()},
    required=("type",),
)
_PRODUCT = Struct(
    "ProductQuantizationConfig",
    {"compression": Word(("x4", "x8", "x16", "x32", "x64")), "always_ram": Flag()},
    required=("compression",),
)
_BINARY = Struct(
    "BinaryQuantizationConfig",
    {
        "always_ram": Flag(),
        "encoding": Word(("one_bit", "two_bits", "one_and_half_bits")),
        "query_encoding": Word(("default", "binary", "scalar4bits", "scalar8bits")),
    },
)
_QUANTIZATIONS = (_only("scalar", _SCALAR), _only("product", _PRODUCT), _only("binary", _BINARY))
QUANTIZATION = OneOf("QuantizationConfig", _QUANTIZATIONS)
QUANTIZATION_CHANGE = OneOf("QuantizationConfigDiff", (*_QUANTIZATIONS, Word(("Disabled",))))

_MULTIVECTOR = Struct("MultiVectorConfig", {"comparator": Word(("max_sim",))}, required=("comparator",))

VECTOR = Struct(
    "VectorParams",
    {
        "size": Whole(Range(1, 65536), "u64", nonzero=True),
        "distance": Word(("Cosine", "Euclid", "Dot", "Manhattan")),
        "hnsw_config": HNSW,
        "quantization_config": QUANTIZATION,
        "on_disk": Flag(),
        "datatype": DATATYPE,
        "multivector_config": _MULTIVECTOR,
    },
    required=("size", "distance"),
)
VECTORS = OneOf("VectorsConfig", (VECTOR, Named(VECTOR)))

SPARSE = Struct(
    "SparseVectorParams",
    {
        "index": Struct(
            "SparseIndexConfig", {"full_scan_threshold": Whole(), "on_disk": Flag(), "datatype": DATATYPE}
        ),
        "modifier": Word(("none", "idf")),
    },
)

STRICT_MODE = Struct(
    "StrictModeConfig",
    {
        "enabled": Flag(),
        "max_query_limit": POSITIVE,
        "max_timeout": POSITIVE,
        "unindexed_filtering_retrieve": Flag(),
        "unindexed_filtering_update": Flag(),
        "search_max_hnsw_ef": Whole(),
        "search_allow_exact": Flag(),
        "search_max_oversampling": Real(),
        "upsert_max_batchsize": Whole(),
        "max_collection_vector_size_bytes": Whole(),
        "read_rate_limit": POSITIVE,
        "write_rate_limit": POSITIVE,
        "max_collection_payload_size_bytes": Whole(),
        "max_points_count": POSITIVE,
        "filter_max_conditions": Whole(),
        "condition_max_size": Whole(),
        "multivector_config": Named(Struct("StrictModeMultivector", {"max_vectors": POSITIVE})),
        "sparse_config": Named(Struct("StrictModeSparse", {"max_length": POSITIVE})),
        "max_payload_index_count": Whole(),
    },
)

_SECOND_SPELLINGS = {"quantization": "quantization_config", "optimizer_config": "optimizers_config"}

CREATE = Struct(
    "CreateCollection",
    {
        "vectors": VECTORS,
        "shard_number": Whole(Range(1), "u32"),
        "sharding_method": Word(("auto", "custom")),
        "replication_factor": Whole(Range(1), "u32"),
        "write_consistency_factor": Whole(Range(1), "u32"),
        "on_disk_payload": Flag(),
        "hnsw_config": HNSW,
        "wal_config": WAL,
        "optimizers_config": OPTIMIZERS,
        "quantization_config": QUANTIZATION,
        "sparse_vectors": Named(SPARSE),
        "strict_mode_config": STRICT_MODE,
        "metadata": Named(Anything()),
    },
    spellings=_SECOND_SPELLINGS,
    sequence_error="invalid length 6, expected struct CreateCollection with 14 elements",
)

PATCH = Struct(
    "UpdateCollection",
    {
        "vectors": Named(
            Struct(
                "VectorParamsDiff",
                {"hnsw_config": HNSW, "quantization_config": QUANTIZATION_CHANGE, "on_disk": Flag()},
            )
        ),
        "optimizers_config": OPTIMIZERS,
        "params": Struct(
            "CollectionParamsDiff",
            {
                "replication_factor": Whole(name="u32", nonzero=True),
                "write_consistency_factor": Whole(name="u32", nonzero=True),
                "read_fan_out_factor": Whole(name="u32"),
                "on_disk_payload": Flag(),
            },
        ),
        "hnsw_config": HNSW,
        "quantization_config": QUANTIZATION_CHANGE,
        "sparse_vectors": Named(SPARSE),
        "strict_mode_config": STRICT_MODE,
        "metadata": Named(Anything()),
    },
    spellings=_SECOND_SPELLINGS,
)


def _alias_action(verb: str, *names: str) -> Struct:
    return _only(verb, Struct(verb, {name: Text() for name in names}, required=names))


ALIASES = Struct(
    "ChangeAliasesOperation",
    {
        "actions": Items(
            OneOf(
                "AliasOperations",
                (
                    _alias_action("create_alias", "collection_name", "alias_name"),
                    _alias_action("delete_alias", "alias_name"),
                    _alias_action("rename_alias", "old_alias_name", "new_alias_name"),
                ),
            )
        )
    },
    required=("actions",),
)
