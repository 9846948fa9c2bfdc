"""A piece of SQL stays in its place."""

from __future__ import annotations

import pytest

from apexplan_postgres.fragments import why_not_an_expression
from apexplan_postgres.sqltext import is_name, is_operator

ONE = [
    "i > 0",
    "(a) OR (b)",
    "s = ';' AND t = ')'",
    "s = 'it''s; --'",
    r"s = E'it\'s; --'",
    "s = $$ ; ) -- $$",
    "s = $a$ ; $$ ) $a$",
    'f("odd;)--name")',
    "coalesce(a, b)",
    "ARRAY[1, 2] = x",
    "a - -1",
]
NOT_ONE = [
    ("i > 0), DROP COLUMN x", "closes"),
    ("i > 0; DROP TABLE t", "`;`"),
    ("i > 0 -- rest", "comment"),
    ("i /* */ > 0", "comment"),
    ("5, ADD COLUMN x int", "comma"),
    ("(i > 0", "not closed"),
    ("s = 'open", "quote"),
    ('"open', "quote"),
    (r"s = '\'; DROP TABLE t; --'", "`;`"),
    ("  ", "empty"),
]


@pytest.mark.parametrize("text", ONE)
def test_an_expression_is_one(text: str) -> None:
    assert why_not_an_expression(text, enclosed=False) == ""


@pytest.mark.parametrize(("text", "why"), NOT_ONE)
def test_a_text_that_leaves_its_place_is_not(text: str, why: str) -> None:
    assert why in why_not_an_expression(text, enclosed=False)


@pytest.mark.parametrize("text", ["text_ops", "public.vector_l2_ops", '"C"', 'pg_catalog."de-x-icu"', "ä"])
def test_a_name_is_a_name(text: str) -> None:
    assert is_name(text)


@pytest.mark.parametrize("text", ["", "a.b.c", "a b", '"C" DEFAULT f()', "a(b)", '"open', "1a", "a\n"])
def test_more_than_a_name_is_none(text: str) -> None:
    assert not is_name(text)


@pytest.mark.parametrize("text", ["=", "&&", "<->", "public.<=>"])
def test_an_operator_is_an_operator(text: str) -> None:
    assert is_operator(text)


@pytest.mark.parametrize("text", ["", "--", "= x", "/*", "=)", "a"])
def test_more_than_an_operator_is_none(text: str) -> None:
    assert not is_operator(text)
