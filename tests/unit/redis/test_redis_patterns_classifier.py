"""Keys → the pattern that wins each."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apexplan_redis.patterns import Classifier, Pattern, parse
from apexplan_redis.patterns.pattern import SHORT_BYTES
from tests.unit.redis.redis_patterns_kit import PATTERNS, UNTIMED, keys_near, naive

TEXTS = ("query:*", "sessions:{id}", "sessions:expires:{id}", "sessions:*", "doc:{n:int}", "doc:{id}")


@pytest.mark.parametrize(
    ("key", "winner"),
    [
        (b"query:a:b", "query:*"),
        (b"sessions:1", "sessions:{id}"),
        (b"sessions:expires:1", "sessions:expires:{id}"),
        (b"sessions:expires:1:2", "sessions:*"),
        (b"doc:1", "doc:{n:int}"),
        (b"doc:x", "doc:{id}"),
        (b"doc:\xff\xfe", "doc:{id}"),
        (b"doc:1\n", "doc:{id}"),
        (b"doc:", None),
        (b"", None),
        (b"docs:x", None),
        (b"\xff", None),
    ],
)
def test_the_most_literal_pattern_wins_and_the_first_of_a_tie(key: bytes, winner: str | None) -> None:
    index = Classifier([parse(text) for text in TEXTS]).index(key)
    assert (TEXTS[index] if index >= 0 else None) == winner


def winner(patterns: list[Pattern], key: bytes) -> int:
    """Returns the index of the pattern that ranks highest among those that have `key`, -1 for none."""
    having = [index for index, pattern in enumerate(patterns) if naive(pattern, key)]
    return max(having, key=lambda index: (patterns[index].rank, -index), default=-1)


@UNTIMED
@given(st.data())
def test_a_key_gets_the_winner_that_trying_all_patterns_gives(data: st.DataObject) -> None:
    patterns = data.draw(st.lists(PATTERNS, max_size=6))
    keys = data.draw(st.lists(st.one_of(st.binary(max_size=9), *map(keys_near, patterns)), max_size=8))
    assert Classifier(patterns).indexes(keys) == [winner(patterns, key) for key in keys]


def test_without_patterns_every_key_is_unknown() -> None:
    assert Classifier([]).indexes([b"", b"a"]) == [-1, -1]


def test_a_long_key_gets_the_same_winner_where_a_pattern_is_open() -> None:
    patterns = [parse("log:{a}-{b}"), parse("log:{a}"), parse("blob:*")]
    long = b"x" * SHORT_BYTES
    assert Classifier(patterns).indexes([b"log:a-" + long, b"log:" + long, b"blob:" + long, long]) == [
        0,
        1,
        2,
        -1,
    ]


@pytest.mark.parametrize("length", [SHORT_BYTES - 1, SHORT_BYTES, SHORT_BYTES + 1])
def test_a_key_at_the_length_from_which_keys_are_long_is_not_overlooked(length: int) -> None:
    assert Classifier([parse("log:{a}-{b}")]).index(b"log:a-".ljust(length, b"x")) == 0
