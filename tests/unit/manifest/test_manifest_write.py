"""Documents → YAML that gives the same data back."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from apexplan.manifest.interpolate import interpolate
from apexplan.manifest.load import load_text
from apexplan.manifest.nodes import plain
from apexplan.manifest.write import WIDTH, render

CHARACTERS = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
TEXTS = st.text(CHARACTERS, max_size=40) | st.sampled_from(
    [
        "no",
        "on",
        "12:30",
        "010",
        "1_000",
        "~",
        "",
        " ",
        "a\nb\n",
        "a\n\nb",
        "\n",
        "${A}",
        "$${A}",
        "a: b",
        "# a",
        "-",
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**90), 10**90)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
)
KEYS = st.text(CHARACTERS, min_size=1, max_size=30) | st.sampled_from(
    ["on", "null", "true", "12", "<<", "a b"]
)
VALUES = st.recursive(
    SCALARS,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(KEYS, below, max_size=4),
    max_leaves=20,
)
DOCUMENTS = st.dictionaries(KEYS, VALUES, max_size=5)


def _read(text: str) -> Any:
    loaded = load_text(text, "x.yaml")
    assert loaded.node is not None, loaded.diagnostics
    node, problems = interpolate(loaded.node, {})
    assert not (loaded.diagnostics or problems)
    return plain(node)


@given(DOCUMENTS)
def test_what_is_written_is_read_back_equal(document: dict[str, Any]) -> None:
    assert repr(_read(render(document))) == repr(document)


@given(TEXTS.filter(lambda text: "${" not in text))
def test_text_is_text_for_readers_of_yaml_1_1_too(text: str) -> None:
    assert yaml.safe_load(render({"key": text})) == {"key": text}


def test_objects_stand_below_each_other_and_settings_on_one_line() -> None:
    document = {
        "kind": "PostgresSchema",
        "store": "sql",
        "extensions": {"vector": {}},
        "tables": {
            "documents": {
                "columns": {
                    "document_id": {"type": "uuid", "null": False, "default": "gen_random_uuid()"},
                    "embedding": {"type": "vector(1536)"},
                },
                "primary_key": ["document_id"],
                "indexes": {
                    "hnsw_idx": {
                        "using": "hnsw",
                        "on": [{"column": "embedding", "opclass": "vector_cosine_ops"}],
                        "with": {"m": 16},
                    }
                },
            }
        },
    }
    assert (
        render(document)
        == """\
kind: PostgresSchema
store: sql
extensions:
  vector: {}
tables:
  documents:
    columns:
      document_id: {type: uuid, null: false, default: gen_random_uuid()}
      embedding: {type: vector(1536)}
    primary_key: [document_id]
    indexes:
      hnsw_idx: {using: hnsw, on: [{column: embedding, opclass: vector_cosine_ops}], with: {m: 16}}
"""
    )


def test_text_of_several_lines_is_a_literal_block() -> None:
    assert render({"body": "BEGIN\n  x;\nEND\n"}) == "body: |\n  BEGIN\n    x;\n  END\n"


@given(st.dictionaries(st.sampled_from("abcdef"), st.text("xyz ", min_size=20, max_size=30), max_size=6))
def test_no_line_of_settings_is_wider_than_the_width(settings: dict[str, str]) -> None:
    assert all(len(line) <= WIDTH for line in render({"object": settings}).splitlines())


@pytest.mark.parametrize("value", [float("inf"), float("nan"), "a\0b"])
def test_what_a_manifest_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="cannot be written"):
        render({"key": value})
