"""The document `kind: QdrantSchema` as pydantic models: what may be written, and in which short forms.

The models say what a file looks like and no more: unions are plain, nothing is converted, and so the strict
pass of loading takes them as they are. What a document means is in `expand`, what is wrong with it across
fields in `checks`. The blocks of vectors are in `vector_models`, those of payload indexes in `index_models`.

A field that is left out is not managed, whatever its default here. The defaults are those of the
configuration file that Qdrant 1.16.3 is delivered with: `collapse` leaves them out. Ranges are those that the
server checks (its messages, 1.16.3).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from apexplan.document import UNSAID, Block, LifecycleBlock
from apexplan_qdrant.document.blocks import Positive, Whole
from apexplan_qdrant.document.index_models import IndexBlock
from apexplan_qdrant.document.vector_models import (
    Memory,
    Quantization,
    SparseVectorBlock,
    VectorBlock,
    VectorHnswBlock,
)
from apexplan_qdrant.specs.collection import OnReplace, Over
from apexplan_qdrant.specs.payload_index import IndexType

Part: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Text: TypeAlias = Annotated[str, Field(min_length=1)]


class CollectionLifecycleBlock(LifecycleBlock):
    """What holds for a collection beside its definition."""

    renamed_from: Text = UNSAID
    """The former key."""


class HnswBlock(VectorHnswBlock):
    """The graph of every vector that does not say otherwise."""

    memory: Memory = UNSAID
    """Where the graph is. Qdrant 1.19."""


class OptimizersBlock(Block):
    """When segments are merged, indexed and cleaned."""

    deleted_threshold: Part = 0.2
    """Part of deleted points from which on a segment is cleaned."""
    vacuum_min_vector_number: Annotated[int, Field(ge=100)] = 1000
    """Vectors that a segment has at least if it is to be cleaned."""
    default_segment_number: Whole = 0
    """0: as many as there are cores."""
    max_segment_size: Positive = UNSAID
    """Kilobytes. Once set, it cannot be unset."""
    memmap_threshold: Whole = 0
    """Kilobytes from which on vectors are mapped from disk; 0: never."""
    indexing_threshold: Whole = 10000
    """Kilobytes of vectors in a segment from which on it gets a graph; 0: never."""
    flush_interval_sec: Whole = 5
    """Seconds between two writes to disk."""
    max_optimization_threads: Literal["auto"] | Whole = "auto"
    """0 stops all building."""
    prevent_unoptimized: bool = False
    """Qdrant 1.17."""


class WalBlock(Block):
    """The log. It is fixed when the collection is made."""

    capacity_mb: Positive = 32
    """Megabytes of one of its segments, 1 or more."""
    segments_ahead: Whole = 0
    """Segments that are made before they are needed."""
    retain_closed: Positive = 1
    """Segments that are kept once they are closed, 1 or more. Qdrant 1.16."""


class StrictMultivectorBlock(Block):
    """What strict mode allows of one multivector."""

    max_vectors: Positive = UNSAID
    """Vectors of one point."""


class StrictSparseBlock(Block):
    """What strict mode allows of one sparse vector."""

    max_length: Positive = UNSAID
    """Weights of one vector."""


class StrictModeBlock(Block):
    """What requests are refused. A limit, once set, can be changed and not removed; `enabled: false` lifts
    them all."""

    enabled: bool = False
    max_query_limit: Positive = UNSAID
    """Points that one answer may have, 1 or more."""
    max_timeout: Positive = UNSAID
    """Seconds that a request may ask for, 1 or more."""
    unindexed_filtering_retrieve: bool = UNSAID
    """Reading may filter by a field without a payload index."""
    unindexed_filtering_update: bool = UNSAID
    """Writing may filter by a field without a payload index."""
    search_max_hnsw_ef: Whole = UNSAID
    """The greatest `hnsw_ef` of a search."""
    search_allow_exact: bool = UNSAID
    """A search may read every vector."""
    search_max_oversampling: float = UNSAID
    """The greatest `oversampling` of a search."""
    upsert_max_batchsize: Whole = UNSAID
    """Points that one request may write."""
    max_collection_vector_size_bytes: Whole = UNSAID
    """What all vectors may take, in each replica."""
    read_rate_limit: Positive = UNSAID
    """Requests a minute."""
    write_rate_limit: Positive = UNSAID
    """Requests a minute."""
    max_collection_payload_size_bytes: Whole = UNSAID
    """What all payloads may take, in each replica."""
    max_points_count: Positive = UNSAID
    """Points that the collection may hold, 1 or more."""
    filter_max_conditions: Whole = UNSAID
    """Conditions that one filter may have."""
    condition_max_size: Whole = UNSAID
    """Values that one condition may name."""
    multivector_config: dict[str, StrictMultivectorBlock] = UNSAID
    """By the name of a multivector."""
    sparse_config: dict[str, StrictSparseBlock] = UNSAID
    """By the name of a sparse vector."""
    max_payload_index_count: Whole = UNSAID
    """Payload indexes that the collection may have; at the limit, none can be replaced either."""


class TransformBlock(Block):
    """What becomes of payloads while points are copied."""

    rename: dict[Text, Text] = Field(default_factory=dict)
    """Former field to new field."""
    drop: tuple[Text, ...] = ()
    """Fields that are left behind."""


class CopyBlock(Block):
    """How points are copied where a new collection is needed."""

    batch: Positive = UNSAID
    """Points of one request."""
    points_per_second: Annotated[float, Field(gt=0)] = UNSAID
    """At most."""
    recall: Part = UNSAID
    """Part of the nearest points that the new collection must find again, 0 to 1."""
    sample: Whole = UNSAID
    """Points whose neighbours are looked at for `recall`; 0: recall is not measured."""
    embed: Text = UNSAID
    """Makes new vectors: the name of an entry point of `apexplan.embedders`."""
    transform: TransformBlock = TransformBlock()


class CollectionBlock(Block):
    """A collection, by the name that its readers use."""

    physical: str = UNSAID
    """The collection's own name, where it is read through an alias of its key. Left out: the key, or
    KEY_v1, KEY_v2, … once it was copied."""
    vectors: VectorBlock | dict[str, VectorBlock] = Field(default_factory=dict)
    """One unnamed vector, or vectors by name."""
    sparse_vectors: dict[str, SparseVectorBlock] = Field(default_factory=dict)
    """By name."""
    hnsw: HnswBlock = HnswBlock()
    """The graph of every vector that does not say otherwise."""
    quantization: Quantization = "none"
    """How vectors are compressed that do not say otherwise."""
    optimizers: OptimizersBlock = OptimizersBlock()
    wal: WalBlock = WalBlock()
    on_disk_payload: bool = True
    """Payloads are read from disk, but for the fields that have an index."""
    payload_memory: Memory = UNSAID
    """Where payloads are. Qdrant 1.19."""
    shard_number: Positive = 1
    """Parts of the collection, 1 or more. It is fixed when the collection is made."""
    sharding_method: Literal["auto", "custom"] = "auto"
    """custom: the client says which shard a point is in. It is fixed when the collection is made."""
    replication_factor: Positive = 1
    """For shards to come: replicas of those that are there are not made."""
    write_consistency_factor: Positive = 1
    """Replicas that must confirm a write, 1 or more."""
    read_fan_out_factor: Whole = UNSAID
    """Further replicas that are asked with each read. Once set, it cannot be unset."""
    strict_mode: StrictModeBlock = StrictModeBlock()
    metadata: dict[str, Any] = Field(default_factory=dict)
    """By key; null removes a key. Keys that are left out are not managed."""
    payload_indexes: dict[str, IndexType | IndexBlock] = Field(default_factory=dict)
    """By the field's path in the payload."""
    on_replace: OnReplace = "refuse"
    """What to do where a new collection is needed."""
    over: Over = UNSAID
    """How the alias takes its name where a collection has it: shadow without a gap, gap with one."""
    copy_: CopyBlock = Field(default=CopyBlock(), alias="copy")
    lifecycle: CollectionLifecycleBlock = CollectionLifecycleBlock()


class AliasBlock(Block):
    """A further name of a collection."""

    collection: Text
    """The collection's key."""
    over: Over = UNSAID
    """How to take a name that a collection has: shadow without a gap, gap with one."""
    lifecycle: LifecycleBlock = LifecycleBlock()


class QdrantSchema(Block):
    """The collections, payload indexes and aliases of one Qdrant store, or a part of them."""

    kind: Literal["QdrantSchema"]
    store: str
    """The store's name in the project file."""
    collections: dict[str, CollectionBlock] = Field(default_factory=dict)
    """By the name that their readers use."""
    aliases: dict[str, str | AliasBlock] = Field(default_factory=dict)
    """Further names; the short form is the collection's key."""
