"""From the short names of a document to addresses: schemas filled in, kinds and stores in front."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from apexplan_postgres.document.signatures import signature
from apexplan_postgres.names import parts, quote, spelled

_REFERENCE: Final = re.compile(r"\s*([^()\s]+)\s*(?:\(([^()]*)\))?\s*\Z")


@dataclass(frozen=True, slots=True)
class Naming:
    """The store of a document, and the schema of names that are written without one."""

    store: str
    schema: str

    def relation(self, name: str) -> str | None:
        """Returns `schema.name` as in an address, or None where there are too many parts."""
        found = name.split(".")
        if len(found) > 2:
            return None
        return spelled(*(found if len(found) == 2 else (self.schema, name)))

    def function(self, text: str) -> str | None:
        """Returns `schema.name(types)` as in an address, or None where the text has another form."""
        found = signature(text)
        name = self.relation(found.name) if found else None
        return f"{name}({found.types})" if found and name else None

    def reference(self, text: str) -> tuple[str, tuple[str, ...]] | None:
        """Returns table and columns of `table` or `table(column, …)`, or None for another form."""
        match = _REFERENCE.match(text)
        table = self.relation(match[1]) if match else None
        if match is None or table is None:
            return None
        columns = tuple(column.strip() for column in match[2].split(",")) if match[2] is not None else ()
        return table, columns

    def spelled(self, kind: str, name: str) -> str | None:
        """Returns the name of an object as its address has it, or None where it cannot be one."""
        if kind == "function":
            return self.function(name)
        return self.relation(name) if kind in ("table", "index") else name


def sql_name(name: str) -> str:
    """Returns the name of a collation or operator class, with its schema or without, as SQL."""
    return ".".join(map(quote, parts(name)))
