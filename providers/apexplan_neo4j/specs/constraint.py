"""A constraint. Community enforces uniqueness; the other types need Enterprise."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, TypeAlias

from apexplan.model.address import Address
from apexplan.model.spec import REPLACE, OnChange, Spec
from apexplan_neo4j.specs.index import Entity, extent, place

ConstraintType: TypeAlias = Literal["unique", "exists", "key", "typed"]

_ANEW = OnChange(
    REPLACE, "Neo4j cannot alter a constraint: it is dropped and made again", source="manual 5.26"
)
INDEXED: frozenset[str] = frozenset({"unique", "key"})
"""The types that own a range index of their name."""


class Constraint(Spec):
    """A constraint on one label, or on one relationship type where `entity` says so."""

    kind: ClassVar[str] = "constraint"

    type: Annotated[ConstraintType | None, _ANEW] = None
    entity: Annotated[Entity | None, _ANEW] = None
    label: Annotated[str | None, _ANEW] = None
    properties: Annotated[tuple[str, ...] | None, _ANEW] = None
    """In their order; exactly one where the type is exists or typed."""
    property_type: Annotated[str | None, _ANEW] = None
    """As the server spells it, such as `INTEGER | STRING`, `LIST<FLOAT NOT NULL>`."""

    def summary(self) -> str:
        """Returns the constraint as a reader knows it: `unique (Document: uuid)`."""
        kind = "" if self.entity == "node" else "relationship "
        typed = f" :: {self.property_type}" if self.property_type else ""
        return f"{self.type or ''} {kind}({self.label}: {', '.join(self.properties or ())}{typed})"

    def parent(self, address: Address) -> Address | None:
        return extent(address.store, self.entity, (self.label,) if self.label else None)

    def claims(self, address: Address) -> frozenset[str]:
        own = f"{self.type} constraint on {self.entity} ({self.label}: {', '.join(self.properties or ())})"
        index = self.place()
        return frozenset({f"name {address.name}", own} | ({index} if index else set()))

    def place(self) -> str:
        """What the index that this constraint owns is on, or "" where it owns none."""
        if self.type not in INDEXED:
            return ""
        return place("range", self.entity, (self.label,) if self.label else None, self.properties)
