"""An index that no constraint owns: what it is on, its type, and the type's own options."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, TypeAlias

from apexplan.model.address import Address
from apexplan.model.spec import IN_PLACE, REPLACE, OnChange, Spec
from apexplan_neo4j.names import among

Entity: TypeAlias = Literal["node", "relationship"]
IndexType: TypeAlias = Literal["range", "text", "point", "fulltext", "vector", "lookup"]
Similarity: TypeAlias = Literal["cosine", "euclidean"]
Health: TypeAlias = Literal["ok", "failed", "orphaned"]

_ANEW = OnChange(REPLACE, "Neo4j cannot alter an index: it is dropped and made again", source="manual 5.26")


class Index(Spec):
    """An index that no constraint owns. `labels` are relationship types where `entity` says so."""

    kind: ClassVar[str] = "index"

    type: Annotated[IndexType | None, _ANEW] = None
    entity: Annotated[Entity | None, _ANEW] = None
    labels: Annotated[tuple[str, ...] | None, _ANEW] = None
    """One; several for full-text, in their order; none for lookup, which is on all of them."""
    properties: Annotated[tuple[str, ...] | None, _ANEW] = None
    """In their order: another order is another index."""
    analyzer: Annotated[str | None, _ANEW] = None
    """Full-text: `CALL db.index.fulltext.listAvailableAnalyzers()` names them."""
    eventually_consistent: Annotated[bool | None, _ANEW] = None
    """Full-text: written in the background, a little after the commit."""
    dimensions: Annotated[int | None, _ANEW] = None
    """Vector: components, 1 to 4096; None: vectors of any length."""
    similarity: Annotated[Similarity | None, _ANEW] = None
    quantization: Annotated[bool | None, _ANEW] = None
    """Vector: less memory for a little less exactness."""
    hnsw_m: Annotated[int | None, _ANEW] = None
    """Vector: neighbours of a node in the graph, 1 to 512."""
    hnsw_ef_construction: Annotated[int | None, _ANEW] = None
    """Vector: candidates while building, 1 to 3200."""
    bounds: Annotated[dict[str, tuple[float, ...]] | None, _ANEW] = None
    """Point: by the option's name without `spatial.`, such as `wgs-84.min`."""
    health: Annotated[
        Health | None,
        OnChange(
            IN_PLACE,
            "an index that is FAILED stays so when the data is mended; one that an unfinished CREATE "
            "CONSTRAINT left never comes ONLINE: it is dropped and made again",
            rebuilds=True,
            source="measured on 5.26.12",
        ),
    ] = None

    def summary(self) -> str:
        """Returns the index as a reader knows it: `fulltext (Document|Chunk: title, content)`."""
        on = among(self.labels or ()) or "all"
        kind = "" if self.entity == "node" else "relationship "
        properties = f": {', '.join(self.properties)}" if self.properties else ""
        return f"{self.type or ''} {kind}({on}{properties}){self._told_options()}"

    def _told_options(self) -> str:
        said = [
            f"{self.dimensions} dimensions" if self.dimensions else "",
            self.similarity or "",
            f"analyzer {self.analyzer}" if self.analyzer else "",
        ]
        words = ", ".join(filter(None, said))
        return f" {words}" if words else ""

    def parent(self, address: Address) -> Address | None:
        return extent(address.store, self.entity, self.labels)

    def claims(self, address: Address) -> frozenset[str]:
        return frozenset({f"name {address.name}", self.place()})

    def place(self) -> str:
        """What no second index of the database can be on: type, entity, labels and properties."""
        return place(self.type, self.entity, self.labels, self.properties)


def place(
    type_: str | None, entity: str | None, labels: tuple[str, ...] | None, properties: tuple[str, ...] | None
) -> str:
    """Returns the text that is equal for two indexes of which a database can hold only one."""
    return f"{type_} index on {entity} ({among(labels or ())}: {among(properties or ())})"


def extent(store: str, entity: str | None, labels: tuple[str, ...] | None) -> Address | None:
    """Returns the address of what an index or constraint is put on, a label or a relationship type:
    no object, since nobody makes it, but something that has a size."""
    if not labels:
        return None
    kind = "relationship" if entity == "relationship" else "label"
    return Address(store, kind, among(labels))
