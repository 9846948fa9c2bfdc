"""The lexical rules of PostgreSQL's SQL, in two grains: pieces to find where statements end, tokens
to know them.

The rules are the server's (manual 4.1, scan.l of 18): comments nest, a dollar quote ends at its own
tag, a string goes on after white space with a line break and line comments, and an escaped one
then escapes still. `standard_conforming_strings` is on in every session, so a backslash escapes
only in E'…'. Patterns that the guards of `fragments` need too stand there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from apexplan_postgres.fragments import ESCAPED, TAG, WORD

BLANKS: Final = " \t\n\r\f\v"

_LINE_COMMENT: Final = r"--[^\r\n]*+"
_GAP: Final = rf"(?:[ \t\f\v]|{_LINE_COMMENT})*+[\r\n](?:[{BLANKS}]|{_LINE_COMMENT})*+"
_CONTROL: Final = r"\x00-\x08\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069\ufeff"
_WORD_ENDS: Final = r"(?![A-Za-z0-9_$\u0080-\U0010ffff])"
# What opens and closes in the body of a function in standard SQL. After a dot or AS it is a name.
_EDGE: Final = rf"(?<!\.)(?i:case|end){_WORD_ENDS}"
_BODY: Final = rf"(?i:begin)(?:[{BLANKS}]|{_LINE_COMMENT}|/\*.*?\*/)++(?i:atomic){_WORD_ENDS}"
_LABEL: Final = rf"(?i:as)[{BLANKS}]++(?i:case|end){_WORD_ENDS}"

# Quantifiers are possessive: a string that is not closed is looked at once.
_PIECE: Final = re.compile(
    rf"""
      (?P<blank> [{BLANKS}]++ )
    | (?P<quoted> [eE]{ESCAPED} (?: {_GAP} {ESCAPED} )*+ (?! {_GAP} ' )
                | '(?:[^']++|'')*+'
                | "(?:[^"]++|"")*+"
                | (?P<tag>{TAG}) .*? (?P=tag) )
    | (?P<comment> {_LINE_COMMENT} )
    | (?P<nested> /\* )
    | (?P<open> [eE]?' | " | {TAG} )
    | (?P<end> ; )
    | (?P<backslash> \\[^\s;]*+ )
    | (?P<bracket> [()] )
    | (?P<body> {_BODY} )
    | (?P<edge> {_EDGE} )
    | (?P<code> (?: [^A-Za-z_\u0080-\U0010ffff'"$\\();/\-]++
                  | {_LABEL}
                  | (?! [eE]' | {_BODY} | {_EDGE} ) {WORD}
                  | -(?!-) | /(?!\*) | \$(?![A-Za-z_$\u0080-\U0010ffff]) )++
              | \$ )
    """,
    re.VERBOSE | re.DOTALL,
)
_CODE: Final = re.compile(rf"(?P<word>{WORD})|(?P<symbol>[^{BLANKS}])")
_COMMENT_EDGE: Final = re.compile(r"/\*|\*/")
_CONTROLS: Final = re.compile(f"[{_CONTROL}]")
_NUL: Final = re.compile("\0")


class Piece(NamedTuple):
    """A part of a script. Kinds as in `pieces`."""

    kind: str
    start: int
    end: int


class Token(NamedTuple):
    """One word, quoted text or symbol. Words are in upper case."""

    kind: str
    text: str


def pieces(text: str, at: int) -> Iterator[Piece]:
    """Returns the pieces of a script from `at` on, without gaps.

    quoted, comment: closed ones. open: the beginning of one that is not closed; what comes after it
    means nothing. end: a semicolon. bracket: a round one. body: `BEGIN ATOMIC`. edge: CASE or END.
    backslash: what no SQL holds. blank, code: the rest, where code may hold inner blanks.
    """
    while piece := _PIECE.match(text, at):
        kind, end = piece.lastgroup or "", piece.end()
        if kind == "nested":
            closed = _end_of_comment(text, end)
            kind, end = ("comment", closed) if closed else ("open", end)
        yield Piece(kind, at, end)
        at = end


def tokens(statement: str) -> Iterator[Token]:
    """Returns the tokens of one statement without blanks and comments."""
    for kind, start, end in pieces(statement, 0):
        if kind == "quoted":
            yield Token(kind, statement[start:end])
        elif kind not in ("blank", "comment"):
            for match in _CODE.finditer(statement, start, end):
                word = match.lastgroup == "word"
                yield Token(match.lastgroup or "", match.group().upper() if word else match.group())


def control_in(text: str, piece: Piece) -> re.Match[str] | None:
    """Returns the first control character of a piece. In a quoted text only NUL is one."""
    controls = _NUL if piece.kind == "quoted" else _CONTROLS
    return controls.search(text, piece.start, piece.end)


def _end_of_comment(text: str, at: int) -> int:
    """Returns the end of a comment that was opened before `at`, or 0 if it has none."""
    depth = 1
    for edge in _COMMENT_EDGE.finditer(text, at):
        depth += 1 if edge.group() == "/*" else -1
        if not depth:
            return edge.end()
    return 0
