"""The block of a payload index. See `models`."""

from __future__ import annotations

from typing import Literal, TypeAlias

from apexplan.document import UNSAID, Block, LifecycleBlock
from apexplan_qdrant.document.blocks import Whole
from apexplan_qdrant.document.vector_models import Memory
from apexplan_qdrant.specs.payload_index import IndexType

Stopwords: TypeAlias = Literal[
    "arabic",
    "azerbaijani",
    "basque",
    "bengali",
    "catalan",
    "chinese",
    "danish",
    "dutch",
    "english",
    "finnish",
    "french",
    "german",
    "greek",
    "hebrew",
    "hinglish",
    "hungarian",
    "indonesian",
    "italian",
    "japanese",
    "kazakh",
    "nepali",
    "norwegian",
    "portuguese",
    "romanian",
    "russian",
    "slovene",
    "spanish",
    "swedish",
    "tajik",
    "turkish",
]
"""Languages whose stop words the server knows."""
Snowball: TypeAlias = Literal[
    "arabic",
    "armenian",
    "danish",
    "dutch",
    "english",
    "finnish",
    "french",
    "german",
    "greek",
    "hungarian",
    "italian",
    "norwegian",
    "portuguese",
    "romanian",
    "russian",
    "spanish",
    "swedish",
    "tamil",
    "turkish",
]
"""Languages whose words the server can cut down to their stems."""


class StopwordsBlock(Block):
    """Words that are not indexed; `{}`: none."""

    languages: tuple[Stopwords, ...] = ()
    custom: tuple[str, ...] = ()


class StemmerBlock(Block):
    """How words are cut down to their stems."""

    type: Literal["snowball"] = "snowball"
    language: Snowball


class IndexBlock(Block):
    """A payload index with options. Each option belongs to some types only."""

    type: IndexType
    is_tenant: bool = False
    """keyword, uuid: points of one tenant are stored together."""
    is_principal: bool = False
    """integer, float, datetime: points are stored in the order of this field."""
    on_disk: bool = False
    """The index is read from disk."""
    lookup: bool = True
    """integer: `match` uses it."""
    range: bool = True
    """integer: `range` uses it."""
    tokenizer: Literal["word", "whitespace", "prefix", "multilingual"] = "word"
    """text: how it is cut into words."""
    min_token_len: Whole | None = None
    """text: characters; shorter words are not found. null: no limit."""
    max_token_len: Whole | None = None
    """text: characters; longer words are not found. null: no limit."""
    lowercase: bool = True
    """text: upper and lower case are the same."""
    ascii_folding: bool = False
    """text: é is e."""
    phrase_matching: bool = False
    """text: `match.phrase` uses it."""
    stopwords: Stopwords | StopwordsBlock = StopwordsBlock()
    """text: a language, or languages and words of one's own."""
    stemmer: StemmerBlock | None = None
    """text: null: words stay as they are."""
    enable_hnsw: bool = True
    """The graph gets edges for values of this field. Qdrant 1.17."""
    memory: Memory = UNSAID
    """Where the index is. Qdrant 1.19."""
    lifecycle: LifecycleBlock = LifecycleBlock()
