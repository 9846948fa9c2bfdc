"""A script's statements, and the language that a provider gives them. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Way(StrEnum):
    """How a store can run a statement.

    SHARED: in a transaction, together with its neighbours of the same topic. ALONE: in a
    transaction of its own. AUTO: outside of any explicit transaction, since it commits by itself.
    """

    SHARED = "shared"
    ALONE = "alone"
    AUTO = "auto-commit"


class Topic(StrEnum):
    """What a statement is about: SCHEMA (indexes, constraints, tables) or DATA."""

    SCHEMA = "schema"
    DATA = "data"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement as it stands in the file, without the semicolon and the comments around it.

    `line` and `column` count from 1 and say where its first character stands.
    """

    text: str
    line: int
    column: int
    way: Way = Way.SHARED
    topic: Topic = Topic.DATA


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something in a script that can be seen without a store. Words as in `model.diagnostics`."""

    code: str
    line: int
    column: int
    summary: str
    what: str
    why: str = ""
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Split:
    """The statements of a script in order, and everything that is wrong with it."""

    statements: tuple[Statement, ...] = ()
    mistakes: tuple[Mistake, ...] = ()


class Dialect(Protocol):
    """The language of a store's scripts. Pure."""

    suffix: str
    """Of its files, without the dot: `cypher`, `sql`."""
    comment: str
    """What begins a comment that ends with the line: `//`, `--`."""
    atomic: bool
    """True if schema and data can be committed together: one script may hold both."""

    def split(self, text: str) -> Split:
        """Returns the statements of a script. Mistakes are collected, never raised."""
        ...
