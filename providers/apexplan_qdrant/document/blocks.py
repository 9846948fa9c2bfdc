"""What several blocks of the document share."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from pydantic import Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

Whole: TypeAlias = Annotated[int, Field(ge=0)]
Positive: TypeAlias = Annotated[int, Field(ge=1)]


class _Words:
    """Marks words of a block that stands in a union with a map of such blocks. Wrapped in `anyOf`, a wrong
    word is explained as one, and not as an entry of the map that has the wrong type."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [handler(schema)]}


WORDS: Final = _Words()
