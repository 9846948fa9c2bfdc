"""Guards for texts of a manifest that go into SQL: an expression must not leave its place.

A manifest is data. Its expressions stand inside statements that are made elsewhere, as in
`CHECK (…)` or `DEFAULT …`, and whoever reviews a manifest relies on that. So a text is read with
the server's own lexical rules (manual 4.1: strings with and without escapes, dollar quotes, quoted
names) and refused where quotes or brackets do not balance, or where it holds a NUL, a comment or a
`;`. Comments are refused although SQL knows them: `--` would swallow what follows, and YAML has
its own.

Whether the text means anything is for the server to say. `standard_conforming_strings` is on in
every session, so a backslash escapes only in E'…'.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

WORD: Final = r"[A-Za-z_\u0080-\U0010ffff][A-Za-z0-9_$\u0080-\U0010ffff]*"
ESCAPED: Final = r"'(?:[^'\\]|\\.|'')*+'"
TAG: Final = r"\$(?:[A-Za-z_\u0080-\U0010ffff][A-Za-z0-9_\u0080-\U0010ffff]*)?\$"
_GOES_ON = r"[ \t\f\v]*[\r\n]\s*'"

# Quantifiers are possessive, for the server never reads a string again in another way. A string
# goes on after white space with a line break, and an escaped one then escapes still.
_TOKEN: Final = re.compile(
    rf"""
      (?P<quoted> [eE]{ESCAPED} (?: (?={_GOES_ON}) \s* {ESCAPED} )*+ (?!{_GOES_ON})
                | '(?:[^']|'')*+'
                | "(?:[^"]|"")*+"
                | (?P<tag>{TAG}) .*? (?P=tag) )
    | (?P<open_escape> [eE]' )
    | (?P<word> {WORD} )
    | (?P<comment> -- | /\* )
    | (?P<open_quote> '|"|{TAG} )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_HARMLESS: Final = re.compile(r"(?:[0-9]+|[A-Za-z_][A-Za-z0-9_.]*(?:\(\))?)\Z")
"""What most texts look like: nothing in it can open, end or begin anything."""

_CLOSING: Final = {")": "(", "]": "["}
_CLAUSES: Final = frozenset(
    """as check collate constraint deferrable from generated initially not primary references
    returning set storage unique using where""".split()  # noqa: SIM905  a list would hide the words
)
"""Words that begin another clause after `DEFAULT …` or `SET column = …`. In parentheses they do not."""

_NAME = r'(?:[A-Za-z_][A-Za-z0-9_]*|"(?:[^"\0]|"")+")'
_MODIFIERS = r"\(\s*[\w+-]+(?:\s*,\s*[\w+-]+)*\s*\)"
_INTERVAL = r"interval(?:\s+(?:year|month|day|hour|minute|second)(?:\s+to\s+(?:month|hour|minute|second))?)?"
_TYPE: Final = re.compile(
    rf"""(?: double\s+precision
           | (?:(?:national\s+)?(?:character|char)|bit)(?:\s+varying)?
           | (?:timestamp|time)(?:\s*{_MODIFIERS})?\s+(?:with|without)\s+time\s+zone
           | {_INTERVAL}
           | {_NAME}(?:\.{_NAME})* )
         (?:\s*{_MODIFIERS})? (?:\s*\[\d*\])*\Z""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)


class Token(NamedTuple):
    """One piece of SQL text. `kind` is a group of the lexer, `depth` how many brackets are open."""

    kind: str
    text: str
    depth: int


@lru_cache(maxsize=8192)
def why_not_an_expression(text: str, *, enclosed: bool = True) -> str:
    """Returns what is wrong with `text` as one SQL expression, or "" if nothing is.

    `enclosed`: it will stand in parentheses. Where it will not (`DEFAULT …`), a comma or the
    beginning of another clause is refused too, unless the text has parentheses around it.
    """
    if _HARMLESS.match(text):
        return ""
    if not text.strip():
        return "it is empty"
    return why_not_balanced(text, statements=False) or ("" if enclosed else _leaves(text))


def why_not_balanced(text: str, *, statements: bool) -> str:
    """Returns where quotes or brackets of an SQL text do not balance, or what may not stand in it.

    `statements`: it is a body of several statements, each with its `;`.
    """
    if "\0" in text:
        return "it holds a NUL byte"
    open_brackets: list[str] = []
    for token in _tokens(text):
        if token.kind in ("open_quote", "open_escape"):
            return f"the quote {token.text} is not closed"
        if token.kind == "comment":
            return "it holds an SQL comment, which would swallow what comes after it"
        if token.text == ";" and not statements:
            return "it holds a `;`, which would end the statement"
        if token.text in ("(", "["):
            open_brackets.append(token.text)
        elif token.text in _CLOSING and (not open_brackets or open_brackets.pop() != _CLOSING[token.text]):
            return f"the bracket {token.text} closes what was not opened in it"
    return f"the bracket {open_brackets[-1]} is not closed" if open_brackets else ""


@lru_cache(maxsize=8192)
def why_not_a_type(text: str) -> str:
    """Returns what is wrong with `text` as the name of a type, or "" if nothing is."""
    if not text.strip():
        return "it is empty"
    if not _TYPE.match(text.strip()):
        return "a type is a name, with numbers in parentheses or [] after it, such as varchar(20)"
    return ""


def split_at_commas(text: str) -> list[str]:
    """Returns the pieces of a balanced text between the commas outside of quotes and brackets."""
    pieces = [""]
    for token in _tokens(text):
        if token.text == "," and not token.depth:
            pieces.append("")
        else:
            pieces[-1] += token.text
    return [piece.strip() for piece in pieces if piece.strip()]


def words_outside(text: str) -> list[str]:
    """Returns the words outside of quotes and brackets, in lower case."""
    return [token.text.lower() for token in _tokens(text) if token.kind == "word" and not token.depth]


def is_sql_body(language: str, body: str) -> bool:
    """Says whether a function's body is SQL that the server parses at once: it stands in no dollar
    quotes, and comes back in the server's spelling."""
    words = words_outside(" ".join(body.split(None, 2)[:2]))
    return language == "sql" and (words[:1] == ["return"] or words == ["begin", "atomic"])


def _leaves(text: str) -> str:
    if any(token.text == "," and not token.depth for token in _tokens(text)):
        return "it holds a comma outside of parentheses, which would begin something else"
    clause = next((word for word in words_outside(text) if word in _CLAUSES), "")
    return f"outside of parentheses `{clause}` would begin another clause" if clause else ""


def _tokens(text: str) -> Iterator[Token]:
    depth = 0
    for match in _TOKEN.finditer(text):
        kind, piece = match.lastgroup or "", match.group()
        depth -= piece in _CLOSING
        yield Token(kind, piece, depth)
        depth += piece in ("(", "[")
