"""Qdrant for development and tests on this machine: a directory for Edge. There is no process to start.

directory/registry.json    is there once `start` was called
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from apexplan_qdrant.connection import EDGE


@dataclass(frozen=True, slots=True)
class EdgeDirectory:
    """A directory that Edge keeps collections in. Nothing runs, so nothing has to be stopped."""

    url: str
    pid: int | None = None

    def stop(self) -> None:
        """Does nothing: whoever has the collections open closes them."""


def start(directory: str, *, detached: bool = False) -> EdgeDirectory:
    """Makes `directory` ready, or takes what is there. `detached` makes no difference.

    Raises Unsupported where Edge is not installed, Transient where somebody else makes it ready just now.
    """
    from apexplan_qdrant.edge import connect

    if attach(directory) is None:
        target = connect("edge", directory)
        try:
            target.change_aliases(())
        finally:
            target.close()
    return EdgeDirectory(_url(directory))


def attach(directory: str) -> EdgeDirectory | None:
    """Returns the directory if Edge keeps collections there, else None."""
    there = (Path(directory) / "registry.json").is_file()
    return EdgeDirectory(_url(directory)) if there else None


def _url(directory: str) -> str:
    return f"{EDGE}{Path(directory).resolve()}"
