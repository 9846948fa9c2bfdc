"""A new pair of files to fill in: its version, its names, its comments. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from apexplan.migrations.files import NAME
from apexplan.migrations.script import Dialect

_WIDTH: Final = 4
"""Digits of the first version; later ones are as wide as those before."""

_SCRIPT: Final = """\
{c} {name}: what is done, once, in each store.
{c} A statement ends with a semicolon. Nothing is replaced in it: a script is the same everywhere.
{c} Once it is applied anywhere, leave it as it is and write the next one.

"""
_ROLLBACK: Final = """\
{c} {name}: what takes it back. It may meet half of what the script does, if that failed in between.
{c} Where there is no way back, write no statement but a comment that begins with `irreversible:` and
{c} says why, on a line of its own.

"""


def version_of(file: str, suffix: str) -> str | None:
    """Returns the version in the name of a script or rollback script, None for another file."""
    match = NAME.match(file.removesuffix(f".{suffix}")) if file.endswith(f".{suffix}") else None
    return match["version"] if match else None


def next_version(versions: Sequence[str]) -> str:
    """Returns the version after the highest, as wide as the others."""
    highest = max(versions, key=int, default="0" * _WIDTH)
    return f"{int(highest) + 1:0{len(highest)}d}"


def pair(version: str, name: str, dialect: Dialect) -> dict[str, str]:
    """Returns the texts of a new script and its rollback script by file name."""
    stem = f"{version}_{name}"
    return {
        f"{stem}.{dialect.suffix}": _SCRIPT.format(c=dialect.comment, name=stem),
        f"{stem}.rollback.{dialect.suffix}": _ROLLBACK.format(c=dialect.comment, name=stem),
    }
