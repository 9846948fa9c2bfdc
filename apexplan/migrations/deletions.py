"""Whether a statement could delete data, judged by its words. A warning, never a proof.

One list for all languages: the words that take data away are the same in SQL and Cypher, or mean
nothing in the other. Quoted texts and comments are not looked at; a body between dollar quotes is,
for `DO $$ … $$` runs it at once. What only defines something for later (a function, a trigger)
deletes nothing now. A procedure that deletes is not seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from apexplan.migrations.script import Statement

_BESIDE: Final = re.compile(
    r"""(?P<pattern>\)\s*--\s*\()            # two nodes of a graph pattern, no comment
    | '(?:[^'\\]|''|\\.)*' | "(?:[^"\\]|\\.)*" | `[^`]*`
    | (?:^|(?<=\s))--(?=\s)[^\n]* | //[^\n]* | /\*.*?\*/
    """,
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)
_DEFINES: Final = re.compile(
    r"\s*CREATE\s+(OR\s+REPLACE\s+)?(CONSTRAINT\s+)?(FUNCTION|PROCEDURE|TRIGGER|RULE|POLICY)\b", re.IGNORECASE
)
_DELETES: Final = re.compile(
    r"\b(?P<event>(?:ON|OR|BEFORE|AFTER|GRANT|REVOKE)\s+)?DELETE\b"
    r"|\b(?:TRUNCATE|REMOVE)\b|\bDROP\s+(?:TABLE|COLUMN|SCHEMA|OWNED)\b",
    re.IGNORECASE,
)
_TOGETHER: Final = (
    (re.compile(r"\bDROP\b", re.IGNORECASE), re.compile(r"\bCASCADE\b", re.IGNORECASE)),
    (
        re.compile(r"\bALTER\s+TABLE\b", re.IGNORECASE),
        re.compile(r"\bDROP\s+(?!(?:CONSTRAINT|NOT|DEFAULT|IDENTITY|EXPRESSION)\b)", re.IGNORECASE),
    ),
)
"""Pairs that delete where both are found. Searched one by one: a single pattern would go through a long
statement again for every DROP in it."""


def deleting(statements: Iterable[Statement]) -> list[Statement]:
    """Returns those of `statements` that could delete data."""
    return [statement for statement in statements if _deletes(statement.text)]


def _deletes(text: str) -> bool:
    bare = _BESIDE.sub(lambda match: match["pattern"] or " ", text)
    if _DEFINES.match(bare):
        return False
    if any(match["event"] is None for match in _DELETES.finditer(bare)):
        return True
    return any(one.search(bare) and other.search(bare) for one, other in _TOGETHER)
