"""What an audit does to the server's hit rate, and what that would be without it.

TYPE, PTTL and most others count as hits and misses like the reads of applications (see `commands`), so an
audit of a cache that nobody reads shows a splendid hit rate. What it adds is counted here, answer by answer.
Of a key that is gone, only TYPE, PTTL, EXISTS and OBJECT tell it; a length or a value that was asked for in
the same moment counts as a hit here, and was a miss.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from redis.exceptions import ResponseError

from apexplan.model.errors import AccessDenied
from apexplan_redis.audit.commands import Command
from apexplan_redis.errors import code_of
from apexplan_redis.server import Node


@dataclass(slots=True)
class Hits:
    """Hits and misses."""

    hits: int = 0
    misses: int = 0

    def count(self, command: Command, answers: Sequence[Any]) -> None:
        """Counts what a command's answers mean. `answers` are raw, error replies among them."""
        if not command.counts:
            return
        misses = answers.count(command.absent) if command.tells else 0
        self.misses += misses
        self.hits += len(answers) - misses

    def uncount(self, refused: ResponseError) -> None:
        """Takes a refused command out again, unless the refusal is of the key's type, which is a hit."""
        self.hits -= code_of(str(refused)) != "WRONGTYPE"

    def __add__(self, other: Hits) -> Hits:
        return Hits(self.hits + other.hits, self.misses + other.misses)

    def __sub__(self, other: Hits) -> Hits:
        return Hits(self.hits - other.hits, self.misses - other.misses)


def told(node: Node) -> Hits | None:
    """Returns what a server has counted, None where the user may not ask."""
    found = info(node, "stats")
    return Hits(int(found["keyspace_hits"]), int(found["keyspace_misses"])) if found else None


def info(node: Node, section: str) -> dict[str, str]:
    """Returns a section of INFO, nothing where the user may not ask."""
    try:
        lines = node.call("INFO", section).decode().splitlines()
    except AccessDenied:
        return {}
    return dict(line.split(":", 1) for line in lines if ":" in line)


def remark(own: Hits, counted: Hits | None) -> str:
    """Returns what the audit added, and the hit rate without it. `counted`: by the servers meanwhile."""
    added = f"the audit added {own.hits:,} to keyspace_hits and {own.misses:,} to keyspace_misses"
    if counted is None:
        return f"{added}; what others added is not known: the user may not run INFO"
    others = counted - own
    if others.hits < 0 or others.misses < 0:
        return f"{added}; the counters were reset meanwhile"
    reads = others.hits + others.misses
    rate = f": hit rate {others.hits / reads:.3f} without the audit" if reads else ""
    return f"{added}; others made {others.hits:,} hits and {others.misses:,} misses meanwhile{rate}"
