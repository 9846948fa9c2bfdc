"""Edge for tests: bodies, points, watches, and a second process that is told what to do."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from apexplan_qdrant.edge import connect
from apexplan_qdrant.edge.target import EdgeTarget
from apexplan_qdrant.target import Point

ROOT = Path(__file__).parents[3]
SMALL: dict[str, Any] = {"vectors": {"size": 4, "distance": "Dot"}}
WIDE: dict[str, Any] = {
    "vectors": {"size": 64, "distance": "Dot"},
    "optimizers_config": {"indexing_threshold": 1},
}


@dataclass
class Watched:
    """A watch that asks for a stop at the Nth look, and keeps the phases that it was told."""

    stop_at: int | None = None
    looks: int = 0
    phases: list[str] = field(default_factory=list)

    def progress(self, done: float, total: float | None, unit: str, phase: str = "") -> None:
        self.phases.append(phase)

    def stopping(self) -> bool:
        self.looks += 1
        return self.stop_at is not None and self.looks >= self.stop_at


@contextmanager
def edge(directory: Path) -> Iterator[EdgeTarget]:
    target = connect("v", str(directory))
    try:
        yield target
    finally:
        target.close()


def points(count: int, size: int = 4, start: int = 0) -> list[Point]:
    """Returns points whose vectors depend on their ids alone."""
    return [
        Point(n, random.Random(n).choices(_NUMBERS, k=size), {"n": n}) for n in range(start, start + count)
    ]


_NUMBERS = [number / 8 for number in range(-16, 17)]


def child(verb: str, *arguments: object) -> subprocess.Popen[str]:
    """Starts `edge_child`; what it prints can be read line by line."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.live.qdrant.edge_child", verb, *map(str, arguments)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def kill(process: subprocess.Popen[str]) -> None:
    """Ends a process that we started, as a crash does."""
    process.kill()
    process.communicate()
