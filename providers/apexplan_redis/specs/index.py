"""A search index: which hashes or JSON documents the search module finds by which of their fields.

The name in the address is what applications ask for. It is an alias of the index itself, whose name is the
*physical* one: `docs` leads to `docs_v1`, later to `docs_v2`. An index that somebody made under the bare name
is read as that object too.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

from apexplan.model.address import Address
from apexplan.model.spec import IGNORE, REPLACE, OnChange, Spec

DocumentType: TypeAlias = Literal["hash", "json"]
FieldType: TypeAlias = Literal["text", "tag", "numeric", "geo", "vector"]
Algorithm: TypeAlias = Literal["flat", "hnsw"]
Distance: TypeAlias = Literal["cosine", "l2", "ip"]
Datatype: TypeAlias = Literal["float32", "float64", "float16", "bfloat16"]

ENGLISH: Final = "english"
"""The language of an index that names none."""
EVERY_KEY: Final = "*"
"""The prefix of an index over all keys."""

_WORDS: Final = frozenset({"text", "tag"})
_PLAIN: Final = _WORDS | {"numeric", "geo"}
OPTIONS: Final = {
    "weight": frozenset({"text"}),
    "separator": frozenset({"tag"}),
    "no_stem": frozenset({"text"}),
    "case_sensitive": frozenset({"tag"}),
    "suffix_trie": _WORDS,
    "index_empty": _WORDS,
    "sortable": _PLAIN,
    "unf": _WORDS,
    "no_index": _PLAIN,
    "index_missing": _PLAIN | {"vector"},
    **dict.fromkeys(
        ("algorithm", "dim", "distance", "datatype", "m", "ef_construction"), frozenset({"vector"})
    ),
}
"""The types of field that an option goes with. FT.CREATE, 2.4 to 2.10."""
FLAGS: Final = {
    "no_stem": "NOSTEM",
    "case_sensitive": "CASESENSITIVE",
    "suffix_trie": "WITHSUFFIXTRIE",
    "index_empty": "INDEXEMPTY",
    "sortable": "SORTABLE",
    "unf": "UNF",
    "no_index": "NOINDEX",
    "index_missing": "INDEXMISSING",
}
"""The options without a value, in the order in which FT.CREATE takes them: those of a type, then those of
all."""


class IndexField(BaseModel):
    """One attribute of an index with all its settings. What does not go with its type is None or False."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: str
    path: str
    """A field of the hash, or a path in the JSON document."""
    type: FieldType
    weight: float | None = None
    separator: str | None = None
    """What parts the tags of one value; "": nothing does, as is usual of JSON."""
    no_stem: bool = False
    case_sensitive: bool = False
    suffix_trie: bool = False
    index_empty: bool = False
    sortable: bool = False
    unf: bool = False
    """Sorted by the value as it is, not by its lower case."""
    no_index: bool = False
    index_missing: bool = False
    algorithm: Algorithm | None = None
    dim: int | None = None
    distance: Distance | None = None
    datatype: Datatype | None = None
    m: int | None = None
    ef_construction: int | None = None

    def summary(self) -> str:
        vector = [self.algorithm, self.dim, self.distance] if self.type == "vector" else []
        flags = [name for name in FLAGS if getattr(self, name)]
        return " ".join(map(str, [self.name, self.type, *vector, *flags]))


_ANEW = OnChange(
    REPLACE,
    "an index is never changed: another is built beside it, and the alias is turned once that is complete",
    source="FT.CREATE, FT.ALIASUPDATE; FT.ALTER adds fields, and can take none back",
)


class SearchIndex(Spec):
    """A search index, by the name that applications ask for. Documents are keys, and live without it."""

    kind: ClassVar[str] = "index"

    on: Annotated[DocumentType | None, _ANEW] = None
    prefixes: Annotated[tuple[str, ...] | None, _ANEW] = None
    """Sorted; `*` alone: all keys."""
    fields: Annotated[tuple[IndexField, ...] | None, _ANEW] = None
    """By name."""
    language: Annotated[str | None, _ANEW] = None
    stopwords: Annotated[tuple[str, ...] | None, _ANEW] = None
    """Sorted; None: the module's own list; empty: none."""
    filter: Annotated[str | None, _ANEW] = None
    further: Annotated[
        tuple[str, ...] | None,
        OnChange(IGNORE, "words of FT.CREATE that no manifest says; an index keeps them"),
    ] = None
    physical: Annotated[str | None, OnChange(IGNORE, "which version of the index the alias leads to")] = None

    def summary(self) -> str:
        names = ", ".join(field.name for field in self.fields or ())
        return f"{self.on} {' '.join(self.prefixes or ())} ({names})"

    def claims(self, address: Address) -> frozenset[str]:
        return frozenset({f"index {address.name}"})
