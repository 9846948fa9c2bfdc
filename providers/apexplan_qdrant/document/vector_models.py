"""The blocks of vectors, and of how they are indexed and compressed. See `models`."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from apexplan.document import UNSAID, Block
from apexplan_qdrant.document.blocks import WORDS, Whole

MAX_SIZE = 65_536
"""Components of a vector."""

Memory: TypeAlias = Annotated[Literal["cold", "cached", "pinned"], WORDS]
Datatype: TypeAlias = Annotated[Literal["float32", "float16", "uint8"], WORDS]
Distance: TypeAlias = Annotated[Literal["Cosine", "Dot", "Euclid", "Manhattan"], WORDS]


class ScalarBlock(Block):
    """A byte for each component."""

    type: Literal["int8"] = "int8"
    quantile: Annotated[float, Field(ge=0.5, le=1)] | None = None
    """Part of the values that is kept exactly, 0.5 to 1; null: all."""
    always_ram: bool = False
    """Compressed vectors stay in memory, also where vectors are on disk."""
    memory: Memory = UNSAID
    """Qdrant 1.19."""


class ProductBlock(Block):
    """Groups of components become one of 256 patterns."""

    compression: Literal["x4", "x8", "x16", "x32", "x64"]
    """How much smaller a vector becomes."""
    always_ram: bool = False
    """Compressed vectors stay in memory, also where vectors are on disk."""
    memory: Memory = UNSAID
    """Qdrant 1.19."""


class BinaryBlock(Block):
    """One or two bits for each component."""

    encoding: Literal["one_bit", "two_bits", "one_and_half_bits"] = "one_bit"
    """How a vector is stored."""
    query_encoding: Literal["default", "binary", "scalar4bits", "scalar8bits"] = "default"
    """How the vector that is asked for is compressed. default: as those that are stored."""
    always_ram: bool = False
    """Compressed vectors stay in memory, also where vectors are on disk."""
    memory: Memory = UNSAID
    """Qdrant 1.19."""


class TurboBlock(Block):
    """A rotation, then a few bits for each component. Qdrant 1.18."""

    bits: Literal["bits1", "bits1_5", "bits2", "bits4", "bits8"] = UNSAID
    """Bits of a component."""
    always_ram: bool = False
    """Compressed vectors stay in memory, also where vectors are on disk."""
    memory: Memory = UNSAID
    """Qdrant 1.19."""


class QuantizationBlock(Block):
    """One kind of compression."""

    scalar: ScalarBlock = ScalarBlock()
    product: ProductBlock = UNSAID
    binary: BinaryBlock = BinaryBlock()
    turbo: TurboBlock = TurboBlock()


Quantization: TypeAlias = Literal["none"] | QuantizationBlock


class VectorHnswBlock(Block):
    """A graph. What is left out is not managed."""

    m: Whole = 16
    """Edges of a node; 0: no graph."""
    ef_construct: Annotated[int, Field(ge=4)] = 100
    """Neighbours looked at while building."""
    full_scan_threshold: Annotated[int, Field(ge=10)] = 10000
    """Kilobytes of vectors below which a filtered search reads all of them."""
    max_indexing_threads: Whole = 0
    """0: the server chooses."""
    payload_m: Whole = UNSAID
    """Edges of a node among points of one payload value; as `m` where it was never set."""
    on_disk: bool = False
    """The graph is read from disk."""
    inline_storage: bool = False
    """Vectors are stored in the graph; needs quantization. Qdrant 1.16."""


class VectorBlock(Block):
    """A dense vector."""

    size: Annotated[int, Field(ge=1, le=MAX_SIZE)]
    """Components, 1 to 65,536."""
    distance: Distance
    """What is near."""
    datatype: Datatype = "float32"
    """What a component is stored as."""
    multivector: Annotated[Literal["none", "max_sim"], WORDS] = "none"
    """max_sim: a point has many vectors, compared by the best match of each."""
    on_disk: bool = False
    """Vectors are read from disk."""
    memory: Memory = UNSAID
    """Where vectors are. Qdrant 1.19."""
    hnsw: VectorHnswBlock = VectorHnswBlock()
    """Where it differs from the collection's."""
    quantization: Quantization = "none"
    """Where it differs from the collection's."""


class SparseVectorBlock(Block):
    """A sparse vector; `{}` leaves all to the server."""

    modifier: Literal["none", "idf"] = "none"
    """idf: rare words count more."""
    datatype: Datatype = "float32"
    """What a weight is stored as."""
    on_disk: bool = False
    """The index is read from disk."""
    full_scan_threshold: Whole = UNSAID
    """Points below which a filtered search reads all of them."""
    memory: Memory = UNSAID
    """Where the index is. Qdrant 1.19."""
