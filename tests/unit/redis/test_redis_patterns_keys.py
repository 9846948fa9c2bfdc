"""Patterns and keys: values, globs, hash tags, ranks."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apexplan_redis.patterns import Pattern, parse
from apexplan_redis.patterns.automata import accepts
from apexplan_redis.patterns.pattern import SHORT_BYTES
from tests.unit.redis.redis_patterns_kit import PATTERNS, UNTIMED, glob_matches, keys_near, naive

RANDOMS = st.randoms(use_true_random=False)


@UNTIMED
@given(PATTERNS, RANDOMS)
def test_samples_are_of_the_pattern(pattern: Pattern, random: Random) -> None:
    assert all(naive(pattern, sample.encode()) for sample in pattern.samples(random, 5))


@UNTIMED
@given(st.data())
def test_the_glob_has_all_keys_of_the_pattern(data: st.DataObject) -> None:
    pattern = data.draw(PATTERNS)
    key = data.draw(keys_near(pattern))
    assert glob_matches(pattern.glob, key) or not naive(pattern, key)


@UNTIMED
@given(st.data())
def test_the_automaton_and_the_expression_are_of_one_language(data: st.DataObject) -> None:
    pattern = data.draw(PATTERNS)
    key = data.draw(keys_near(pattern))
    assert accepts(pattern.automaton, key) == naive(pattern, key) == pattern.accepts(key)


@UNTIMED
@given(st.data())
def test_a_key_made_of_values_is_read_back_as_these(data: st.DataObject) -> None:
    pattern = data.draw(
        PATTERNS.filter(lambda one: "" not in {getattr(part, "name", "x") for part in one.parts})
    )
    random = data.draw(RANDOMS)
    values = {name: kind.sample(random).decode() for name, kind in pattern.placeholders.items()}
    try:
        key = pattern.key(**values)
    except ValueError as error:
        assert pattern.is_open and "read back" in str(error)
    else:
        assert pattern.match(key.encode()) == values


def test_bytes_that_are_no_text_come_back_in_a_key_as_they_were() -> None:
    pattern = parse("doc:{id}")
    values = pattern.match(b"doc:\xff\xfe")
    assert values is not None
    assert pattern.key(**values).encode(errors="surrogateescape") == b"doc:\xff\xfe"


def test_a_number_is_a_value() -> None:
    assert parse("doc:{n:int}").key(n=12) == "doc:12"


def test_a_placeholder_may_have_the_name_self() -> None:
    assert parse("doc:{self}").key(self="x") == "doc:x"


def test_a_star_has_no_value() -> None:
    assert parse("query:*").match(b"query:a:b") == {}


@pytest.mark.parametrize(
    ("text", "values", "why"),
    [
        ("doc:{id}", {}, "takes id, not nothing"),
        ("doc:{id}", {"id": "x", "n": "1"}, "takes id, not id, n"),
        ("doc", {"id": "x"}, "takes nothing, not id"),
        (
            "doc:{id}",
            {"id": "a:b"},
            "id of doc:{id} is no str: that is one or more bytes, none of them a colon",
        ),
        ("doc:{id:int}", {"id": "007"}, "id of doc:{id:int} is no int"),
        ("query:*", {}, "has a `*`, for which no value can be given"),
        ("{a}-{b}", {"a": "x", "b": "y-z"}, "would be read back as others"),
    ],
)
def test_a_key_that_cannot_be_is_refused(text: str, values: dict[str, str], why: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse(text).key(**values)
    assert why in str(caught.value)


@pytest.mark.parametrize("key", [b"doc:", b"doc:a:b", b"doc:a\n", b"xdoc:a", b"doc"])
def test_a_key_that_has_more_or_less_than_the_pattern_is_none_of_it(key: bytes) -> None:
    assert parse("doc:{id:slug}").match(key) is None


@pytest.mark.parametrize("ending", [b"_!", b"_a"])
def test_a_long_key_of_an_open_pattern_is_judged_as_a_short_one(ending: bytes) -> None:
    pattern = parse("{a}_{b}_{c:slug}")
    stretch = b"_a" * SHORT_BYTES
    assert pattern.accepts(stretch + ending) is pattern.accepts(stretch[:10] + ending)


def test_a_long_key_that_was_made_to_be_slow_is_no_key_of_an_open_pattern() -> None:
    assert not parse("*_*_{n:int}").accepts(b"_" * 100_000 + b"x")


@pytest.mark.parametrize(
    ("text", "glob"),
    [
        ("doc:{id}", b"doc:*"),
        ("query:*", b"query:*"),
        ("{{apex}}:doc:{id}", b"{apex}:doc:*"),
        (r"a\*b?c[d]e\\^-", rb"a\*b\?c\[d]e\\^-"),
        ("h:{h:hex4}", b"h:????"),
        ("d:{d:date}", b"d:????-??-??"),
        ("e:{e:enum(aa|ba)}", b"e:?a"),
        ("e:{e:enum(a|ba)}", b"e:*"),
        ("ü", "ü".encode()),
    ],
)
def test_the_glob_keeps_literals_and_lengths(text: str, glob: bytes) -> None:
    assert parse(text).glob == glob


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("doc:{id}", None),
        ("{{apex}}:doc:{id}", "apex"),
        ("{{{tenant}}}:doc:{id}", "{tenant}"),
        ("{{{tenant:uuid}}}:doc", "{tenant}"),
        ("{{a{t}b}}:doc", "a{t}b"),
        ("doc:{{*}}", "*"),
        ("{{}}:{{a}}", None),
        ("doc:{{apex", None),
        ("doc}}{{a}}", "a"),
        ("{{{{a}}}}", "{a"),
        ("{{a}}{{b}}", "a"),
    ],
)
def test_the_hash_tag_is_what_stands_in_the_first_braces(text: str, tag: str | None) -> None:
    assert parse(text).hash_tag == tag


@pytest.mark.parametrize(
    ("text", "everything"),
    [("*", True), ("{x}", True), ("{x:any}", True), ("{x:int}", False), ("{a}:{b}", False), ("a", False)],
)
def test_a_pattern_that_nothing_narrows_is_known(text: str, everything: bool) -> None:
    assert parse(text).matches_everything is everything


def test_literal_bytes_are_bytes_and_not_characters() -> None:
    assert parse("ü:{{a}}:{id}").literal_bytes == 7


def test_more_literal_bytes_rank_higher() -> None:
    assert parse("sessions:expires:*").rank > parse("sessions:{id:uuid}").rank


def test_among_equally_literal_patterns_fewer_any_rank_higher() -> None:
    assert parse("sessions:{id}").rank > parse("sessions:*").rank


def test_names_are_those_of_the_pattern_in_its_order() -> None:
    assert [f"{name}={kind}" for name, kind in parse("a:{z:int}:{b}:*").placeholders.items()] == [
        "z=int",
        "b=str",
    ]
