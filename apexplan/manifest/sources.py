"""Reads the files that a manifest names, such as the scripts of its migrations, and nothing else.

A directory is relative to the project and may not leave it, nor may a symlink in it. Read are the
files directly in it, but for hidden ones; what is theirs is the kind's to say. No variable is
replaced in them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from apexplan.manifest import refusals
from apexplan.manifest.paths import OutsideProject, inside, matching
from apexplan.model.diagnostics import Diagnostic, Location
from apexplan.provider import SourceFile

MAX_BYTES: Final = 32 * 1024 * 1024
"""A larger file is data: it belongs into a loader, not into version control."""


@dataclass(frozen=True, slots=True)
class Sources:
    """The files of one directory by name, and everything that kept one from being read."""

    files: tuple[SourceFile, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


def read_directory(root: Path, directory: str, where: Location) -> Sources:
    """Reads the files of `directory`, which is named at `where`. `root` is resolved already."""
    if (elsewhere := locate(root, directory, where)).diagnostics:
        return elsewhere
    try:
        found = matching(root, f"{_literal(directory)}/*")
        if not found and not (root / directory).is_dir():
            return Sources(diagnostics=(_no_directory(directory, where),))
    except OutsideProject as error:
        return Sources(diagnostics=(refusals.outside(error.path, where),))
    except OSError as error:
        return Sources(diagnostics=(refusals.unreadable(where, error),))
    read = [_read(file.path, file.name) for file in found]
    return Sources(
        tuple(one for one in read if isinstance(one, SourceFile)),
        tuple(one for one in read if isinstance(one, Diagnostic)),
    )


def locate(root: Path, directory: str, where: Location) -> Sources:
    """Checks that `directory` lies in the project, whether it is there or not, and reads nothing."""
    path = PurePosixPath(directory)
    if path.is_absolute() or ".." in path.parts or not inside(root, root / directory):
        return Sources(diagnostics=(refusals.outside(directory, where),))
    return Sources()


def _literal(directory: str) -> str:
    """Returns a pattern that matches this very directory, whatever characters its name has."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in directory)


def _read(path: Path, name: str) -> SourceFile | Diagnostic:
    start = Location(name, 1, 1)
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        return refusals.unreadable(start, error)
    if len(raw) > MAX_BYTES:
        return _too_large(start)
    try:
        return SourceFile(name, raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        return refusals.not_utf8(raw, error, name)


# ── the messages ──────────────────────────────────────────────────────────────────────────────


def _no_directory(directory: str, where: Location) -> Diagnostic:
    return Diagnostic(
        "no-directory",
        "a directory is not there",
        f"`{directory}`",
        "a misspelt path would silently leave its files out of the plan",
        "correct the path, which is relative to the project; `apexplan migrate new NAME` makes it",
        where,
    )


def _too_large(where: Location) -> Diagnostic:
    return Diagnostic(
        "too-large",
        "a file is too large",
        f"the file has more than {MAX_BYTES:,} bytes",
        "a limit keeps a hostile file from filling the memory",
        "load the data by other means, or split the file",
        where,
    )
