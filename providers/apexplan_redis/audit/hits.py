"""What an audit does to the server's hit rate, and what that would be without it.

TYPE, PTTL and most others count as hits and misses like the reads of applications (see `commands`), so an
audit of a cache that nobody reads shows a splendid hit rate. What it adds is counted here, answer by answer.
Of a key that is gone, only TYPE, PTTL, EXISTS and OBJECT tell it; a length or a value that was asked for in
the same moment counts as a hit here, and may have been a miss: how many of these there are is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import not_
from typing import Any

from redis.exceptions import ResponseError

from apexplan.model.errors import AccessDenied
from apexplan_redis.audit.commands import Command
from apexplan_redis.errors import code_of
from apexplan_redis.server import Node


@dataclass(slots=True)
class Hits:
    """Hits and misses. `unsure`: so many of the hits may have been misses."""

    hits: int = 0
    misses: int = 0
    unsure: int = 0

    def count(self, command: Command, answers: Sequence[Any]) -> None:
        """Counts what a command's answers mean. `answers` are raw, error replies among them."""
        if not command.counts:
            return
        misses = answers.count(command.absent) if command.tells else 0
        self.unsure += 0 if command.tells else sum(map(not_, answers))
        self.misses += misses
        self.hits += len(answers) - misses

    def uncount(self, command: Command, refused: ResponseError) -> None:
        """Takes a refused command out again, unless the refusal is of the key's type, which is a hit."""
        self.hits -= command.counts and code_of(str(refused)) != "WRONGTYPE"

    def __add__(self, other: Hits) -> Hits:
        return Hits(self.hits + other.hits, self.misses + other.misses, self.unsure + other.unsure)

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


@dataclass(slots=True)
class Counters:
    """What the servers' counters say: what the audit added (`own`), and what `others` did meanwhile, None
    where that cannot be known, for the reason `why`."""

    own: Hits = field(default_factory=Hits)
    others: Hits | None = field(default_factory=Hits)
    why: str = ""

    def add(self, own: Hits, before: Hits | None, after: Hits | None) -> None:
        """Takes one server's: what was added there, and what it had counted before and afterwards."""
        self.own += own
        if before is None or after is None:
            self._unknown("what others added is not known: the user may not run INFO")
            return
        others = after - before - own
        missed = min(own.unsure, max(0, -others.hits))
        others = others + Hits(missed, -missed)
        if others.hits < 0 or others.misses < 0:
            self._unknown("the counters were reset meanwhile")
        elif self.others is not None:
            self.others += others

    def remark(self) -> str:
        """Returns what the audit added, and the hit rate without it."""
        own, others = self.own, self.others
        added = f"the audit added {own.hits:,} to keyspace_hits and {own.misses:,} to keyspace_misses"
        if others is None:
            return f"{added}; {self.why}"
        reads = others.hits + others.misses
        rate = f": hit rate {others.hits / reads:.3f} without the audit" if reads else ""
        made = f"{others.hits:,} hit{'s' * (others.hits != 1)}"
        made += f" and {others.misses:,} miss{'es' * (others.misses != 1)}"
        return f"{added}; others made {made} meanwhile{rate}"

    def _unknown(self, why: str) -> None:
        self.others, self.why = None, why
