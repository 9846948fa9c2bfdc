"""The document `kind: Neo4jSchema` as pydantic models: what may be written, and in which short forms.

The models say what a file looks like and no more: unions are plain, nothing is converted, and so
the strict pass of loading takes them as they are. What a document means is in `expand`, what is
wrong with it across fields in `checks`.

A field that is left out is not managed, whatever its default here. The defaults are the server's own
(measured on 5.26.12): `collapse` leaves them out, and bounds that are given in part are completed
with them.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field

from apexplan import document
from apexplan.document import Block
from apexplan_neo4j.specs.index import Entity, IndexType, Similarity

MAX_DIMENSIONS: Final = 4096
"""Of vectors, stored or indexed (manual: vector indexes; measured on 5.26.12)."""

Names: TypeAlias = Annotated[tuple[str, ...], Field(min_length=1)]
Flat: TypeAlias = Annotated[tuple[float, ...], Field(min_length=2, max_length=2)]
Solid: TypeAlias = Annotated[tuple[float, ...], Field(min_length=3, max_length=3)]


class LifecycleBlock(document.LifecycleBlock):
    """What holds for the object beside its definition."""

    renamed_from: Annotated[str, Field(min_length=1)] | None = None
    """The former name."""


class ConstraintBlock(Block):
    """A constraint. What it requires is one of `unique`, `key`, `exists` and `typed`."""

    unique: str | Names = ""
    """One property, or several whose values together are unique."""
    key: str | Names = ""
    """As `unique`, and every one of the properties must be there. Enterprise."""
    exists: str = ""
    """One property, which must be there. Enterprise."""
    typed: str = ""
    """One property, which has a type. Enterprise."""
    as_: str = Field(default="", alias="as")
    """The type of `typed`, such as STRING, INTEGER | FLOAT, or LIST<STRING NOT NULL>."""
    label: str = ""
    """The label of the nodes; or `relationship`."""
    relationship: str = ""
    """The type of the relationships; or `label`."""
    lifecycle: LifecycleBlock = LifecycleBlock()


class HnswBlock(Block):
    """The graph of a vector index. What is left out is not managed."""

    m: Annotated[int, Field(ge=1, le=512)] = 16
    """Neighbours of a node in the graph."""
    ef_construction: Annotated[int, Field(ge=1, le=3200)] = 100
    """Candidates looked at while building."""


class BoundsBlock(Block):
    """The bounds of a point index, two corners for each system of coordinates. A corner that is left out
    is the server's default."""

    cartesian_min: Flat = Field(default=(-1e6, -1e6), alias="cartesian.min")
    cartesian_max: Flat = Field(default=(1e6, 1e6), alias="cartesian.max")
    cartesian_3d_min: Solid = Field(default=(-1e6, -1e6, -1e6), alias="cartesian-3d.min")
    cartesian_3d_max: Solid = Field(default=(1e6, 1e6, 1e6), alias="cartesian-3d.max")
    wgs_84_min: Flat = Field(default=(-180.0, -90.0), alias="wgs-84.min")
    wgs_84_max: Flat = Field(default=(180.0, 90.0), alias="wgs-84.max")
    wgs_84_3d_min: Solid = Field(default=(-180.0, -90.0, -1e6), alias="wgs-84-3d.min")
    wgs_84_3d_max: Solid = Field(default=(180.0, 90.0, 1e6), alias="wgs-84-3d.max")

    def corners(self) -> dict[str, tuple[float, ...]]:
        """Returns all eight corners by the option's name without `spatial.`."""
        found = self.model_dump(by_alias=True)
        return {name: tuple(map(float, found[name])) for name in sorted(found)}


class IndexBlock(Block):
    """An index that no constraint owns."""

    type: IndexType = "range"
    """Left out: range."""
    label: str = ""
    """The label of the nodes; or one of `labels`, `relationship`, `relationships`."""
    labels: Names = ()
    """Full-text: several labels. Another order is another index."""
    relationship: str = ""
    """The type of the relationships."""
    relationships: Names = ()
    """Full-text: several types. Another order is another index."""
    on: str | Names = ""
    """One property, or several in order. Text, point and vector indexes have one."""
    entity: Entity = "node"
    """Lookup: the index of all labels (node) or of all types (relationship)."""
    analyzer: Annotated[str, Field(min_length=1)] = "standard-no-stop-words"
    """Full-text: `CALL db.index.fulltext.listAvailableAnalyzers()` names them."""
    eventually_consistent: bool = False
    """Full-text: written in the background, a little after the commit."""
    dimensions: Annotated[int, Field(ge=1, le=MAX_DIMENSIONS)] | None = None
    """Vector: the components that a vector must have, 1 to 4096; null: any number."""
    similarity: Similarity = "cosine"
    """Vector: what is near."""
    quantization: bool = True
    """Vector: less memory for a little less exactness."""
    hnsw: HnswBlock = HnswBlock()
    """Vector: the graph."""
    bounds: BoundsBlock = BoundsBlock()
    """Point: between which corners the points are."""
    lifecycle: LifecycleBlock = LifecycleBlock()


class Neo4jSchema(Block):
    """The constraints and indexes of one Neo4j store, or a part of them."""

    kind: Literal["Neo4jSchema"]
    store: str
    """The store's name in the project file."""
    constraints: dict[str, ConstraintBlock] = Field({})
    """By name. Constraints and indexes share the names of a database."""
    indexes: dict[str, IndexBlock] = Field({})
    """By name."""
