"""Text → nodes: scalars of YAML 1.2, places, limits. Most refusals are files in the bad cases."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from apexplan.manifest import load
from apexplan.manifest.load import load_file, load_text
from apexplan.manifest.nodes import MappingNode, key_place, plain, value_place
from apexplan.manifest.refusals import MAX_BYTES, MAX_DEPTH, MAX_NODES
from apexplan.model.diagnostics import Location


def _value(text: str) -> object:
    loaded = load_text(f"key: {text}\n", "x.yaml")
    assert loaded.node and not loaded.diagnostics
    return plain(loaded.node)["key"]


def _codes(text: str) -> list[str]:
    return [diagnostic.code for diagnostic in load_text(text, "x.yaml").diagnostics]


@pytest.mark.parametrize(
    "text",
    ["no", "yes", "on", "off", "y", "12:30", "010", "-07", "1_000", "2026-01-31", "0b1", "+", "=", "1.2.3"],
)
def test_what_yaml_1_1_would_convert_stays_text(text: str) -> None:
    assert _value(text) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("-3", -3),
        ("+4", 4),
        ("0", 0),
        ("0o17", 15),
        ("0x1F", 31),
        ("1.5", 1.5),
        ("-.5", -0.5),
        ("1e3", 1000.0),
        ("2.", 2.0),
        ("true", True),
        ("True", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
    ],
)
def test_a_scalar_has_the_type_of_the_core_schema(text: str, value: object) -> None:
    found = _value(text)
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize("text", ['"12"', "'true'", '"null"', "|\n  12"])
def test_a_quoted_scalar_is_text(text: str) -> None:
    assert isinstance(_value(text), str)


def test_the_key_null_is_a_word() -> None:
    loaded = load_text("{null: false}", "x.yaml")
    assert loaded.node and plain(loaded.node) == {"null": False}


def test_a_byte_order_mark_is_no_part_of_the_first_key() -> None:
    loaded = load_text("\ufeffkind: X\n", "x.yaml")
    assert loaded.node and plain(loaded.node) == {"kind": "X"}


def test_places_count_lines_and_columns_from_one() -> None:
    loaded = load_text("a: 1\nb:\n  - {c: 2}\n", "x.yaml")
    assert loaded.node
    assert key_place(loaded.node, ["b", 0, "c"]) == Location("x.yaml", 3, 6)
    assert value_place(loaded.node, ["b", 0, "c"]) == Location("x.yaml", 3, 9)


def test_columns_count_characters_not_bytes() -> None:
    loaded = load_text("{größe: 1, b: 2}\n", "x.yaml")
    assert loaded.node and key_place(loaded.node, ["b"]).column == 12


def test_a_path_that_leads_nowhere_has_the_place_of_its_deepest_key() -> None:
    loaded = load_text("a:\n  b: {}\n", "x.yaml")
    assert loaded.node and key_place(loaded.node, ["a", "b", "c", "d"]) == Location("x.yaml", 2, 3)


def test_entries_keep_the_order_of_the_file() -> None:
    loaded = load_text("c: 1\na: 2\nb: 3\n", "x.yaml")
    assert isinstance(loaded.node, MappingNode) and list(loaded.node.entries) == ["c", "a", "b"]


def test_all_problems_of_a_text_are_found() -> None:
    assert _codes("a: &x 1\na: !t 2\n1: 3\n") == ["anchor", "tag", "duplicate-key", "key-not-text"]


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_a_hundred_thousand_levels_are_refused_as_too_deep(opening: str) -> None:
    assert _codes(opening * 100_000) == ["too-deep"]


def test_forty_levels_are_allowed() -> None:
    assert _codes("[" * MAX_DEPTH + "]" * MAX_DEPTH) == []


def test_forty_one_levels_are_refused() -> None:
    assert _codes("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)) == ["too-deep"]


def test_an_alias_is_refused_and_not_followed() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [{f'*a{i - 1}, ' * 9}]\n" for i in range(1, 9))
    assert set(_codes(bomb)) == {"anchor", "alias"}


def test_the_number_of_nodes_is_limited() -> None:
    assert _codes("- 1\n" * (MAX_NODES - 1)) == []
    assert _codes("- 1\n" * MAX_NODES) == ["too-many-nodes"]


def test_the_size_of_a_file_is_limited(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("#" * MAX_BYTES + "\n")
    assert [d.code for d in load_file(path, "x.yaml").diagnostics] == ["too-large"]


def test_a_file_that_cannot_be_read_is_a_problem_of_that_file(tmp_path: Path) -> None:
    found = load_file(tmp_path / "x.yaml", "x.yaml").diagnostics
    assert [(d.code, str(d.where)) for d in found] == [("unreadable", "x.yaml:1:1")]


def test_the_parser_in_python_gives_the_same_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a:\n  - {b: 1, c: [x, 'y']}\n  -\nd: |\n  text\n\"e\": 1.5\n"
    quick = load_text(text, "x.yaml")
    monkeypatch.setattr(load, "LOADER", yaml.SafeLoader)
    assert load_text(text, "x.yaml") == quick


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_the_parser_in_python_refuses_depth_as_well(opening: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "LOADER", yaml.SafeLoader)
    assert _codes(opening * 10_000) == ["too-deep"]
