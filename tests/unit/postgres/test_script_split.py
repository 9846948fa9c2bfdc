"""An SQL script comes out as its statements: cases as files, and what holds for every text."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apexplan.migrations.script import Split, Topic
from apexplan_postgres.script import SQL
from apexplan_postgres.script.lexer import BLANKS

CASES = Path(__file__).parents[2] / "cases" / "sql_split"


def _codes(split: Split) -> list[str]:
    return [mistake.code for mistake in split.mistakes]


def _texts(script: str) -> list[str]:
    return [statement.text for statement in SQL.split(script).statements]


def _lines(text: str) -> str:
    """With every line ended by a line feed."""
    return io.StringIO(text, newline=None).read()


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir()))
def test_a_script_comes_out_as_its_case_expects(case: str) -> None:
    split = SQL.split((CASES / case / "script.sql").read_text(encoding="utf-8"))
    expected = json.loads((CASES / case / "expected.json").read_text(encoding="utf-8"))
    assert expected == {
        "statements": [
            [s.line, s.column, s.way.value, s.topic.value, " ".join(s.text.split()[:5])]
            for s in split.statements
        ],
        "mistakes": [[m.line, m.column, m.code] for m in split.mistakes],
    }


def test_comments_inside_of_a_statement_stay_and_those_around_it_go() -> None:
    script = "-- a\nDELETE /* b; /* c */ */ -- d\nFROM t /* e */ -- f\n; -- g"
    assert _texts(script) == ["DELETE /* b; /* c */ */ -- d\nFROM t"]


def test_a_body_in_standard_sql_is_one_statement_to_its_end() -> None:
    body = "CREATE PROCEDURE p() BEGIN ATOMIC DELETE FROM t; SELECT CASE a WHEN 1 THEN 2 END; END"
    assert _texts(f"{body}; SELECT 1") == [body, "SELECT 1"]


def test_semicolons_in_brackets_end_nothing() -> None:
    rule = "CREATE RULE r AS ON DELETE TO t DO ALSO (DELETE FROM a; DELETE FROM b)"
    assert _texts(f"{rule}; SELECT 1;") == [rule, "SELECT 1"]


def test_a_line_may_end_with_a_carriage_return() -> None:
    split = SQL.split("-- a\rDELETE -- b\r\nFROM t;\r\n\r\n  SELECT 1")
    assert [(s.line, s.column) for s in split.statements] == [(2, 1), (5, 3)]


def test_a_no_break_space_is_part_of_a_name() -> None:
    assert _texts("\xa0a;\xa0") == ["\xa0a", "\xa0"]


HIDDEN = [
    "\ufeffSELECT 1",
    "SELECT\0 1",
    "SELECT a\u202eb",
    "SELECT 1 -- \x1b[2J\n",
    "/* \x07 */ SELECT 1",
    "SELECT '\0'",
]


@pytest.mark.parametrize("script", HIDDEN)
def test_a_control_character_is_a_mistake(script: str) -> None:
    assert "control-character" in _codes(SQL.split(script))


def test_a_string_may_hold_control_characters_except_nul() -> None:
    assert _codes(SQL.split("SELECT '\x07\u202e', $$\x07$$")) == []


def test_a_refused_statement_is_not_among_the_statements() -> None:
    assert _texts("SELECT 1; COMMIT; SELECT 2") == ["SELECT 1", "SELECT 2"]


def test_of_a_kind_of_mistake_the_first_in_a_statement_is_told() -> None:
    split = SQL.split("SELECT 1 \\g\n \\x\n \x07; SELECT 2 \\g")
    assert [(m.code, m.line) for m in split.mistakes] == [
        ("psql-command", 1),
        ("control-character", 3),
        ("psql-command", 3),
    ]


def test_a_command_of_psql_hides_no_mistake_above_it() -> None:
    assert _codes(SQL.split("-- \x1b[2J\n\\i other.sql\nSELECT 1")) == ["control-character", "psql-command"]


def test_schema_and_data_may_stand_in_one_script() -> None:
    split = SQL.split("CREATE TABLE t (a int); INSERT INTO t VALUES (1);")
    assert ([s.topic for s in split.statements], split.mistakes) == ([Topic.SCHEMA, Topic.DATA], ())


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir()))
def test_a_mistake_says_what_is_wrong_why_and_how_to_mend_it(case: str) -> None:
    mistakes = SQL.split((CASES / case / "script.sql").read_text(encoding="utf-8")).mistakes
    assert all(m.summary and m.what and m.why and m.mend for m in mistakes)


def test_the_words_of_the_script_stand_in_what_alone() -> None:
    one, other = SQL.split("SET a = 1; RESET b;").mistakes
    assert (one.summary, one.why, one.mend) == (other.summary, other.why, other.mend)
    assert (one.what, other.what) == (
        "the statement begins with `SET a = 1`",
        "the statement begins with `RESET b`",
    )


_GAPS = st.sampled_from(
    [" ", "\n", "\t \r\n", " -- it's; $$ \"\n", " /* ; ' /* -- */ \" */ ", "/**/", " --\n"]
)
_CODE = st.sampled_from(["FROM t", "a - -1", "(b, c)", "4 / 2", "CASE WHEN a THEN b END", "(a; b)"])
_ODD_CODE = st.sampled_from(["a$b$c", "$1", "é", "a.end", "AS end", "begin", "x[1:2]"])
_BODIES = st.sampled_from(["BEGIN ATOMIC SELECT 1; END", "begin /* ; */ atomic CASE END; (;) end"])
_QUOTED = st.sampled_from(
    ["'a; -- b'", "'it''s'", "= '\\'", "E'it\\'s;'", "e'\\\\'", "U&'\\0061;'", "E'a'\n';\\''"]
)
_DOLLARS = st.sampled_from(["$$;'$$", "$a$ $$ ; $b$ $A$ $a$", '"e; \' f"', '"g""h"'])
_PIECES = _CODE | _ODD_CODE | _BODIES | _QUOTED | _DOLLARS


@st.composite
def _statements(draw: st.DrawFn) -> str:
    pieces = draw(st.lists(_PIECES, min_size=1, max_size=6))
    return "SELECT" + "".join(draw(_GAPS) + piece for piece in pieces)


@given(st.lists(_statements(), max_size=5), st.data())
def test_statements_that_were_joined_come_apart_again(statements: list[str], data: st.DataObject) -> None:
    script = "".join(data.draw(_GAPS) + text + data.draw(_GAPS) + ";" for text in statements)
    assert _texts(script + data.draw(_GAPS)) == statements


@given(st.lists(_statements(), min_size=1, max_size=3))
def test_the_last_semicolon_may_be_missing(statements: list[str]) -> None:
    assert _texts(" ;".join(statements)) == statements


# What quotes, comments and bodies are made of, in every order.
_SIGNS = st.sampled_from([*"'\"\\$-/*;()", "--", "/*", "*/", "$$", "$a$", "E'", "e'", "''"])
_BLANKS = st.sampled_from(["\n", "\r", "\r\n", " ", "\t", "\0"])
_WORDS = st.sampled_from(
    ["a", "E", "1", "BEGIN ATOMIC ", " CASE ", " END ", " AS ", ".", "COPY ", " FROM STDIN"]
)
_NASTY = st.lists(_SIGNS | _BLANKS | _WORDS, max_size=14).map("".join)


@given(_NASTY | st.text())
def test_every_statement_stands_at_its_place(script: str) -> None:
    lines = _lines(script).split("\n")
    for statement in SQL.split(script).statements:
        rest = "\n".join(lines[statement.line - 1 :])[statement.column - 1 :]
        assert rest.startswith(_lines(statement.text))


@given(_NASTY | st.text())
def test_a_statement_is_never_empty_and_has_no_blank_around_it(script: str) -> None:
    assert all(text and text == text.strip(BLANKS) for text in _texts(script))


@given(_NASTY)
def test_a_statement_split_again_is_itself(script: str) -> None:
    for statement in SQL.split(script).statements:
        again = SQL.split(statement.text).statements
        assert [(s.text, s.way, s.topic) for s in again] == [(statement.text, statement.way, statement.topic)]


@given(_NASTY)
def test_what_stands_after_a_script_that_passed_is_read_as_it_stands(script: str) -> None:
    split = SQL.split(script)
    if not split.mistakes:
        after = SQL.split(f"{script}\n; CREATE INDEX last ON t (a)").statements
        assert after[-1].topic is Topic.SCHEMA and after[:-1] == split.statements


@given(_NASTY)
def test_mistakes_come_in_the_order_of_the_file(script: str) -> None:
    places = [(m.line, m.column) for m in SQL.split(script).mistakes]
    assert places == sorted(places)
