r"""The lexical rules of Cypher, in two grains: pieces to find where statements end, tokens to know them.

Neo4j 5 decodes `\uXXXX` before it reads anything else: in strings, in names, in comments and
outside of them. `\u003B` ends a statement there, `\u0027` a string, `\u0060` a name, `\u000A` a
comment; a backslash that is itself escaped decodes nothing (all measured on 5.26.12). Other
versions need not. So nothing is decoded here: what could end or begin something is found by
`hidden_escape_in` and refused, and all that passes is read the same way with and without decoding.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

# Quantifiers are possessive: a string or comment that is not closed is looked at once.
_STRING: Final = r"""'(?:[^'\\]++|\\.)*+' | "(?:[^"\\]++|\\.)*+" """
_NAME: Final = r"`(?:[^`]++|``)*+`"
_COMMENT: Final = r"//[^\r\n]*+ | /\*.*?\*/"
_CONTROL: Final = r"\x00-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff"

# `a$b` is a name, and `$(…)`, `$all(…)`, `$any(…)` are labels to be computed: no parameters.
_NO_PARAMETER: Final = r"(?<=[\w$])\$ | \$(?=(?i:any|all)?\()"

_PIECE: Final = re.compile(
    rf"""
      (?P<string> {_STRING} )
    | (?P<name> {_NAME} )
    | (?P<comment> {_COMMENT} )
    | (?P<open> ['"`] | /\* )
    | (?P<end> ; )
    | (?P<backslash> \\ (?:u[0-9A-Fa-f]{0, 4})? )
    | (?P<control> [{_CONTROL}] )
    | (?P<blank> \s++ )
    | (?P<colon> : )
    | (?P<code> (?: [^'"`;\\/${_CONTROL}]++ | /(?![/*]) | {_NO_PARAMETER} )++ )
    | (?P<parameter> \$\w*+ )
    """,
    re.VERBOSE | re.DOTALL,
)
_TOKEN: Final = re.compile(
    rf"""
      (?P<skip> \s++ | {_COMMENT} )
    | (?P<string> {_STRING} )
    | (?P<name> {_NAME} )
    | (?P<word> [^\W\d][\w$]*+ )
    | (?P<number> \d[\w.]*+ )
    | (?P<symbol> . )
    """,
    re.VERBOSE | re.DOTALL,
)
_FILLER: Final = rf"(?: \s++ | {_COMMENT} )*+"
_WHOLE: Final = re.compile(
    rf"""
    {_FILLER} (?P<first> (?= [^:;] ) )
    (?: {_FILLER}
        (?P<last> {_STRING} | {_NAME} | (?: [^'"`;\\/$\s]++ | /(?![/*]) | [^\S\r\n]++(?=[^\s/;]) )++ ) )*+
    {_FILLER} (?: ; | \Z )
    """,
    re.VERBOSE | re.DOTALL,
)
_CONTROLS: Final = re.compile(f"[{_CONTROL}]")
_NUL: Final = re.compile("\0")
_ESCAPE: Final = re.compile(r"\\(?:\\|u(?P<code>[0-9A-Fa-f]{4})?)")
_HIDDEN: Final = {"string": "'\"\\", "name": "`", "comment": "\n\r*/"}
"""What an escape may not stand for: it would end what holds it on some servers and not on others."""


class Token(NamedTuple):
    """One word, number, string, name in backticks or symbol. Words are in upper case."""

    kind: str
    text: str


def pieces(text: str, at: int) -> Iterator[re.Match[str]]:
    """Returns the pieces of a script from `at` on, without gaps; `lastgroup` is the kind.

    string, name, comment: closed ones. open: the beginning of one that is not closed; what comes
    after it means nothing. end: a semicolon. backslash, control, parameter: what does not belong in
    a script. colon: one where code begins. blank, code: the rest, where code may hold inner blanks.
    """
    return _PIECE.finditer(text, at)


def is_plain(text: str) -> bool:
    r"""Says whether a script holds no `\u` and no control character anywhere: nearly all do not."""
    return "\\u" not in text and _CONTROLS.search(text) is None


def whole(text: str, at: int) -> tuple[int, int, int] | None:
    """Returns where the next statement of a plain script begins, where it ends, and where to go on; None
    where it takes a closer look. Finds what `pieces` finds, some ten times as fast."""
    found = _WHOLE.match(text, at)
    return (found.start("first"), found.end("last"), found.end()) if found and found["last"] else None


def tokens(statement: str) -> Iterator[Token]:
    """Returns the tokens of one statement without blanks and comments."""
    for match in _TOKEN.finditer(statement):
        kind = match.lastgroup or ""
        if kind == "word":
            yield Token(kind, match.group().upper())
        elif kind != "skip":
            yield Token(kind, match.group())


def raw_tokens(statement: str) -> Iterator[tuple[str, str]]:
    """Returns kind and text of the tokens of one statement, letters as they are written."""
    for match in _TOKEN.finditer(statement):
        if match.lastgroup != "skip":
            yield match.lastgroup or "", match.group()


def control_in(piece: re.Match[str]) -> re.Match[str] | None:
    """Returns the first control character of a name, comment or string. In a string only NUL is one."""
    controls = _NUL if piece.lastgroup == "string" else _CONTROLS
    return controls.search(piece.string, *piece.span())


def hidden_escape_in(piece: re.Match[str]) -> re.Match[str] | None:
    r"""Returns the first `\u` of a string, name or comment that is malformed or hides a delimiter."""
    hidden = _HIDDEN[piece.lastgroup or ""]
    for escape in _ESCAPE.finditer(piece.string, *piece.span()):
        code = escape["code"]
        if escape.group() != "\\\\" and (code is None or chr(int(code, 16)) in hidden):
            return escape
    return None
