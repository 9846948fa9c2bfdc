"""Finds the manifests that the patterns of a project name, and never looks outside the project.

A pattern is relative to the project root; `*`, `?` and `[…]` match within one
name, `**` matches any number of directories. Names that begin with a dot are
matched only by patterns that do. Each directory is resolved before it is
listed and each file before it is named: a symlink that leads out of the
project is an error, not a way.
"""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath


class OutsideProject(Exception):
    """A pattern or a symlink leads out of the project. `path` is relative to the root."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """One file to read: its real path, and its name in messages, relative to the root."""

    path: Path
    name: str


def matching(root: Path, pattern: str) -> list[ManifestFile]:
    """Returns the files that `pattern` matches, sorted by name. `root` is resolved already.

    Raises OutsideProject, and OSError for a directory that cannot be listed. Opens no file.
    """
    pure = PurePosixPath(pattern)
    if pure.is_absolute() or ".." in pure.parts:
        raise OutsideProject(pattern)
    found = {root}
    for part in pure.parts:
        found = {path for directory in sorted(found) for path in _children(root, directory, part)}
    return [ManifestFile(_real(path), _name(root, path)) for path in sorted(found) if _is_file(root, path)]


def inside(root: Path, path: Path) -> bool:
    """True if `path`, every symlink followed, lies in `root`."""
    return _real(path).is_relative_to(root)


def _real(path: Path) -> Path:
    """The path without symlinks. Unlike `Path.resolve`, takes a symlink to itself for a missing file."""
    return Path(os.path.realpath(path))


def _children(root: Path, directory: Path, part: str) -> Iterator[Path]:
    if not inside(root, directory):
        raise OutsideProject(_name(root, directory))
    if not directory.is_dir():
        return
    if part == "**":
        yield from _directories(directory)
        return
    for path in directory.iterdir():
        hidden = path.name.startswith(".") and not part.startswith(".")
        if not hidden and fnmatch.fnmatchcase(path.name, part):
            yield path


def _directories(top: Path) -> Iterator[Path]:
    """`top` and the directories below it, symlinks and hidden ones left out."""
    for path, names, _ in os.walk(top, followlinks=False):
        yield Path(path)
        names[:] = [n for n in names if not n.startswith(".") and not Path(path, n).is_symlink()]


def _is_file(root: Path, path: Path) -> bool:
    if not inside(root, path):
        raise OutsideProject(_name(root, path))
    return path.is_file()


def _name(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()
