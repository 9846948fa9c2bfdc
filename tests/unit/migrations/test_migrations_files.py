"""Pairs of files become scripts, or everything that is wrong with them."""

from __future__ import annotations

import pytest
from migrations_kit import problems, read, sources

from apexplan.migrations.files import checksum
from apexplan.provider import SourceFile


def test_a_pair_of_files_is_a_script() -> None:
    (script,), found = read(_0001_a="one\nschema two\n", _0001_a__back="schema back\n")
    assert found == []
    assert (script.full_name, script.file) == ("0001_a", "m/0001_a.tale")
    assert [(s.text, s.line) for s in script.statements] == [("one", 1), ("schema two", 2)]
    assert [s.text for s in script.rollback] == ["schema back"]
    assert script.irreversible is None


def test_versions_are_compared_as_numbers() -> None:
    found, _ = read(_10_b="x", _10_b__back="x", _9_a="x", _9_a__back="x", _0011_c="x", _0011_c__back="x")
    assert [script.full_name for script in found] == ["9_a", "10_b", "0011_c"]


def test_a_version_may_be_a_time() -> None:
    found, _ = read(_20261124093000_b="x", _20261124093000_b__back="x")
    assert [script.version for script in found] == ["20261124093000"]


@pytest.mark.parametrize("text", ["one\r\ntwo\r\n", "one\rtwo\r", "\ufeffone\ntwo\n"])
def test_the_checksum_knows_neither_line_ends_nor_a_byte_order_mark(text: str) -> None:
    assert checksum(text) == checksum("one\ntwo\n")


def test_the_checksum_knows_everything_else() -> None:
    assert checksum("one \n") != checksum("one\n")


def test_places_are_counted_in_lines_however_they_end() -> None:
    (script,), _ = read(_1_a="one\r\ntwo\rthree\n", _1_a__back="x")
    assert [s.line for s in script.statements] == [1, 2, 3]


def test_other_files_are_left_alone() -> None:
    readme = SourceFile("m/README.md", "# Scripts\n")
    assert problems(readme, SourceFile("m/0001_a.tale~", "x"), _1_a="x", _1_a__back="x") == []


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("0001-foo.tale", "0001_foo.tale"),
        ("V1__foo bar.tale", "1_foo_bar.tale"),
        ("0001_foo.down.tale", "0001_foo.rollback.tale"),
        ("0001.rollback.tale", "0001_name.rollback.tale"),
        ("foo.tale", "0001_foo.tale"),
        ("０００１_foo.tale", "0001_foo.tale"),
    ],
)
def test_a_name_of_another_form_is_an_error_that_names_a_right_one(name: str, meant: str) -> None:
    _, (found,) = read(SourceFile(f"m/{name}", "x"))
    assert (found.code, str(found.where)) == ("bad-script-name", f"m/{name}:1:1")
    assert found.mend == f"did you mean `{meant}`?"


def test_two_scripts_of_one_version_are_an_error_at_the_second() -> None:
    _, (found,) = read(_0001_a="x", _0001_a__back="x", _1_b="x", _1_b__back="x")
    assert (found.code, str(found.where)) == ("version-twice", "m/1_b.tale:1:1")
    assert "m/0001_a.tale" in found.what


def test_a_script_without_its_rollback_script_is_an_error() -> None:
    _, (found,) = read(_0001_a="x")
    assert (found.code, str(found.where)) == ("no-rollback-script", "m/0001_a.tale:1:1")
    assert found.what == "`0001_a.rollback.tale` is not there"
    assert "`# irreversible: WHY`" in found.mend


def test_a_rollback_script_alone_is_an_error() -> None:
    assert problems(_0001_a__back="x") == ["rollback-without-script at m/0001_a.rollback.tale:1:1"]


def test_a_rollback_script_of_another_name_is_told_which_one_is_meant() -> None:
    _, found = read(_0001_a="x", _0001_b__back="x")
    assert [p.mend for p in found if p.code == "rollback-without-script"] == ["rename it after `0001_a.tale`"]


def test_an_empty_script_is_an_error() -> None:
    assert problems(_1_a="# nothing\n\n", _1_a__back="x") == ["empty-script at m/1_a.tale:1:1"]


def test_an_empty_rollback_script_is_an_error() -> None:
    assert problems(_1_a="x", _1_a__back="# later\n") == ["empty-rollback-script at m/1_a.rollback.tale:1:1"]


def test_a_rollback_script_may_say_why_there_is_no_way_back() -> None:
    (script,), found = read(_1_a="x", _1_a__back="# a first line\n  # irreversible: the texts are gone  \n")
    assert (found, script.irreversible, script.rollback) == ([], "the texts are gone", ())


def test_irreversible_without_a_reason_is_an_error_at_its_line() -> None:
    told = problems(_1_a="x", _1_a__back="# so\n# irreversible:\n")
    assert told == ["irreversible-without-reason at m/1_a.rollback.tale:2:1"]


def test_irreversible_with_statements_is_an_error_at_its_line() -> None:
    told = problems(_1_a="x", _1_a__back="y\n# irreversible: the texts are gone\n")
    assert told == ["irreversible-with-statements at m/1_a.rollback.tale:2:1"]


def test_the_mistakes_of_both_scripts_are_told_with_their_places() -> None:
    told = problems(_1_a="x\noops\n", _1_a__back="oops\n")
    assert told == ["oops at m/1_a.rollback.tale:1:1", "oops at m/1_a.tale:2:1"]


def test_all_problems_are_collected() -> None:
    told = problems(*sources(_1_a="oops", _2_b=""), SourceFile("m/x.tale", ""))
    assert len(told) == 5


def test_a_script_never_shows_its_texts() -> None:
    (source,) = sources(_1_a="the secret")
    assert "secret" not in repr(source)
