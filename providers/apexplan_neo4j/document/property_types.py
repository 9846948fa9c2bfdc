"""Types of properties as Cypher has them → the one spelling that the server shows.

    type   = part { "|" part }
    part   = member  |  ANY [VALUE] "<" member { "|" member } ">"
    member = plain  |  VECTOR "<" coordinate [NOT NULL] ">" "(" dimension ")"
           | (LIST | ARRAY) "<" plain NOT NULL ">"  |  plain NOT NULL (LIST | ARRAY)

`!` is short for NOT NULL. The server forgets synonyms, the order of a union, and whatever stands in
it twice. Spelling, order and refusals of plain types and lists are measured on 5.26.12, whose refusal
of an Enterprise constraint shows them; it takes ANY inside of ANY too, which is refused here. UUID and
VECTOR come with newer servers and are as the tests of their source have them; 5.26 refuses them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from apexplan_neo4j.document.models import MAX_DIMENSIONS

_PLAIN: Final = (
    "BOOLEAN",
    "STRING",
    "UUID",
    "INTEGER",
    "FLOAT",
    "DATE",
    "LOCAL TIME",
    "ZONED TIME",
    "LOCAL DATETIME",
    "ZONED DATETIME",
    "DURATION",
    "POINT",
)
"""In the server's order. In a union, vectors come after them, and lists last."""
_COORDINATES: Final = ("INTEGER8", "INTEGER16", "INTEGER32", "INTEGER", "FLOAT32", "FLOAT")
"""In the server's order."""
_SYNONYMS: Final = {
    "BOOL": "BOOLEAN",
    "VARCHAR": "STRING",
    "INT": "INTEGER",
    "SIGNED INTEGER": "INTEGER",
    "TIME WITHOUT TIME ZONE": "LOCAL TIME",
    "TIME WITHOUT TIMEZONE": "LOCAL TIME",
    "TIME WITH TIME ZONE": "ZONED TIME",
    "TIME WITH TIMEZONE": "ZONED TIME",
    "TIMESTAMP WITHOUT TIME ZONE": "LOCAL DATETIME",
    "TIMESTAMP WITHOUT TIMEZONE": "LOCAL DATETIME",
    "TIMESTAMP WITH TIME ZONE": "ZONED DATETIME",
    "TIMESTAMP WITH TIMEZONE": "ZONED DATETIME",
}
_COORDINATE_SYNONYMS: Final = {
    "INT": "INTEGER",
    "SIGNED INTEGER": "INTEGER",
    "INT64": "INTEGER",
    "INTEGER64": "INTEGER",
    "INT8": "INTEGER8",
    "INT16": "INTEGER16",
    "INT32": "INTEGER32",
    "FLOAT64": "FLOAT",
}
_NOT_NULL: Final = " NOT NULL"
_ANY: Final = re.compile(r"ANY(?: VALUE)?<(.*)>\Z")
_LIST: Final = re.compile(r"(?:LIST|ARRAY)<(.*)>\Z|(.*?) ?\b(?:LIST|ARRAY)\Z")
_VECTOR: Final = re.compile(r"VECTOR(?:<([A-Z0-9 ]*)>)?(?:\(([0-9]{1,9})\))?\Z")


@dataclass(frozen=True, order=True, slots=True)
class _Member:
    """One type of a union. Sorts as the server does: by group, then the place in it, then dimension."""

    group: int
    place: int
    dimension: int
    text: str


def canonical_type(text: str) -> str:
    """Returns the type as SHOW CONSTRAINTS has it; raises ValueError with the reason where the server
    would refuse it."""
    found = set(_members(_words(text)))
    return " | ".join(member.text for member in sorted(found))


def _words(text: str) -> str:
    """Returns the text in capitals, with one blank between words and none inside of brackets."""
    plain = " ".join(text.upper().replace("!", f"{_NOT_NULL} ").split())
    return re.sub(r"(?<=[<|(]) | (?=[<>|()])", "", plain)


def _members(text: str) -> Iterator[_Member]:
    for part in _alternatives(text):
        several = _ANY.match(part)
        yield from map(_member, _alternatives(several[1]) if several else [part])


def _alternatives(text: str) -> list[str]:
    """Splits at each `|` that is in no brackets."""
    found, depth = [""], 0
    for sign in text:
        depth += {"<": 1, ">": -1}.get(sign, 0)
        if sign == "|" and depth == 0:
            found.append("")
        else:
            found[-1] += sign
    return found


def _member(text: str) -> _Member:
    if text.endswith(_NOT_NULL):
        raise ValueError(
            f"NOT NULL after {text.removesuffix(_NOT_NULL)[:40]}: only what a list holds can be NOT NULL; "
            "that a property must be there is a constraint of its own, `exists`"
        )
    inside = _LIST.match(text)
    if inside:
        return _list(inside[1] if inside[2] is None else inside[2])
    if text.startswith("VECTOR"):
        return _vector(text)
    return _plain(text)


def _plain(text: str) -> _Member:
    name = _SYNONYMS.get(text, text)
    if name not in _PLAIN:
        raise ValueError(
            f"{text[:40] or 'nothing'} is no type of a property; there are {', '.join(_PLAIN)}, "
            "LIST<… NOT NULL>, VECTOR<…>(…), and unions of them with |"
        )
    return _Member(0, _PLAIN.index(name), 0, name)


def _list(inside: str) -> _Member:
    bare = inside.removesuffix(_NOT_NULL)
    if len(_alternatives(inside)) > 1 or _ANY.match(bare):
        raise ValueError("a list cannot hold a union of types; write a union of lists")
    if _LIST.match(bare):
        raise ValueError("a list cannot hold lists")
    if bare.startswith("VECTOR"):
        raise ValueError("a list cannot hold vectors")
    held = _plain(bare)
    if bare == inside:
        raise ValueError(f"a list cannot hold null; write LIST<{held.text} NOT NULL>")
    return _Member(2, held.place, 0, f"LIST<{held.text} NOT NULL>")


def _vector(text: str) -> _Member:
    match = _VECTOR.match(text)
    if match is None or match[1] is None or match[2] is None:
        raise ValueError(
            "a vector needs the type of its components and their number, as VECTOR<FLOAT32>(1536)"
        )
    coordinate = match[1].removesuffix(_NOT_NULL)
    name = _COORDINATE_SYNONYMS.get(coordinate, coordinate)
    if name not in _COORDINATES:
        raise ValueError(
            f"a vector cannot hold {coordinate[:40] or 'nothing'}; it can: {', '.join(_COORDINATES)}"
        )
    dimension = int(match[2])
    if not 1 <= dimension <= MAX_DIMENSIONS:
        raise ValueError(f"a vector has 1 to {MAX_DIMENSIONS} components")
    return _Member(1, _COORDINATES.index(name), dimension, f"VECTOR<{name} NOT NULL>({dimension})")
