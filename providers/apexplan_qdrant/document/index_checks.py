"""What is wrong with one payload index of a document."""

from __future__ import annotations

from collections.abc import Iterator

from apexplan.document import Path
from apexplan.model.diagnostics import Problem
from apexplan_qdrant.document.index_models import IndexBlock
from apexplan_qdrant.document.json_paths import canonical_path
from apexplan_qdrant.specs.payload_index import IndexType
from apexplan_qdrant.wire.payload_index import OPTIONS


def index_problems(field: str, block: IndexType | IndexBlock, path: Path) -> Iterator[Problem]:
    """What is wrong with the index on `field`."""
    try:
        canonical_path(field)
    except ValueError as error:
        yield Problem(
            "bad-path",
            path,
            "this is no path in a payload",
            f"`{field}`: {error}",
            "an index is on a JSON path: a.b, tags[], list[0].b",
            "put a key with other signs in quotes, such as '\"my key\"'",
        )
    if isinstance(block, IndexBlock):
        yield from _options(block, path)
        yield from _integer(block, path)
        yield from _lengths(block, path)


def _options(block: IndexBlock, path: Path) -> Iterator[Problem]:
    every = {option for options in OPTIONS.values() for option in options}
    for option in block.given(*sorted(every - OPTIONS[block.type].keys())):
        types = [kind for kind, options in OPTIONS.items() if option in options]
        yield Problem(
            "option-of-another-type",
            (*path, option),
            "a payload index of this type has no such option",
            f"`{option}` of an index of type {block.type}",
            "Qdrant drops it without a word",
            f"remove it, or write `type: {types[0]}`; types that have it: {', '.join(types)}",
        )


def _integer(block: IndexBlock, path: Path) -> Iterator[Problem]:
    if block.type == "integer" and not block.lookup and not block.range:
        yield Problem(
            "contradiction",
            (*path, "range"),
            "two settings contradict each other",
            "`lookup: false` and `range: false` of one index",
            "nothing could use the index, and Qdrant refuses it",
            "remove one of the two",
        )


def _lengths(block: IndexBlock, path: Path) -> Iterator[Problem]:
    least, most = block.min_token_len, block.max_token_len
    if least is not None and most is not None and least > most:
        yield Problem(
            "contradiction",
            (*path, "max_token_len"),
            "two settings contradict each other",
            f"`min_token_len` is {least}, `max_token_len` is {most}",
            "no word is as long as the one and as short as the other; Qdrant takes it, and finds nothing",
            "give the smaller number to `min_token_len`",
        )
