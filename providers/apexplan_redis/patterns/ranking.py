"""Which pattern wins a key, and which pairs share one.

The most literal pattern wins (`Pattern.rank`): `sessions:expires:{id}` before `sessions:*`. Where two of
equal rank share a key, nothing decides: that is a tie, and a mistake of the contract.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from apexplan_redis.patterns.automata import common
from apexplan_redis.patterns.pattern import Pattern


def overlap(a: Pattern, b: Pattern) -> str | None:
    """Returns one of the shortest keys that both have, None where there is none. Exact."""
    if _differ_at_an_end(a, b):
        return None
    key = common(a.automaton, b.automaton)
    return None if key is None else key.decode(errors="surrogateescape")


def ties(patterns: Sequence[Pattern]) -> list[tuple[Pattern, Pattern, str]]:
    """Returns the pairs that share a key, which none of the two wins, with such a key."""
    return [(a, b, key) for a, b, key in _shared(patterns) if a.rank == b.rank]


def overlaps(patterns: Sequence[Pattern]) -> list[tuple[Pattern, Pattern, str]]:
    """Returns the pairs that share a key, which the first of the two wins, with such a key."""
    return [
        (a, b, key) if a.rank > b.rank else (b, a, key) for a, b, key in _shared(patterns) if a.rank != b.rank
    ]


def _shared(patterns: Sequence[Pattern]) -> Iterator[tuple[Pattern, Pattern, str]]:
    for a, b in combinations(patterns, 2):
        key = overlap(a, b)
        if key is not None:
            yield a, b, key


def _differ_at_an_end(a: Pattern, b: Pattern) -> bool:
    """True where the ends alone show that no key is of both: most pairs of a contract."""
    heads_agree = a.prefix.startswith(b.prefix) or b.prefix.startswith(a.prefix)
    tails_agree = a.suffix.endswith(b.suffix) or b.suffix.endswith(a.suffix)
    return not (heads_agree and tails_agree)
