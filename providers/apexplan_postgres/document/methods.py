"""What the access methods of indexes can do, and which operator classes pgvector has for them.

Measured on PostgreSQL 18.4 + pgvector 0.8.5 (`pg_indexam_has_property`, `pg_opclass`). A method that
is not here comes from another extension, and nothing is said about it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Method:
    """One access method: the parameters of WITH (…), and what an index of it may be."""

    parameters: tuple[str, ...]
    unique: bool = False
    include: bool = False
    multicolumn: bool = False
    ordered: bool = False


METHODS: Final = {
    "btree": Method(
        ("fillfactor", "deduplicate_items"), unique=True, include=True, multicolumn=True, ordered=True
    ),
    "hash": Method(("fillfactor",)),
    "gist": Method(("fillfactor", "buffering"), include=True, multicolumn=True),
    "spgist": Method(("fillfactor",), include=True),
    "gin": Method(("fastupdate", "gin_pending_list_limit"), multicolumn=True),
    "brin": Method(("pages_per_range", "autosummarize"), multicolumn=True),
    "hnsw": Method(("m", "ef_construction")),
    "ivfflat": Method(("lists",)),
}

VECTOR_METHODS: Final = frozenset({"hnsw", "ivfflat"})

MAX_TYPE_DIMENSIONS: Final = {"vector": 16_000, "halfvec": 16_000, "sparsevec": 1_000_000_000}

MAX_INDEX_DIMENSIONS: Final = {"vector": 2_000, "halfvec": 4_000, "bit": 64_000}
"""pgvector README, HNSW and IVFFlat. sparsevec is limited to 1,000 non-zero values, which a type
does not tell."""

_DISTANCES: Final = {
    "vector": ("cosine", "ip", "l2", "l1"),
    "halfvec": ("cosine", "ip", "l2", "l1"),
    "sparsevec": ("cosine", "ip", "l2", "l1"),
    "bit": ("hamming", "jaccard"),
}
_HNSW_ONLY: Final = frozenset({"l1", "jaccard"})


def vector_opclasses(method: str, type_: str) -> tuple[str, ...]:
    """Returns pgvector's operator classes for a type and method, none where it cannot be indexed so."""
    if method == "ivfflat" and type_ == "sparsevec":
        return ()
    return tuple(
        f"{type_}_{distance}_ops"
        for distance in _DISTANCES[type_]
        if method == "hnsw" or distance not in _HNSW_ONLY
    )


ALL_VECTOR_OPCLASSES: Final = frozenset(
    opclass for type_ in _DISTANCES for opclass in vector_opclasses("hnsw", type_)
)


def nearest(word: str, known: Iterable[str]) -> str:
    """Returns ``did you mean `x`?``, or "" where no known word is near."""
    near = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return f"did you mean `{near[0]}`?" if near else ""
