"""Texts → patterns: canonical spelling, and what is wrong with a text and where."""

from __future__ import annotations

import pytest
from hypothesis import given

from apexplan_redis.patterns import Literal, Pattern, PatternError, Placeholder, parse
from apexplan_redis.patterns.types import ANY, STR
from tests.unit.redis.redis_patterns_kit import PATTERNS, UNTIMED


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("doc:{id}", "doc:{id}"),
        ("doc:{id:str}", "doc:{id}"),
        ("query:*", "query:*"),
        ("query:{rest:any}", "query:{rest:any}"),
        ("{{apex}}:doc:{id}", "{{apex}}:doc:{id}"),
        ("{{{tenant}}}:doc:{id}", "{{{tenant}}}:doc:{id}"),
        (r"a\*b\\c", r"a\*b\\c"),
        ("flag:{e:enum(b|a|c)}", "flag:{e:enum(a|b|c)}"),
        ("h:{h:hex16}:{u:uuid7}:{i:ulid}", "h:{h:hex16}:{u:uuid7}:{i:ulid}"),
        ("{day:date}{n:int}", "{day:date}{n:int}"),
        ("schlüssel:{id}", "schlüssel:{id}"),
    ],
)
def test_a_pattern_has_one_canonical_spelling(text: str, canonical: str) -> None:
    assert parse(text).text == canonical


@UNTIMED
@given(PATTERNS)
def test_the_canonical_spelling_spells_the_same_pattern(pattern: Pattern) -> None:
    assert parse(pattern.text) == pattern


def test_literals_that_stand_side_by_side_are_one() -> None:
    assert parse(r"a{{b}}\*{id}*".replace("{id}*", ":{id}:*")).parts == (
        Literal("a{b}*:"),
        Placeholder("id", STR),
        Literal(":"),
        Placeholder("", ANY),
    )


@pytest.mark.parametrize(
    ("text", "summary", "position"),
    [
        ("", "a pattern is empty", 0),
        ("doc:{id", "a brace stands alone", 4),
        ("doc:id}", "a brace stands alone", 6),
        ("a{b{c}}", "a brace stands alone", 1),
        ("doc:{}", "a placeholder has no proper name", 4),
        ("doc:{:int}", "a placeholder has no proper name", 4),
        ("doc:{1a}", "a placeholder has no proper name", 4),
        ("doc:{a b}", "a placeholder has no proper name", 4),
        ("doc:{é}", "a placeholder has no proper name", 4),
        ("doc:{id:}", "a placeholder has an unknown type", 8),
        ("doc:{id:uid7}", "a placeholder has an unknown type", 8),
        ("doc:{id: int}", "a placeholder has an unknown type", 8),
        ("doc:{id:hex0}", "a placeholder has an unknown type", 8),
        ("doc:{id:hex016}", "a placeholder has an unknown type", 8),
        ("doc:{id:hex129}", "a placeholder has an unknown type", 8),
        ("doc:{e:enum()}", "an enum has a value that cannot be one", 7),
        ("doc:{e:enum(a||b)}", "an enum has a value that cannot be one", 7),
        ("doc:{e:enum(a:b)}", "an enum has a value that cannot be one", 7),
        ("doc:{e:enum(a|b|a)}", "an enum has a value twice", 7),
        (r"doc\:{id}", "a backslash escapes nothing", 3),
        ("doc\\", "a backslash escapes nothing", 3),
        ("a:{id}:b:{id:int}", "a placeholder stands twice", 9),
        ("a:{b}{c}", "two placeholders of variable length stand side by side", 5),
        ("a:{b}{h:hex4}{c}", "two placeholders of variable length stand side by side", 13),
        ("a:**", "two placeholders of variable length stand side by side", 3),
        ("{a}-{b}-{c}-{d}", "too many placeholders end in a byte that they may hold", 8),
        ("a\ud800", "a pattern is no text", 1),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, summary: str, position: int) -> None:
    with pytest.raises(PatternError) as caught:
        parse(text)
    assert (caught.value.summary, caught.value.position) == (summary, position)


@pytest.mark.parametrize(
    ("wanted", "meant"), [("uid7", "uuid7"), ("UUID", "uuid"), ("integer", "int"), ("enum", "enum(a|b|c)")]
)
def test_a_type_that_is_nearly_right_is_suggested(wanted: str, meant: str) -> None:
    with pytest.raises(PatternError) as caught:
        parse(f"doc:{{id:{wanted}}}")
    assert caught.value.mend.startswith(f"did you mean {meant}? ")


def test_the_summary_of_an_unknown_type_holds_no_text_of_the_user() -> None:
    with pytest.raises(PatternError) as caught:
        parse("doc:{id:zebra}")
    assert "zebra" not in caught.value.summary and "zebra" in caught.value.what


@pytest.mark.parametrize("text", ["{a:hex4}{b}", "{a}{b:hex4}", "{a:date}{b:uuid}", "*{a:hex4}"])
def test_neighbours_are_allowed_where_lengths_tell_them_apart(text: str) -> None:
    assert parse(text).text == text


@pytest.mark.parametrize("text", ["{a}:{b}:{c}:{d}:{e}", "{a:int}-{b:int}-{c:int}-{d}", "*:{a}:*:{b}:*"])
def test_placeholders_that_cannot_hold_what_follows_are_not_open(text: str) -> None:
    assert parse(text).text == text
