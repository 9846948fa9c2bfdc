"""Counts of undeclared keys by the pattern that they seem to follow, in bounded memory.

When there are too many groups, the place that has the most distinct words below one prefix is *widened*:
its words become `{s}`, now and for all keys to come. Words with a fair share of all keys stay, so that
`session:{id:uuid7}` with its millions is not lost among a million names that stand once. Where nothing is
left to widen, further groups are counted as `*`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from apexplan_redis.patterns.guessing import REST, SOME, Shapes, is_word, shapes, spelled

MOST_GROUPS: Final = 1000
MOST_SAMPLES: Final = 5
_LONGEST_SAMPLE_BYTES: Final = 1024
# A word is not widened while it has the share of so many groups: at most a tenth of the groups at each depth
# of the keys are words for that reason.
_FAIR_GROUPS: Final = 10


@dataclass(frozen=True, slots=True)
class Group:
    """Keys that seem to follow one pattern: its text, how many there are, and the first few."""

    text: str
    count: int
    samples: tuple[bytes, ...]


@dataclass(slots=True)
class _Tally:
    count: int = 0
    samples: list[bytes] = field(default_factory=list)

    def take(self, count: int, samples: Iterable[bytes]) -> None:
        self.count += count
        for sample in samples:
            if len(self.samples) < MOST_SAMPLES and len(sample) <= _LONGEST_SAMPLE_BYTES:
                self.samples.append(sample)


class Groups:
    """At most `most` groups of keys."""

    def __init__(self, most: int = MOST_GROUPS) -> None:
        self._most = most
        self._tallies: dict[Shapes, _Tally] = {}
        # Prefix → the words that stay where all others below it are `{s}`.
        self._widened: dict[Shapes, frozenset[str]] = {}
        self._is_spent = False

    def add(self, key: bytes) -> None:
        """Counts one key."""
        self._tally(shapes(key)).take(1, (key,))

    def add_many(self, keys: Iterable[bytes]) -> None:
        """Counts each of `keys`."""
        for key in keys:
            self.add(key)

    def found(self) -> list[Group]:
        """Returns the groups, the largest first."""
        groups = [
            Group(spelled(which), tally.count, tuple(tally.samples)) for which, tally in self._tallies.items()
        ]
        return sorted(groups, key=lambda group: (-group.count, group.text))

    def _tally(self, found: Shapes) -> _Tally:
        which = self._as_widened(found)
        tally = self._tallies.get(which)
        if tally is not None:
            return tally
        if self._is_full and not self._is_spent:
            self._make_room()
            which = self._as_widened(found)
        known = which in self._tallies or not self._is_full
        return self._tallies.setdefault(which if known else (REST,), _Tally())

    @property
    def _is_full(self) -> bool:
        return len(self._tallies) >= self._most - 1  # the last one is for `*`

    def _as_widened(self, found: Shapes) -> Shapes:
        if not self._widened:
            return found
        wide: list[str] = []
        for shape in found:
            stays = self._widened.get(tuple(wide))
            wide.append(shape if stays is None or shape in stays or not is_word(shape) else SOME)
        return tuple(wide)

    def _make_room(self) -> None:
        """Widens until a quarter of the groups is free, so that it need not be done for each new one."""
        while len(self._tallies) > self._most * 3 // 4:
            staying, passing = self._words()
            prefix = max(passing, key=lambda one: len(passing[one]), default=None)
            if prefix is None or len(passing[prefix]) < 2:
                break
            self._widen(prefix, staying[prefix])
        self._is_spent = self._is_full

    def _words(self) -> tuple[Mapping[Shapes, set[str]], Mapping[Shapes, set[str]]]:
        """Returns the words below each prefix: those with a fair share of all keys, and the others."""
        counts: Counter[tuple[Shapes, str]] = Counter()
        for which, tally in self._tallies.items():
            for depth, shape in enumerate(which):
                if is_word(shape):
                    counts[which[:depth], shape] += tally.count
        fair = sum(tally.count for tally in self._tallies.values()) * _FAIR_GROUPS / self._most
        staying: dict[Shapes, set[str]] = defaultdict(set)
        passing: dict[Shapes, set[str]] = defaultdict(set)
        for (prefix, word), count in counts.items():
            (staying if count >= fair else passing)[prefix].add(word)
        return staying, passing

    def _widen(self, prefix: Shapes, staying: Iterable[str]) -> None:
        self._widened[prefix] = frozenset(staying)
        widened: dict[Shapes, frozenset[str]] = {}
        for former, words in self._widened.items():
            which = self._as_widened(former)
            widened[which] = widened.get(which, frozenset()) | words
        self._widened = widened
        tallies, self._tallies = self._tallies, {}
        for which, tally in tallies.items():
            self._tallies.setdefault(self._as_widened(which), _Tally()).take(tally.count, tally.samples)
