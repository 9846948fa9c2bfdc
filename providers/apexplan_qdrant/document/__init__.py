"""The manifest kind `QdrantSchema`.

    document ── expand ── declared objects
        │          ├── values ── what a block means
        │          └── checks, index_checks ── problems
        └────── collapse ── live objects

`models` (with `vector_models` and `index_models`) says what may be written, `expand` what it declares,
`checks` what is wrong with it, `json_paths` how the server spells the path of a payload index, and `collapse`
writes a document from live objects. All of it is pure and knows no server.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel

from apexplan.model.address import Address
from apexplan.model.spec import Spec
from apexplan.provider import Expansion, Kind
from apexplan_qdrant.document.collapse import collapse
from apexplan_qdrant.document.expand import expand_document
from apexplan_qdrant.document.models import QdrantSchema


class QdrantSchemaKind:
    """See `apexplan.provider.Kind`."""

    name = "QdrantSchema"
    document: type[BaseModel] = QdrantSchema

    def expand(self, document: BaseModel) -> Expansion:
        assert isinstance(document, QdrantSchema)
        return expand_document(document)

    def collapse(self, store: str, objects: Mapping[Address, Spec]) -> dict[str, Any]:
        return collapse(store, objects)


KIND: Final[Kind] = QdrantSchemaKind()

__all__ = ["KIND", "QdrantSchema"]
