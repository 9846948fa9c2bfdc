"""What can be told of a piece of SQL by looking at it. The server alone parses it; this keeps a text
in its place before it is put between other SQL, and finds words that would be frozen. Pure.

A text that closes the parenthesis around it, or ends the statement, could say anything behind:
`CHECK (i > 0), DROP COLUMN title; --)`. Such a text is refused, not escaped.
"""

from __future__ import annotations

import re
from typing import Final

_TOKENS: Final = re.compile(
    r"""
      (?P<string> \b[eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*"
                | \$(?P<tag>[^\W\d]\w*|)\$.*?\$(?P=tag)\$ )
    | (?P<comment> -- | /\* )
    | (?P<sign> [()\[\];,'"] )
    """,
    re.VERBOSE | re.DOTALL,
)
"""Strings and quoted names whole; what is left of quotes stands alone and was never closed."""

_OPENING, _CLOSING, _QUOTES = frozenset("(["), frozenset(")]"), frozenset("'\"")

_NAME: Final = r'(?:[^\W\d][\w$]*|"(?:[^"]|"")+")'
_NAMES: Final = re.compile(rf"{_NAME}(?:\.{_NAME})?\Z")
_OPERATOR: Final = re.compile(rf"(?:{_NAME}\.)?[-+*/<>=~!@#%^&|`?]+\Z")

_SPECIAL: Final = r"'\s*(now|today|tomorrow|yesterday)\s*'"
_FROZEN: Final = re.compile(rf"{_SPECIAL}\s*::\s*(date|time)|\b(date|time)\w*\s*{_SPECIAL}", re.IGNORECASE)
_FROZEN_ALONE: Final = re.compile(rf"\(*{_SPECIAL}\)*\Z", re.IGNORECASE)


def why_not_one(text: str, *, separator: bool = False) -> str:
    """Returns why `text` is not one expression, or "" if it may be. With `separator` it may be
    several, with commas between them."""
    depth = 0
    for token in _TOKENS.finditer(text):
        sign = token["sign"]
        depth += (sign in _OPENING) - (sign in _CLOSING)
        if token["comment"]:
            return "it holds a comment"
        if depth < 0:
            return "it closes a parenthesis that it did not open"
        if sign == ";":
            return "it holds a semicolon outside of quotes"
        if sign == "," and depth == 0 and not separator:
            return "it holds a comma outside of parentheses"
        if sign in _QUOTES:
            return "a quote is not closed"
    if depth:
        return "a parenthesis is not closed"
    return "" if text.strip() else "it is empty"


def is_name(text: str) -> bool:
    """Says whether `text` is a name with or without its schema: `public.vector_cosine_ops`, `"C"`."""
    return bool(_NAMES.match(text))


def is_operator(text: str) -> bool:
    """Says whether `text` is an operator with or without its schema: `&&`, `pg_catalog.=`."""
    return bool(_OPERATOR.match(text)) and "--" not in text and "/*" not in text


def freezes(text: str, type_: str | None) -> bool:
    """Says whether the server would read 'now' or the like once, when it stores the text, and keep
    that moment in its place. `type_`: that of the column whose default it is."""
    timely = type_ is not None and type_.startswith(("date", "time"))
    return bool(_FROZEN.search(text) or (timely and _FROZEN_ALONE.match(text)))
