"""Undeclared keys: the pattern that each seems to follow, and counts of them in bounded memory."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apexplan_redis.patterns import Groups, guess, parse
from tests.unit.redis.redis_patterns_kit import UNTIMED

SEGMENTS = st.sampled_from(
    [
        b"",
        b"user",
        b"7",
        b"2025-01-01",
        b"{a}",
        b"{7}",
        b"{x1}",
        b"*",
        b"a\\b",
        b"}{",
        b"v2",
        b"\xff",
        b"deadbeef1",
    ]
)
KEYS = st.lists(SEGMENTS | st.binary(max_size=5), max_size=12).map(b":".join).filter(bool)
UUID7 = "0190163d-8694-739b-aea5-966c26f8ad91"


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("user:docs:7", "user:docs:{n:int}"),
        (f"session:{UUID7}", "session:{id:uuid7}"),
        (f"pair:{UUID7}:{UUID7.replace('-7', '-4')}", "pair:{id:uuid7}:{id2:uuid4}"),
        (f"odd:{UUID7.replace('-7', '-1')}", "odd:{id:uuid}"),
        ("job:01ARZ3NDEKTSV4RRFFQ69G5FAV", "job:{id:ulid}"),
        ("emb:deadbeef01234567", "emb:{h:hex16}"),
        ("emb:deadbeef012345678", "emb:{h:hex}"),
        ("emb:12345678901234567890123456789012", "emb:{h:hex32}"),
        ("stat:2025-12-31:1:2", "stat:{d:date}:{n:int}:{n2:int}"),
        ("api:v2:rate-limit:user_docs", "api:v2:rate-limit:user_docs"),
        ("user:alice99", "user:{s}"),
        ("user:007", "user:{s}"),
        ("user:" + "a" * 25, "user:{s}"),
        ("{apex}:doc:1", "{{apex}}:doc:{n:int}"),
        ("{17}:doc", "{{{n:int}}}:doc"),
        ("{a1}:doc", "{s}:doc"),
        ("a:b:c:d:e:f:g:h:i:j", "a:b:c:d:e:f:g:h:*"),
        ("a:b:c:d:e:f:g:h:", "a:b:c:d:e:f:g:h:"),
        ("a::b", "a::b"),
    ],
)
def test_a_segment_that_looks_like_a_type_becomes_a_placeholder(key: str, text: str) -> None:
    assert guess(key.encode()) == text


def test_bytes_that_are_no_text_become_a_placeholder() -> None:
    assert guess(b"blob:\xff\xfe:x") == "blob:{s}:x"


@UNTIMED
@given(KEYS)
def test_a_guess_is_a_pattern_of_the_key(key: bytes) -> None:
    assert parse(guess(key)).accepts(key)


def counted(keys: list[bytes], most: int) -> Groups:
    groups = Groups(most)
    groups.add_many(keys)
    return groups


@UNTIMED
@given(st.lists(KEYS, max_size=60), st.integers(1, 9))
def test_there_are_never_more_groups_than_allowed(keys: list[bytes], most: int) -> None:
    assert len(counted(keys, most).found()) <= most


@UNTIMED
@given(st.lists(KEYS, max_size=60), st.integers(1, 9))
def test_no_key_is_lost_when_groups_are_widened(keys: list[bytes], most: int) -> None:
    assert sum(group.count for group in counted(keys, most).found()) == len(keys)


@UNTIMED
@given(st.lists(KEYS, max_size=60), st.integers(1, 9))
def test_the_samples_of_a_group_are_keys_of_its_pattern(keys: list[bytes], most: int) -> None:
    for group in counted(keys, most).found():
        assert all(parse(group.text).accepts(sample) for sample in group.samples)


def test_a_group_keeps_its_first_keys_and_the_largest_group_comes_first() -> None:
    found = counted([b"b:1", *(b"a:%d" % n for n in range(9))], 100).found()
    assert [(group.text, group.count) for group in found] == [("a:{n:int}", 9), ("b:{n:int}", 1)]
    assert found[0].samples == (b"a:0", b"a:1", b"a:2", b"a:3", b"a:4")


def test_a_key_of_a_megabyte_is_counted_and_not_kept() -> None:
    found = counted([b"x:" + b"1" * 1_000_000], 100).found()
    assert [(group.text, group.count, group.samples) for group in found] == [("x:{h:hex}", 1, ())]


def word(number: int) -> bytes:
    """Returns one of many words without a digit."""
    return bytes(97 + int(digit) for digit in str(number))


def test_many_distinct_names_become_one_group() -> None:
    found = counted([b"%b:cart:%d" % (word(n), n) for n in range(5000)], 100).found()
    assert [(group.text, group.count) for group in found] == [("{s}:cart:{n:int}", 5000)]


def test_a_name_with_many_keys_is_not_widened_with_those_that_stand_once() -> None:
    keys = [key for n in range(5000) for key in (b"%b:%d" % (word(n), n), b"session:%d" % n)]
    found = counted(keys, 100).found()
    assert [(group.text, group.count) for group in found] == [
        ("session:{n:int}", 5000),
        ("{s}:{n:int}", 5000),
    ]


def test_numbers_and_empty_segments_stay_what_they_are_among_widened_names() -> None:
    keys = [key for n in range(200) for key in (b"user:%b" % word(n), b"user:%d" % n, b"user:")]
    found = counted(keys, 100).found()
    assert [(group.text, group.count) for group in found] == [
        ("user:", 200),
        ("user:{n:int}", 200),
        ("user:{s}", 200),
    ]


def test_the_place_with_the_most_names_is_widened_first() -> None:
    keys = [b"%b:%b" % (first, word(n)) for n in range(200) for first in (b"users", b"docs")]
    keys += [b"other:a", b"other:b"]
    texts = {group.text for group in counted(keys, 100).found()}
    assert texts == {"users:{s}", "docs:{s}", "other:a", "other:b"}


def test_where_nothing_is_left_to_widen_the_rest_is_counted_together() -> None:
    random = Random(5)
    kinds = [b"7", b"2025-01-01", b"a1", b"deadbeef1"]
    keys = [b":".join(random.choices(kinds, k=4)) for _ in range(500)]
    found = counted(keys, 20).found()
    assert len(found) == 20 and "*" in {group.text for group in found}
