"""JSON Schemas for editors agree with what loading does."""

from __future__ import annotations

import json

import jsonschema
import pytest
from manifest_kit import MANIFEST, PROJECT, Column, ShelfKind

from apexplan.manifest.load import load_text
from apexplan.manifest.nodes import plain
from apexplan.manifest.schema import project_schema, schema_of


@pytest.mark.parametrize("schema", [schema_of(ShelfKind()), project_schema()], ids=["kind", "project"])
def test_a_schema_is_a_schema(schema: dict[str, object]) -> None:
    jsonschema.Draft202012Validator.check_schema(schema)


def test_a_schema_has_its_name_and_dialect_first() -> None:
    assert list(schema_of(ShelfKind()))[:3] == ["$schema", "$id", "title"]


def test_equal_kinds_give_equal_bytes() -> None:
    assert json.dumps(schema_of(ShelfKind())) == json.dumps(schema_of(ShelfKind()))


def test_a_schema_keeps_how_a_field_may_change() -> None:
    schema = schema_of(ShelfKind("Column", Column))
    assert schema["properties"]["type"]["x-on-change"]["how"] == "in place"


@pytest.mark.parametrize(
    ("text", "schema"),
    [(MANIFEST, schema_of(ShelfKind())), (PROJECT, project_schema())],
    ids=["kind", "project"],
)
def test_what_loads_is_valid_for_an_editor(text: str, schema: dict[str, object]) -> None:
    loaded = load_text(text, "x.yaml")
    assert loaded.node
    jsonschema.Draft202012Validator(schema).validate(plain(loaded.node))
