"""A Cypher script comes out as its statements: cases as files, and what holds for every text."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apexplan.migrations.script import Split, Topic, Way
from apexplan_neo4j.cypher import CYPHER

CASES = Path(__file__).parents[2] / "cases" / "cypher_split"


def _codes(split: Split) -> list[str]:
    return [mistake.code for mistake in split.mistakes]


def _texts(script: str) -> list[str]:
    return [statement.text for statement in CYPHER.split(script).statements]


def _lines(text: str) -> str:
    """With every line ended by a line feed."""
    return io.StringIO(text, newline=None).read()


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir()))
def test_a_script_comes_out_as_its_case_expects(case: str) -> None:
    split = CYPHER.split((CASES / case / "script.cypher").read_text(encoding="utf-8"))
    expected = json.loads((CASES / case / "expected.json").read_text(encoding="utf-8"))
    assert expected == {
        "statements": [
            [s.line, s.column, s.way.value, s.topic.value, " ".join(s.text.split()[:5])]
            for s in split.statements
        ],
        "mistakes": [[m.line, m.column, m.code] for m in split.mistakes],
    }


def test_comments_inside_of_a_statement_stay_and_those_around_it_go() -> None:
    script = "// a\nMATCH (n) /* b */ // c\nDELETE n /* d */ // e\n; // f"
    assert _texts(script) == ["MATCH (n) /* b */ // c\nDELETE n"]


def test_a_line_may_end_with_a_carriage_return() -> None:
    split = CYPHER.split("// a\rMATCH (n) // b\r\nDELETE n;\r\n\r\n  CREATE (m)")
    assert [(s.line, s.column) for s in split.statements] == [(2, 1), (5, 3)]


@pytest.mark.parametrize("blank", ["\xa0", "\u2003", "\u3000", "\f", "\v"])
def test_blanks_of_the_server_separate_words_and_surround_statements(blank: str) -> None:
    split = CYPHER.split(f"{blank}CREATE{blank}CONSTRAINT c FOR (n:A) REQUIRE n.a IS UNIQUE{blank};")
    assert [(s.text[-6:], s.way) for s in split.statements] == [("UNIQUE", Way.ALONE)]


HIDDEN = [
    "\ufeffMATCH (n) DELETE n",
    "MATCH (n)\0 DELETE n",
    "MATCH (n:`\x07`) DELETE n",
    "MATCH (n) /* \u202e */ DELETE n",
    "MATCH (n) SET n.a = '\0'",
    "// \x1b[2J\nCREATE (n)",
]


@pytest.mark.parametrize("script", HIDDEN)
def test_a_control_character_is_a_mistake(script: str) -> None:
    assert "control-character" in _codes(CYPHER.split(script))


def test_a_string_may_hold_control_characters_except_nul() -> None:
    assert _codes(CYPHER.split("MATCH (n) SET n.a = '\x07\u202e'")) == []


def test_a_control_character_is_shown_by_its_number() -> None:
    assert CYPHER.split("MATCH (n)\x1b").mistakes[0].what == "the character `U+001B`"


def test_a_refused_statement_is_not_among_the_statements() -> None:
    assert _texts("CREATE (a); MATCH (n {id: $id}) DELETE n; SHOW INDEXES; CREATE (b)") == [
        "CREATE (a)",
        "CREATE (b)",
    ]


def test_of_a_kind_of_mistake_the_first_in_a_statement_is_told() -> None:
    split = CYPHER.split("RETURN $a, $b, '\\u0027'; RETURN $c")
    assert [(m.code, m.column) for m in split.mistakes] == [
        ("parameter", 8),
        ("unicode-escape", 17),
        ("parameter", 33),
    ]


def test_a_command_of_a_client_hides_no_mistake_above_it() -> None:
    assert _codes(CYPHER.split("// \x1b[2J\n:begin\nCREATE (a)")) == ["control-character", "shell-command"]


def test_a_mixture_of_schema_and_data_is_told_once() -> None:
    script = "CREATE INDEX a FOR (n:A) ON (n.a); CREATE (a); DROP INDEX a; CREATE (b);"
    assert [(m.code, m.column) for m in CYPHER.split(script).mistakes] == [("schema-and-data", 36)]


def test_a_refused_statement_mixes_nothing() -> None:
    assert _codes(CYPHER.split("RETURN $a; CREATE INDEX a FOR (n:A) ON (n.a);")) == ["parameter"]


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir()))
def test_a_mistake_says_what_is_wrong_why_and_how_to_mend_it(case: str) -> None:
    mistakes = CYPHER.split((CASES / case / "script.cypher").read_text(encoding="utf-8")).mistakes
    assert all(m.summary and m.what and m.why and m.mend for m in mistakes)


def test_the_words_of_the_script_stand_in_what_alone() -> None:
    one, other = CYPHER.split("RETURN $one; RETURN $other").mistakes
    assert (one.summary, one.why, one.mend) == (other.summary, other.why, other.mend)
    assert (one.what, other.what) == ("the parameter `$one`", "the parameter `$other`")


_GAPS = st.sampled_from(
    [" ", "\n", "\t \r\n", " // it's; `a \"\n", " /* ; ' \" ` // */ ", "/**/", " // *\\/ /*\n", "\n\n"]
)
_CODE = st.sampled_from(["MATCH (n:A)", "SET n.a = 1", "{b: [1]}", "4 / 2", "CALL (n) { RETURN 1 }"])
_ODD_CODE = st.sampled_from(["a$b", "n:$('A')", "-->(m)", "é", "n:INDEX", "IN transactions"])
_QUOTED = st.sampled_from(["'a; // b'", '"c; /* d"', "'it\\'s'", "'\\\\'", '"\'"', "'\\u003b'"])
_NAMES = st.sampled_from(["`e; ' f`", "`g``h`", "`\\`"])
_PIECES = _CODE | _ODD_CODE | _QUOTED | _NAMES


@st.composite
def _statements(draw: st.DrawFn) -> str:
    pieces = draw(st.lists(_PIECES, min_size=1, max_size=6))
    return "RETURN" + "".join(draw(_GAPS) + piece for piece in pieces)


@given(st.lists(_statements(), max_size=5), st.data())
def test_statements_that_were_joined_come_apart_again(statements: list[str], data: st.DataObject) -> None:
    script = "".join(data.draw(_GAPS) + text + data.draw(_GAPS) + ";" for text in statements)
    assert _texts(script + data.draw(_GAPS)) == statements


@given(st.lists(_statements(), min_size=1, max_size=3))
def test_the_last_semicolon_may_be_missing(statements: list[str]) -> None:
    assert _texts(" ;".join(statements)) == statements


# What quotes, comments and escapes are made of, in every order, and the words that matter.
_SIGNS = st.sampled_from([*"'\"`\\/*;:$={}()", "//", "/*", "*/", "\\u0027", "u0060"])
_BLANKS = st.sampled_from(["\n", "\r", "\r\n", " ", "\xa0", "\0"])
_WORDS = st.sampled_from(["a", "CALL", " IN ", "CREATE ", "INDEX ", "USE ", "CYPHER "])
_NASTY = st.lists(_SIGNS | _BLANKS | _WORDS, max_size=14).map("".join)


@given(_NASTY | st.text())
def test_every_statement_stands_at_its_place(script: str) -> None:
    lines = _lines(script).split("\n")
    for statement in CYPHER.split(script).statements:
        rest = "\n".join(lines[statement.line - 1 :])[statement.column - 1 :]
        assert rest.startswith(_lines(statement.text))


@given(_NASTY | st.text())
def test_a_statement_is_never_empty_and_has_no_blank_around_it(script: str) -> None:
    assert all(text and text == text.strip() for text in _texts(script))


@given(_NASTY)
def test_a_statement_split_again_is_itself(script: str) -> None:
    for statement in CYPHER.split(script).statements:
        again = CYPHER.split(statement.text).statements
        assert [(s.text, s.way, s.topic) for s in again] == [(statement.text, statement.way, statement.topic)]


@given(_NASTY)
def test_what_stands_after_a_script_that_passed_is_read_as_it_stands(script: str) -> None:
    split = CYPHER.split(script)
    if not split.mistakes:
        after = CYPHER.split(f"{script}\n; CREATE INDEX last FOR (n:A) ON (n.a)").statements
        assert after[-1].topic is Topic.SCHEMA and after[:-1] == split.statements


@given(_NASTY)
def test_mistakes_come_in_the_order_of_the_file(script: str) -> None:
    places = [(m.line, m.column) for m in CYPHER.split(script).mistakes]
    assert places == sorted(places)
