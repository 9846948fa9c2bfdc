"""Types and defaults as text: which changes leave the rows as they are, which defaults may be
evaluated once for all rows. Pure; what is not known for certain counts as the slower way.

Sources: manual, ALTER TABLE, Notes; measured on 18.4 + pgvector 0.8.5.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_TYPE: Final = re.compile(r"(?P<head>[^()]+?)\s*(?:\((?P<args>[\d,\s-]+)\))?(?P<tail>\s+with[^()]*)?\Z")

_TEXTS: Final = frozenset({"character varying", "text"})
_TIMES: Final = frozenset({"timestamp", "time", "interval"})
_VECTORS: Final = frozenset({"vector", "halfvec", "sparsevec"})
_SHORTENED: Final = _TIMES | {"character varying", "bit varying"}
"""Types of one modifier that may grow or go without touching the rows."""

_CALL: Final = re.compile(r'([\w".]+)\s*\(')
_STRING: Final = re.compile(r"'(?:[^']|'')*'")
_STEADY: Final = frozenset(
    """
    now transaction_timestamp statement_timestamp current_setting
    numeric decimal varchar char character varying bpchar bit varbit timestamp timestamptz time timetz
    interval vector halfvec sparsevec
    array row coalesce nullif lower upper abs round jsonb_build_object jsonb_build_array make_interval
    """.split()  # noqa: SIM905  one word a line would be thirty lines
)
"""Functions that are immutable or stable, and types with modifiers, which look like calls."""


@dataclass(frozen=True, slots=True)
class Type:
    """A type taken apart: `timestamp(3) with time zone` → timestamp, (3,), `with time zone`."""

    head: str
    modifiers: tuple[int, ...] = ()
    tail: str = ""


def parsed(text: str) -> Type:
    found = _TYPE.match(text.strip())
    if found is None:
        return Type(text)
    args = tuple(int(a) for a in (found["args"] or "").split(",") if a.strip())
    return Type(found["head"].strip(), args, (found["tail"] or "").strip())


def keeps_rows(live: str, desired: str) -> bool:
    """True if ALTER COLUMN TYPE changes the catalogue alone: no rewrite, no scan."""
    a, b = parsed(live), parsed(desired)
    if {a.head, b.head} <= _TEXTS and not b.modifiers:
        return True
    if (a.head, a.tail) != (b.head, b.tail) or (b.modifiers and not a.modifiers):
        return False
    if a.head == "numeric":
        return not b.modifiers or (a.modifiers[0] <= b.modifiers[0] and a.modifiers[1:] == b.modifiers[1:])
    if a.head in _SHORTENED:
        return not b.modifiers or a.modifiers <= b.modifiers
    return a.head in _VECTORS and not b.modifiers


def other_dimensions(live: str, desired: str) -> bool:
    """True if both are vectors of different lengths in components: no cast leads from one to the other."""
    a, b = parsed(live), parsed(desired)
    both = {a.head, b.head} <= _VECTORS
    return both and bool(a.modifiers and b.modifiers) and a.modifiers != b.modifiers


def is_steady(expression: str) -> bool:
    """True if a default has one value for all rows of a statement: ADD COLUMN then rewrites nothing.

    An unknown function counts as volatile: its column is filled in batches instead.
    """
    bare = _STRING.sub("''", expression)
    called = (name.rpartition(".")[2].strip('"').lower() for name in _CALL.findall(bare))
    return all(name in _STEADY for name in called)
