"""Pairs of patterns: keys in common, ties, clear winners."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apexplan_redis.patterns import Pattern, overlap, overlaps, parse, ties
from tests.unit.redis.redis_patterns_kit import PATTERNS, UNTIMED, naive, parsed

# Short patterns over three bytes: all keys of up to five bytes are tried one by one.
SMALL = (
    st.lists(
        st.sampled_from(["a", ":", "0", "*", "{P}", "{P:int}", "{P:hex2}", "{P:slug}"]),
        min_size=1,
        max_size=3,
    )
    .map(lambda pieces: parsed("".join(p.replace("P", f"p{n}") for n, p in enumerate(pieces))))
    .filter(lambda pattern: pattern is not None)
)
SMALL_KEYS = [bytes(key) for length in range(1, 6) for key in product(b"a:0", repeat=length)]


@UNTIMED
@given(PATTERNS, PATTERNS)
def test_the_key_in_common_is_of_both(a: Pattern, b: Pattern) -> None:
    key = overlap(a, b)
    if key is not None:
        data = key.encode(errors="surrogateescape")
        assert naive(a, data) and naive(b, data)


@UNTIMED
@given(SMALL, SMALL)
def test_patterns_without_a_key_in_common_have_none_when_all_are_tried(a: Pattern, b: Pattern) -> None:
    tried = any(naive(a, key) and naive(b, key) for key in SMALL_KEYS)
    assert tried <= (overlap(a, b) is not None)


@UNTIMED
@given(PATTERNS)
def test_a_pattern_overlaps_itself(pattern: Pattern) -> None:
    assert overlap(pattern, pattern) is not None


@UNTIMED
@given(PATTERNS, PATTERNS)
def test_overlap_does_not_depend_on_the_order(a: Pattern, b: Pattern) -> None:
    assert (overlap(a, b) is None) == (overlap(b, a) is None)


@pytest.mark.parametrize(
    ("a", "b", "key"),
    [
        ("sessions:{id}", "sessions:expires:{id}", None),
        ("sessions:*", "sessions:expires:{id}", "sessions:expires:a"),
        ("doc:{id:int}", "doc:{id:uuid}", None),
        ("doc:{id:int}", "doc:{id:slug}", "doc:1"),
        ("a:*", "*:b", "a:b"),
        ("*:b:*", "a:*", "a:b:a"),
        ("é{a}", "*é", "éé"),
        ("{h:hex4}", "{h:hex5}", None),
        ("{u:uuid4}", "{u:uuid7}", None),
        ("{e:enum(a|b)}", "{e:enum(b|c)}", "b"),
        ("user:{id}:docs", "user:{id}:tags", None),
        ("user:{{a}}", "user:{id}", "user:{a}"),
    ],
)
def test_an_overlap_is_shown_by_a_key(a: str, b: str, key: str | None) -> None:
    assert overlap(parse(a), parse(b)) == key


def test_patterns_of_equal_rank_with_a_key_in_common_tie() -> None:
    a, b, c = parse("doc:{id}"), parse("doc:{n:int}"), parse("doc:*")
    assert ties([a, b, c]) == [(a, b, "doc:1")]


def test_the_winner_of_an_overlap_stands_first() -> None:
    a, b, c = parse("doc:*"), parse("doc:{id}"), parse("doc:{id}:meta")
    assert overlaps([a, b, c]) == [(b, a, "doc:a"), (c, a, "doc:a:meta")]
