"""A text of a manifest stays in its place: the lexer that guards what goes into SQL."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apexplan_postgres.fragments import (
    split_at_commas,
    why_not_a_type,
    why_not_an_expression,
    why_not_balanced,
)
from apexplan_postgres.names import literal

GOOD = [
    "a > 0",
    "now()",
    "coalesce(a, b)",
    "(a)::numeric(10, 2)",
    "ARRAY['a', 'b']",
    "'it''s'",
    "'a;b'",
    "'--'",
    '"odd;)name" > 0',
    '"a""b"',
    r"'\'",
    r"E'it\'s'",
    r"e'\\'",
    r"typE'x\'",
    "E'a'\n'b\\''",
    "'a'\n'b\\'",
    "$$ ' ; ( $$",
    "$tag$ $$ ' $tag$",
    "a$b$c > 0",
    "é$a$b > 0",
    r"U&'\0041'",
    "B'101'",
    "a - -1",
    "CASE WHEN a THEN 1 ELSE 2 END",
]

BAD = {
    "": "empty",
    "  \n": "empty",
    "a\0b": "NUL",
    "a;": "`;`",
    "a -- b": "comment",
    "a /* b */": "comment",
    "a--1": "comment",
    "(a": "( is not closed",
    "a)": ") closes",
    "(a]": "] closes",
    "[a)": ") closes",
    "a) OR (b": ") closes",
    "'a": "' is not closed",
    '"a': '" is not closed',
    "'a''": "' is not closed",
    r"E'a\'": "E' is not closed",
    r"E'a''b\'": "E' is not closed",
    "E'a'\n'b\\'": "E' is not closed",
    r"'\'; DROP TABLE x; --'": "`;`",
    "$a$ b": "$a$ is not closed",
    "$a$ b $A$": "$a$ is not closed",
    "x$a$ ; $a$": "`;`",
    "é$a$ ; $a$": "`;`",
    "$1a$ ; $1a$": "`;`",
}

LEAVES = {
    "1, ADD COLUMN x int": "comma",
    "1 NOT NULL": "`not`",
    "1 CHECK (x)": "`check`",
    "1 REFERENCES t": "`references`",
    "1 unique": "`unique`",
    "a FROM b": "`from`",
    "1 WHERE false": "`where`",
    "0.unique": "`unique`",
}

TYPES = [
    "int",
    "varchar(20)",
    "vector(1536)",
    "numeric(10, -2)",
    "geometry(Point, 4326)",
    "text[]",
    "integer[3][]",
    "app.mood",
    '"Odd Name"."Type"[]',
    "double precision",
    "character varying(20)",
    "national character varying(3)",
    "bit varying(5)",
    "timestamp",
    "timestamp(3) with time zone",
    "time without time zone",
    "interval day to second(3)",
]

NO_TYPES = [
    "",
    "int not null",
    "text UNIQUE",
    "text COLLATE x",
    "int;",
    "int)",
    "int(",
    "'x'",
    "a b",
    "a,b",
    "int--",
]


@pytest.mark.parametrize("text", GOOD)
def test_an_expression_that_stays_in_its_place_passes(text: str) -> None:
    assert why_not_an_expression(text) == ""


@pytest.mark.parametrize(("text", "why"), BAD.items())
def test_a_text_that_leaves_its_place_is_refused(text: str, why: str) -> None:
    assert why in why_not_an_expression(text)


@pytest.mark.parametrize(("text", "why"), LEAVES.items())
def test_a_text_without_parentheses_around_it_begins_no_other_clause(text: str, why: str) -> None:
    assert why in why_not_an_expression(text, enclosed=False)


@pytest.mark.parametrize("text", LEAVES)
def test_in_parentheses_no_clause_can_begin(text: str) -> None:
    assert why_not_an_expression(f"({text})", enclosed=False) == ""


@pytest.mark.parametrize("text", TYPES)
def test_a_type_is_a_type(text: str) -> None:
    assert why_not_a_type(text) == ""


@pytest.mark.parametrize("text", NO_TYPES)
def test_more_than_a_type_is_no_type(text: str) -> None:
    assert why_not_a_type(text)


def test_a_body_of_statements_may_hold_semicolons() -> None:
    assert why_not_balanced("BEGIN ATOMIC SELECT 1; SELECT 2; END", statements=True) == ""


def test_commas_in_quotes_and_brackets_separate_nothing() -> None:
    assert split_at_commas("a, f(b, c), 'd,e', \"f,g\"") == ["a", "f(b, c)", "'d,e'", '"f,g"']


# Pieces that quotes, escapes and dollar signs are made of, in every order.
_NASTY = st.lists(
    st.sampled_from(
        ["'", '"', "\\", "E", "e", "$", "$$", "$a$", "a", "é", "1", "(", ")", "[", "]", "\n", " ", ","]
    ),
    max_size=12,
).map("".join)


@given(_NASTY)
def test_what_stands_after_a_text_that_passed_is_never_swallowed(text: str) -> None:
    if why_not_an_expression(text) == "":
        assert "closes" in why_not_an_expression(f"{text} )")
        assert "`;`" in why_not_an_expression(f"{text} ; x")


@given(_NASTY)
def test_what_passes_passes_in_parentheses(text: str) -> None:
    if why_not_an_expression(text) == "":
        assert why_not_an_expression(f"({text})", enclosed=False) == ""


@given(st.text().filter(lambda text: "\0" not in text))
def test_a_quoted_text_passes_whatever_it_holds(text: str) -> None:
    assert why_not_an_expression(literal(text)) == ""
