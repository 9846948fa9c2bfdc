"""`SQL`: a script in PostgreSQL's SQL becomes statements, each with how it runs and what it is about.

Statements end at a semicolon outside of quotes, comments, round brackets (`CREATE RULE … DO (…; …)`)
and the bodies of functions in standard SQL (`BEGIN ATOMIC …; END`). Comments around a statement go,
those within it stay. What no server would take from a script is a mistake, and a statement with a
mistake is not among the statements. Of each kind of mistake the first in a statement is told.

Whether the statements mean anything is for the server to say.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property
from typing import Final

from apexplan.migrations.places import Places, Refusal
from apexplan.migrations.script import Dialect, Mistake, Split, Statement
from apexplan_postgres.script import refusals
from apexplan_postgres.script.classify import classify
from apexplan_postgres.script.lexer import BLANKS, Piece, control_in, pieces

_END_OF_ROWS: Final = re.compile(r"^\\\.[ \t]*$", re.MULTILINE)
"""The line that ends the rows after `COPY … FROM STDIN`."""


class Sql:
    """The dialect of PostgreSQL's scripts. Schema and data are committed together there."""

    suffix = "sql"
    comment = "--"
    atomic = True

    def split(self, text: str) -> Split:
        """Returns the statements of a script and what is wrong with it, both in the file's order."""
        return _Script(text).split()


class _Nesting:
    """What is open at one place of a statement: brackets, bodies, and the CASEs in bodies."""

    def __init__(self) -> None:
        self._open: list[tuple[str, Piece]] = []
        self._bodies = 0

    def __bool__(self) -> bool:
        return bool(self._open)

    def take(self, piece: Piece, text: str) -> None:
        """Takes a piece of the kind bracket, body or edge. What closes nothing is left to the server."""
        word = text.upper()
        if piece.kind == "body":
            self._bodies += 1
            self._open.append(("body", piece))
        elif word == "(":
            self._open.append(("bracket", piece))
        elif word == "CASE" and self._bodies:
            self._open.append(("case", piece))
        elif self._open and (word == ")") == (self._open[-1][0] == "bracket"):
            self._bodies -= self._open.pop()[0] == "body"

    def innermost(self) -> tuple[Refusal, tuple[int, int]]:
        kind, (_, start, end) = self._open[-1]
        return refusals.BRACKET if kind == "bracket" else refusals.BODY, (start, end)


class _Script:
    """One script while it is read."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._places = Places(text)
        self._statements: list[Statement] = []
        self._mistakes: list[Mistake] = []

    def split(self) -> Split:
        at = 0
        while at < len(self._text):
            at = self._read_statement(at)
        in_order = sorted(self._mistakes, key=lambda mistake: (mistake.line, mistake.column))
        return Split(tuple(self._statements), tuple(in_order))

    def _read_statement(self, at: int) -> int:
        """Reads up to the semicolon that ends the next statement and returns where to go on."""
        start = end = -1
        nesting = _Nesting()
        flaws: dict[Refusal, tuple[int, int]] = {}
        for piece in pieces(self._text, at):
            kind, at = piece.kind, piece.end
            if kind == "end" and not nesting:
                break
            if kind == "open":
                flaws[refusals.UNTERMINATED[self._text[at - 1]]] = piece.start, at
                at = len(self._text)
                break
            if control := control_in(self._text, piece):
                flaws.setdefault(refusals.CONTROL, control.span())
            if kind in ("blank", "comment"):
                continue
            if kind == "backslash" and start < 0:
                # A command of psql ends with its line, whatever stands in it.
                at = self._places.next_line(piece.start)
                flaws[refusals.PSQL] = piece.start, at
                break
            if kind == "backslash":
                flaws.setdefault(refusals.PSQL, (piece.start, at))
            elif kind in ("bracket", "body", "edge"):
                nesting.take(piece, self._text[piece.start : at])
            start, end = (piece.start if start < 0 else start), at
        else:
            if nesting:
                flaws.setdefault(*nesting.innermost())
        self._mistakes += [self._places.mistake(refusal, *span) for refusal, span in flaws.items()]
        if start >= 0 and not flaws and self._add_statement(start, end) is refusals.COPY:
            return self._after_rows(at)
        return at

    def _add_statement(self, start: int, end: int) -> Refusal | None:
        text = self._text[start:end].rstrip(BLANKS)
        verdict = classify(text)
        if isinstance(verdict, Refusal):
            self._mistakes.append(self._places.mistake(verdict, start, start + len(text)))
            return verdict
        way, topic = verdict
        self._statements.append(Statement(text, *self._places.of(start), way, topic))
        return None

    def _after_rows(self, at: int) -> int:
        """The rows that follow a COPY are no statements: returns where they end, if they do."""
        after = bisect_right(self._ends_of_rows, at)
        return self._ends_of_rows[after] if after < len(self._ends_of_rows) else at

    @cached_property
    def _ends_of_rows(self) -> list[int]:
        return [line.end() for line in _END_OF_ROWS.finditer(self._text)]


SQL: Dialect = Sql()
