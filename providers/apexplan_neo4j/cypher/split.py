"""`CYPHER`: a script in Cypher becomes statements, each with how it runs and what it is about.

Statements end at a semicolon outside of strings, names and comments. Comments around a statement
go, those within it stay. Whatever a server would read otherwise than a person, or not at all, is a
mistake, and a statement with a mistake is not among the statements. Of each kind of mistake the
first in a statement is told.

Whether the statements mean anything is for the server to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from apexplan.migrations.places import Places, Refusal
from apexplan.migrations.script import Dialect, Mistake, Split, Statement
from apexplan_neo4j.cypher import refusals
from apexplan_neo4j.cypher.classify import classify
from apexplan_neo4j.cypher.lexer import control_in, hidden_escape_in, is_plain, pieces, whole

_ALONE: Final = {
    "control": refusals.CONTROL,
    "backslash": refusals.BACKSLASH,
    "parameter": refusals.PARAMETER,
}
"""Pieces that are mistakes by themselves."""


class Cypher:
    """The dialect of Neo4j's scripts. Schema and data never share a transaction there."""

    suffix = "cypher"
    comment = "//"
    atomic = False

    def split(self, text: str) -> Split:
        """Returns the statements of a script and what is wrong with it, both in the file's order."""
        return _Script(text).split()


class _Script:
    """One script while it is read."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._places = Places(text)
        self._statements: list[Statement] = []
        self._mistakes: list[Mistake] = []
        self._mixed = False
        self._plain = is_plain(text)

    def split(self) -> Split:
        at = 0
        while at < len(self._text):
            at = self._read_statement(at)
        in_order = sorted(self._mistakes, key=lambda mistake: (mistake.line, mistake.column))
        return Split(tuple(self._statements), tuple(in_order))

    def _read_statement(self, at: int) -> int:
        """Reads up to the next semicolon and returns where to go on."""
        if self._plain and (found := whole(self._text, at)):
            start, end, following = found
            self._add_statement(start, self._text[start:end])
            return following
        start = end = -1
        flaws: dict[Refusal, tuple[int, int]] = {}
        for piece in pieces(self._text, at):
            kind, at = piece.lastgroup, piece.end()
            if kind == "end":
                break
            if kind == "open":
                flaws[refusals.UNTERMINATED[piece.group()]] = piece.span()
                at = len(self._text)
                break
            for refusal, span in _flaws(piece):
                flaws.setdefault(refusal, span)
            if kind in ("blank", "comment"):
                continue
            if start < 0 and kind == "colon":
                # A client's command ends with its line, whatever stands in it.
                at = self._places.next_line(piece.start())
                flaws[refusals.SHELL] = piece.start(), at
                break
            start, end = (piece.start() if start < 0 else start), at
        self._mistakes += [self._places.mistake(refusal, *span) for refusal, span in flaws.items()]
        if start >= 0 and not flaws:
            self._add_statement(start, self._text[start:end].rstrip())
        return at

    def _add_statement(self, start: int, text: str) -> None:
        verdict = classify(text)
        if isinstance(verdict, Refusal):
            self._mistakes.append(self._places.mistake(verdict, start, start + len(text)))
            return
        way, topic = verdict
        self._statements.append(Statement(text, *self._places.of(start), way, topic))
        if topic != self._statements[0].topic and not self._mixed:
            self._mixed = True
            self._mistakes.append(self._places.mistake(refusals.MIXED, start, start + len(text)))


def _flaws(piece: re.Match[str]) -> Iterator[tuple[Refusal, tuple[int, int]]]:
    """Yields what is wrong with one piece by itself."""
    kind = piece.lastgroup or ""
    if kind in _ALONE:
        yield _ALONE[kind], piece.span()
    elif kind in ("string", "name", "comment"):
        if control := control_in(piece):
            yield refusals.CONTROL, control.span()
        if escape := hidden_escape_in(piece):
            yield refusals.ESCAPE, escape.span()


CYPHER: Dialect = Cypher()
