"""Keys → the pattern that each follows: the inner loop of an audit.

All patterns are one regular expression, the most literal first, each with an empty group at its end that
tells which one it was. That expression refuses long keys where some pattern is open (see
`Pattern.is_open`), so that no key of a hostile writer holds an audit up; those few go the slow way.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from apexplan_redis.patterns.pattern import SHORT_BYTES, Pattern

UNKNOWN: Final = -1


class Classifier:
    """Tells which of `patterns` wins a key. Among those that tie, the first one does."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._ranked = sorted(enumerate(patterns), key=lambda pair: pair[1].rank, reverse=True)
        # By the number of the group; groups are counted from 1.
        self._winner = (UNKNOWN, *(index for index, _ in self._ranked))
        choices = b"|".join(pattern.nameless_regex + b"()" for _, pattern in self._ranked) or b"(?!)"
        short = b"(?!.{%d})" % (SHORT_BYTES + 1) if any(pattern.is_open for pattern in patterns) else b""
        self._match = re.compile(rb"%b(?:%b)\Z" % (short, choices), re.DOTALL).match

    def index(self, key: bytes) -> int:
        """Returns the index of the pattern that wins `key`, UNKNOWN where there is none."""
        return self.indexes((key,))[0]

    def indexes(self, keys: Sequence[bytes]) -> list[int]:
        """Returns `index` of each of `keys`."""
        match, winner = self._match, self._winner
        return [
            winner[found.lastindex]  # type: ignore[index]  # each choice ends in a group
            if (found := match(key)) is not None
            else UNKNOWN
            if len(key) <= SHORT_BYTES
            else self._slow(key)
            for key in keys
        ]

    def _slow(self, key: bytes) -> int:
        return next((index for index, pattern in self._ranked if pattern.accepts(key)), UNKNOWN)
