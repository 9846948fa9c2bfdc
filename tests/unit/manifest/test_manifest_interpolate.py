"""`${NAME}` in values."""

from __future__ import annotations

import pytest

from apexplan.manifest.interpolate import interpolate
from apexplan.manifest.load import load_text
from apexplan.manifest.nodes import plain


def _value(text: str, **variables: str) -> object:
    loaded = load_text(f"key: {text}\n", "x.yaml")
    assert loaded.node
    node, problems = interpolate(loaded.node, variables)
    assert problems == []
    return plain(node)["key"]


def _problems(text: str, **variables: str) -> list[str]:
    loaded = load_text(f"key: {text}\n", "x.yaml")
    assert loaded.node
    return [f"{d.code}: {d.what}" for d in interpolate(loaded.node, variables)[1]]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"${A}"', "1"),
        ('"x${A}y${A}z"', "x1y1z"),
        ('"${B:-two}"', "two"),
        ('"${EMPTY:-two}"', "two"),
        ('"${EMPTY}"', ""),
        ('"${A:?needed}"', "1"),
        ('"${B:-}"', ""),
        ('"$${A}"', "${A}"),
        ('"$$${A}"', "$${A}"),
        ('"$A $$ $1"', "$A $$ $1"),
        ("'${A}'", "1"),
        ("v${A}", "v1"),
    ],
)
def test_a_variable_becomes_text(text: str, value: str) -> None:
    assert _value(text, A="1", EMPTY="") == value


@pytest.mark.parametrize(("held", "value"), [("5432", 5432), ("true", True), ("010", "010"), ("[a]", "[a]")])
def test_a_variable_alone_and_without_quotes_is_read_as_a_scalar(held: str, value: object) -> None:
    assert _value("${PORT}", PORT=held) == value


def test_a_variable_cannot_refer_to_another() -> None:
    assert _value('"${A}"', A="${B}", B="x") == "${B}"


def test_a_default_without_quotes_is_read_as_a_scalar() -> None:
    assert _value("${PORT:-5432}") == 5432


def test_a_variable_that_is_not_set_is_named() -> None:
    assert _problems('"${A}"') == ["missing-variable: `A`"]


def test_the_message_of_a_needed_variable_is_shown() -> None:
    assert _problems('"${A:?ask ops}"', A="") == ["missing-variable: `A`: ask ops"]


def test_each_missing_variable_is_a_problem_of_its_own() -> None:
    assert _problems('["${A}", "${B}"]') == ["missing-variable: `A`", "missing-variable: `B`"]


def test_a_number_that_cannot_be_held_is_shown_as_it_was_written() -> None:
    assert _problems("${A}", A=".inf") == ["bad-number: `${A}`: infinity and not-a-number are no values here"]


def test_keys_are_left_alone() -> None:
    loaded = load_text('"${A}": 1\n', "x.yaml")
    assert loaded.node
    assert plain(interpolate(loaded.node, {"A": "x"})[0]) == {"${A}": 1}
