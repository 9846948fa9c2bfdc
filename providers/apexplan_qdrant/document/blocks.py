"""What all blocks of the document share."""

from __future__ import annotations

from typing import Annotated, Any, Final, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

Path: TypeAlias = tuple[str | int, ...]
"""A place in the document, from outside in."""
Whole: TypeAlias = Annotated[int, Field(ge=0)]
Positive: TypeAlias = Annotated[int, Field(ge=1)]

UNSAID: Final[Any] = Field(default_factory=lambda: None)
"""The default of a field that the server has no default for: it is left out, and cannot be null."""


class Block(BaseModel):
    """Base of all blocks of a document."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True
    )

    def given(self, *names: str) -> list[str]:
        """Returns those of the fields that the document sets."""
        return [name for name in names if name in self.model_fields_set]

    def said(self) -> dict[str, Any]:
        """Returns the fields that the document sets as JSON values, without `lifecycle`."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude={"lifecycle"})


class LifecycleBlock(Block):
    """What holds for the object beside its definition."""

    protect: bool = False
    """Refuse every deletion and replacement."""
    ignore: tuple[str, ...] = ()
    """Fields that are neither compared nor changed."""
    depends_on: tuple[str, ...] = ()
    """Objects that must be there first where the definition does not tell: an address, or kind.name."""


class _Words:
    """Marks words of a block that stands in a union with a map of such blocks. Wrapped in `anyOf`, a wrong
    word is explained as one, and not as an entry of the map that has the wrong type."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [handler(schema)]}


WORDS: Final = _Words()
