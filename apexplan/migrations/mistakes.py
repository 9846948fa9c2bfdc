"""What can be wrong with a directory of scripts: the messages."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from apexplan.migrations.script import Dialect, Mistake
from apexplan.model.diagnostics import Location, Problem

_PATH: Final = ("directory",)
"""The field of the manifest that leads to all of it."""
_UNDO: Final = re.compile(r"[._-](down|undo|revert|rollback)\Z", re.IGNORECASE)
_NUMBERED: Final = re.compile(r"[A-Za-z]?([0-9]+)_*(.*)")


def in_script(mistake: Mistake, where: Location) -> Problem:
    return Problem(mistake.code, _PATH, mistake.summary, mistake.what, mistake.why, mistake.mend, where=where)


def bad_name(where: Location, name: str, suffix: str) -> Problem:
    return Problem(
        "bad-script-name",
        _PATH,
        "a script's name has another form",
        f"`{name}`",
        f"it is VERSION_name.{suffix} or VERSION_name.rollback.{suffix}: digits, letters and underscores",
        f"did you mean `{_meant(name.removesuffix(f'.{suffix}'))}.{suffix}`?",
        where=where,
    )


def _meant(stem: str) -> str:
    """Returns a name of the right form that is near to `stem`."""
    undo = _UNDO.search(stem)
    words = re.sub(r"[^A-Za-z0-9]+", "_", stem[: undo.start()] if undo else stem).strip("_")
    numbered = _NUMBERED.match(words)
    version, name = (numbered[1], numbered[2]) if numbered else ("0001", words)
    return f"{version}_{name or 'name'}{'.rollback' if undo else ''}"


def version_twice(where: Location, version: str, other: str) -> Problem:
    return Problem(
        "version-twice",
        _PATH,
        "two scripts have one version",
        f"version {version} is that of `{other}` already",
        "versions are the order in which scripts run, and are compared as numbers",
        "give the later one the next free version, its rollback script too",
        where=where,
    )


def no_rollback(where: Location, name: str, dialect: Dialect) -> Problem:
    return Problem(
        "no-rollback-script",
        _PATH,
        "a script has no rollback script",
        f"`{name}` is not there",
        "how a change is taken back is decided before it is made, not after it failed",
        f"write it, or put `{dialect.comment} irreversible: WHY` into it",
        where=where,
    )


def rollback_alone(where: Location, name: str, suffix: str, scripts: Iterable[str]) -> Problem:
    version = name.partition("_")[0]
    near = next((other for other in scripts if int(other.partition("_")[0]) == int(version)), None)
    mend = f"rename it after `{near}.{suffix}`" if near else "bring its script back, or remove this file"
    return Problem(
        "rollback-without-script",
        _PATH,
        "a rollback script has no script",
        f"`{name}.{suffix}` is not there",
        "a rollback script takes back the script of the same name",
        mend,
        where=where,
    )


def empty_script(where: Location) -> Problem:
    return Problem(
        "empty-script",
        _PATH,
        "a script has no statement",
        "only comments and blank lines",
        "it would be recorded as applied and could never be filled later",
        "write it, or remove both files",
        where=where,
    )


def empty_rollback(where: Location, dialect: Dialect) -> Problem:
    return Problem(
        "empty-rollback-script",
        _PATH,
        "a rollback script has no statement",
        "only comments and blank lines",
        "taking the script back would do nothing and claim success",
        f"write what takes it back, or `{dialect.comment} irreversible: WHY` on a line of its own",
        where=where,
    )


def no_reason(where: Location, dialect: Dialect) -> Problem:
    return Problem(
        "irreversible-without-reason",
        _PATH,
        "a script is irreversible without a reason",
        "nothing follows `irreversible:`",
        "whoever must allow it reads the reason in the plan",
        f"write `{dialect.comment} irreversible: WHY`",
        where=where,
    )


def both_ways(where: Location) -> Problem:
    return Problem(
        "irreversible-with-statements",
        _PATH,
        "a rollback script is irreversible and has statements",
        "both the line `irreversible:` and statements",
        "either there is a way back or there is none",
        "remove the line, or the statements",
        where=where,
    )
