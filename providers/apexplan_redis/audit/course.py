"""Which cursors SCAN is asked for: the whole keyspace, or a sample of it.

A cursor of SCAN is the number of a bucket with its bits reversed, and a pass counts in the reversed order
(dict.c, dictScan). Whatever the size of the table, a number of 64 bits is a place in it. The server puts keys
into buckets by a hash with a seed of its own (SipHash), so keys of neighbouring buckets have nothing else in
common: a stretch of the table is a random sample. RANDOMKEY is none, since keys of long buckets come up
less often, and costs a call for each key.

A sample is made of stretches at even distances from a random first one, so that none meets the next. Servers
of a cluster keep a table for each slot since 7.4; there a stretch has keys of a few slots, and the distances
make up for that.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

_CURSOR_BITS: Final = 64
_STRETCH_KEYS: Final = 100
_MOST_STRETCHES: Final = 256


@dataclass(slots=True)
class Course:
    """Where SCAN goes on. `starts`: where each stretch begins; `most`: keys of all of them, 0 for all keys to
    the end of the table."""

    starts: Sequence[int]
    most: int = 0
    cursor: int = field(init=False)
    _stretch: int = 0
    _taken: int = 0
    _rounds: int = 0

    def __post_init__(self) -> None:
        self.cursor = self.starts[0]

    @property
    def ended(self) -> bool:
        return self._stretch == len(self.starts)

    def bounded(self, count: int) -> int:
        """Returns for how many keys to ask, `count` at most."""
        if not self.most:
            return count
        return max(1, min(count, self._end - self._taken))

    @property
    def _end(self) -> int:
        """How many keys there are to be at the end of this stretch."""
        return -(-self.most * (self._stretch + 1) // len(self.starts))

    def answered(self, cursor: int, keys: int) -> None:
        """Takes what SCAN answered: the next cursor, and how many keys there were. A sample goes on at the
        beginning of the table where its last stretch meets the end, once."""
        self.cursor = cursor
        self._taken += keys
        self._rounds += cursor == 0
        if self.most and self._rounds < 2:
            self._next_stretch()
        elif cursor == 0:
            self._stretch = len(self.starts)

    def _next_stretch(self) -> None:
        if self._taken >= self._end:
            self._stretch += 1
            self.cursor = 0 if self.ended else self.starts[self._stretch]


def whole(cursor: int = 0) -> Course:
    """Returns the course over all keys, or over those that are left from `cursor` on."""
    return Course((cursor,))


def sample(most: int, rng: random.Random) -> Course:
    """Returns the course over about `most` keys, at least one."""
    count = min(_MOST_STRETCHES, -(-most // _STRETCH_KEYS))
    distance = (1 << _CURSOR_BITS) // count
    first = rng.randrange(distance)
    return Course([_reversed(first + number * distance) for number in range(count)], most)


def _reversed(number: int) -> int:
    return int(f"{number:0{_CURSOR_BITS}b}"[::-1], 2)
