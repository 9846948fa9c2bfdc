"""What a schema statement of a script makes or drops, as far as its tokens tell. Pure.

Read are CREATE and DROP of indexes and constraints in the forms of the manual. Of anything else,
such as an index without a name, nothing is told: the server will say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from apexplan_neo4j.cypher.lexer import raw_tokens
from apexplan_neo4j.specs import Constraint, Index

_KINDS: Final = frozenset({"RANGE", "TEXT", "POINT", "FULLTEXT", "VECTOR"})
_CONSTRAINTS: Final = {"UNIQUE": "unique", "KEY": "key"}


@dataclass(frozen=True, slots=True)
class Made:
    """An index or constraint that a statement makes. `lenient`: IF NOT EXISTS."""

    name: str
    spec: Index | Constraint
    lenient: bool


@dataclass(frozen=True, slots=True)
class Dropped:
    """The name that a statement drops."""

    name: str


def schema_of(statement: str) -> Made | Dropped | None:
    """Returns what a statement makes or drops by name, or None where that cannot be told."""
    words = _Words(list(raw_tokens(statement)))
    verb = words.keyword()
    kind = words.keyword()
    type_ = "RANGE"
    if kind in _KINDS:
        type_, kind = kind, words.keyword()
    if verb not in ("CREATE", "DROP") or kind not in ("INDEX", "CONSTRAINT"):
        return None
    name = words.name()
    if name is None or verb == "DROP":
        return Dropped(name) if name else None
    lenient = words.skip("IF", "NOT", "EXISTS")
    if not words.skip("FOR"):
        return None
    spec = _spec(kind, type_.lower(), words.rest())
    return Made(name, spec, lenient) if spec else None


class _Words:
    """The tokens of a statement, taken one by one."""

    def __init__(self, tokens: Sequence[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0

    def keyword(self) -> str:
        kind, text = self._peek()
        self._at += 1
        return text.upper() if kind == "word" else ""

    def name(self) -> str | None:
        kind, text = self._peek()
        if kind == "name":
            self._at += 1
            return text[1:-1].replace("``", "`")
        if kind != "word" or text.upper() in ("IF", "FOR", "ON"):
            return None
        self._at += 1
        return text

    def skip(self, *expected: str) -> bool:
        ahead = [t.upper() for _, t in self._tokens[self._at : self._at + len(expected)]]
        if ahead != list(expected):
            return False
        self._at += len(expected)
        return True

    def rest(self) -> Sequence[tuple[str, str]]:
        return self._tokens[self._at :]

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("", "")


def _spec(kind: str, type_: str, tokens: Sequence[tuple[str, str]]) -> Index | Constraint | None:
    words = [text.upper() if kind_ == "word" else "" for kind_, text in tokens]
    clause = "ON" if kind == "INDEX" else "REQUIRE"
    if clause not in words:
        return None
    border = words.index(clause)
    end = next((n for n, w in enumerate(words) if n > border and w in ("OPTIONS", "IS")), len(words))
    entity = "relationship" if any(text == "[" for _, text in tokens[:border]) else "node"
    labels = tuple(_after(tokens[:border], (":", "|")))
    properties = tuple(_after(tokens[border:end], (".",)))
    if not labels or not properties:
        return None
    if kind == "INDEX":
        fields: dict[str, Any] = {"type": type_, "labels": labels}
        return Index.model_validate({**fields, "entity": entity, "properties": properties})
    found = next((_CONSTRAINTS[w] for w in words[end:] if w in _CONSTRAINTS), None)
    if found is None:
        return None
    return Constraint.model_validate(
        {"type": found, "entity": entity, "label": labels[0], "properties": properties}
    )


def _after(tokens: Sequence[tuple[str, str]], signs: tuple[str, ...]) -> Iterator[str]:
    """Yields the names that come after one of the signs."""
    for (_, sign), (kind, text) in pairwise(tokens):
        if sign in signs and kind in ("word", "name"):
            yield text[1:-1].replace("``", "`") if kind == "name" else text
