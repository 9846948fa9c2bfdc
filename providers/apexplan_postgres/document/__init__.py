"""The manifest kind `PostgresSchema`.

    document ── expand ── declared objects ── checks ── problems
        └─────── collapse ── live objects

`models` says what may be written, `expand` and `expand_table` what it means, `checks` what is wrong
with it (`texts`, `rules`, `limits` hold the checks of one object), and `collapse` writes a document
from live objects. All of it is pure and knows no server.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel

from apexplan.model.address import Address
from apexplan.model.spec import Spec
from apexplan.provider import Expansion, Kind
from apexplan_postgres.document.checks import among, columns_of, of_object
from apexplan_postgres.document.collapse import collapse
from apexplan_postgres.document.expand import expand_document
from apexplan_postgres.document.models import PostgresSchema


class PostgresSchemaKind:
    """See `apexplan.provider.Kind`."""

    name = "PostgresSchema"
    document: type[BaseModel] = PostgresSchema

    def expand(self, document: BaseModel) -> Expansion:
        assert isinstance(document, PostgresSchema)
        found = expand_document(document)
        columns = columns_of(found.declared)
        problems = list(found.problems)
        for one in found.declared:
            problems += of_object(one, columns)
        problems += among(found.declared, columns)
        return Expansion(tuple(found.declared), tuple(problems))

    def collapse(self, store: str, objects: Mapping[Address, Spec]) -> dict[str, Any]:
        return {"kind": self.name, "store": store} | collapse(objects)


KIND: Final[Kind] = PostgresSchemaKind()

__all__ = ["KIND", "PostgresSchema"]
