"""Automata of patterns: whether two have a key in common, and whether a long key is one of theirs.

States are the places of a pattern where a byte is read, with the places that may come next: no state
without a byte, so that the pairs of two automata can be walked as they are. `hex16` is sixteen places, `any`
is one that may follow itself.

Not for the many keys of an audit, which a regular expression reads some 40 times as fast; but its time
grows with the length of the key alone, whatever the key.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from apexplan_redis.patterns.bytesets import ByteSet, has, members
from apexplan_redis.patterns.types import Run, Way


@dataclass(slots=True)
class Automaton:
    """`reads[n]` is what place n takes, `follow[n]` what may come after it, `last` where a key may end.
    Place 0 is before the first byte."""

    reads: list[ByteSet] = field(default_factory=lambda: [0])
    follow: list[list[int]] = field(default_factory=lambda: [[]])
    last: set[int] = field(default_factory=lambda: {0})

    def _place(self, byteset: ByteSet, after: Iterable[int]) -> int:
        place = len(self.reads)
        self.reads.append(byteset)
        self.follow.append([])
        for former in after:
            self.follow[former].append(place)
        return place

    def _run(self, run: Run, ends: set[int]) -> set[int]:
        for _ in range(run.least):
            ends = {self._place(run.byteset, ends)}
        optional = run.most - run.least if run.most is not None else run.least == 0
        for _ in range(optional):
            ends = ends | {self._place(run.byteset, ends)}
        if run.most is None:
            place = len(self.reads) - 1
            self.follow[place].append(place)
        return ends

    def append(self, ways: Iterable[Way]) -> None:
        """Lets each of `ways` follow on what is there."""
        ends: set[int] = set()
        for way in ways:
            tail = self.last
            for run in way:
                tail = self._run(run, tail)
            ends |= tail
        self.last = ends


def automaton(parts: Sequence[Sequence[Way]]) -> Automaton:
    """Returns the automaton of parts that follow each other, each given by its ways."""
    built = Automaton()
    for ways in parts:
        built.append(ways)
    return built


def accepts(pattern: Automaton, key: bytes) -> bool:
    """True where `key` is in the language."""
    places = {0}
    for byte in key:
        places = {n for place in places for n in pattern.follow[place] if has(pattern.reads[n], byte)}
        if not places:
            return False
    return not places.isdisjoint(pattern.last)


def common(a: Automaton, b: Automaton) -> bytes | None:
    """Returns one of the shortest keys that both accept, None where there is none: a walk over pairs of
    places, in breadth."""
    start = (0, 0)
    came: dict[tuple[int, int], tuple[tuple[int, int], ByteSet]] = {start: (start, 0)}
    waiting = deque([start])
    while waiting:
        pair = waiting.popleft()
        if pair[0] in a.last and pair[1] in b.last:
            return _traced(came, pair)
        for x in a.follow[pair[0]]:
            for y in b.follow[pair[1]]:
                both = a.reads[x] & b.reads[y]
                if both and (x, y) not in came:
                    came[x, y] = (pair, both)
                    waiting.append((x, y))
    return None


def _traced(came: dict[tuple[int, int], tuple[tuple[int, int], ByteSet]], pair: tuple[int, int]) -> bytes:
    key = bytearray()
    while pair != (0, 0):
        pair, both = came[pair]
        key.append(members(both)[0])
    return bytes(reversed(key))
