"""An index over one field of the payload."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from apexplan.model.address import Address
from apexplan.model.spec import IN_PLACE, OnChange, Spec
from apexplan_qdrant.names import index_parts

IndexType: TypeAlias = Literal["keyword", "integer", "float", "bool", "geo", "datetime", "text", "uuid"]

_WHY = (
    "the server replaces the index as a whole: segment after segment has none until it is rebuilt, and "
    "whoever filters meanwhile reads every payload"
)
_ANEW = OnChange(IN_PLACE, _WHY, rebuilds=True, source="measured on 1.16.3")


def _since(version: str, reading: str = "read in the source") -> OnChange:
    return OnChange(IN_PLACE, _WHY, rebuilds=True, source=f"{reading} of {version}", since=version)


class PayloadIndex(Spec):
    """A payload index. An option that its type does not have is None."""

    kind: ClassVar[str] = "payload_index"

    type: Annotated[IndexType | None, _ANEW] = None
    is_tenant: Annotated[bool | None, _ANEW] = None
    """keyword, uuid: points of one tenant are stored together."""
    is_principal: Annotated[bool | None, _ANEW] = None
    """integer, float, datetime: points are stored in the order of this field."""
    on_disk: Annotated[bool | None, _ANEW] = None
    lookup: Annotated[bool | None, _ANEW] = None
    """integer: `match` uses it."""
    range: Annotated[bool | None, _ANEW] = None
    """integer: `range` uses it."""
    tokenizer: Annotated[str | None, _ANEW] = None
    """text: word, whitespace, prefix, multilingual."""
    min_token_len: Annotated[int | None, _ANEW] = None
    """text: characters; shorter words are not found."""
    max_token_len: Annotated[int | None, _ANEW] = None
    lowercase: Annotated[bool | None, _ANEW] = None
    ascii_folding: Annotated[bool | None, _ANEW] = None
    phrase_matching: Annotated[bool | None, _ANEW] = None
    stopwords: Annotated[dict[str, Any] | None, _ANEW] = None
    """text: `{languages: […], custom: […]}`, both sorted; {} for none."""
    stemmer: Annotated[dict[str, Any] | None, _ANEW] = None
    """text: `{type: snowball, language: english}`; {} for none."""
    enable_hnsw: Annotated[bool | None, _since("1.17")] = None
    """Edges of the graph for this field's values."""
    memory: Annotated[str | None, _since("1.19")] = None
    """cold, cached or pinned."""

    def summary(self) -> str:
        words = [word for word in ("is_tenant", "is_principal", "on_disk") if getattr(self, word)]
        return " ".join(
            [self.type or "", *words, f"tokenizer {self.tokenizer}" if self.tokenizer else ""]
        ).strip()

    def parent(self, address: Address) -> Address | None:
        return Address(address.store, "collection", index_parts(address)[0])

    def requires(self, address: Address) -> frozenset[Address]:
        return frozenset({Address(address.store, "collection", index_parts(address)[0])})
