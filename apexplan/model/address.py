"""The address of an object: `store.kind.name`.

Store and kind hold no dot; the name is the rest and may hold dots
(`sql.column.public.documents.title`). An address is a value: it can be
compared, sorted, hashed, and put into JSON as its text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pydantic_core import CoreSchema, core_schema

_PART = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")


@dataclass(frozen=True, order=True, slots=True)
class Address:
    """One object of one store. Sorts by store, then kind, then name."""

    store: str
    kind: str
    name: str

    @classmethod
    def parse(cls, text: str) -> Address:
        """Returns the address that `text` spells; raises ValueError with the form that is wanted."""
        return _parse(text)

    def __str__(self) -> str:
        return f"{self.store}.{self.kind}.{self.name}"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> CoreSchema:
        from_text = core_schema.no_info_after_validator_function(cls.parse, core_schema.str_schema())
        return core_schema.json_or_python_schema(
            json_schema=from_text,
            python_schema=core_schema.union_schema([core_schema.is_instance_schema(cls), from_text]),
            serialization=core_schema.plain_serializer_function_ser_schema(str),
        )


@lru_cache(maxsize=65536)
def _parse(text: str) -> Address:
    store, _, rest = text.partition(".")
    kind, _, name = rest.partition(".")
    if not (_PART.match(store) and _PART.match(kind) and name):
        raise ValueError(
            f"an address is store.kind.name, such as sql.index.public.documents_title_idx: {text!r}"
        )
    return Address(store, kind, name)
