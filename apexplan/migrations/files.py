"""The pairs of files in one directory → scripts in the order of their versions, or all that is wrong.

    0007_documents.sql            what is done
    0007_documents.rollback.sql   what takes it back, or a line `-- irreversible: WHY`

Versions are compared as numbers. A script without its other half is found here, before anything
runs: what may be missing on the day of the rollback is asked for on the day of the change. Files
with another suffix are none of ours.

Nothing is read here: the texts come as they are, and places are counted in them with line ends as
LF and without a byte order mark, as they are checksummed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

from apexplan.migrations import mistakes
from apexplan.migrations.script import Dialect, Statement
from apexplan.model.diagnostics import Location, Problem
from apexplan.provider import SourceFile

NAME: Final = re.compile(r"(?P<version>[0-9]+)_(?P<name>[A-Za-z0-9_]+)(?P<rollback>\.rollback)?\Z")
"""The name of a file of a pair, without its suffix."""


@dataclass(frozen=True, slots=True)
class Script:
    """One script with what takes it back. `file` is its name in the project."""

    version: str
    name: str
    file: str
    checksum: str
    statements: tuple[Statement, ...]
    rollback_checksum: str
    rollback: tuple[Statement, ...] = ()
    irreversible: str | None = None

    @property
    def full_name(self) -> str:
        """What the address calls it: `0007_documents`."""
        return f"{self.version}_{self.name}"


@dataclass(frozen=True, slots=True)
class _File:
    """One file whose name has the form."""

    version: str
    name: str
    rollback: bool
    source: str
    text: str = field(repr=False)

    @property
    def full_name(self) -> str:
        return f"{self.version}_{self.name}"

    def at(self, line: int = 1, column: int = 1) -> Location:
        return Location(self.source, line, column)


@dataclass(slots=True)
class _Half:
    """What one file of a pair says."""

    statements: tuple[Statement, ...] = ()
    irreversible: str | None = None


def checksum(text: str) -> str:
    """Returns the SHA-256 of a script's text in hex, whatever its line ends and byte order mark."""
    return hashlib.sha256(plain(text).encode()).hexdigest()


def plain(text: str) -> str:
    """Returns a text without byte order mark and with line ends as LF."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def scripts(sources: Iterable[SourceFile], dialect: Dialect) -> tuple[list[Script], list[Problem]]:
    """Returns the scripts by version, and everything that is wrong with the files."""
    problems: list[Problem] = []
    files = [file for source in sources if (file := _file(source, dialect, problems))]
    forward = {file.full_name: file for file in files if not file.rollback}
    back = {file.full_name: file for file in files if file.rollback}
    problems += _taken_twice(forward.values())
    problems += [
        mistakes.rollback_alone(back[name].at(), name, dialect.suffix, forward)
        for name in back.keys() - forward.keys()
    ]
    found = [_script(file, back.get(name), dialect, problems) for name, file in forward.items()]
    ordered = sorted((s for s in found if s is not None), key=lambda script: int(script.version))
    return ordered, sorted(problems, key=lambda problem: (problem.where is None, problem.where))


def _file(source: SourceFile, dialect: Dialect, problems: list[Problem]) -> _File | None:
    base = PurePosixPath(source.name).name
    stem = base.removesuffix(f".{dialect.suffix}")
    if stem == base:
        return None
    match = NAME.match(stem)
    if match is None:
        problems.append(mistakes.bad_name(Location(source.name, 1, 1), base, dialect.suffix))
        return None
    return _File(match["version"], match["name"], bool(match["rollback"]), source.name, plain(source.text))


def _taken_twice(files: Iterable[_File]) -> Iterator[Problem]:
    first: dict[int, _File] = {}
    for file in files:
        other = first.setdefault(int(file.version), file)
        if other is not file:
            yield mistakes.version_twice(file.at(), file.version, other.source)


def _script(file: _File, back: _File | None, dialect: Dialect, problems: list[Problem]) -> Script | None:
    forward = _half(file, dialect, problems)
    if back is None:
        problems.append(
            mistakes.no_rollback(file.at(), f"{file.full_name}.rollback.{dialect.suffix}", dialect)
        )
        return None
    backward = _half(back, dialect, problems)
    return Script(
        version=file.version,
        name=file.name,
        file=file.source,
        checksum=checksum(file.text),
        statements=forward.statements,
        rollback_checksum=checksum(back.text),
        rollback=backward.statements,
        irreversible=backward.irreversible,
    )


def _half(file: _File, dialect: Dialect, problems: list[Problem]) -> _Half:
    split = dialect.split(file.text)
    problems += [
        mistakes.in_script(mistake, file.at(mistake.line, mistake.column)) for mistake in split.mistakes
    ]
    half = _Half(split.statements)
    if file.rollback:
        half.irreversible = _irreversible(file, split.statements, dialect, problems)
    if not (split.statements or split.mistakes or half.irreversible is not None):
        where = file.at()
        empty = mistakes.empty_rollback(where, dialect) if file.rollback else mistakes.empty_script(where)
        problems.append(empty)
    return half


def _irreversible(
    file: _File, statements: Sequence[Statement], dialect: Dialect, problems: list[Problem]
) -> str | None:
    """Returns why there is no way back, where the rollback script says so; "" where it gives no reason."""
    line = re.compile(rf"^[ \t]*{re.escape(dialect.comment)}[ \t]*irreversible:[ \t]*(.*?)[ \t]*$", re.M)
    match = line.search(file.text)
    if match is None:
        return None
    where = file.at(file.text.count("\n", 0, match.start()) + 1)
    if not match[1]:
        problems.append(mistakes.no_reason(where, dialect))
    if statements:
        problems.append(mistakes.both_ways(where))
    return match[1]
