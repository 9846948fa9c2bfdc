"""The manifest kind `Neo4jSchema`.

    document ── expand ── declared objects
        │          └── checks ── problems
        └────── collapse ── live objects

`models` says what may be written, `expand` what it means, `checks` what is wrong with it,
`property_types` how the server spells a type, and `collapse` writes a document from live objects. All
of it is pure and knows no server.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel

from apexplan.model.address import Address
from apexplan.model.spec import Spec
from apexplan.provider import Expansion, Kind
from apexplan_neo4j.document.collapse import collapse
from apexplan_neo4j.document.expand import expand_document
from apexplan_neo4j.document.models import Neo4jSchema


class Neo4jSchemaKind:
    """See `apexplan.provider.Kind`."""

    name = "Neo4jSchema"
    document: type[BaseModel] = Neo4jSchema

    def expand(self, document: BaseModel) -> Expansion:
        assert isinstance(document, Neo4jSchema)
        return expand_document(document)

    def collapse(self, store: str, objects: Mapping[Address, Spec]) -> dict[str, Any]:
        return collapse(store, objects)


KIND: Final[Kind] = Neo4jSchemaKind()

__all__ = ["KIND", "Neo4jSchema"]
